using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.IdentityModel.JsonWebTokens;

namespace BzPeer.ServiceDefaults;

/// <summary>Who calls. A bearer token's <c>sub</c> is the caller's researcher id; nothing in a body or path ever says who acts.</summary>
public static class Authentication
{
    /// <summary>May import, validate and edit works.</summary>
    public const string Curator = "curator";

    /// <summary>May read every event, also of edges and counts that their people hide from others.</summary>
    public const string Analytics = "analytics";

    /// <summary>The caller's researcher id. Authorization has made sure that it is one.</summary>
    public static Guid ResearcherId(this HttpContext http) => Guid.Parse(http.User.FindFirst(JwtRegisteredClaimNames.Sub)!.Value);

    /// <summary>Whether the caller is this researcher; false without a token, where one may be left out.</summary>
    public static bool IsResearcher(this HttpContext http, Guid id) => Guid.TryParse(http.User.FindFirst(JwtRegisteredClaimNames.Sub)?.Value, out var caller) && caller == id;

    /// <summary>Whether the caller may import, validate and edit works.</summary>
    public static bool IsCurator(this HttpContext http) => http.User.IsInRole(Curator);

    internal static void AddAuthentication(this IHostApplicationBuilder builder)
    {
        var validation = AccessTokens.Validation(builder.Configuration, builder.Environment);
        builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(jwt =>
        {
            jwt.MapInboundClaims = false;
            jwt.TokenValidationParameters = validation;
        });

        var researcher = new AuthorizationPolicyBuilder(JwtBearerDefaults.AuthenticationScheme)
            .RequireAssertion(context => IsResearcher(context.User))
            .RequireAuthenticatedUser()
            .Build();
        // Whatever does not say AllowAnonymous needs a token of a researcher: a new endpoint is closed until opened. That an
        // address is unknown, or takes another method or content type, is no endpoint of ours, and is said to anybody.
        var closed = new AuthorizationPolicyBuilder(JwtBearerDefaults.AuthenticationScheme)
            .RequireAssertion(context => IsResearcher(context.User) || context.Resource is HttpContext http && http.GetEndpoint() is not RouteEndpoint)
            .Build();
        builder.Services.AddAuthorizationBuilder()
            .SetDefaultPolicy(researcher)
            .SetFallbackPolicy(closed)
            .AddPolicy(Curator, policy => policy.Combine(researcher).RequireRole(Curator));
    }

    private static bool IsResearcher(ClaimsPrincipal user) => Guid.TryParse(user.FindFirst(JwtRegisteredClaimNames.Sub)?.Value, out _);
}
