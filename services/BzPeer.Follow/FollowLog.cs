using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Follow;

/// <summary>A pair as read from the store, and carried on while a batch is decided.</summary>
public sealed class LoadedPair(FollowPair state, bool smallerIsKnown, bool greaterIsKnown)
{
    /// <summary>The pair after what was decided so far.</summary>
    public FollowPair State { get; set; } = state;

    /// <summary>Whether this one of the two is a registered researcher.</summary>
    public bool Knows(Guid one) => one == State.Smaller ? smallerIsKnown : greaterIsKnown;
}

/// <summary>What a batch of decisions appends.</summary>
public sealed class PairChanges
{
    /// <summary>An event on its way into the log.</summary>
    public sealed record Appended(Guid Id, Guid Stream, long Version, object Data, string? Trace);

    /// <summary>In the order in which they were decided.</summary>
    public List<Appended> Events { get; } = [];

    /// <summary>Version of each stream before the batch, and after it.</summary>
    public Dictionary<Guid, (long Before, long After)> Streams { get; } = [];

    /// <summary>Adds what was decided about a pair whose state before it is <paramref name="pair"/>.</summary>
    public void Add(PairCommand command, FollowPair pair, object data) => Add(command.Stream, pair.Version + 1, data, command.Trace);

    /// <summary>Adds the event that gives a stream this version.</summary>
    public void Add(Guid stream, long version, object data, string? trace)
    {
        Events.Add(new(Guid.CreateVersion7(), stream, version, data, trace));
        Streams[stream] = (Streams.TryGetValue(stream, out var versions) ? versions.Before : version - 1, version);
    }
}

/// <summary>
/// The two statements of the group commit, for any number of pairs. The second one writes Marten's own tables, as Marten's append
/// function does, but a batch at a time: streams, events, edges and blocks in one statement and so in one transaction (measured
/// in docs/performance/follow.md). Everything else reads and projects these events through Marten.
/// </summary>
public sealed class FollowLog(IDocumentStore store, NpgsqlDataSource database)
{
    /// <summary>Scalar subqueries: index look-ups whatever the planner thinks of the tables. A pair without a stream costs one.</summary>
    private const string Read =
        """
        select p.stream, s.version,
          case when s.version > 0 then (select since from follow_edges where follower = p.smaller and followee = p.greater) end,
          case when s.version > 0 then (select since from follow_blocks where blocker = p.smaller and blocked = p.greater) end,
          case when s.version > 0 then (select since from follow_edges where follower = p.greater and followee = p.smaller) end,
          case when s.version > 0 then (select since from follow_blocks where blocker = p.greater and blocked = p.smaller) end,
          case when s.version > 0 then (select max(seq_id) from mt_events where stream_id = p.stream and type in ('followed', 'unfollowed', 'edge_redirected', 'edge_restored')) end,
          exists (select from known_researchers where id = p.smaller), exists (select from known_researchers where id = p.greater)
        from unnest($1, $2, $3) as p(stream, smaller, greater)
        cross join lateral (select coalesce((select version from mt_streams where id = p.stream), 0) as version) s
        """;

    /// <summary>
    /// A stream that moved since it was read is left alone, with all that belongs to it: the caller decides those again. Streams are
    /// taken in the order of their ids, so that two instances cannot lock each other out. Edges and blocks are what the last event of
    /// each says. The notification wakes the daemon.
    /// </summary>
    private static string Statement(string edges, string blocks, string condition, string more, string answer) =>
        $"""
        with born as (
          insert into mt_streams (id, version, timestamp, created, tenant_id, is_archived)
          select id, version, now(), now(), '*DEFAULT*', false from unnest($1, $2) as s(id, version) order by id
          on conflict (id) do nothing returning id),
        grown as (
          update mt_streams set version = s.after, timestamp = now() from unnest($3, $4, $5) as s(id, before, after)
          where mt_streams.id = s.id and mt_streams.version = s.before returning mt_streams.id),
        moved as (select id from born union all select id from grown),
        appended as (
          insert into mt_events (seq_id, id, stream_id, version, type, mt_dotnet_type, data, headers, timestamp, tenant_id, is_archived)
          select nextval('mt_events_sequence'), e.id, e.stream, e.version, e.type, e.dotnet_type, e.data::jsonb, e.headers::jsonb, now(), '*DEFAULT*', false
          from unnest($6, $7, $8, $9, $10, $11, $12) with ordinality as e(id, stream, version, type, dotnet_type, data, headers, place)
          where e.stream in (select id from moved){condition} order by e.place
          returning stream_id, seq_id, type, data),
        edges as (
          select distinct on (follower, followee) * from (
            select (data ->> 'followerId')::uuid as follower, (data ->> 'followeeId')::uuid as followee, {edges}) e
          order by follower, followee, seq_id desc),
        followed as (
          insert into follow_edges (follower, followee, since, position) select follower, followee, since, position from edges where live
          on conflict (follower, followee) do update set since = excluded.since, position = excluded.position),
        unfollowed as (
          delete from follow_edges f using edges e where not e.live and f.follower = e.follower and f.followee = e.followee),
        blocks as (
          select distinct on (blocker, blocked) * from (
            select (data ->> 'blockerId')::uuid as blocker, (data ->> 'blockedId')::uuid as blocked, {blocks}) b
          order by blocker, blocked, seq_id desc),
        blocked as (
          insert into follow_blocks (blocker, blocked, since, position) select blocker, blocked, since, position from blocks where live
          on conflict (blocker, blocked) do update set since = excluded.since, position = excluded.position),
        unblocked as (
          delete from follow_blocks f using blocks b where not b.live and f.blocker = b.blocker and f.blocked = b.blocked){more}
        select {answer}
        """;

