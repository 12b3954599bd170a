using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>How many researchers are in one band of scores.</summary>
/// <param name="From">Lowest score in it.</param>
/// <param name="To">Highest.</param>
/// <param name="Researchers">How many.</param>
internal sealed record ScoreBand(int From, int To, long Researchers);

/// <summary>How trust was distributed at the end of one day or month.</summary>
/// <param name="At">The day (<c>2026-03-01</c>) or month (<c>2026-03</c>), UTC.</param>
/// <param name="Researchers">Researchers who had a statement.</param>
/// <param name="Levels">How many in each level; one that nobody is in is left out.</param>
/// <param name="Bands">How many in each band of ten points, all of them.</param>
internal sealed record TrustAt(string At, long Researchers, IReadOnlyDictionary<string, long> Levels, IReadOnlyList<ScoreBand> Bands);

/// <summary>The distribution of trust over time.</summary>
/// <param name="By"><c>day</c> or <c>month</c>.</param>
/// <param name="Items">Every step of the period, oldest first.</param>
/// <param name="UpTo">Position of the event log this holds up to.</param>
internal sealed record TrustLevelsAnswer(string By, IReadOnlyList<TrustAt> Items, long UpTo);

/// <summary>
/// Researchers per level and score at the end of each day. One who was merged into another is that other, on the days before too: they are
/// taken out when it is read, from their own steps, so that it does not matter whose events came first.
/// </summary>
internal static class TrustLevels
{
    private const int BandWidth = 10;

    /// <summary>
    /// <c>trust</c>: the statement as it is. <c>trust_hours</c>: as it was at the end of an hour in which it was made anew, and what that
    /// hour gained; the score a researcher begins with is no gain. <c>trust_days</c>: who came into a score on a day less who left it.
    /// </summary>
    internal const string Schema =
        """
        create table if not exists trust (researcher uuid primary key, score integer not null, level text not null, at timestamptz not null);
        create table if not exists trust_hours (researcher uuid not null, hour timestamptz not null, score integer not null, level text not null, gained integer not null, primary key (researcher, hour));
        create index if not exists trust_hours_by_hour on trust_hours (hour);
        create table if not exists trust_days (day date not null, level text not null, score integer not null, change integer not null, primary key (day, level, score));
        """;

    private sealed record Standing(int Score, string Level, DateTime At);

    internal static async Task FoldAsync(NpgsqlConnection connection, IReadOnlyList<Logged> events, CancellationToken cancellation)
    {
        var told = events.Where(e => e.Type == nameof(TrustRecalculated)).ToList();
        if (told.Count == 0) return;
        var standing = await StandingAsync(connection, [.. told.Select(e => e.Subject).Distinct()], cancellation);
        var hours = new Dictionary<(Guid Researcher, DateTime Hour), (Standing Last, int Gained)>();
        var days = new Dictionary<(DateOnly Day, string Level, int Score), int>();
        foreach (var e in told)
        {
            var statement = e.Data<TrustRecalculated>();
            var before = standing.GetValueOrDefault(e.Subject);
            // Clocks jump: no statement is older than the one it replaces.
            var now = new Standing(statement.Score, statement.Level, before is not null && before.At > e.Time ? before.At : e.Time);
            standing[e.Subject] = now;
            var key = (e.Subject, Logged.HourOf(now.At));
            hours[key] = (now, hours.GetValueOrDefault(key).Gained + (before is null ? 0 : now.Score - before.Score));
            var day = DateOnly.FromDateTime(now.At);
            if (before is not null) days[(day, before.Level, before.Score)] = days.GetValueOrDefault((day, before.Level, before.Score)) - 1;
            days[(day, now.Level, now.Score)] = days.GetValueOrDefault((day, now.Level, now.Score)) + 1;
        }

        await Statements.ExecuteAsync(
            connection,
            """
            insert into trust select * from unnest($1, $2, $3, $4)
            on conflict (researcher) do update set score = excluded.score, level = excluded.level, at = excluded.at
            """, cancellation,
            standing.Keys.ToArray(), standing.Values.Select(now => now.Score).ToArray(), standing.Values.Select(now => now.Level).ToArray(), standing.Values.Select(now => now.At).ToArray());
        await Statements.ExecuteAsync(
            connection,
            """
            insert into trust_hours as h select * from unnest($1, $2, $3, $4, $5)
            on conflict (researcher, hour) do update set score = excluded.score, level = excluded.level, gained = h.gained + excluded.gained
            """, cancellation,
            hours.Keys.Select(key => key.Researcher).ToArray(), hours.Keys.Select(key => key.Hour).ToArray(),
            hours.Values.Select(hour => hour.Last.Score).ToArray(), hours.Values.Select(hour => hour.Last.Level).ToArray(), hours.Values.Select(hour => hour.Gained).ToArray());
        await Statements.ExecuteAsync(
            connection,
            "insert into trust_days as d select * from unnest($1, $2, $3, $4) on conflict (day, level, score) do update set change = d.change + excluded.change", cancellation,
            days.Keys.Select(key => key.Day).ToArray(), days.Keys.Select(key => key.Level).ToArray(), days.Keys.Select(key => key.Score).ToArray(), days.Values.ToArray());
    }

