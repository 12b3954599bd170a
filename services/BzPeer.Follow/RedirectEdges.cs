using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Follow;

/// <summary>
/// What follows here from a merge of researchers, and from taking it back: every pair of the merged one is handed over to the survivor, or
/// given back, some hundred in a transaction. What there is to do is seen from the tables alone: live edges and blocks of somebody who is
/// merged, and pairs that are away by a merge that is none any more. So it goes on after any interruption, comes to the same whatever order
/// merges are heard of in, and also takes along who was followed by somebody who had not heard of it yet.
/// </summary>
internal sealed class RedirectEdges(NpgsqlDataSource database, FollowLog log, Survivors survivors, Foreground foreground, TimeProvider clock, ILogger<RedirectEdges> logger) : BackgroundService
{
    /// <summary>Pairs in a transaction: people who decide about one of them wait for it.</summary>
    private const int PageSize = 250;

    /// <summary>Pages of one merge before others have their turn: a small one does not wait for a celebrity's.</summary>
    private const int Turn = 20;

    /// <summary>A pair that somebody waits for is tried so often, each time somebody else moved it first.</summary>
    private const int MostRaces = 20;

    /// <summary>Held by whichever instance works; all others wait.</summary>
    private const long Lock = 4_445_002;

    /// <summary>Between one look and the next at merges that are news (see <see cref="Work"/>).</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Between one look and the next at all merges.</summary>
    private static readonly TimeSpan LookAtAll = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether merge m counts (SQL). Whoever is merged or merged into was nobody else's at that time: an earlier merge of them must have
    /// been taken back, even if that has not been heard of.
    /// </summary>
    internal const string InForce =
        """
        (m.standing and not exists (select from merges n where n.merged = m.merged and n.standing and n.version > m.version)
          and not exists (select from merges n where n.survivor = m.merged and n.standing and n.version > m.version))
        """;

    /// <summary>Whether anything of the merged one is live (SQL).</summary>
    internal const string LeftBehind =
        """
        (exists (select from follow_edges where followee = m.merged) or exists (select from follow_edges where follower = m.merged)
          or exists (select from follow_blocks where blocked = m.merged) or exists (select from follow_blocks where blocker = m.merged))
        """;

    /// <summary>Merges with something to do; first what has to be given back, which may be in the way of the others.</summary>
    private const string Work =
        $"""
        select m.merge_id, m.merged, m.survivor, m.trace, f.in_force
        from merges m cross join lateral (select {InForce} as in_force) f
        where ($1 or m.heard > now() - interval '1 minute') and case when f.in_force then {LeftBehind} else exists (select from handed_over h where h.merge_id = m.merge_id) end
        order by f.in_force, m.version
        """;

    /// <summary>The same of some pairs: a merge, and the other of the pair it concerns.</summary>
    private const string Misplaced =
        $"""
        with pairs as (select * from unnest($1, $2, $3) as p(stream, one, other))
        select m.merge_id, m.merged, m.survivor, m.trace, false as in_force, h.other
        from pairs p join handed_over h on h.stream = p.stream join merges m on m.merge_id = h.merge_id where not {InForce}
        union all
        select m.merge_id, m.merged, m.survivor, m.trace, true, case m.merged when p.one then p.other else p.one end
        from pairs p join merges m on m.merged in (p.one, p.other)
        where {InForce} and (
          exists (select from follow_edges where follower = p.one and followee = p.other) or exists (select from follow_edges where follower = p.other and followee = p.one)
          or exists (select from follow_blocks where blocker = p.one and blocked = p.other) or exists (select from follow_blocks where blocker = p.other and blocked = p.one))
        order by in_force limit 1
        """;

    private sealed record Merge(Guid Id, Guid Merged, Guid Survivor, string? Trace, bool InForce);

    /// <summary>Where pairs of somebody are found: rows in the order of their position.</summary>
    private sealed record Side(string Rows, string Of, string Other);

    private static readonly Side[] Live =
        [new("follow_edges", "followee", "follower"), new("follow_edges", "follower", "followee"), new("follow_blocks", "blocked", "blocker"), new("follow_blocks", "blocker", "blocked")];

    private static readonly Side Away = new("handed_over", "merge_id", "other");

