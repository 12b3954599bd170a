using BzPeer.ServiceDefaults;

namespace BzPeer.Analytics;

/// <summary>How long events of one type took to the log.</summary>
/// <param name="Source">Whose events.</param>
/// <param name="Type">The last part of their CloudEvents type.</param>
/// <param name="Events">How many came within the window.</param>
/// <param name="P50">Half of them took at most so many seconds from when they happened to when they were in the log.</param>
/// <param name="P95">19 of 20.</param>
/// <param name="P99">99 of 100.</param>
/// <param name="Last">When the last of them came, UTC.</param>
internal sealed record Delay(string Source, string Type, long Events, double P50, double P95, double P99, DateTime Last);

/// <summary>Events of a source that came before one they follow, which is still missing.</summary>
/// <param name="Source">Whose events.</param>
/// <param name="After">The last sequence of the source that is in the log.</param>
/// <param name="Waiting">How many wait.</param>
/// <param name="Since">Since when the first of them has waited, UTC.</param>
internal sealed record Gap(string Source, long After, long Waiting, DateTime Since);

/// <summary>How the pipeline does: about arrival, so it is not made of the log's contents, and no rebuild brings it back.</summary>
/// <param name="Window"><c>15m</c>, <c>1h</c> or <c>24h</c>.</param>
/// <param name="From">The arrivals since are told of, UTC; later than asked where more came than are looked at.</param>
/// <param name="Items">Per source and type; one of which nothing came is left out.</param>
/// <param name="Gaps">What is missing.</param>
/// <param name="Rejected">Messages that are no events of BZPEER and were put aside, ever.</param>
/// <param name="NumbersBehind">Positions of the log that are not in the other numbers yet.</param>
/// <param name="UpTo">Position of the event log this holds up to.</param>
internal sealed record FreshnessAnswer(
    string Window, DateTime From, IReadOnlyList<Delay> Items, IReadOnlyList<Gap> Gaps, long Rejected, long NumbersBehind, long UpTo);

/// <summary><c>GET /api/analytics/freshness?window=15m|1h|24h</c>: how soon events are in the log, and what is missing from it.</summary>
internal static class Freshness
{
    /// <summary>The newest entries that are looked at: what an answer may cost.</summary>
    private const int MostEntries = 200_000;

    private static readonly Dictionary<string, TimeSpan> Windows = new() { ["15m"] = TimeSpan.FromMinutes(15), ["1h"] = TimeSpan.FromHours(1), ["24h"] = TimeSpan.FromDays(1) };

    internal static void MapFreshness(this WebApplication app) =>
        app.MapGet("/api/analytics/freshness", HandleAsync).AllowAnonymous().WaitsForLog().WithName("Freshness").WithTags("Analytics").Produces<FreshnessAnswer>().ProducesProblem(400);

    private static async Task<IResult> HandleAsync(HttpContext http, Numbers numbers, TimeProvider clock, CancellationToken cancellation, string window = "1h")
    {
        if (Period.Unknown(http.Request, "window") is { } unknown) return unknown;
        if (!Windows.TryGetValue(window, out var length)) return Problems.Malformed("window", $"'{window}' is none of the windows there are: {string.Join(", ", Windows.Keys)}.");

        var from = clock.GetUtcNow().UtcDateTime - length;
        await using var moment = await numbers.LookAsync(cancellation);
        var head = (await moment.AskAsync("select position from public.log_head", row => row.GetInt64(0), cancellation)).Single();
        if (await moment.AskAsync("select appended from public.log where position = $1", row => row.GetDateTime(0), cancellation, head - MostEntries) is [var first] && first > from) from = first;
        var items = await moment.AskAsync(
            """
            select source, type, count(*), percentile_cont(array[0.5, 0.95, 0.99]) within group (order by greatest(0, extract(epoch from appended - time)::float8)), max(appended)
            from public.log where position > $1 and appended >= $2 group by source, type order by source, type
            """,
            row => row.GetFieldValue<double[]>(3) is var p ? new Delay(row.GetString(0), row.GetString(1), row.GetInt64(2), Seconds(p[0]), Seconds(p[1]), Seconds(p[2]), row.GetDateTime(4)) : null!,
            cancellation, head - MostEntries, from);
        var gaps = await moment.AskAsync(
            """
            select source, coalesce(max(m.sequence), 0), count(*), min(h.since) from public.log_held h left join public.log_marks m using (source) group by source order by source
            """, row => new Gap(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetDateTime(3)), cancellation);
        var rejected = (await moment.AskAsync("select count(*) from public.log_rejected", row => row.GetInt64(0), cancellation)).Single();
        return TypedResults.Ok(new FreshnessAnswer(window, from, items, gaps, rejected, head - moment.UpTo, head));
    }

    private static double Seconds(double exact) => Math.Round(exact, 3);
}
