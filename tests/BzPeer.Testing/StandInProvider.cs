using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BzPeer.Testing;

/// <summary>
/// Stands in for the sign-in provider, with the configuration and the answers of ORCID: no end of sessions, no user claims but names, an id token
/// whose <c>sub</c> is the iD. Who signs in is asked in a form, as in Development. Written by hand on purpose, like <see cref="TestTokens"/>: and so it
/// can also answer wrongly.
/// </summary>
public sealed class StandInProvider : IAsyncDisposable
{
    /// <summary>What the site is registered as.</summary>
    public const string ClientId = "APP-TESTTESTTESTTEST";

    /// <summary>What it is known by.</summary>
    public const string ClientSecret = "a-secret-of-tests";

    private readonly RSA key = RSA.Create(2048);
    private readonly ConcurrentDictionary<string, Code> codes = [];
    private readonly WebApplication app;

    private StandInProvider(WebApplication app) => this.app = app;

    /// <summary>Its issuer.</summary>
    public string Authority => app.Urls.Single();

    /// <summary>Changes what the next id tokens say.</summary>
    public Action<Dictionary<string, object>> Tamper { get; set; } = _ => { };

    /// <summary>Signs the next id tokens with a key that it does not publish.</summary>
    public bool Forges { get; set; }

    /// <summary>One that runs.</summary>
    public static async Task<StandInProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var provider = new StandInProvider(app);
        app.MapGet("/.well-known/openid-configuration", provider.Configuration);
        app.MapGet("/oauth/jwks", provider.Keys);
        app.MapGet("/oauth/authorize", provider.Authorize);
        app.MapPost("/oauth/token", (Delegate)provider.Token);
        await app.StartAsync();
        return provider;
    }

    /// <summary>No one answers any more.</summary>
    public Task StopAsync() => app.StopAsync();

    /// <summary>An id token as ORCID issues it, for whoever has this iD. The names are what the person lets everybody see.</summary>
    public string IdToken(string sub, string? givenName = null, string? familyName = null, string? nonce = null, IReadOnlyList<string>? roles = null)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = new Dictionary<string, object>
        {
            ["aud"] = ClientId,
            ["sub"] = sub,
            ["auth_time"] = now,
            ["amr"] = "pwd",
            ["iss"] = Authority,
            ["exp"] = now + 86_400,
            ["iat"] = now,
            ["jti"] = Guid.NewGuid().ToString(),
        };
        if (nonce is not null) claims["nonce"] = nonce;
        if (givenName is not null) claims["given_name"] = givenName;
        if (familyName is not null) claims["family_name"] = familyName;
        // As the provider of Development tells them; ORCID knows none.
        if (roles is { Count: > 0 }) claims["roles"] = roles;
        Tamper(claims);
        var content = Encode("""{"alg":"RS256","kid":"stand-in"}"""u8) + "." + Encode(JsonSerializer.SerializeToUtf8Bytes(claims));
        using var other = RSA.Create(2048);
        return content + "." + Encode((Forges ? other : key).SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        key.Dispose();
    }

    private IResult Configuration() => Results.Ok(new
    {
        token_endpoint_auth_signing_alg_values_supported = new[] { "RS256" },
        id_token_signing_alg_values_supported = new[] { "RS256" },
        userinfo_endpoint = $"{Authority}/oauth/userinfo",
        authorization_endpoint = $"{Authority}/oauth/authorize",
        token_endpoint = $"{Authority}/oauth/token",
        jwks_uri = $"{Authority}/oauth/jwks",
        claims_supported = new[] { "family_name", "given_name", "name", "auth_time", "iss", "sub" },
        scopes_supported = new[] { "openid" },
        subject_types_supported = new[] { "public" },
        response_types_supported = new[] { "code", "id_token", "id_token token" },
        claims_parameter_supported = false,
        token_endpoint_auth_methods_supported = new[] { "client_secret_post" },
        grant_types_supported = new[] { "authorization_code", "implicit", "refresh_token" },
        issuer = Authority,
    });

    private IResult Keys()
    {
        var published = key.ExportParameters(includePrivateParameters: false);
        return Results.Ok(new { keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = "stand-in", n = Encode(published.Modulus), e = Encode(published.Exponent) } } });
    }

    private IResult Authorize(HttpContext context)
    {
        string Asked(string name) => context.Request.Query[name].ToString();
        if (Asked("client_id") != ClientId || Asked("response_type") != "code" || Asked("scope") != "openid" || Asked("code_challenge_method") != "S256" || Asked("response_mode") is not ("" or "query"))
            return Results.Problem("This is no request of the site.", statusCode: 400);
        var back = $"{Asked("redirect_uri")}?state={Uri.EscapeDataString(Asked("state"))}";
        if (Asked("declined") != "") return Results.Redirect($"{back}&error=access_denied&error_description=User+denied+access");
        if (Asked("id") is not { Length: > 0 } sub)
            return Results.Content(
                $"""
                <!DOCTYPE html><html lang="en"><title>Sign in</title><form>{string.Concat(context.Request.Query.Select(each => $"""<input type="hidden" name="{each.Key}" value="{WebUtility.HtmlEncode(each.Value)}">"""))}
                <label>Researcher id <input name="id"></label><label><input type="checkbox" name="curator" value="true"> with the role curator</label><button>Sign in</button></form></html>
                """, "text/html");
        var code = Guid.NewGuid().ToString("N")[..6];
        codes[code] = new(sub, Asked("nonce"), Asked("code_challenge"), Asked("redirect_uri"), Asked("curator") == "" ? [] : ["curator"]);
        return Results.Redirect($"{back}&code={code}");
    }

    private async Task<IResult> Token(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        if (form["client_id"] != ClientId || form["client_secret"] != ClientSecret || form["grant_type"] != "authorization_code")
            return Results.Json(new { error = "invalid_client", error_description = "Client not found" }, statusCode: 401);
        if (!codes.TryRemove(form["code"].ToString(), out var code) || code.RedirectUri != form["redirect_uri"] || code.Challenge != Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))))
            return Results.Json(new { error = "invalid_grant", error_description = "Invalid authorization code" }, statusCode: 400);
        return Results.Ok(new
        {
            access_token = Guid.NewGuid(),
            token_type = "bearer",
            refresh_token = Guid.NewGuid(),
            expires_in = 631_138_518,
            scope = "openid",
            name = (string?)null,
            orcid = code.Sub,
            id_token = IdToken(code.Sub, nonce: code.Nonce, roles: code.Roles),
        });
    }

    private static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    private sealed record Code(string Sub, string Nonce, string Challenge, string RedirectUri, IReadOnlyList<string> Roles);
}
