using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>The followers of a researcher at the end of one day or month.</summary>
/// <param name="At">The day (<c>2026-03-01</c>) or month (<c>2026-03</c>), UTC.</param>
/// <param name="Followers">Edges that stood at its end; of the one that is not over, that stand now.</param>
/// <param name="Gained">Edges that came.</param>
/// <param name="Lost">Edges that went.</param>
internal sealed record FollowersAt(string At, long Followers, long Gained, long Lost);

/// <summary>How a researcher's followers became as many as they are.</summary>
/// <param name="ResearcherId">Whose.</param>
/// <param name="By"><c>day</c> or <c>month</c>.</param>
/// <param name="Items">Every step of the period, oldest first.</param>
/// <param name="UpTo">Position of the event log this holds up to.</param>
internal sealed record GrowthAnswer(Guid ResearcherId, string By, IReadOnlyList<FollowersAt> Items, long UpTo);

/// <summary>
/// Followers over time: folded from the edges, as the follow service counts them. An edge said to stand that stands already (a merge may
/// say so) counts once.
/// </summary>
internal static class FollowerGrowth
{
    /// <summary>
    /// <c>follows</c>: the edges that stand. <c>follower_hours</c>: what came and went in an hour; <c>merged</c> is how much of the
    /// difference a merge of researchers brought or took, which is nobody's following.
    /// </summary>
    internal const string Schema =
        """
        create table if not exists follows (followee uuid not null, follower uuid not null, since timestamptz not null, primary key (followee, follower));
        create table if not exists follower_hours (researcher uuid not null, hour timestamptz not null, gained integer not null, lost integer not null, merged integer not null, primary key (researcher, hour));
        create index if not exists follower_hours_by_hour on follower_hours (hour);
        """;

    private readonly record struct Edge(Guid Followee, Guid Follower);

    private readonly record struct Change(int Gained, int Lost, int Merged);

    internal static async Task FoldAsync(NpgsqlConnection connection, IReadOnlyList<Logged> events, CancellationToken cancellation)
    {
        var told = events.Where(e => e.Type is nameof(ResearcherFollowed) or nameof(ResearcherUnfollowed)).Select(e => (Edge: new Edge(e.Subject, e.Actor!.Value), Event: e)).ToList();
        if (told.Count == 0) return;
        var edges = told.Select(one => one.Edge).Distinct().ToList();
        var before = await StandingAsync(connection, edges, cancellation);
        var standing = new Dictionary<Edge, DateTime>(before);
        var hours = new Dictionary<(Guid Researcher, DateTime Hour), Change>();
        foreach (var (edge, e) in told)
        {
            var follows = e.Type == nameof(ResearcherFollowed);
            if (follows == standing.TryGetValue(edge, out var since)) continue;
            // Clocks jump: no edge ends before it began.
            var time = !follows && e.Time < since ? since : e.Time;
            if (follows) standing.Add(edge, time);
            else standing.Remove(edge);
            var key = (edge.Followee, Logged.HourOf(time));
            var (gained, lost, merged) = hours.GetValueOrDefault(key);
            var byMerge = (follows ? e.Data<ResearcherFollowed>().MergeId : e.Data<ResearcherUnfollowed>().MergeId) is not null;
            hours[key] = new(gained + (follows ? 1 : 0), lost + (follows ? 0 : 1), merged + (!byMerge ? 0 : follows ? 1 : -1));
        }

        var gone = before.Keys.Where(edge => !standing.TryGetValue(edge, out var since) || since != before[edge]).ToList();
        var come = standing.Where(edge => !before.TryGetValue(edge.Key, out var since) || since != edge.Value).ToList();
        await Statements.ExecuteAsync(connection, "delete from follows where (followee, follower) in (select * from unnest($1, $2))", cancellation, Followees(gone), Followers(gone));
        await Statements.ExecuteAsync(connection, "insert into follows select * from unnest($1, $2, $3)", cancellation, Followees(come.Select(one => one.Key)), Followers(come.Select(one => one.Key)), come.Select(one => one.Value).ToArray());
        await Statements.ExecuteAsync(
            connection,
            """
            insert into follower_hours as h select * from unnest($1, $2, $3, $4, $5)
            on conflict (researcher, hour) do update set gained = h.gained + excluded.gained, lost = h.lost + excluded.lost, merged = h.merged + excluded.merged
            """, cancellation,
            hours.Keys.Select(key => key.Researcher).ToArray(), hours.Keys.Select(key => key.Hour).ToArray(),
            hours.Values.Select(change => change.Gained).ToArray(), hours.Values.Select(change => change.Lost).ToArray(), hours.Values.Select(change => change.Merged).ToArray());
    }

