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
        if (asking.HttpContext?.Items[typeof(Making)] is Making making) kept.Keep(key, value, value.Length, making.Ids, validFor, Briefly, making.Asked);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask EvictByTagAsync(string tag, CancellationToken cancellationToken)
    {
        if (Guid.TryParse(tag, out var id)) kept.Drop([id]);
        return ValueTask.CompletedTask;
    }
}

/// <summary>A page that is being made.</summary>
/// <param name="Asked">The <see cref="Kept.Moment"/> it was asked for at.</param>
/// <param name="Ids">All ids in its address and in the answers it is made from so far. Locked by who adds to it: the answers to a page come in at once.</param>
internal sealed record Making(long Asked, HashSet<Guid> Ids);

/// <summary>Which pages are kept: those of researchers, works and what is around them, asked for by somebody without a cookie of ours.</summary>
internal sealed class PublicPages(Kept kept) : IOutputCachePolicy
{
    private static readonly PathString[] Paths = ["/researchers", "/works", "/explore", "/topics", "/institutions"];

    public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var request = context.HttpContext.Request;
        context.HttpContext.Items[typeof(Making)] = new Making(kept.Moment, [.. Ids.In(Encoding.UTF8.GetBytes(request.Path))]);
        context.EnableOutputCaching = context.AllowCacheLookup = context.AllowCacheStorage = context.AllowLocking =
            kept.Longest > TimeSpan.Zero && HttpMethods.IsGet(request.Method) && Array.Exists(Paths, path => request.Path.StartsWithSegments(path))
            && !request.Cookies.ContainsKey(Session.Cookie) && !request.Cookies.ContainsKey(PageSetup.NoteCookie);
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
    public static void MadeFrom(HttpContext? http, IReadOnlyCollection<Guid>? ids)
    {
        if (http?.Features.Get<IOutputCacheFeature>()?.Context is not { AllowCacheStorage: true } page || http.Items[typeof(Making)] is not Making making) return;
        if (ids is null)
        {
            page.AllowCacheStorage = false;
            return;
        }
        lock (making.Ids) making.Ids.UnionWith(ids);
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
