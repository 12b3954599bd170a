using System.Globalization;
using BzPeer.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BzPeer.ServiceDefaults;

/// <summary>
/// Read your own write. A write answers with its position, <c>X-BzPeer-Position: follow:1234</c>; a read sent with
/// <c>Min-Position: follow:1234</c> waits until what it reads has applied that source that far, or answers 409 with the lag.
/// </summary>
/// <param name="Source">One of <see cref="Sources"/>.</param>
/// <param name="Sequence">Position in that source's store.</param>
public readonly record struct Position(string Source, long Sequence)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Names the position of a write in its answer.</summary>
    public static void Write(HttpContext http, string source, long sequence) =>
        http.Response.Headers["X-BzPeer-Position"] = string.Create(CultureInfo.InvariantCulture, $"{source}:{sequence}");

    /// <summary>
    /// Waits until <paramref name="applied"/> (what the document has from each source; a missing source is 0) reaches what the
    /// caller asks for. Null when it may be read; a problem otherwise: never an answer that ignores the token.
    /// </summary>
    public static async Task<ProblemHttpResult?> WaitAsync(
        HttpContext http, Func<CancellationToken, Task<Func<string, long>>> applied, TimeProvider clock)
    {
        if (http.Request.Headers["Min-Position"] is not { Count: > 0 } tokens) return null;
        if (tokens is not [{ } token] || !TryParse(token, out var wanted))
            return Problems.Malformed("position", $"Min-Position is '<source>:<number>' as X-BzPeer-Position gave it, with a source of {string.Join(", ", Known)}.");

        var cancellation = http.RequestAborted;
        for (var (start, pause) = (clock.GetTimestamp(), 5); ; pause = Math.Min(pause * 2, 80))
        {
            var have = (await applied(cancellation))(wanted.Source);
            if (have >= wanted.Sequence) return null;
            if (clock.GetElapsedTime(start) >= Patience)
                return Problems.Of(409, "not-there-yet", "Not there yet",
                    $"This has {wanted.Source} up to {have}, you ask for {wanted.Sequence}: {wanted.Sequence - have} behind. Repeat in a moment.");
            await Task.Delay(TimeSpan.FromMilliseconds(pause), clock, cancellation);
        }
    }

    private static readonly string[] Known = [Sources.Profile, Sources.Follow, Sources.Publication, Sources.Trust];

    private static bool TryParse(string token, out Position position)
    {
        position = default;
        if (token.Split(':') is not [var source, var number] || !Known.Contains(source)) return false;
        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)) return false;
        position = new Position(source, sequence);
        return true;
    }
}

/// <summary>Reads that wait for positions before they begin.</summary>
public static class PositionsOfReads
{
    /// <summary>For a read of tables that are written in the transaction of their events: they have what is committed, of <paramref name="source"/> and of nobody else.</summary>
    public static RouteHandlerBuilder WaitsForPosition(this RouteHandlerBuilder read, string source) => read.AddEndpointFilter(async (context, next) =>
    {
        var services = context.HttpContext.RequestServices;
        var database = services.GetRequiredService<NpgsqlDataSource>();
        return await Position.WaitAsync(context.HttpContext, async cancellation =>
        {
            var last = await EventStore.LastPositionAsync(database, cancellation);
            return asked => asked == source ? last : 0;
        }, services.GetRequiredService<TimeProvider>()) is { } problem ? problem : await next(context);
    });
}

/// <summary>Time as the store keeps it.</summary>
public static class Clock
{
    /// <summary>Now, in UTC and whole microseconds: what is answered before the store is read is what it will say afterwards.</summary>
    public static DateTimeOffset Now(this TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