    private static readonly string Append = Statement(
        Own("followed", "unfollowed"), Own("blocked", "unblocked"), condition: "", more: "",
        "stream_id, max(seq_id) filter (where type in ('followed', 'unfollowed')), (select pg_notify('mt_events_appended', '')) from appended group by stream_id");

    /// <summary>
    /// What merges append, and which pairs are away by it. Everything or nothing; and a number that is taken for nothing would make the
    /// daemon wait, so none is taken before all streams are held.
    /// </summary>
    private static readonly string AppendMoves = Statement(
        Brought("edge_redirected", "edge_restored"), Brought("block_redirected", "block_restored"),
        condition: " and (select count(*) from moved) = cardinality($1) + cardinality($3)",
        """
        ,
        away as (
          insert into handed_over (stream, merge_id, other, position)
          select stream_id, (data ->> 'mergeId')::uuid, (data ->> 'otherId')::uuid, seq_id from appended where type = 'handed_over'),
        back as (delete from handed_over h using appended a where a.type = 'returned' and h.stream = a.stream_id)
        """,
        "id, null::bigint, (select pg_notify('mt_events_appended', '')) from moved");

    private static string Own(string begins, string ends) =>
        $"(data ->> 'at')::timestamptz as since, seq_id as position, seq_id, type = '{begins}' as live from appended where type in ('{begins}', '{ends}')";

    private static string Brought(string redirected, string restored) =>
        $"(data ->> 'since')::timestamptz as since, (data ->> 'position')::bigint as position, seq_id, data ->> 'position' is not null as live from appended where type in ('{redirected}', '{restored}')";

    private readonly Dictionary<Type, IEventType> types = store.Options.Events.AllKnownEventTypes().DistinctBy(type => type.EventType).ToDictionary(type => type.EventType);

    private readonly Dictionary<string, Type> typesByName = store.Options.Events.AllKnownEventTypes().DistinctBy(type => type.EventTypeName).ToDictionary(type => type.EventTypeName, type => type.EventType);

    /// <summary>What stands in the store about pairs, by stream; <paramref name="pairs"/> are they as strangers.</summary>
    public async Task<Dictionary<Guid, LoadedPair>> ReadAsync(IReadOnlyDictionary<Guid, FollowPair> pairs, CancellationToken cancellation)
    {
        await using var read = database.CreateCommand(Read);
        Add(read, pairs.Keys.ToArray());
        Add(read, pairs.Values.Select(pair => pair.Smaller).ToArray());
        Add(read, pairs.Values.Select(pair => pair.Greater).ToArray());
        var loaded = new Dictionary<Guid, LoadedPair>(pairs.Count);
        await using var row = await read.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var stream = row.GetGuid(0);
            var state = pairs[stream] with { Version = row.GetInt64(1), Forth = new(Time(row, 2), Time(row, 3)), Back = new(Time(row, 4), Time(row, 5)), Position = row.IsDBNull(6) ? 0 : row.GetInt64(6) };
            loaded[stream] = new(state, row.GetBoolean(7), row.GetBoolean(8));
        }

