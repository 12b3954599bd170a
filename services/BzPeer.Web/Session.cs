using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace BzPeer.Web;

/// <summary>Who is signed in on the pages. The access token stays in the encrypted, HttpOnly cookie; no script ever sees it.</summary>
internal sealed record Session(Guid ResearcherId, string Name, bool Curator, string AccessToken)
{
    public const string Scheme = CookieAuthenticationDefaults.AuthenticationScheme;

    /// <summary>Name of the cookie.</summary>
    public const string Cookie = "bzpeer.session";

    private const string TokenName = "access_token";

    public static async Task<Session?> Of(HttpContext context)
    {
        var ticket = await context.AuthenticateAsync(Scheme);
        return ticket.Succeeded
            && Guid.TryParse(ticket.Principal.FindFirstValue("sub"), out var id)
            && ticket.Properties.GetTokenValue(TokenName) is { } token
                ? new Session(id, ticket.Principal.FindFirstValue("name") ?? id.ToString(), ticket.Principal.HasClaim("roles", "curator"), token)
                : null;
    }

    /// <summary>What the cookie keeps, and until when: as long as the token is good.</summary>
    public (ClaimsPrincipal Principal, AuthenticationProperties Properties) Ticket(DateTimeOffset expiresAt)
    {
        var identity = new ClaimsIdentity([new("sub", ResearcherId.ToString()), new("name", Name)], Scheme, "name", "roles");
        if (Curator)
            identity.AddClaim(new("roles", "curator"));
        var properties = new AuthenticationProperties { ExpiresUtc = expiresAt };
        properties.StoreTokens([new AuthenticationToken { Name = TokenName, Value = AccessToken }]);
        return (new ClaimsPrincipal(identity), properties);
    }

    public static Task End(HttpContext context) => context.SignOutAsync(Scheme);
}