    /// <summary>Of each merge the newest event counts, whatever order they come in.</summary>
    internal static async Task HearAsync(IServiceProvider services, IReadOnlyList<Delivered<IIntegrationEvent>> batch, CancellationToken cancellation)
    {
        var news = batch.Select(delivered => Read(delivered.Message)).Zip(batch, (row, delivered) => (row.Id, row.Merged, row.Survivor, row.Standing, row.Version, delivered.Trace))
            .GroupBy(row => row.Id).Select(same => same.MaxBy(row => row.Version)).OrderBy(row => row.Id).ToArray();
        await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            """
            insert into merges (merge_id, merged, survivor, standing, version, trace, heard) select n.*, now() from unnest($1, $2, $3, $4, $5, $6) n
            on conflict (merge_id) do update set standing = excluded.standing, version = excluded.version, trace = excluded.trace, heard = excluded.heard
            where merges.version < excluded.version
            """);
        foreach (var column in (Array[])
            [
                Array.ConvertAll(news, row => row.Id), Array.ConvertAll(news, row => row.Merged), Array.ConvertAll(news, row => row.Survivor),
                Array.ConvertAll(news, row => row.Standing), Array.ConvertAll(news, row => row.Version), Array.ConvertAll(news, row => row.Trace),
            ])
            command.Parameters.Add(new() { Value = column });
        await command.ExecuteNonQueryAsync(cancellation);
        // After that, so that whoever knows of a merge can also act on it (see BringAsync).
        await Survivors.ApplyAsync(services, batch, cancellation);
    }

    private static (Guid Id, Guid Merged, Guid Survivor, bool Standing, long Version) Read(IIntegrationEvent message) => message switch
    {
        ResearchersMerged merge => (merge.MergeId, merge.MergedId, merge.SurvivorId, true, merge.Origin.Sequence),
        ResearchersSplit split => (split.MergeId, split.RestoredId, split.SurvivorId, false, split.Origin.Sequence),
        _ => throw new ArgumentException($"{message.GetType().Name} merges nobody.", nameof(message)),
    };

    /// <summary>
    /// Moves, ahead of its turn, what the two are to each other by anybody who is one of them: who unfollows a survivor unfollows whoever was
    /// merged into them, and who unfollows somebody restored finds the edge there. Of most researchers there is no merge to ask about.
    /// </summary>
    public async Task BringAsync(Guid one, Guid other, CancellationToken cancellation)
    {
        if (!survivors.Concern(one) && !survivors.Concern(other)) return;
        for (var races = 0; races < MostRaces && await FindAsync(one, other, cancellation) is var (merge, left); races++) await MoveAsync(merge, [left], cancellation);
    }

    /// <summary>The command as it has to be now, where a merge has moved the pair meanwhile; else null.</summary>
    public async Task<PairCommand?> FollowAsync(PairCommand command, CancellationToken cancellation)
    {
        await using var find = database.CreateCommand($"select m.merged, m.survivor from handed_over h join merges m on m.merge_id = h.merge_id where h.stream = $1 and {InForce}");
        find.Parameters.Add(new() { Value = command.Stream });
        await using var found = await find.ExecuteReaderAsync(cancellation);
        if (!await found.ReadAsync(cancellation)) return null;
        var (merged, survivor) = (found.GetGuid(0), found.GetGuid(1));
        var (actor, other) = (command.Actor == merged ? survivor : command.Actor, command.Other == merged ? survivor : command.Other);
        return actor == other ? null : new(actor, other, command.Decide, command.Requires);
    }

    /// <summary>One of the pairs of all that the two are which is not where it belongs.</summary>
    private async Task<(Merge, Guid)?> FindAsync(Guid one, Guid other, CancellationToken cancellation)
    {
        var members = new Dictionary<Guid, List<Guid>> { [one] = [one], [other] = [other] };
        await using (var command = database.CreateCommand("select survivor, id from survivors where survivor = any($1) and id <> survivor"))
        {
            command.Parameters.Add(new() { Value = members.Keys.ToArray() });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) members[row.GetGuid(0)].Add(row.GetGuid(1));
        }

        var pairs = members[one].SelectMany(_ => members[other], (a, b) => (A: a, B: b)).ToArray();
        await using var find = database.CreateCommand(Misplaced);
        find.Parameters.Add(new() { Value = Array.ConvertAll(pairs, pair => FollowPair.StreamId(pair.A, pair.B)) });
        find.Parameters.Add(new() { Value = Array.ConvertAll(pairs, pair => pair.A) });
        find.Parameters.Add(new() { Value = Array.ConvertAll(pairs, pair => pair.B) });
        await using var found = await find.ExecuteReaderAsync(cancellation);
        return await found.ReadAsync(cancellation) ? (Read(found), found.GetGuid(5)) : null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        long? lookedAtAll = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            var all = lookedAtAll is not { } then || clock.GetElapsedTime(then) >= LookAtAll;
            try
            {
                // Who worked instead may be interrupted at what is no news any more.
                if (!await WorkAsync(all, stoppingToken)) lookedAtAll = null;
                else if (all) lookedAtAll = clock.GetTimestamp();
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever was committed stands; it goes on from there.
                logger.LogWarning(e, "Redirecting edges was interrupted and goes on in a moment");
                lookedAtAll = null;
            }

            await Task.Delay(Pause, clock, stoppingToken);
        }
    }

    /// <summary>Works until there is nothing left to do; false when another instance does.</summary>
    private async Task<bool> WorkAsync(bool all, CancellationToken stopping)
    {
        await using var held = await database.OpenConnectionAsync(stopping);
        if (!await AskAsync("pg_try_advisory_lock", held, stopping)) return false;
        try
        {
            // A merge of many goes on when it is no news any more.
            for (var moved = true; moved; all = true)
            {
                moved = false;
                foreach (var merge in await FindAsync(all, stopping))
                    foreach (var side in merge.InForce ? Live : [Away])
                        moved |= await WorkAsync(merge, side, stopping);
            }

            return true;
        }
        finally
        {
            // A connection goes back to the pool as it is, and is reset when it is taken out again: until then it would hold the lock.
            await AskAsync("pg_advisory_unlock", held, CancellationToken.None);
        }
    }

    private static async Task<bool> AskAsync(string about, NpgsqlConnection held, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select {about}($1)", held) { Parameters = { new() { Value = Lock } } };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task<List<Merge>> FindAsync(bool all, CancellationToken stopping)
    {
        await using var command = database.CreateCommand(Work);
        command.Parameters.Add(new() { Value = all });
        var merges = new List<Merge>();
        await using var row = await command.ExecuteReaderAsync(stopping);
        while (await row.ReadAsync(stopping)) merges.Add(Read(row));
        return merges;
    }

    private static Merge Read(NpgsqlDataReader row) => new(row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), row.IsDBNull(3) ? null : row.GetString(3), row.GetBoolean(4));

    /// <summary>A turn of one merge on one side; whether anything came of it.</summary>
    private async Task<bool> WorkAsync(Merge merge, Side side, CancellationToken stopping)
    {
        var moved = 0;
        // What is past lies behind the position: the rows just deleted are not looked through again and again.
        for (var (page, position) = (0, 0L); page < Turn; page++)
        {
            await foreground.GiveWayAsync(stopping);
            var others = new List<Guid>(PageSize);
            await using (var command = database.CreateCommand($"select {side.Other}, position from {side.Rows} where {side.Of} = $1 and position > $2 order by position limit $3"))
            {
                command.Parameters.Add(new() { Value = side == Away ? merge.Id : merge.Merged });
                command.Parameters.Add(new() { Value = position });
                command.Parameters.Add(new() { Value = PageSize });
                await using var row = await command.ExecuteReaderAsync(stopping);
                while (await row.ReadAsync(stopping))
                {
                    others.Add(row.GetGuid(0));
                    position = row.GetInt64(1);
                }
            }

            if (others.Count == 0 || await MoveAsync(merge, others, stopping) is not { } more) break;
            moved += more;
        }

        return moved > 0;
    }

    /// <summary>Moves the pairs of the merged one and the others; how many, or null when the merge has changed meanwhile.</summary>
    private async Task<int?> MoveAsync(Merge merge, List<Guid> others, CancellationToken stopping)
    {
        var pairs = await ReadAsync(merge, others, stopping);
        var inForce = await InForceAsync(pairs.Values.Select(pair => pair.Away?.MergeId).OfType<Guid>().Append(merge.Id), stopping);
        if (inForce.Contains(merge.Id) != merge.InForce) return null;

        var (moves, taken) = (new List<Redirection>(), new HashSet<Guid>());
        foreach (var other in others)
        {
            var redirection = new Redirection(Find);
            var pair = Find((merge.Merged, other));
            if (!merge.InForce && pair.Away?.MergeId == merge.Id) redirection.GiveBack(pair);
            else if (merge.InForce && MayMove(pair, other)) redirection.HandOver(pair, new(merge.Id, merge.Merged, other, merge.Survivor));
            // Two of them may come to the same pair: the second one's turn is next.
            if (redirection.Events.Count > 0 && !redirection.Events.Exists(e => taken.Contains(e.Stream))) moves.Add(redirection);
            taken.UnionWith(redirection.Events.Select(e => e.Stream));
        }

        while (moves.Count > 0)
        {
            var changes = new PairChanges();
            foreach (var (stream, version, data) in moves.SelectMany(move => move.Events)) changes.Add(stream, version, data, merge.Trace);
            var lost = await log.AppendMovesAsync(changes, stopping);
            if (lost.Count == 0) break;
            moves.RemoveAll(move => move.Events.Exists(e => lost.Contains(e.Stream)));
        }

        return moves.Count;

        PairTies Find((Guid One, Guid Other) two) => pairs[FollowPair.StreamId(two.One, two.Other)];

        // What is away by a merge that is none any more is given back first.
        bool MayMove(PairTies pair, Guid other)
        {
            for ((Guid, Guid)? next = pair.Away is null && other != merge.Survivor ? (merge.Survivor, other) : pair.Now; ; next = pair.Now)
            {
                if (pair.Away is { } way && !inForce.Contains(way.MergeId)) return false;
                if (next is not { } to) return true;
                pair = Find(to);
            }
        }
    }

    /// <summary>The pairs of the merged one and the others, and all that they become.</summary>
    private async Task<Dictionary<Guid, PairTies>> ReadAsync(Merge merge, List<Guid> others, CancellationToken stopping)
    {
        var pairs = new Dictionary<Guid, PairTies>();
        var more = others.ConvertAll(other => (One: merge.Merged, Other: other));
        if (merge.InForce) more.AddRange(others.Where(other => other != merge.Survivor).Select(other => (merge.Survivor, other)));
        while (more.Count > 0)
        {
            foreach (var (stream, pair) in await log.ReadTiesAsync(more, stopping)) pairs[stream] = pair;
            more = [.. pairs.Values.Select(pair => pair.Now).OfType<(Guid One, Guid Other)>().Where(next => !pairs.ContainsKey(FollowPair.StreamId(next.One, next.Other)))];
        }

        return pairs;
    }

    private async Task<HashSet<Guid>> InForceAsync(IEnumerable<Guid> merges, CancellationToken stopping)
    {
        await using var command = database.CreateCommand($"select merge_id from merges m where merge_id = any($1) and {InForce}");
        command.Parameters.Add(new() { Value = merges.Distinct().ToArray() });
        var inForce = new HashSet<Guid>();
        await using var row = await command.ExecuteReaderAsync(stopping);
        while (await row.ReadAsync(stopping)) inForce.Add(row.GetGuid(0));
        return inForce;
    }

    internal static void Configure(StoreOptions store)
    {
        var table = new Table("merges");
        table.AddColumn<Guid>("merge_id").AsPrimaryKey();
        table.AddColumn<Guid>("merged").NotNull();
        table.AddColumn<Guid>("survivor").NotNull();
        table.AddColumn("standing", "boolean").NotNull();
        table.AddColumn("version", "bigint").NotNull();
        table.AddColumn("trace", "text");
        table.AddColumn("heard", "timestamptz").NotNull();
        table.Indexes.Add(new IndexDefinition("merges_by_merged") { Columns = ["merged"] });
        table.Indexes.Add(new IndexDefinition("merges_by_survivor") { Columns = ["survivor"] });
        store.Storage.ExtendedSchemaObjects.Add(table);
    }
}