        return loaded;
    }

    /// <summary>
    /// Commits, in one transaction, what concerns every stream that is still where it was read. Returns these streams, each with the
    /// sequence of its last event in the batch that changed who follows whom (null when none did).
    /// </summary>
    public async Task<Dictionary<Guid, long?>> AppendAsync(PairChanges changes, CancellationToken cancellation)
    {
        await using var append = database.CreateCommand(Append);
        return await AppendAsync(append, changes, cancellation);
    }

    /// <summary>
    /// Commits what merges do to pairs if every stream is still where it was read, else nothing. Returns the streams that had moved: none
    /// when it is committed.
    /// </summary>
    public async Task<HashSet<Guid>> AppendMovesAsync(PairChanges changes, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var append = new NpgsqlCommand(AppendMoves, connection, transaction);
        var appended = await AppendAsync(append, changes, cancellation);
        var lost = changes.Streams.Keys.Where(stream => !appended.ContainsKey(stream)).ToHashSet();
        if (lost.Count == 0) await transaction.CommitAsync(cancellation);
        return lost;
    }

    private async Task<Dictionary<Guid, long?>> AppendAsync(NpgsqlCommand append, PairChanges changes, CancellationToken cancellation)
    {
        var (born, grown) = (changes.Streams.Where(stream => stream.Value.Before == 0).ToArray(), changes.Streams.Where(stream => stream.Value.Before > 0).OrderBy(stream => stream.Key).ToArray());
        var events = changes.Events;
        var serializer = store.Options.Serializer();

        Add(append, Array.ConvertAll(born, stream => stream.Key));
        Add(append, Array.ConvertAll(born, stream => stream.Value.After));
        Add(append, Array.ConvertAll(grown, stream => stream.Key));
        Add(append, Array.ConvertAll(grown, stream => stream.Value.Before));
        Add(append, Array.ConvertAll(grown, stream => stream.Value.After));
        Add(append, events.Select(e => e.Id).ToArray());
        Add(append, events.Select(e => e.Stream).ToArray());
        Add(append, events.Select(e => e.Version).ToArray());
        Add(append, events.Select(e => types[e.Data.GetType()].EventTypeName).ToArray());
        Add(append, events.Select(e => types[e.Data.GetType()].DotNetTypeName).ToArray());
        Add(append, events.Select(e => serializer.ToJson(e.Data)).ToArray());
        Add(append, events.Select(e => e.Trace is null ? null : $$"""{"{{EventStore.TraceHeader}}":"{{e.Trace}}"}""").ToArray());

        var positions = new Dictionary<Guid, long?>(changes.Streams.Count);
        await using var row = await append.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) positions[row.GetGuid(0)] = row.IsDBNull(1) ? null : row.GetInt64(1);
        return positions;
    }

    /// <summary>Pairs with all their history, by stream: what a merge moves.</summary>
    public async Task<Dictionary<Guid, PairTies>> ReadTiesAsync(IEnumerable<(Guid One, Guid Other)> pairs, CancellationToken cancellation)
    {
        var loaded = new Dictionary<Guid, PairTies>();
        foreach (var (one, other) in pairs) loaded[FollowPair.StreamId(one, other)] = PairTies.Strangers(one, other);
        await using var read = database.CreateCommand("select stream_id, seq_id, type, data from mt_events where stream_id = any($1) order by stream_id, version");
        Add(read, loaded.Keys.ToArray());
        await using var row = await read.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            loaded[row.GetGuid(0)] = loaded[row.GetGuid(0)].Apply(store.Options.Serializer().FromJson(typesByName[row.GetString(2)], row, 3), row.GetInt64(1));
        return loaded;
    }

    /// <summary>Whom those of <paramref name="ids"/> who have been merged are, for a process that does not listen to it.</summary>
    public async Task<Dictionary<Guid, Guid>> ReadSurvivorsAsync(Guid[] ids, CancellationToken cancellation)
    {
        await using var read = database.CreateCommand("select id, survivor from survivors where id = any($1) and survivor <> id");
        Add(read, ids);
        var survivors = new Dictionary<Guid, Guid>();
        await using var row = await read.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) survivors.Add(row.GetGuid(0), row.GetGuid(1));
        return survivors;
    }

    /// <summary>Lists and relationships have everything that is committed: refuses only a <c>Min-Position</c> that is not there yet.</summary>
    public Task<Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult?> WaitAsync(HttpContext http, TimeProvider clock) => Position.WaitAsync(http, async cancellation =>
    {
        var last = await EventStore.LastPositionAsync(database, cancellation);
        return source => source == Sources.Follow ? last : 0;
    }, clock);

    internal static void Configure(StoreOptions options)
    {
        FollowPair.Configure(options);
        PairTies.Configure(options);
        var edges = new Table("follow_edges");
        edges.AddColumn<Guid>("follower").AsPrimaryKey();
        edges.AddColumn<Guid>("followee").AsPrimaryKey();
        edges.AddColumn<DateTimeOffset>("since").NotNull();
        edges.AddColumn("position", "bigint").NotNull();
        edges.Indexes.Add(new IndexDefinition("follow_edges_by_followee") { Columns = ["followee", "position"] });
        edges.Indexes.Add(new IndexDefinition("follow_edges_by_follower") { Columns = ["follower", "position"] });
        options.Storage.ExtendedSchemaObjects.Add(edges);

        var blocks = new Table("follow_blocks");
        blocks.AddColumn<Guid>("blocker").AsPrimaryKey();
        blocks.AddColumn<Guid>("blocked").AsPrimaryKey();
        blocks.AddColumn<DateTimeOffset>("since").NotNull();
        blocks.AddColumn("position", "bigint").NotNull();
        blocks.Indexes.Add(new IndexDefinition("follow_blocks_by_blocked") { Columns = ["blocked", "position"] });
        options.Storage.ExtendedSchemaObjects.Add(blocks);

        var away = new Table("handed_over");
        away.AddColumn<Guid>("stream").AsPrimaryKey();
        away.AddColumn<Guid>("merge_id").NotNull();
        away.AddColumn<Guid>("other").NotNull();
        away.AddColumn("position", "bigint").NotNull();
        away.Indexes.Add(new IndexDefinition("handed_over_by_merge") { Columns = ["merge_id", "position"] });
        options.Storage.ExtendedSchemaObjects.Add(away);
    }

    private static void Add<T>(NpgsqlCommand command, T[] values) => command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values });

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
