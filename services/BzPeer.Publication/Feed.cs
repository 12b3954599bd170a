using System.Globalization;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>Somebody on a work whom the caller follows.</summary>
public sealed record FeedReason(Guid ResearcherId, string Name);

/// <summary>A work in a feed.</summary>
/// <param name="Work">The work, as it is read by itself.</param>
/// <param name="Reasons">Everybody on it whom the caller follows, in printed order.</param>
/// <param name="Position">Where the work entered the record: a position in the publication service's events, and what the feed is ordered by.</param>
/// <param name="Unread">Whether it came after what the caller has read.</param>
public sealed record FeedEntry(ListedWork Work, IReadOnlyList<FeedReason> Reasons, long Position, bool Unread);

/// <summary>A page of a feed.</summary>
/// <param name="Items">At most <c>limit</c> of them.</param>
/// <param name="Next">Cursor of the following page, null at the end.</param>
/// <param name="Marker">Position up to which the caller has read, 0 before they said so.</param>
/// <param name="UpTo">Position up to which the feed is complete: whoever has seen its first page has seen what came until there.</param>
public sealed record FeedPage(IReadOnlyList<FeedEntry> Items, string? Next, long Marker, long UpTo);

/// <summary>Up to which position somebody has read their feed.</summary>
public sealed record FeedMarker(long? ReadTo);

/// <summary>Up to which position somebody has seen their feed.</summary>
public sealed record FeedSeen(long? SeenTo);

/// <summary>What came since somebody last looked at their feed.</summary>
/// <param name="Count">Works, at most 99.</param>
/// <param name="More">Whether there are more than that.</param>
/// <param name="SeenTo">Position up to which they have seen it, 0 before they ever looked: then all of it is new.</param>
/// <param name="UpTo">Position up to which this is complete.</param>
public sealed record UnseenWorks(long Count, bool More, long SeenTo, long UpTo);

/// <summary>
/// GET /api/me/feed: the works of those the caller follows, the newest in this system first, one entry per work however many of its
/// authors they follow. PUT /api/me/feed/marker: up to where they have read it, which only moves forward. GET /api/me/feed/unseen counts what
/// came since they looked last, on whatever device; PUT /api/me/feed/seen says that they looked. What was read was seen.
/// <para>
/// Merged when it is read, not written out when a work comes. Written out, a work of 5,000 authors costs a row for every follower of
/// each of them, which an import makes thousands of times a second, and every follow, unfollow and block rewrites somebody's past. Read,
/// it costs one look-up for each researcher the caller follows, some thousands at most, and what comes or goes is there or gone with the
/// next read. The index <c>work_authors_newest</c> holds each researcher's works in the order of the feed.
/// </para>
/// <para>
/// The order is where a work's first event stands, so a correction does not move it. A sequence is taken before it is committed: what is
/// shown ends where the store is known to have no transaction open any more, or a work committed late would appear behind what somebody
/// has read, and nobody would see it.
/// </para>
/// </summary>
internal static class Feed
{
    /// <summary>Up to where everything that will ever be committed is: the daemon keeps it.</summary>
    private const string Complete = "coalesce((select last_seq_id from mt_event_progression where name = 'HighWaterMark'), 0)";

    // Whose newest work is older than that of so many others as there are entries on the page cannot be on it: they are looked at once.
    // Of each of the rest, no more than a page can be.
    private const string Merge =
        """
        with shown as materialized (select least($2 - 1, $4) as top),
        newest as materialized (
          select f.followee, n.published from shown cross join known_follows f
          cross join lateral (select published from work_authors where researcher_id = f.followee and published <= shown.top order by published desc limit 1) n
          where f.follower = $1 and f.live),
        oldest as materialized (
          select case when count(*) = $3 then min(published) else 0 end as published from (select distinct published from newest order by published desc limit $3) p)
        select w.work_id, w.published, array_agg(n.followee) from oldest join newest n on n.published >= oldest.published
        cross join lateral (
          select distinct on (published) published, work_id from work_authors
          where researcher_id = n.followee and published <= n.published and published >= oldest.published order by published desc limit $3) w
        group by w.work_id, w.published order by w.published desc limit $3
        """;

