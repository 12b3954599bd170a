using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc.ViewFeatures;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace BzPeer.Web;

/// <summary>
/// Signing in with an OpenID Connect provider: authorization code with PKCE, state and nonce. The provider says who somebody is; Profile says which
/// researcher that is, and gives the token for the API (docs/decisions/022-sign-in.md).
/// </summary>
internal static class SignIn
{
    public const string Scheme = OpenIdConnectDefaults.AuthenticationScheme;

    public static void AddSignIn(this WebApplicationBuilder builder)
    {
        var provider = SignInProvider.Read(builder.Configuration, builder.Environment);
        var secret = builder.Configuration.Required("SignIn:ClientSecret", "the secret by which the sign-in provider knows this site");
        builder.Services.AddSingleton(provider);
        builder.Services.AddAuthentication()
            .AddCookie(Session.Scheme, options =>
            {
                options.Cookie.Name = Session.Cookie;
                options.Cookie.HttpOnly = true;
                options.Cookie.SameSite = SameSiteMode.Lax;
                options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                options.LoginPath = "/sign-in";
                // It ends with the token in it.
                options.SlidingExpiration = false;
            })
            .AddOpenIdConnect(Scheme, options =>
            {
                options.Authority = provider.Authority.ToString();
                options.ClientId = provider.ClientId;
                options.ClientSecret = secret;
                options.RequireHttpsMetadata = !builder.Environment.IsDevelopment();
                options.SignInScheme = Session.Scheme;
                options.CallbackPath = "/sign-in/callback";
                // Nobody is signed out by a request from elsewhere.
                options.RemoteSignOutPath = default;
                options.ResponseType = OpenIdConnectResponseType.Code;
                // ORCID knows no other; and a form posted from the provider's site would need cookies that every site may use.
                options.ResponseMode = OpenIdConnectResponseMode.Query;
                options.Scope.Clear();
                options.Scope.Add("openid");
                options.MapInboundClaims = false;
                options.DisableTelemetry = true;
                options.BackchannelTimeout = TimeSpan.FromSeconds(10);
                foreach (var cookie in new[] { options.CorrelationCookie, options.NonceCookie })
                {
                    cookie.SameSite = SameSiteMode.Lax;
                    cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                }
                // For the event below, which comes after everything is checked, the nonce too; the session does not keep them.
                options.SaveTokens = true;
                options.Events.OnTicketReceived = BeginSession;
                options.Events.OnAccessDenied = context => Fail(context, SignInFailed.Declined, context.ReturnUrl);
                options.Events.OnRemoteFailure = Explain;
            });
    }

    public static void MapSignIn(this WebApplication app) => app.MapGet("/sign-in", Begin).AllowAnonymous().ExcludeFromDescription();

    /// <summary>Sends the visitor to the provider, from where they come back to a page of this site and no other.</summary>
    private static async Task Begin(HttpContext context, string? returnUrl)
    {
        context.Response.Headers.CacheControl = "no-cache, no-store";
        try
        {
            await context.ChallengeAsync(Scheme, new() { RedirectUri = RedirectHttpResult.IsLocalUrl(returnUrl) ? returnUrl : "/" });
        }
        catch (Exception failure) when (SignInFailed.IsOutage(failure))
        {
            Log(context).LogWarning("The sign-in provider does not answer: {Reason}", failure.Message);
            context.Response.Redirect(SignInFailed.Address(SignInFailed.Unavailable, returnUrl));
        }
    }

    private static async Task BeginSession(TicketReceivedContext context)
    {
        var api = context.HttpContext.RequestServices.GetRequiredService<BzPeerApi>();
        var ct = context.HttpContext.RequestAborted;
        var answer = await api.SignIn(context.Properties!.GetTokenValue(OpenIdConnectParameterNames.IdToken)!, ct);
        if (answer.Value is not { } who)
        {
            var why = answer.Unavailable ? SignInFailed.Unavailable : SignInFailed.Refused;
            Log(context.HttpContext).LogWarning("Profile signed nobody in: {Reason}", answer.Problem ?? why);
            if (answer.Problem is { } problem)
                Say(context.HttpContext, problem);
            await Fail(context, why, context.ReturnUri);
            return;
        }
        var name = (await api.Card(who.ResearcherId, ct)).Value?.Name ?? $"Researcher {who.ResearcherId.ToString()[..8]}";
        (context.Principal, context.Properties) = new Session(who.ResearcherId, name, who.Roles.Contains(Authentication.Curator), who.AccessToken)
            .Ticket(who.ExpiresAt);
    }

    /// <summary>A state that is not ours, a nonce of another browser, a provider that does not answer: the visitor gets a page, and the log the reason.</summary>
    private static Task Explain(RemoteFailureContext context)
    {
        var why = SignInFailed.IsOutage(context.Failure) ? SignInFailed.Unavailable : SignInFailed.Invalid;
        Log(context.HttpContext).LogWarning("A sign-in failed: {Reason}", context.Failure?.Message);
        return Fail(context, why, context.Properties?.RedirectUri);
    }

    private static Task Fail<TOptions>(HandleRequestContext<TOptions> context, string why, string? returnUrl) where TOptions : AuthenticationSchemeOptions
    {
        context.Response.Redirect(SignInFailed.Address(why, returnUrl));
        context.HandleResponse();
        return Task.CompletedTask;
    }

    private static void Say(HttpContext context, string problem)
    {
        var notes = context.RequestServices.GetRequiredService<ITempDataDictionaryFactory>().GetTempData(context);
        Said.Next(notes, SignInFailed.Refused, problem);
        notes.Save();
    }

    private static ILogger Log(HttpContext context) => context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(SignIn));
}

/// <summary>Why somebody is not signed in, as the page about it names it.</summary>
internal static class SignInFailed
{
    public const string Declined = "declined", Invalid = "invalid", Refused = "refused", Unavailable = "unavailable";

    public static string Address(string why, string? returnUrl) => $"/sign-in/failed?why={why}&returnUrl={Uri.EscapeDataString(returnUrl ?? "/")}";

    /// <summary>Whether the provider did not answer, rather than answered wrongly.</summary>
    public static bool IsOutage(Exception? failure) => failure switch
    {
        null => false,
        HttpRequestException or TaskCanceledException => true,
        // Its configuration cannot be had.
        InvalidOperationException { Message: var message } when message.StartsWith("IDX20803", StringComparison.Ordinal) => true,
        _ => IsOutage(failure.InnerException),
    };
}
