using System.Security.Cryptography;
using System.Text;
using BzPeer.ServiceDefaults;
using OpenIddict.Abstractions;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace BzPeer.DevelopmentSignIn;

/// <summary>
/// A sign-in provider (OpenID Connect) at which anybody may say they are anyone. It keeps nothing: its keys last as long as the process, and a
/// code is its own record.
/// </summary>
internal static class Provider
{
    /// <exception cref="InvalidSetting">It is run where it would let anybody be anyone in earnest.</exception>
    public static void RefuseOutsideDevelopment(IHostEnvironment environment)
    {
        Settings.EndTheProcessOnInvalidSettings();
        if (!environment.IsDevelopment())
            throw new InvalidSetting($"This provider lets anybody sign in as anyone, so it runs in Development only, not in {environment.EnvironmentName}. Set SignIn__Authority of the web and of Profile to a real provider instead.");
    }

    public static void AddProvider(this WebApplicationBuilder builder)
    {
        var clientId = builder.Configuration.Required("SignIn:ClientId", "the id under which the site comes here");
        var secret = builder.Configuration.Required("SignIn:ClientSecret", "the secret by which the site is known");
        var profile = builder.Configuration.Required("Services:Profile", "the base URL of the Profile service, whose researchers can be chosen");
        builder.Services.AddHttpClient<Researchers>(client => (client.BaseAddress, client.Timeout) = (new Uri(profile), TimeSpan.FromSeconds(5)));
        builder.Services.AddOpenIddict().AddServer(server =>
        {
            server.SetAuthorizationEndpointUris("authorize").SetTokenEndpointUris("token");
            server.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange();
            server.AddEphemeralEncryptionKey().AddEphemeralSigningKey();
            server.UseAspNetCore().EnableAuthorizationEndpointPassthrough().DisableTransportSecurityRequirement();
            // No database of clients and tokens: what it would be asked is answered below.
            server.EnableDegradedMode();
            server.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
            {
                if (context.ClientId != clientId)
                    context.Reject(OpenIddictConstants.Errors.InvalidClient, $"No site is known here as '{context.ClientId}'.");
                // Codes for anyone at all stay on this machine.
                else if (!Uri.TryCreate(context.RedirectUri, UriKind.Absolute, out var back) || !back.IsLoopback)
                    context.Reject(OpenIddictConstants.Errors.InvalidRequest, "This provider sends people back to sites on this machine only.");
                return ValueTask.CompletedTask;
            }));
            server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseInlineHandler(context =>
            {
                if (context.ClientId != clientId || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.ClientSecret ?? ""), Encoding.UTF8.GetBytes(secret)))
                    context.Reject(OpenIddictConstants.Errors.InvalidClient, "The site's id or secret is not the one set here.");
                return ValueTask.CompletedTask;
            }));
        });
    }

    public static void MapStyle(this WebApplication app) =>
        app.MapGet("/site.css", () => Results.Stream(typeof(Provider).Assembly.GetManifestResourceStream("site.css")!, "text/css")).AllowAnonymous();
}

/// <summary>A researcher one may be.</summary>
internal sealed record Researcher(Guid Id, string Name, string? Headline);

/// <summary>Whom one may choose: the public search.</summary>
internal sealed class Researchers(HttpClient profile)
{
    /// <summary>Those found; null when Profile does not answer.</summary>
    public async Task<IReadOnlyList<Researcher>?> FindAsync(string query, CancellationToken cancellation)
    {
        try
        {
            var name = OrcidId.Read(query) is { } orcid ? $"orcid={orcid}" : $"q={Uri.EscapeDataString(query)}";
            return (await profile.GetFromJsonAsync<Found>($"/api/researchers?limit=10&{name}", cancellation))!.Items;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    private sealed record Found(IReadOnlyList<Researcher> Items);
}