    private const int MostUnseen = 99;

    // A work has one place in the record, however many of its authors one follows.
    private const string Unseen =
        """
        select count(*) from (
          select distinct w.published from known_follows f
          cross join lateral (select published from work_authors where researcher_id = f.followee and published > $2 and published <= $3 order by published desc limit $4) w
          where f.follower = $1 and f.live limit $4) unseen
        """;

    private sealed record Row(Guid Work, long Position, Guid[] Followees);

    /// <param name="ReadTo">Up to where somebody has read.</param>
    /// <param name="SeenTo">Up to where they have seen.</param>
    /// <param name="UpTo">Up to where everything is that will ever be there.</param>
    private sealed record Progress(long ReadTo, long SeenTo, long UpTo);

    internal static void MapFeed(this WebApplication app)
    {
        app.MapGet("/api/me/feed", ReadAsync).WithName("ReadFeed").WithTags("Publication").Produces<FeedPage>().ProducesProblem(400);
        app.MapPut("/api/me/feed/marker", MarkAsync).WithName("MarkFeedRead").WithTags("Publication").Produces<FeedMarker>().ProducesProblem(400);
        app.MapGet("/api/me/feed/unseen", CountUnseenAsync).WithName("CountUnseenWorks").WithTags("Publication").Produces<UnseenWorks>().ProducesProblem(400);
        app.MapPut("/api/me/feed/seen", SeeAsync).WithName("MarkFeedSeen").WithTags("Publication").Produces<FeedSeen>().ProducesProblem(400);
    }

