using System.Security.Claims;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace BzPeer.DevelopmentSignIn.Pages;

/// <summary>
/// Where one says who one is. A researcher is named to the site by their id, with the roles chosen here; an ORCID iD as ORCID itself would, so that
/// what happens in production can be tried. OpenIddict has checked the request before it comes here, and answers it after.
/// </summary>
/// <remarks>Without antiforgery: that the answer belongs to a sign-in which this browser began is what the site's state and nonce are for.</remarks>
[IgnoreAntiforgeryToken]
[ResponseCache(Location = ResponseCacheLocation.None, NoStore = true)]
internal sealed class AuthorizeModel(Researchers researchers) : PageModel
{
    public string? Query { get; private set; }

    public IReadOnlyList<Researcher> Found { get; private set; } = [];

    public string? Problem { get; private set; }

    /// <summary>The request of the site, for every form to send on.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Asked =>
        HttpContext.GetOpenIddictServerRequest()!.GetParameters().Where(each => !Own.Contains(each.Key)).Select(each => KeyValuePair.Create(each.Key, (string?)each.Value));

    private static readonly HashSet<string> Own = ["q", "query", "chosen", "id", "name", "curator", "declined"];

    public Task<IActionResult> OnGet(string? q, CancellationToken ct) => Show(q, null, ct);

    public async Task<IActionResult> OnPost(string? chosen, string? id, string? name, bool curator, bool declined, string? query, CancellationToken ct)
    {
        if (declined)
            return Forbid(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        var identity = new ClaimsIdentity(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme, Claims.Name, "roles");
        if (Guid.TryParse(chosen ?? id?.Trim(), out var researcher))
        {
            identity.SetClaim(Claims.Subject, researcher.ToString());
            if (curator)
                identity.SetClaim("roles", Authentication.Curator);
        }
        else if (OrcidId.Read(id) is { } orcid)
        {
            identity.SetClaim(Claims.Subject, orcid);
            identity.SetClaim(Claims.Name, name?.Trim());
        }
        else
        {
            return await Show(query, "Choose somebody, or give a researcher id (32 hexadecimal digits with dashes) or an ORCID iD such as 0000-0002-1825-0097.", ct);
        }
        identity.SetScopes(Scopes.OpenId);
        identity.SetDestinations(_ => [Destinations.IdentityToken]);
        return SignIn(new ClaimsPrincipal(identity), OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private async Task<IActionResult> Show(string? query, string? problem, CancellationToken ct)
    {
        // The answer leads back to the site by way of the form.
        var site = new Uri(HttpContext.GetOpenIddictServerRequest()!.RedirectUri!).GetLeftPart(UriPartial.Authority);
        Response.Headers.ContentSecurityPolicy = $"default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self' {site}";
        (Query, Problem) = (string.IsNullOrWhiteSpace(query) ? null : query.Trim(), problem);
        if (Query is { Length: <= 200 } asked && await researchers.FindAsync(asked, ct) is var found)
        {
            Found = found ?? [];
            if (found is null)
                Problem ??= "The Profile service does not answer, so nobody can be searched for right now.";
        }
        return Page();
    }
}
