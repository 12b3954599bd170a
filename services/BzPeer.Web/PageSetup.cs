using System.Text.Encodings.Web;
using System.Text.Unicode;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.WebEncoders;

namespace BzPeer.Web;

/// <summary>The pages people look at: rendered here, composed from public calls to the services.</summary>
internal static class PageSetup
{
    /// <summary>The cookie with what the next page is to say.</summary>
    public const string NoteCookie = "bzpeer.note";

    public static void AddPages(this WebApplicationBuilder builder)
    {
        builder.AddPageKeys();
        builder.AddSignIn();
        builder.AddLanguages();
        builder.Services.AddMemoryCache();
        builder.Services.AddResponseCompression(options =>
        {
            // Also over TLS: no page has a secret and a visitor's words at once; form tokens are masked anew in every answer.
            options.EnableForHttps = true;
        });
        // Where it runs as it was built, the framework would look whether files changed since, encode each anew for every request without making it any
        // smaller, and let no browser keep it: they are sent as the build compressed them, under addresses that say what is in them.
        builder.Configuration["ReloadStaticAssetsAtRuntime"] = "false";
        builder.Configuration["EnableStaticAssetsDevelopmentCaching"] = "true";
        builder.Services.AddSingleton(PublicOrigin.Read(builder.Configuration, builder.Environment));
        builder.Services.AddRazorPages().AddViewLocalization().AddCookieTempDataProvider(options =>
        {
            options.Cookie.Name = NoteCookie;
            options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        // Names in every script stay readable in the source; markup characters are still encoded.
        builder.Services.Configure<WebEncoderOptions>(options => options.TextEncoderSettings = new TextEncoderSettings(UnicodeRanges.All));
    }

    public static void UsePages(this WebApplication app)
    {
        app.UseWhen(context => !IsApi(context.Request.Path), pages => pages.UseResponseCompression());
        app.UseStatusCodePagesWithReExecute("/status/{0}");
        app.Use((context, next) => IsApi(context.Request.Path) ? AnswerAsApi(context, next) : AnswerAsPage(context, next));
        app.MapStaticAssets().AllowAnonymous();
        app.MapSignIn();
        app.MapRazorPages().WithStaticAssets().AllowAnonymous();
        app.MapFallback("{**path}", () => Results.NotFound()).AllowAnonymous();
    }

    /// <summary>How the page will be encoded for who asks.</summary>
    public static string EncodingOf(HttpRequest request) => request.HttpContext.RequestServices.GetRequiredService<IResponseCompressionProvider>().GetCompressionProvider(request.HttpContext)?.EncodingName ?? "";

    private static Task AnswerAsApi(HttpContext context, RequestDelegate next)
    {
        context.Features.Get<IStatusCodePagesFeature>()!.Enabled = false;
        return next(context);
    }

    /// <summary>
    /// The visitor is who the cookie says, so that antiforgery tokens are theirs alone; and a page that fails answers with
    /// a page, where the defaults would answer with a problem in JSON.
    /// </summary>
    private static async Task AnswerAsPage(HttpContext context, RequestDelegate next)
    {
        // Antiforgery reads the form before the page does, and would only say that its token is missing.
        if (context.Request.ContentLength > ServiceDefaults.ServiceDefaults.MaxBodyBytes
            && context.GetEndpoint()?.Metadata.GetMetadata<IRequestSizeLimitMetadata>() is null
            && context.Features.Get<IStatusCodeReExecuteFeature>() is null)
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return;
        }
        if ((await context.AuthenticateAsync(Session.Scheme)).Principal is { } visitor)
            context.User = visitor;
        var answer = context.Response.Body;
        try
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<PageActionDescriptor>() is null)
            {
                await next(context);
                return;
            }
            var page = new PageBody(answer);
            context.Response.Body = page;
            await next(context);
            await page.HandOnAsync(context.RequestAborted);
        }
        catch (Exception failure) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            var expected = failure as BadHttpRequestException;
            if (expected is null)
                context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(PageSetup))
                    .LogError(failure, "{Path} failed", context.Request.Path);
            context.Response.Clear();
            context.Response.StatusCode = expected?.StatusCode ?? StatusCodes.Status500InternalServerError;
        }
        finally
        {
            context.Response.Body = answer;
        }
    }

    /// <summary>What a page does when its researcher cannot be shown here; null when the page goes on, be it without the card.</summary>
    public static IActionResult? Instead(this PageModel page, Answer<Card> card, Func<Guid, string> address) => card switch
    {
        { Survivor: { } survivor } => page.RedirectPermanent(address(survivor)),
        { Status: { } status, Unavailable: false, Value: null } => page.StatusCode((int)status),
        _ => null,
    };

    /// <summary>400 where the cursor in a page's address is none; null when the page goes on, be it without that list.</summary>
    public static IActionResult? IfMalformed<T>(this PageModel page, Answer<T> list) where T : class =>
        list.Status is System.Net.HttpStatusCode.BadRequest ? page.StatusCode(StatusCodes.Status400BadRequest) : null;

    /// <summary>This address with one parameter set, or taken away.</summary>
    public static string With(this HttpRequest request, string name, string? value)
    {
        var others = request.Query.Where(each => each.Key != name)
            .SelectMany(each => each.Value, (each, one) => KeyValuePair.Create(each.Key, one));
        var address = QueryHelpers.AddQueryString(request.Path, others);
        return value is null ? address : QueryHelpers.AddQueryString(address, name, value);
    }

    public static bool IsApi(PathString path) =>
        path.StartsWithSegments("/api") || path.StartsWithSegments("/openapi") || path.StartsWithSegments("/scalar")
        || path.StartsWithSegments("/health") || path.StartsWithSegments("/alive");
}

/// <summary>A part of a page that could not be had.</summary>
/// <param name="What">What is missing, as the start of a sentence.</param>
/// <param name="Service">Who did not answer.</param>
/// <param name="Retry">Where to try again.</param>
internal sealed record MissingPart(string What, string Service, string Retry);