    private static async Task<Dictionary<Guid, Standing>> StandingAsync(NpgsqlConnection connection, Guid[] researchers, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select researcher, score, level, at from trust where researcher = any($1)", connection) { Parameters = { new() { Value = researchers } } };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var standing = new Dictionary<Guid, Standing>();
        while (await row.ReadAsync(cancellation)) standing[row.GetGuid(0)] = new(row.GetInt32(1), row.GetString(2), row.GetFieldValue<DateTime>(3));
        return standing;
    }

    internal static void MapTrustLevels(this WebApplication app) =>
        app.MapGet("/api/analytics/trust", HandleAsync).AllowAnonymous().WaitsForNumbers().WithName("TrustLevels").WithTags("Analytics")
            .Produces<TrustLevelsAnswer>().ProducesProblem(400);

    /// <summary><c>GET /api/analytics/trust?by=day|month&amp;from=&amp;to=</c>: without a period the last 30 days, or 12 months.</summary>
    private static async Task<IResult> HandleAsync(
        HttpContext http, Numbers numbers, TimeProvider clock, CancellationToken cancellation, string? by = null, string? from = null, string? to = null)
    {
        if (Period.Unknown(http.Request, "by", "from", "to") is { } unknown) return unknown;
        var today = Period.Today(clock);
        if (Period.Read(by, from, to, ["day", "month"], by == "month" ? 12 : 30, today, out var problem) is not { } period) return problem!;
        if (period.To > today) period = period with { To = today };

        await using var moment = await numbers.LookAsync(cancellation);
        var rows = await moment.AskAsync(
            """
            with taken_out as (
              select (h.hour at time zone 'UTC')::date as day, h.level, h.score, lag(h.level) over steps as level_before, lag(h.score) over steps as score_before
              from numbers.trust_hours h join numbers.merged m using (researcher) window steps as (partition by researcher order by hour)),
            changes as (
              select day, level, score, change from numbers.trust_days
              union all select day, level, score, -1 from taken_out
              union all select day, level_before, score_before, 1 from taken_out where level_before is not null)
            select case when day < $1 then null else date_trunc($3, day)::date end as step, level, score, sum(change) from changes where day <= $2
            group by step, level, score having sum(change) <> 0
            """, row => (Step: row.IsDBNull(0) ? (DateOnly?)null : row.GetFieldValue<DateOnly>(0), Level: row.GetString(1), Score: row.GetInt32(2), Change: row.GetInt64(3)), cancellation,
            period.From, period.To, period.By);

        var changes = rows.ToLookup(row => row.Step);
        var standing = new Dictionary<(string Level, int Score), long>();
        Apply(null);
        var items = new List<TrustAt>();
        foreach (var step in period.Steps())
        {
            Apply(step);
            items.Add(new(
                period.NameOf(step), standing.Values.Sum(),
                standing.GroupBy(one => one.Key.Level).OrderBy(level => level.Min(one => one.Key.Score)).ToDictionary(level => level.Key, level => level.Sum(one => one.Value)),
                [.. Enumerable.Range(0, 10).Select(band => new ScoreBand(
                    band * BandWidth, band == 9 ? 100 : (band * BandWidth) + BandWidth - 1, standing.Where(one => Math.Min(one.Key.Score / BandWidth, 9) == band).Sum(one => one.Value)))]));
        }

        return TypedResults.Ok(new TrustLevelsAnswer(period.By, items, moment.UpTo));

        void Apply(DateOnly? step)
        {
            foreach (var (_, level, score, change) in changes[step])
            {
                var key = (level, score);
                standing[key] = standing.GetValueOrDefault(key) + change;
                if (standing[key] == 0) standing.Remove(key);
            }
        }
    }
}
