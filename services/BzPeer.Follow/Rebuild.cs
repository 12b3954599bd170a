using System.Diagnostics;
using Npgsql;

namespace BzPeer.Follow;

/// <summary>What a rebuild did.</summary>
/// <param name="Events">Events folded.</param>
/// <param name="Corrected">Rows that were not what the events say. 0 when nothing was wrong.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record Rebuilt(long Events, long Corrected, TimeSpan Elapsed);

/// <summary>
/// <c>BzPeer.Follow rebuild</c>: folds all events into new counts beside the live ones while the service runs, then puts right, in one
/// transaction at the live projection's own position, the rows that differ. A count that was right never moves, and readers
/// never wait; the projection waits for that transaction only.
/// </summary>
public static class Rebuild
{
    /// <summary>Events between a first pass and the switch that are folded while the projection waits.</summary>
    private const long CloseEnough = 20_000;

    private const string Begin =
        """
        drop table if exists follow_counts_rebuilt;
        create unlogged table follow_counts_rebuilt (researcher uuid primary key, followers bigint, followers_digest bit(256), following bigint, following_digest bit(256),
          lists_hidden boolean, counts_hidden boolean, version bigint)
        """;

    /// <summary>Adds what the events between two positions come to.</summary>
    private static readonly string Fold =
        $"""
        with edge as materialized (
          select (data ->> 'followerId')::uuid as follower, (data ->> 'followeeId')::uuid as followee, case type when 'followed' then 1 when 'unfollowed' then -1 else (data ->> 'change')::int end as by, seq_id
          from mt_events where type in ('followed', 'unfollowed', 'edge_redirected', 'edge_restored') and data ->> 'change' is distinct from '0' and seq_id > $1 and seq_id <= $2),
        ends as (
          select followee as researcher, by as followers, follower as follower, 0 as following, null::uuid as followee, seq_id from edge
          union all select follower, 0, null, by, followee, seq_id from edge),
        hidden as (
          select distinct on (researcher) (data ->> 'researcherId')::uuid as researcher, (data ->> 'listsHidden')::boolean as lists, (data ->> 'countsHidden')::boolean as counts, seq_id
          from mt_events where type = 'follow_visibility_changed' and seq_id > $1 and seq_id <= $2 order by researcher, seq_id desc),
        sums as (
          select researcher, sum(followers) as followers, sum(following) as following, max(seq_id) as version,
            coalesce({Reconcile.Digest("follower")}, 0::bit(256)) as followers_digest,
            coalesce({Reconcile.Digest("followee")}, 0::bit(256)) as following_digest
          from ends group by researcher)
        insert into follow_counts_rebuilt as c
        select researcher, coalesce(s.followers, 0), coalesce(s.followers_digest, 0::bit(256)), coalesce(s.following, 0), coalesce(s.following_digest, 0::bit(256)), h.lists, h.counts, greatest(s.version, h.seq_id)
        from sums s full join hidden h using (researcher)
        on conflict (researcher) do update set
          followers = c.followers + excluded.followers, followers_digest = c.followers_digest # excluded.followers_digest,
          following = c.following + excluded.following, following_digest = c.following_digest # excluded.following_digest,
          lists_hidden = coalesce(excluded.lists_hidden, c.lists_hidden), counts_hidden = coalesce(excluded.counts_hidden, c.counts_hidden), version = excluded.version
        """;

    private const string Correct =
        """
        with surplus as (delete from follow_counts where not exists (select from follow_counts_rebuilt r where r.researcher = follow_counts.researcher) returning 1),
        corrected as (
          insert into follow_counts as c (researcher, followers, followers_digest, following, following_digest, lists_hidden, counts_hidden, version)
          select * from follow_counts_rebuilt r where not exists (
            select from follow_counts k where (k.researcher, k.followers, k.followers_digest, k.following, k.following_digest, k.version) = (r.researcher, r.followers, r.followers_digest, r.following, r.following_digest, r.version)
              and (k.lists_hidden, k.counts_hidden) is not distinct from (r.lists_hidden, r.counts_hidden))
          on conflict (researcher) do update set followers = excluded.followers, followers_digest = excluded.followers_digest, following = excluded.following,
            following_digest = excluded.following_digest, lists_hidden = excluded.lists_hidden, counts_hidden = excluded.counts_hidden, version = excluded.version
          returning 1)
        select (select count(*) from surplus) + (select count(*) from corrected)
        """;

