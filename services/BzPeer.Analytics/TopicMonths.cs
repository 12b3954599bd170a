using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>The works about a topic that were published in one month or year.</summary>
/// <param name="At">The month (<c>2026-03</c>) or year (<c>2026</c>) of publication.</param>
/// <param name="Works">Works that are not retracted.</param>
/// <param name="Retracted">Works under a retraction; not among <paramref name="Works"/>.</param>
internal sealed record WorksAt(string At, long Works, long Retracted);

/// <summary>The works about a topic over a period.</summary>
/// <param name="Topic">Its label.</param>
/// <param name="Works">Works that are not retracted, in all of the period.</param>
/// <param name="Retracted">Works under a retraction.</param>
/// <param name="YearOnly">Of both, those in no month since only their year is known; 0 by year.</param>
/// <param name="Items">Months or years that have a work, oldest first.</param>
internal sealed record TopicWorks(string Topic, long Works, long Retracted, long YearOnly, IReadOnlyList<WorksAt> Items);

/// <summary>Works by topic and date of publication, as they stand now.</summary>
/// <param name="By"><c>month</c> or <c>year</c>.</param>
/// <param name="From">The first month or year asked about.</param>
/// <param name="To">The last.</param>
/// <param name="Items">The topics asked for, else those with the most works.</param>
/// <param name="UpTo">Position of the event log this holds up to.</param>
internal sealed record TopicsAnswer(string By, string From, string To, IReadOnlyList<TopicWorks> Items, long UpTo);

/// <summary>
/// Works per topic and month of publication. A work counts as it stands now: corrected it moves, removed it is gone, retracted it is
/// counted apart. One whose year alone is known is in that year and in no month; one without a year is in neither.
/// </summary>
internal static class TopicMonths
{
    private const int DefaultLimit = 10;
    private const int MaxLimit = 50;

    /// <summary>A key of an index has to fit a page: no topic of a source comes near.</summary>
    private const int LongestTopic = 500;

    /// <summary><c>works</c>: what stands. <c>topic_months</c>: month 0 is for works whose year alone is known.</summary>
    internal const string Schema =
        """
        create table if not exists works (work uuid primary key, year integer not null, month integer not null, topics text[] not null, retracted boolean not null);
        create table if not exists topic_months (topic text not null, year integer not null, month integer not null, works integer not null, retracted integer not null, primary key (topic, year, month));
        """;

    private sealed record Standing(int Year, int Month, string[] Topics, bool Retracted)
    {
        public static Standing Of(WorkDetails work) => new(
            work.PublicationDate?.Year ?? work.Year ?? 0, work.PublicationDate?.Month ?? 0,
            [.. work.Topics.Select(topic => topic.Length > LongestTopic ? topic[..LongestTopic] : topic).Distinct(StringComparer.Ordinal)], work.Retracted);
    }

    internal static async Task FoldAsync(NpgsqlConnection connection, IReadOnlyList<Logged> events, CancellationToken cancellation)
    {
        var told = events.Where(e => e.Type is nameof(WorkPublished) or nameof(WorkCorrected) or nameof(WorkRetracted) or nameof(WorkRemoved)).ToList();
        if (told.Count == 0) return;
        var works = told.Select(e => e.Subject).Distinct().ToArray();
        var standing = await StandingAsync(connection, works, cancellation);
        var months = new Dictionary<(string Topic, int Year, int Month), (int Works, int Retracted)>();
        foreach (var e in told)
        {
            var before = standing.GetValueOrDefault(e.Subject);
            var after = e.Type switch
            {
                nameof(WorkPublished) => Standing.Of(e.Data<WorkPublished>().Work),
                nameof(WorkCorrected) => Standing.Of(e.Data<WorkCorrected>().Work),
                nameof(WorkRetracted) => before is null ? null : before with { Retracted = true },
                _ => null,
            };
            Count(before, -1);
            Count(after, +1);
            if (after is null) standing.Remove(e.Subject);
            else standing[e.Subject] = after;
        }

        await Statements.ExecuteAsync(connection, "delete from works where work = any($1)", cancellation, works);
        foreach (var (work, now) in standing)
            await Statements.ExecuteAsync(connection, "insert into works values ($1, $2, $3, $4, $5)", cancellation, work, now.Year, now.Month, now.Topics, now.Retracted);
        await Statements.ExecuteAsync(
            connection,
            """
            insert into topic_months as m select * from unnest($1, $2, $3, $4, $5)
            on conflict (topic, year, month) do update set works = m.works + excluded.works, retracted = m.retracted + excluded.retracted
            """, cancellation,
            months.Keys.Select(key => key.Topic).ToArray(), months.Keys.Select(key => key.Year).ToArray(), months.Keys.Select(key => key.Month).ToArray(),
            months.Values.Select(count => count.Works).ToArray(), months.Values.Select(count => count.Retracted).ToArray());

        void Count(Standing? work, int by)
        {
            foreach (var topic in work?.Topics ?? [])
            {
                var key = (topic, work!.Year, work.Month);
                var (standing, retracted) = months.GetValueOrDefault(key);
                months[key] = work.Retracted ? (standing, retracted + by) : (standing + by, retracted);
            }
        }
    }

