using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace BzPeer.Publication;

/// <summary>
/// GET /api/imports/{id} with <c>Accept: text/event-stream</c>: the status as <c>progress</c> events, at once and whenever it
/// changes, up to the one with which the import ends. Whoever comes again with the id of that last one (<c>Last-Event-ID</c>, as a
/// browser does when a stream ends) gets 204, which tells the browser to stay away.
/// </summary>
internal static class ImportProgress
{
    private const string EventStream = "text/event-stream";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// After so long without a change the status is sent again: what stands between takes a silent stream for dead, the gateway after
    /// 100 s. The HTML standard advises something every 15 s.
    /// </summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(15);

    internal static bool IsAskedFor(HttpRequest request) => request.GetTypedHeaders().Accept.Any(type => type.MediaType == EventStream);

    /// <summary>The answer to somebody who follows an import that stands like this now.</summary>
    internal static IResult Tell(
        ImportStatus now, HttpContext http, Func<ImportStatus, CancellationToken, Task<ImportStatus>> next, TimeProvider clock, CancellationToken stopping)
    {
        var seen = (string?)http.Request.Headers["Last-Event-ID"];
        return Ended(now) && seen == IdOf(now)
            ? TypedResults.NoContent()
            : TypedResults.ServerSentEvents(FollowAsync(now, seen, next, clock, stopping, CancellationToken.None));
    }

    /// <summary>The states of an import, each once, up to its last.</summary>
    /// <param name="now">How it stands.</param>
    /// <param name="seen">Id of the event the reader has, or null.</param>
    /// <param name="next">How it stands later, given how it stood.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="stopping">The service stops: whoever follows comes again and finds another instance.</param>
    /// <param name="cancellation">The reader has gone.</param>
    internal static async IAsyncEnumerable<SseItem<ImportStatus>> FollowAsync(
        ImportStatus now, string? seen, Func<ImportStatus, CancellationToken, Task<ImportStatus>> next, TimeProvider clock,
        CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellation);
        for (var said = clock.GetTimestamp(); ; now = await next(now, cancellation))
        {
            if (IdOf(now) != seen || clock.GetElapsedTime(said) >= LongestSilence)
            {
                (seen, said) = (IdOf(now), clock.GetTimestamp());
                yield return new(now, "progress") { EventId = seen };
            }

            if (Ended(now)) yield break;
            await Task.Delay(Pause, clock, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (either.IsCancellationRequested) yield break;
        }
    }

    private static bool Ended(ImportStatus status) => status.State != "running";

    /// <summary>A batch changes how many records were received and nothing else does, so these two say it all.</summary>
    private static string IdOf(ImportStatus status) => string.Create(CultureInfo.InvariantCulture, $"{status.State}-{status.Received}");
}
