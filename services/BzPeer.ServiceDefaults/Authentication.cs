using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace BzPeer.ServiceDefaults;

/// <summary>Who calls. A bearer token's <c>sub</c> is the caller's researcher id; nothing in a body or path ever says who acts.</summary>
public static class Authentication
{
    /// <summary>May import, validate and edit works.</summary>
    public const string Curator = "curator";

    /// <summary>May read every event, also of edges and counts that their people hide from others.</summary>
    public const string Analytics = "analytics";

    private const string DevelopmentIssuer = "bzpeer-development";
    private const string DevelopmentAudience = "bzpeer";

    /// <summary>The caller's researcher id. Authorization has made sure that it is one.</summary>
    public static Guid ResearcherId(this HttpContext http) => Guid.Parse(http.User.FindFirst(JwtRegisteredClaimNames.Sub)!.Value);

    /// <summary>Whether the caller is this researcher; false without a token, where one may be left out.</summary>
    public static bool IsResearcher(this HttpContext http, Guid id) => Guid.TryParse(http.User.FindFirst(JwtRegisteredClaimNames.Sub)?.Value, out var caller) && caller == id;

    /// <summary>Whether the caller may import, validate and edit works.</summary>
    public static bool IsCurator(this HttpContext http) => http.User.IsInRole(Curator);

    /// <summary>A development token for any researcher, signed with the key on this machine, valid for a day.</summary>
    public static string IssueDevelopmentToken(SymmetricSecurityKey key, Guid researcherId, IEnumerable<string> roles, TimeProvider clock) =>
        new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = DevelopmentIssuer,
            Audience = DevelopmentAudience,
            NotBefore = clock.GetUtcNow().UtcDateTime,
            Expires = clock.GetUtcNow().UtcDateTime.AddDays(1),
            Claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = researcherId.ToString(), ["roles"] = roles.ToArray() },
            SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.HmacSha256),
        });

    internal static void AddAuthentication(this IHostApplicationBuilder builder)
    {
        var validation = new TokenValidationParameters { NameClaimType = JwtRegisteredClaimNames.Sub, RoleClaimType = "roles", ClockSkew = TimeSpan.FromSeconds(30) };
        var authority = builder.Configuration["Auth:Authority"];
        if (string.IsNullOrEmpty(authority))
        {
            if (!builder.Environment.IsDevelopment())
                throw new InvalidSetting("The setting 'Auth:Authority' is missing: outside Development tokens come from an OpenID Connect authority. Set the environment variable Auth__Authority.");
            var key = ReadKey(builder.Configuration.Required("Auth:SigningKeyFile", "the file with the base64 development signing key"));
            builder.Services.AddSingleton(key);
            validation.ValidIssuer = DevelopmentIssuer;
            validation.ValidAudience = DevelopmentAudience;
            validation.IssuerSigningKey = key;
        }

        builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(jwt =>
        {
            jwt.MapInboundClaims = false;
            jwt.TokenValidationParameters = validation;
            if (string.IsNullOrEmpty(authority)) return;
            jwt.Authority = authority;
            jwt.Audience = builder.Configuration.Required("Auth:Audience", "the audience tokens must be issued for");
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

    private static SymmetricSecurityKey ReadKey(string path)
    {
        if (!File.Exists(path))
            throw new InvalidSetting($"The setting 'Auth:SigningKeyFile' names '{path}', and there is no such file.");
        var text = File.ReadAllText(path).Trim();
        var key = new byte[text.Length];
        return Convert.TryFromBase64String(text, key, out var length) && length >= 32
            ? new SymmetricSecurityKey(key[..length])
            : throw new InvalidSetting($"The setting 'Auth:SigningKeyFile' names '{path}', which does not hold at least 32 bytes in base64.");
    }
}
