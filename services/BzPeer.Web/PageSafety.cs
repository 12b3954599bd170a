using Microsoft.AspNetCore.DataProtection;
using Scalar.AspNetCore;

namespace BzPeer.Web;

/// <summary>What a browser may do with our pages: no inline script or style, no framing, no guessing of content types.</summary>
internal static class PageSafety
{
    private const string Pages =
        "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'self'; "
        + "frame-ancestors 'none'; form-action 'self'; img-src 'self' data:";

    public static void UsePageSafety(this WebApplication app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "strict-origin-when-cross-origin";
            headers.XFrameOptions = "DENY";
            headers.ContentSecurityPolicy = context.Items[ScalarOptions.NonceHttpContextItemKey] is string nonce ? Reference(nonce) : Pages;
            return Task.CompletedTask;
        });
        return next();
    });

    /// <summary>The API reference is somebody else's application: it writes its styles itself, and starts with a script of our own response.</summary>
    private static string Reference(string nonce) =>
        $"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; "
        + "frame-ancestors 'none'; form-action 'self'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'";

    /// <summary>Sessions and antiforgery tokens outlive a restart, and hold on every instance, where a folder for the keys is configured.</summary>
    public static void AddPageKeys(this WebApplicationBuilder builder)
    {
        var keys = builder.Services.AddDataProtection().SetApplicationName("BzPeer.Web");
        if (builder.Configuration["DataProtection:KeysFolder"] is { Length: > 0 } folder)
            keys.PersistKeysToFileSystem(new DirectoryInfo(folder));
        builder.Services.AddAntiforgery(options =>
        {
            options.Cookie.Name = "bzpeer.antiforgery";
            options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            options.SuppressXFrameOptionsHeader = true;
        });
    }
}
