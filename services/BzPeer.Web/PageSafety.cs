using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.DataProtection;
using Scalar.AspNetCore;

namespace BzPeer.Web;

/// <summary>What a browser may do with our pages: no inline script or style, no framing, no guessing of content types, no way around https where the site has it.</summary>
internal static class PageSafety
{
    public static void UsePageSafety(this WebApplication app)
    {
        var origin = app.Services.GetRequiredService<PublicOrigin>();
        // A form may lead to the sign-in: browsers hold its redirects to the same rule.
        var pages = "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'self'; "
            + $"frame-ancestors 'none'; form-action 'self' {app.Services.GetRequiredService<SignInProvider>().Authority.GetLeftPart(UriPartial.Authority)}; img-src 'self' data:";
        app.Use((context, next) =>
        {
            origin.Apply(context.Request);
            return Protect(context, next, pages, secure: origin.Configured?.Scheme == Uri.UriSchemeHttps);
        });
    }

    private static Task Protect(HttpContext context, RequestDelegate next, string pages, bool secure)
    {
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "strict-origin-when-cross-origin";
            headers.XFrameOptions = "DENY";
            // Whoever opens one of our pages in a window has no hold on it.
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            // For a year: who types the name of the site is not led over a connection that others can read.
            if (secure) headers.StrictTransportSecurity = "max-age=31536000";
            headers.ContentSecurityPolicy = context.Items[ScalarOptions.NonceHttpContextItemKey] is string nonce ? Reference(nonce) : pages;
            return Task.CompletedTask;
        });
        return next(context);
    }

    /// <summary>The API reference is somebody else's application: it writes its styles itself, and starts with a script of our own response.</summary>
    private static string Reference(string nonce) =>
        $"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; "
        + "frame-ancestors 'none'; form-action 'self'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'";

    /// <summary>
    /// The keys of sessions, of sign-ins under way and of antiforgery tokens. They outlive a restart, and hold on every instance, in a folder that
    /// all instances share; only in Development may there be none.
    /// </summary>
    /// <exception cref="InvalidSetting">There is none outside Development.</exception>
    public static void AddPageKeys(this WebApplicationBuilder builder)
    {
        var keys = builder.Services.AddDataProtection().SetApplicationName("BzPeer.Web");
        const string key = "DataProtection:KeysFolder";
        if (!builder.Environment.IsDevelopment() || builder.Configuration[key] is { Length: > 0 })
            keys.PersistKeysToFileSystem(new DirectoryInfo(builder.Configuration.Required(key, "a folder for the keys that protect sessions, kept over restarts and shared by all instances")));
        builder.Services.AddAntiforgery(options =>
        {
            options.Cookie.Name = "bzpeer.antiforgery";
            options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            options.SuppressXFrameOptionsHeader = true;
        });
    }
}