    private static async Task<IResult> ReadAsync(int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (!Paging.TryDecodeNumber(http, cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        if (await WaitAsync(http, database, clock) is { } problem) return problem;

        var size = Paging.Clamp(limit);
        var progress = await ReadProgressAsync(database, http.ResearcherId(), cancellation);
        var rows = await MergeAsync(database, http.ResearcherId(), before, progress.UpTo, size + 1, cancellation);
        var page = http.PageOf(rows, size, row => row.Position.ToString(CultureInfo.InvariantCulture));
        var works = await Works.LoadAsync(database, [.. page.Items.Select(row => row.Work)], cancellation);
        var names = await Researchers.NamesAsync(database, [.. page.Items.SelectMany(row => row.Followees).Distinct()], cancellation);
        return TypedResults.Ok(new FeedPage(
            [.. page.Items.Where(row => works.ContainsKey(row.Work)).Select(row => new FeedEntry(works[row.Work], Reasons(row, works[row.Work], names), row.Position, row.Position > progress.ReadTo))],
            page.Next, progress.ReadTo, progress.UpTo));
    }

    private static FeedReason[] Reasons(Row row, ListedWork work, Dictionary<Guid, string> names)
    {
        var printed = work.Authors.Where(author => author.ResearcherId is not null).DistinctBy(author => author.ResearcherId).ToDictionary(author => author.ResearcherId!.Value, author => author.Position);
        return [.. row.Followees.OrderBy(id => printed.GetValueOrDefault(id, int.MaxValue)).ThenBy(id => id).Select(id => new FeedReason(id, names.GetValueOrDefault(id, "")))];
    }

    private static async Task<List<Row>> MergeAsync(NpgsqlDataSource database, Guid follower, long before, long upTo, int most, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(Merge);
        command.Parameters.Add(new() { Value = follower });
        command.Parameters.Add(new() { Value = before });
        command.Parameters.Add(new() { Value = most });
        command.Parameters.Add(new() { Value = upTo });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<Row>(most);
        while (await row.ReadAsync(cancellation)) rows.Add(new(row.GetGuid(0), row.GetInt64(1), row.GetFieldValue<Guid[]>(2)));
        return rows;
    }

    private static async Task<IResult> CountUnseenAsync(HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (await WaitAsync(http, database, clock) is { } problem) return problem;
        var progress = await ReadProgressAsync(database, http.ResearcherId(), cancellation);
        await using var command = database.CreateCommand(Unseen);
        foreach (var value in new object[] { http.ResearcherId(), progress.SeenTo, progress.UpTo, MostUnseen + 1 }) command.Parameters.Add(new() { Value = value });
        var count = (long)(await command.ExecuteScalarAsync(cancellation))!;
        return TypedResults.Ok(new UnseenWorks(Math.Min(count, MostUnseen), count > MostUnseen, progress.SeenTo, progress.UpTo));
    }

    private static async Task<IResult> MarkAsync(FeedMarker body, HttpContext http, NpgsqlDataSource database, CancellationToken cancellation) => body.ReadTo is >= 0 and var position
        ? TypedResults.Ok(new FeedMarker(await MoveAsync(database, "read_to", http.ResearcherId(), position, cancellation)))
        : Problems.Malformed("readTo", "Give in 'readTo' the position of the newest entry that was read.");

    private static async Task<IResult> SeeAsync(FeedSeen body, HttpContext http, NpgsqlDataSource database, CancellationToken cancellation) => body.SeenTo is >= 0 and var position
        ? TypedResults.Ok(new FeedSeen(await MoveAsync(database, "seen_to", http.ResearcherId(), position, cancellation)))
        : Problems.Malformed("seenTo", "Give in 'seenTo' the 'upTo' of the feed that was seen.");

    /// <summary>Moves a marker forward, and never further than what is there: what is not there yet nobody has read or seen.</summary>
    private static async Task<long> MoveAsync(NpgsqlDataSource database, string marker, Guid researcher, long position, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            insert into feed_markers (researcher, {marker}) values ($1, least($2, {Complete}))
            on conflict (researcher) do update set {marker} = greatest(feed_markers.{marker}, excluded.{marker}) returning {marker}
            """);
        command.Parameters.Add(new() { Value = researcher });
        command.Parameters.Add(new() { Value = position });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task<Progress> ReadProgressAsync(NpgsqlDataSource database, Guid researcher, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"select coalesce(m.read_to, 0), coalesce(greatest(m.read_to, m.seen_to), 0), {Complete} from (select) one left join feed_markers m on m.researcher = $1");
        command.Parameters.Add(new() { Value = researcher });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
    }

    /// <summary>
    /// Of Follow it is known how far the edges of the caller are, and only of those: the position of a write that changed none of them
    /// (hidden lists) is waited for in vain and answered with 409. Of two of their writes the later one may, when a message is delivered
    /// again, be there before the earlier one.
    /// </summary>
    private static Task<Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult?> WaitAsync(HttpContext http, NpgsqlDataSource database, TimeProvider clock) =>
        Position.WaitAsync(http, async cancellation =>
        {
            await using var command = database.CreateCommand(
                $"select {Complete}, greatest((select max(position) from known_follows where follower = $1), (select max(position) from known_follows where followee = $1), 0)");
            command.Parameters.Add(new() { Value = http.ResearcherId() });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            await row.ReadAsync(cancellation);
            var (works, follows) = (row.GetInt64(0), row.GetInt64(1));
            return source => source switch { Sources.Publication => works, Sources.Follow => follows, _ => 0 };
        }, clock);

    internal static void Configure(StoreOptions store)
    {
        var table = new Table("feed_markers");
        table.AddColumn<Guid>("researcher").AsPrimaryKey();
        foreach (var marker in new[] { "read_to", "seen_to" }) table.AddColumn(marker, "bigint").NotNull().DefaultValueByExpression("0");
        store.Storage.ExtendedSchemaObjects.Add(table);
    }
}