    private static async Task<Dictionary<Guid, Standing>> StandingAsync(NpgsqlConnection connection, Guid[] works, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select work, year, month, topics, retracted from works where work = any($1)", connection) { Parameters = { new() { Value = works } } };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var standing = new Dictionary<Guid, Standing>();
        while (await row.ReadAsync(cancellation)) standing[row.GetGuid(0)] = new(row.GetInt32(1), row.GetInt32(2), row.GetFieldValue<string[]>(3), row.GetBoolean(4));
        return standing;
    }

    internal static void MapTopicMonths(this WebApplication app) =>
        app.MapGet("/api/analytics/topics", HandleAsync).AllowAnonymous().WaitsForNumbers().WithName("TopicMonths").WithTags("Analytics")
            .Produces<TopicsAnswer>().ProducesProblem(400).ProducesProblem(404);

    /// <summary><c>GET /api/analytics/topics?by=month|year&amp;topic=&amp;from=&amp;to=&amp;limit=</c>: without a period the last 24 months, or 20 years.</summary>
    private static async Task<IResult> HandleAsync(
        HttpContext http, Numbers numbers, TimeProvider clock, CancellationToken cancellation, string? by = null, string[]? topic = null, string? from = null, string? to = null, int? limit = null)
    {
        if (Period.Unknown(http.Request, "by", "topic", "from", "to", "limit") is { } unknown) return unknown;
        if (Period.Read(by, from, to, ["month", "year"], by == "year" ? 20 : 24, Period.Today(clock), out var problem) is not { } period) return problem!;
        if (limit < 1) return Problems.Malformed("limit", "A limit is a whole number of at least 1.");
        var named = (topic ?? []).Distinct(StringComparer.Ordinal).ToArray();
        if (named.Length > MaxLimit) return Problems.Malformed("topic", $"One answer is about at most {MaxLimit} topics.");

        await using var moment = await numbers.LookAsync(cancellation);
        if (named.Length > 0)
        {
            var known = await moment.AskAsync("select distinct topic from numbers.topic_months where topic = any($1)", row => row.GetString(0), cancellation, [named]);
            if (named.Except(known).FirstOrDefault() is { } missing) return Problems.Of(404, "unknown-topic", "Unknown topic", $"No work is about '{missing}'. Topics are named by their whole label.");
        }

        // Within the period: the month where it is known, else the year when all of it is asked about or the steps are years.
        var rows = await moment.AskAsync(
            """
            with months as (
              select topic, year, month, works, retracted from numbers.topic_months
              where (works > 0 or retracted > 0) and year >= 1 and year <= 9999
                and case when month = 0 then make_date(year, 1, 1) >= $1 and ($5 or make_date(year, 12, 31) <= $2) and make_date(year, 1, 1) <= $2
                    else make_date(year, month, 1) >= $1 and make_date(year, month, 1) <= $2 end
                and (cardinality($3::text[]) = 0 or topic = any($3))),
            top as (select topic, sum(works) as total from months group by topic order by total desc, topic limit $4)
            select m.topic, m.year, m.month, m.works, m.retracted from top join months m using (topic) order by top.total desc, m.topic, m.year, m.month
            """, row => (Topic: row.GetString(0), Year: row.GetInt32(1), Month: row.GetInt32(2), Works: (long)row.GetInt32(3), Retracted: (long)row.GetInt32(4)), cancellation,
            period.From, period.To, named, Math.Min(limit ?? (named.Length > 0 ? MaxLimit : DefaultLimit), MaxLimit), period.By == "year");
        var items = rows.GroupBy(row => row.Topic).Select(months => new TopicWorks(
            months.Key, months.Sum(row => row.Works), months.Sum(row => row.Retracted),
            period.By == "year" ? 0 : months.Where(row => row.Month == 0).Sum(row => row.Works + row.Retracted),
            [.. months.Where(row => period.By == "year" || row.Month > 0).GroupBy(row => new DateOnly(row.Year, period.By == "year" ? 1 : row.Month, 1))
                .Select(at => new WorksAt(period.NameOf(at.Key), at.Sum(row => row.Works), at.Sum(row => row.Retracted)))])).ToList();
        items.AddRange(named.Except(items.Select(item => item.Topic)).Select(quiet => new TopicWorks(quiet, 0, 0, 0, [])));
        return TypedResults.Ok(new TopicsAnswer(period.By, period.NameOf(period.From), period.NameOf(period.To), items, moment.UpTo));
    }
}
