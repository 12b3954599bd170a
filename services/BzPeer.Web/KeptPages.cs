using System.Globalization;
using System.Text;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.Primitives;

namespace BzPeer.Web;

/// <summary>Where the framework keeps pages that it was told to keep.</summary>
internal sealed class KeptPages(Kept kept, IHttpContextAccessor asking) : IOutputCacheStore
{
    /// <summary>How long a page is kept while something on it may be about to change: so many visitors of one page in a second are one.</summary>
    private static readonly TimeSpan Briefly = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellationToken) => new(kept.Find(key) as byte[]);

    /// <inheritdoc />
    public ValueTask SetAsync(string key, byte[] value, string[]? tags, TimeSpan validFor, CancellationToken cancellationToken)
    {
        if (asking.HttpContext?.Items[typeof(Kept)] is long asked) kept.Keep(key, value, value.Length, tags ?? [], validFor, Briefly, asked);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask EvictByTagAsync(string tag, CancellationToken cancellationToken)
    {
        kept.Drop([tag]);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Which pages are kept: those of researchers, works and what is around them, asked for by somebody without a cookie of ours.</summary>
internal sealed class PublicPages(Kept kept) : IOutputCachePolicy
{
    private static readonly PathString[] Paths = ["/researchers", "/works", "/explore", "/topics", "/institutions"];

    public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var request = context.HttpContext.Request;
        context.HttpContext.Items[typeof(Kept)] = kept.Moment;
        context.EnableOutputCaching = context.AllowCacheLookup = context.AllowCacheStorage = context.AllowLocking =
            kept.Longest > TimeSpan.Zero && HttpMethods.IsGet(request.Method) && Array.Exists(Paths, path => request.Path.StartsWithSegments(path))
            && !request.Cookies.ContainsKey(Session.Cookie) && !request.Cookies.ContainsKey(PageSetup.NoteCookie);
        foreach (var id in Ids.In(Encoding.UTF8.GetBytes(request.Path))) context.Tags.Add(id);
        context.CacheVaryByRules.QueryKeys = "*";
        context.CacheVaryByRules.VaryByValues["encoding"] = PageSetup.EncodingOf(request);
        context.CacheVaryByRules.VaryByValues["language"] = CultureInfo.CurrentUICulture.Name;
        context.ResponseExpirationTimeSpan = kept.Longest;
        return ValueTask.CompletedTask;
    }

    public ValueTask ServeFromCacheAsync(OutputCacheContext context, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask ServeResponseAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var response = context.HttpContext.Response;
        // A form with a token of its own says no-store.
        if (response.StatusCode != StatusCodes.Status200OK || !StringValues.IsNullOrEmpty(response.Headers.SetCookie) || response.Headers.CacheControl.ToString().Contains("no-store", StringComparison.Ordinal))
            context.AllowCacheStorage = false;
        return ValueTask.CompletedTask;
    }

    /// <summary>The page is made from something with these ids; null where something is missing from it, and it is not kept.</summary>
    public static void MadeFrom(HttpContext? http, IReadOnlyCollection<string>? ids)
    {
        if (http?.Features.Get<IOutputCacheFeature>()?.Context is not { AllowCacheStorage: true } page) return;
        if (ids is null)
        {
            page.AllowCacheStorage = false;
            return;
        }
        // The answers to a page come in at once.
        lock (page.Tags) page.Tags.UnionWith(ids);
    }
}

internal static class PageKeeping
{
    private static readonly PathString[] Hiding = ["/settings", "/api/me/follow-visibility"];

    /// <summary>Where no broker is named no events are heard, and nothing is kept.</summary>
    public static void AddPageKeeping(this WebApplicationBuilder builder)
    {
        var longest = TimeSpan.FromSeconds(builder.Configuration.Number("Pages:KeepSeconds", Kept.KeepSeconds));
        builder.Services.AddSingleton(services => new Kept(services.GetRequiredService<TimeProvider>()) { Longest = longest });
        builder.Services.AddSingleton<IOutputCacheStore, KeptPages>();
        builder.Services.AddOutputCache();
        builder.Services.AddOptions<OutputCacheOptions>().Configure<Kept>((options, kept) => options.AddBasePolicy(new PublicPages(kept)));
        if (builder.Configuration["ConnectionStrings:Broker"] is not { Length: > 0 }) return;
        var broker = MessageBus.ReadBroker(builder);
        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<News>(services, broker));
    }

    /// <summary>Before everything else that costs time: a page that is kept needs none of it.</summary>
    public static void UsePageKeeping(this WebApplication app)
    {
        var kept = app.Services.GetRequiredService<Kept>();
        app.UseOutputCache();
        app.Use((context, next) =>
        {
            // Before the answer is on its way: who changes something sees it changed, however soon they look.
            if (!HttpMethods.IsGet(context.Request.Method)) context.Response.OnStarting(() => Changed(kept, context));
            return next();
        });
    }

    private static Task Changed(Kept kept, HttpContext context)
    {
        // That somebody hides their lists is told by no event.
        if (Array.Exists(Hiding, path => context.Request.Path.StartsWithSegments(path))) kept.Clear();
        else kept.Drop(Ids.In(Encoding.UTF8.GetBytes($"{context.Request.Path} {context.User.FindFirst("sub")?.Value}")));
        return Task.CompletedTask;
    }
}
