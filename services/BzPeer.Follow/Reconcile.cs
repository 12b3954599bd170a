using Npgsql;

namespace BzPeer.Follow;

/// <summary>
/// <c>BzPeer.Follow reconcile</c>: compares, for every researcher, what this service keeps with a fold of the events, computed in SQL
/// by other code than keeps it, in one snapshot. Prints the residual of each comparison and ends with 0 only when all are 0.
/// </summary>
public static class Reconcile
{
    /// <summary>Edges that are live by the events up to a position (SQL): the last event of each says so, and for which place if a merge brought it.</summary>
    internal static string LiveEdges(string upTo) => Live("follower", "followee", "'followed'", "'unfollowed', 'edge_redirected', 'edge_restored'", upTo);

    /// <summary>The same of blocks.</summary>
    internal static string LiveBlocks(string upTo) => Live("blocker", "blocked", "'blocked'", "'unblocked', 'block_redirected', 'block_restored'", upTo);

    /// <summary>Pairs that are away by all events there are (SQL).</summary>
    internal const string Away =
        """
        select stream_id as stream, (data ->> 'mergeId')::uuid as merge_id, (data ->> 'otherId')::uuid as other, position from (
          select distinct on (stream_id) stream_id, type, data, seq_id as position from mt_events where type in ('handed_over', 'returned') order by stream_id, seq_id desc) last
        where type = 'handed_over'
        """;

    /// <summary>All events there are, as a position.</summary>
    internal const string Everything = "9223372036854775807";

    private static string Live(string one, string other, string begins, string otherwise, string upTo) =>
        $"""
        select {one}, {other}, since, position from (
          select distinct on ({one}, {other}) * from (
            select (data ->> '{one}Id')::uuid as {one}, (data ->> '{other}Id')::uuid as {other}, seq_id,
              case type when {begins} then (data ->> 'at')::timestamptz else (data ->> 'since')::timestamptz end as since,
              case type when {begins} then seq_id else (data ->> 'position')::bigint end as position
            from mt_events where type in ({begins}, {otherwise}) and seq_id <= {upTo}) e
          order by {one}, {other}, seq_id desc) last
        where position is not null
        """;

    /// <summary>Merges made or taken back of which something is left to do: 0 except for a moment, of a celebrity minutes.</summary>
    public const string Unfinished = "merges under way";

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
        kept as (select * from follow_counts),
        away as materialized ({Away})
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
          (select count(*) from away full join handed_over h using (stream)
             where away.position is distinct from h.position or away.merge_id is distinct from h.merge_id or away.other is distinct from h.other),
          (select count(*) from merges m where case when {RedirectEdges.InForce} then {RedirectEdges.LeftBehind} else exists (select from handed_over h where h.merge_id = m.merge_id) end)
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
            [
                "counts against events", "digests against events", "edges against events", "blocks against events", "edges under a block", "self-follows", "streams with a gap", "pairs handed over against events",
                Unfinished,
            ];
        return comparisons.Select((name, column) => (name, column)).ToDictionary(c => c.name, c => row.GetInt64(c.column));
    }

    internal static async Task<int> RunAsync(NpgsqlDataSource database)
    {
        var residual = await ResidualAsync(database);
        foreach (var (comparison, differences) in residual) Console.WriteLine($"{comparison}: {differences}");
        return residual.Values.All(differences => differences == 0) ? 0 : 1;
    }
}