    /// <summary>Rebuilds the counts.</summary>
    public static async Task<Rebuilt> CountsAsync(NpgsqlDataSource database, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await ExecuteAsync(connection, Begin, cancellation);

        var folded = 0L;
        for (var position = await ProgressAsync(connection, cancellation); position - folded > CloseEnough; position = await ProgressAsync(connection, cancellation))
        {
            await ExecuteAsync(connection, Fold, cancellation, folded, position);
            folded = position;
        }

        // Whatever page the projection is writing is finished by now, or has not begun: its progress is where the counts are.
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, "lock table follow_counts in share row exclusive mode", cancellation);
        await ExecuteAsync(connection, Fold, cancellation, folded, await ProgressAsync(connection, cancellation));
        var corrected = (long)(await ScalarAsync(connection, Correct, cancellation))!;
        var events = (long)(await ScalarAsync(connection, "select count(*) from mt_events where type in ('followed', 'unfollowed', 'edge_redirected', 'edge_restored', 'follow_visibility_changed')", cancellation))!;
        await transaction.CommitAsync(cancellation);
        await ExecuteAsync(connection, "drop table follow_counts_rebuilt", cancellation);
        return new(events, corrected, clock.Elapsed);
    }

    /// <summary>Puts right the rows of edges, blocks and pairs handed over that are not what the events say. Follows wait while it looks.</summary>
    public static async Task<Rebuilt> EdgesAsync(NpgsqlDataSource database, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, "lock table follow_edges, follow_blocks, handed_over in share row exclusive mode", cancellation);
        var corrected = (long)(await ScalarAsync(connection, CorrectRows("follow_edges", "follower, followee", ["since", "position"], Reconcile.LiveEdges(Reconcile.Everything)), cancellation))!
            + (long)(await ScalarAsync(connection, CorrectRows("follow_blocks", "blocker, blocked", ["since", "position"], Reconcile.LiveBlocks(Reconcile.Everything)), cancellation))!
            + (long)(await ScalarAsync(connection, CorrectRows("handed_over", "stream", ["merge_id", "other", "position"], Reconcile.Away), cancellation))!;
        var events = (long)(await ScalarAsync(
            connection,
            """
            select count(*) from mt_events where type in
              ('followed', 'unfollowed', 'blocked', 'unblocked', 'edge_redirected', 'edge_restored', 'block_redirected', 'block_restored', 'handed_over', 'returned')
            """, cancellation))!;
        await transaction.CommitAsync(cancellation);
        return new(events, corrected, clock.Elapsed);
    }

    private static string CorrectRows(string table, string key, string[] values, string live) =>
        $"""
        with live as materialized ({live}),
        surplus as (delete from {table} where ({key}) not in (select {key} from live) returning 1),
        corrected as (
          insert into {table} as t ({key}, {string.Join(", ", values)}) select l.* from live l left join {table} k using ({key})
          where {string.Join(" or ", values.Select(value => $"k.{value} is distinct from l.{value}"))}
          on conflict ({key}) do update set {string.Join(", ", values.Select(value => $"{value} = excluded.{value}"))} returning 1)
        select (select count(*) from surplus) + (select count(*) from corrected)
        """;

    internal static async Task<int> RunAsync(NpgsqlDataSource database)
    {
        var edges = await EdgesAsync(database);
        Console.WriteLine($"Edges and blocks: folded {edges.Events} events in {edges.Elapsed.TotalSeconds:0.0} s; {edges.Corrected} rows had to be corrected.");
        var counts = await CountsAsync(database);
        Console.WriteLine($"Counts: folded {counts.Events} events in {counts.Elapsed.TotalSeconds:0.0} s; {counts.Corrected} rows had to be corrected.");
        return 0;
    }

    private static async Task<long> ProgressAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        (long)(await ScalarAsync(connection, "select coalesce((select last_seq_id from mt_event_progression where name = $1), 0)", cancellation, FollowCounts.Shard))!;

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteScalarAsync(cancellation);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = Command(connection, sql, parameters);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        return command;
    }
}