    private static async Task<Dictionary<Edge, DateTime>> StandingAsync(NpgsqlConnection connection, List<Edge> edges, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select followee, follower, since from follows where (followee, follower) in (select * from unnest($1, $2))", connection)
        { Parameters = { new() { Value = Followees(edges) }, new() { Value = Followers(edges) } } };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var standing = new Dictionary<Edge, DateTime>();
        while (await row.ReadAsync(cancellation)) standing[new(row.GetGuid(0), row.GetGuid(1))] = row.GetFieldValue<DateTime>(2);
        return standing;
    }

    private static Guid[] Followees(IEnumerable<Edge> edges) => [.. edges.Select(edge => edge.Followee)];

    private static Guid[] Followers(IEnumerable<Edge> edges) => [.. edges.Select(edge => edge.Follower)];

    internal static void MapFollowerGrowth(this WebApplication app) =>
        app.MapGet("/api/analytics/followers/{researcherId}", HandleAsync).AllowAnonymous().WaitsForNumbers().WithName("FollowerGrowth").WithTags("Analytics")
            .Produces<GrowthAnswer>().ProducesProblem(400).ProducesProblem(404);

    /// <summary><c>GET /api/analytics/followers/{id}?by=day|month&amp;from=&amp;to=</c>: without a period the last 30 days, or 12 months.</summary>
    private static async Task<IResult> HandleAsync(
        Guid researcherId, HttpContext http, Numbers numbers, LogTail tail, TimeProvider clock, string? by = null, string? from = null, string? to = null)
    {
        if (Period.Unknown(http.Request, "by", "from", "to") is { } unknown) return unknown;
        var today = Period.Today(clock);
        if (Period.Read(by, from, to, ["day", "month"], by == "month" ? 12 : 30, today, out var problem) is not { } period) return problem!;
        // There is no end of a day to come.
        if (period.To > today) period = period with { To = today };

        await tail.LookAsync(http.RequestAborted);
        await using var moment = await numbers.LookAsync(http.RequestAborted);
        if (await Merged.MovedAsync(moment, researcherId, survivor => $"/api/analytics/followers/{survivor}", http) is { } moved) return moved;

        if (tail.Hidden.HidesCounts(researcherId) && !http.IsResearcher(researcherId) && !http.User.IsInRole(Authentication.Analytics))
            return Problems.Of(404, "counts-hidden", "Counts hidden", $"Researcher {researcherId} shows nobody else how many follow them.");

        var rows = await moment.AskAsync(
            """
            select case when hour < $2 then null else date_trunc($4, hour at time zone 'UTC')::date end as step, sum(gained), sum(lost)
            from numbers.follower_hours where researcher = $1 and hour < $3 group by step
            """, row => (Step: row.IsDBNull(0) ? (DateOnly?)null : row.GetFieldValue<DateOnly>(0), Gained: row.GetInt64(1), Lost: row.GetInt64(2)), http.RequestAborted,
            researcherId, period.From.ToDateTime(default, DateTimeKind.Utc), period.To.AddDays(1).ToDateTime(default, DateTimeKind.Utc), period.By);
        if (rows.Count == 0 && (await moment.AskAsync("select 1 from public.log where subject = $1 and type = any($2) limit 1", row => row.GetInt32(0), http.RequestAborted, researcherId, Known)).Count == 0)
            return Problems.UnknownResearcher(researcherId);

        var changes = rows.Where(row => row.Step is not null).ToDictionary(row => row.Step!.Value);
        var followers = rows.Where(row => row.Step is null).Sum(row => row.Gained - row.Lost);
        var items = new List<FollowersAt>();
        foreach (var step in period.Steps())
        {
            var (_, gained, lost) = changes.GetValueOrDefault(step);
            followers += gained - lost;
            items.Add(new(period.NameOf(step), followers, gained, lost));
        }

        return TypedResults.Ok(new GrowthAnswer(researcherId, period.By, items, moment.UpTo));
    }

    /// <summary>What makes somebody a researcher this service has heard of.</summary>
    private static readonly string[] Known = [nameof(ResearcherRegistered), nameof(AuthorIdentified), nameof(ResearcherFollowed), nameof(TrustRecalculated)];
}
