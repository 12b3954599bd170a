using BzPeer.ServiceDefaults;

namespace BzPeer.Analytics;

/// <summary>Who moved.</summary>
/// <param name="ResearcherId">The researcher.</param>
/// <param name="Gained">Followers or points of trust gained, less those lost.</param>
/// <param name="Now">How many followers, or which score, they have now.</param>
internal sealed record Mover(Guid ResearcherId, long Gained, long Now);

/// <summary>Who gained the most in the last hours or days.</summary>
/// <param name="Of"><c>followers</c> or <c>trust</c>.</param>
/// <param name="Window"><c>24h</c>, <c>7d</c> or <c>30d</c>.</param>
/// <param name="From">What has happened since, UTC: the beginning of an hour.</param>
/// <param name="Items">The most first.</param>
/// <param name="UpTo">Position of the event log this holds up to.</param>
internal sealed record MoversAnswer(string Of, string Window, DateTime From, IReadOnlyList<Mover> Items, long UpTo);

/// <summary>
/// The fastest movers. What a merge of two profiles brings is no gain, nor is the score a researcher begins with. Whoever hides the
/// followers they have is not on that list, except for themselves and the role <c>analytics</c>.
/// </summary>
internal static class Movers
{
    private const int DefaultLimit = 10;
    private const int MaxLimit = 100;

    private static readonly Dictionary<string, int> Windows = new() { ["24h"] = 24, ["7d"] = 7 * 24, ["30d"] = 30 * 24 };

    private const string Followers =
        """
        with gains as (
          select researcher, sum(gained - lost - merged) as gained from numbers.follower_hours where hour >= $1
            and researcher not in (select researcher from numbers.merged)
            and ($3 or researcher = $4 or researcher not in (select researcher from public.log_hidden where lists or counts))
          group by researcher having sum(gained - lost - merged) > 0 order by gained desc, researcher limit $2)
        select g.researcher, g.gained, (select sum(h.gained - h.lost) from numbers.follower_hours h where h.researcher = g.researcher) from gains g order by g.gained desc, g.researcher
        """;

    private const string Trust =
        """
        with gains as (
          select researcher, sum(gained) as gained from numbers.trust_hours where hour >= $1
            and researcher not in (select researcher from numbers.merged)
          group by researcher having sum(gained) > 0 order by gained desc, researcher limit $2)
        select g.researcher, g.gained, t.score::bigint from gains g join numbers.trust t using (researcher) order by g.gained desc, g.researcher
        """;

    internal static void MapMovers(this WebApplication app) =>
        app.MapGet("/api/analytics/movers", HandleAsync).AllowAnonymous().WaitsForNumbers().WithName("Movers").WithTags("Analytics").Produces<MoversAnswer>().ProducesProblem(400);

    /// <summary><c>GET /api/analytics/movers?window=24h|7d|30d&amp;of=followers|trust&amp;limit=</c></summary>
    private static async Task<IResult> HandleAsync(
        HttpContext http, Numbers numbers, TimeProvider clock, CancellationToken cancellation, string window = "7d", string of = "followers", int limit = DefaultLimit)
    {
        if (Period.Unknown(http.Request, "window", "of", "limit") is { } unknown) return unknown;
        if (!Windows.TryGetValue(window, out var hours)) return Problems.Malformed("window", $"'{window}' is none of the windows there are: {string.Join(", ", Windows.Keys)}.");
        if (of is not ("followers" or "trust")) return Problems.Malformed("of", $"'{of}' is nothing that is counted here: followers, trust.");
        if (limit < 1) return Problems.Malformed("limit", "A limit is a whole number of at least 1.");
        var from = Logged.HourOf(clock.GetUtcNow().UtcDateTime).AddHours(-hours);
        object[] parameters = of == "trust"
            ? [from, Math.Min(limit, MaxLimit)]
            : [from, Math.Min(limit, MaxLimit), http.User.IsInRole(Authentication.Analytics), http.User.Identity is { IsAuthenticated: true } && Guid.TryParse(http.User.FindFirst("sub")?.Value, out var caller) ? caller : Guid.Empty];

        await using var moment = await numbers.LookAsync(cancellation);
        var items = await moment.AskAsync(of == "trust" ? Trust : Followers, row => new Mover(row.GetGuid(0), row.GetInt64(1), row.GetInt64(2)), cancellation, parameters);
        return TypedResults.Ok(new MoversAnswer(of, window, from, items, moment.UpTo));
    }
}
