using Npgsql;

namespace BzPeer.Follow;

/// <summary>
/// <c>BzPeer.Follow reconcile</c>: compares, for every researcher, what this service keeps with a fold of the events, computed in SQL
/// by other code than keeps it, in one snapshot. Prints the residual of each comparison and ends with 0 only when all are 0.
/// </summary>
public static class Reconcile
{
    /// <summary>Edges that are live by the events up to a position (SQL): the last event of each says so.</summary>
    internal static string LiveEdges(string upTo) => Live("follower", "followee", "followed", "unfollowed", upTo);

    /// <summary>The same of blocks.</summary>
    internal static string LiveBlocks(string upTo) => Live("blocker", "blocked", "blocked", "unblocked", upTo);

    /// <summary>All events there are, as a position.</summary>
    internal const string Everything = "9223372036854775807";

    private static string Live(string one, string other, string begins, string ends, string upTo) =>
        $"""
        select {one}, {other}, since, position from (
          select distinct on ({one}, {other}) * from (
            select (data ->> '{one}Id')::uuid as {one}, (data ->> '{other}Id')::uuid as {other}, (data ->> 'at')::timestamptz as since, seq_id as position, type
            from mt_events where type in ('{begins}', '{ends}') and seq_id <= {upTo}) e
          order by {one}, {other}, position desc) last
        where type = '{begins}'
        """;

    /// <summary>The digest over a column of ids (SQL), null over none.</summary>
    internal static string Digest(string ids) => $"bit_xor(('x' || encode(sha256(convert_to({ids}::text, 'UTF8')), 'hex'))::bit(256))";

    private static readonly string Sql =
        $"""
        with progress as materialized (select coalesce((select last_seq_id from mt_event_progression where name = $1), 0) as position),
        live as materialized ({LiveEdges(Everything)}),
        counted as materialized ({LiveEdges("(select position from progress)")}),
        blocking as materialized ({LiveBlocks(Everything)}),
        followers as (select followee as researcher, count(*) as value, {Digest("follower")} as digest from counted group by followee),
        following as (select follower as researcher, count(*) as value, {Digest("followee")} as digest from counted group by follower),
        folded as (
          select researcher, coalesce(f.value, 0) as followers, coalesce(f.digest, 0::bit(256)) as followers_digest, coalesce(g.value, 0) as following, coalesce(g.digest, 0::bit(256)) as following_digest
          from followers f full join following g using (researcher)),
        kept as (select * from follow_counts)
        select
          (select count(*) from folded full join kept k using (researcher)
             where coalesce(folded.followers, 0) <> coalesce(k.followers, 0) or coalesce(folded.following, 0) <> coalesce(k.following, 0)),
          (select count(*) from folded full join kept k using (researcher)
             where coalesce(folded.followers_digest, 0::bit(256)) <> coalesce(k.followers_digest, 0::bit(256)) or coalesce(folded.following_digest, 0::bit(256)) <> coalesce(k.following_digest, 0::bit(256))),
          (select count(*) from live full join follow_edges e using (follower, followee)
             where live.position is distinct from e.position or live.since is distinct from e.since),
          (select count(*) from blocking full join follow_blocks b using (blocker, blocked)
             where blocking.position is distinct from b.position or blocking.since is distinct from b.since),
          (select count(*) from follow_edges e join follow_blocks b on (b.blocker, b.blocked) in ((e.follower, e.followee), (e.followee, e.follower))),
          (select count(*) from follow_edges where follower = followee),
          (select count(*) from (select stream_id from mt_events group by stream_id having max(version) <> count(*)) s),
          (select count(*) from live), (select count(*) from folded)
        """;

    /// <summary>Each comparison with the number of cases in which the two sides differ; all 0 when everything agrees.</summary>
    public static async Task<IReadOnlyDictionary<string, long>> ResidualAsync(NpgsqlDataSource database, CancellationToken cancellation = default)
    {
        await using var command = database.CreateCommand(Sql);
        command.CommandTimeout = 0;
        command.Parameters.Add(new() { Value = FollowCounts.Shard });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        string[] comparisons =
            ["counts against events", "digests against events", "edges against events", "blocks against events", "edges under a block", "self-follows", "streams with a gap"];
        return comparisons.Select((name, column) => (name, column)).ToDictionary(c => c.name, c => row.GetInt64(c.column));
    }

    internal static async Task<int> RunAsync(NpgsqlDataSource database)
    {
        var residual = await ResidualAsync(database);
        foreach (var (comparison, differences) in residual) Console.WriteLine($"{comparison}: {differences}");
        return residual.Values.All(differences => differences == 0) ? 0 : 1;
    }
}
