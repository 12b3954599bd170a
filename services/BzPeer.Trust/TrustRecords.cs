using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Trust;

/// <summary>Why evidence or a statement changed.</summary>
/// <param name="Type">The event that led to it, for example <c>WorkPublished</c>.</param>
/// <param name="EventId">Its id.</param>
/// <param name="Reason">In plain language.</param>
/// <param name="WorkId">The work behind it, where one is.</param>
/// <param name="FollowerId">The follower behind it, where it was one who came or went. Whoever hides whom they follow is not given away by it: told to the researcher and to curators only, never on the wire.</param>
public sealed record Cause(string Type, Guid EventId, string Reason, Guid? WorkId = null, Guid? FollowerId = null);

/// <summary>Stream event: evidence about a researcher arrived. Carries all evidence there is now.</summary>
/// <param name="ResearcherId">Also the stream's id.</param>
/// <param name="Evidence">All of it.</param>
/// <param name="BibliographyVersion">Version of the newest bibliography folded in; older ones are ignored.</param>
/// <param name="Cause">What brought it; of several things, the one to put a change of the score down to.</param>
/// <param name="Causes">Everything that brought it; null where that is <paramref name="Cause"/> alone.</param>
/// <param name="Factors">The factors whose evidence it moved.</param>
/// <param name="At">When.</param>
/// <param name="Own">What the profile service told of this very profile; null where it stays.</param>
public sealed record EvidenceReceived(
    Guid ResearcherId, Evidence Evidence, long BibliographyVersion, Cause Cause, IReadOnlyList<Cause>? Causes = null,
    IReadOnlyList<string>? Factors = null, DateTimeOffset At = default, ProfileEvidence? Own = null);

/// <summary>Stream event: the score changed.</summary>
public sealed record Recalculated(
    Guid ResearcherId, int Score, string Level, int PreviousScore, string PreviousLevel, int ModelVersion,
    IReadOnlyList<TrustContribution> Contributions, Cause Cause, DateTimeOffset At);

/// <summary>Stream event: the score is told to be in another level.</summary>
public sealed record LevelChanged(Guid ResearcherId, string From, string To, int Score);

/// <summary>Stream event: the score fell because evidence was taken back, or the model is another.</summary>
public sealed record Restated(Guid ResearcherId, int FromScore, int ToScore, int ModelVersion, Cause Cause);

/// <summary>One event behind a factor.</summary>
/// <param name="Type">The event, for example <c>WorkPublished</c>.</param>
/// <param name="EventId">Its id.</param>
/// <param name="Reason">In plain language.</param>
/// <param name="WorkId">The work, where one is.</param>
/// <param name="FollowerId">The follower, where one is; told to the researcher and to curators only.</param>
/// <param name="At">When it was taken in.</param>
public sealed record FactorEvent(string Type, Guid EventId, string Reason, Guid? WorkId, Guid? FollowerId, DateTimeOffset At);

/// <summary>The events behind a factor: how many, and the newest of them, newest first.</summary>
public sealed record FactorEvents(int Total, IReadOnlyList<FactorEvent> Newest)
{
    /// <summary>None.</summary>
    public static readonly FactorEvents None = new(0, []);

    /// <summary>As many as a statement names; the others are read from the evidence's own list.</summary>
    public const int Shown = 5;
}

/// <summary>What is known and stated about one researcher: the state of their stream.</summary>
/// <param name="Evidence">All evidence.</param>
/// <param name="Own">What the profile service told of this very profile.</param>
/// <param name="Behind">Factor to the events behind it.</param>
/// <param name="BibliographyVersion">Version of the newest bibliography folded in.</param>
/// <param name="Score">As last stated, 0 before.</param>
/// <param name="Told">The level others were last told.</param>
/// <param name="StreamVersion">Events in the stream.</param>
/// <param name="Position">Sequence of the last event.</param>
public sealed record TrustRecord(
    Evidence Evidence, ProfileEvidence Own, IReadOnlyDictionary<string, FactorEvents> Behind, long BibliographyVersion, int Score, string Told, long StreamVersion, long Position)
{
    /// <summary>A researcher nothing is known about.</summary>
    public static readonly TrustRecord Unknown = new(Evidence.None, ProfileEvidence.None, new Dictionary<string, FactorEvents>(), 0, 0, "Baseline", 0, 0);

    /// <summary>The state after one more event, wherever that is stored.</summary>
    public TrustRecord Apply(object e) => (e switch
    {
        EvidenceReceived received => this with { Evidence = received.Evidence, BibliographyVersion = received.BibliographyVersion, Own = received.Own ?? Own, Behind = Add(received) },
        Recalculated recalculated => this with { Score = recalculated.Score },
        LevelChanged changed => this with { Told = changed.To },
        _ => this,
    }) with
    { StreamVersion = StreamVersion + 1 };

    private Dictionary<string, FactorEvents> Add(EvidenceReceived received)
    {
        var behind = Behind.ToDictionary();
        var news = (received.Causes ?? [received.Cause]).Reverse()
            .Select(cause => new FactorEvent(cause.Type, cause.EventId, cause.Reason, cause.WorkId, cause.FollowerId, received.At)).ToList();
        foreach (var factor in received.Factors ?? [])
        {
            var before = behind.GetValueOrDefault(factor, FactorEvents.None);
            behind[factor] = new(before.Total + news.Count, [.. news.Concat(before.Newest).Take(FactorEvents.Shown)]);
        }

        return behind;
    }
}

/// <summary>One row per researcher, written in the transaction of the events; a rebuild leaves the same rows.</summary>
public sealed class TrustRecords : IProjection
{
    /// <summary>SQL of the evidence that only vouched researchers have; an index has those, for the flow to find its seeds.</summary>
    private const string Vouched = """evidence @? '$.validations[*] ? (@.kind == "affiliation" && @.method == "curator")'""";

    private const string Columns = "researcher, evidence, own, behind, bibliography_version, score, told, stream_version, position";

    private static readonly JsonSerializerOptions Json = JsonSerializerOptions.Web;
    private static readonly Table Rows = Define();

    /// <inheritdoc />
    public async Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        var told = events.Where(e => e.Data is EvidenceReceived or Recalculated or LevelChanged or Restated).ToLookup(e => e.StreamId);
        if (told.Count == 0) return;
        // Whoever else writes one of these streams meanwhile makes this transaction fail: the rows read here are those the events follow.
        await using var connection = operations.DocumentStore.Storage.Database.CreateConnection();
        await connection.OpenAsync(cancellation);
        var records = await LoadAsync(connection, [.. told.Select(stream => stream.Key)], cancellation);
        // In the order of the ids, so that two batches cannot lock each other out.
        var rows = told.Select(stream => (Id: stream.Key, Last: stream.Last().Id, Record: stream.Aggregate(records.GetValueOrDefault(stream.Key, TrustRecord.Unknown), (record, e) => record.Apply(e.Data))))
            .OrderBy(row => row.Id).ToArray();
        operations.QueueSqlCommand(
            $"""
            insert into trust_records ({Columns})
            select r.researcher, r.evidence::jsonb, r.own::jsonb, r.behind::jsonb, r.bibliography_version, r.score, r.told, e.version, e.seq_id
            from unnest(?, ?, ?, ?, ?, ?, ?, ?) as r(researcher, evidence, own, behind, bibliography_version, score, told, event) join mt_events e on e.id = r.event order by r.researcher
            on conflict (researcher) do update set evidence = excluded.evidence, own = excluded.own, behind = excluded.behind,
              bibliography_version = excluded.bibliography_version, score = excluded.score, told = excluded.told, stream_version = excluded.stream_version, position = excluded.position
            """,
            Array.ConvertAll(rows, row => row.Id), Array.ConvertAll(rows, row => JsonSerializer.Serialize(row.Record.Evidence, Json)), Array.ConvertAll(rows, row => JsonSerializer.Serialize(row.Record.Own, Json)),
            Array.ConvertAll(rows, row => JsonSerializer.Serialize(row.Record.Behind, Json)), Array.ConvertAll(rows, row => row.Record.BibliographyVersion),
            Array.ConvertAll(rows, row => row.Record.Score), Array.ConvertAll(rows, row => row.Record.Told), Array.ConvertAll(rows, row => row.Last));
        Rings.WriteMoves(operations, events.Select(e => e.Data).OfType<Recalculated>());
        var seeds = rows.Where(row => row.Record.Evidence.IsVouched || records.GetValueOrDefault(row.Id, TrustRecord.Unknown).Evidence.IsVouched).Select(row => row.Id).ToArray();
        if (seeds.Length > 0) FollowEdges.Queue(operations, seeds);
    }

    /// <summary>One researcher's record and the version of the model in force: a statement needs both, and asks once.</summary>
    internal static async Task<(TrustRecord Record, int InForce)> FindAsync(NpgsqlDataSource database, Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {Columns}, {TrustModels.InForce} from trust_records where researcher = $1");
        command.Parameters.Add(new() { Value = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) ? (Read(row), row.GetInt32(9)) : (TrustRecord.Unknown, 0);
    }

    internal static async Task<Dictionary<Guid, TrustRecord>> LoadAsync(NpgsqlDataSource database, Guid[] ids, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await LoadAsync(connection, ids, cancellation);
    }

    private static async Task<Dictionary<Guid, TrustRecord>> LoadAsync(NpgsqlConnection connection, Guid[] ids, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select {Columns} from trust_records where researcher = any($1)", connection) { Parameters = { new() { Value = ids } } };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var records = new Dictionary<Guid, TrustRecord>(ids.Length);
        while (await row.ReadAsync(cancellation)) records[row.GetGuid(0)] = Read(row);
        return records;
    }

    /// <summary>Every researcher's record from <paramref name="after"/> on in the order of their ids, at most <paramref name="limit"/>.</summary>
    internal static async Task<List<(Guid Researcher, TrustRecord Record)>> PageAsync(NpgsqlConnection connection, Guid after, int limit, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select {Columns} from trust_records where researcher > $1 order by researcher limit $2", connection)
        {
            Parameters = { new() { Value = after }, new() { Value = limit } },
        };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var page = new List<(Guid, TrustRecord)>(limit);
        while (await row.ReadAsync(cancellation)) page.Add((row.GetGuid(0), Read(row)));
        return page;
    }

    /// <summary>The evidence of everybody whom a curator vouched for.</summary>
    internal static async Task<List<(Guid Researcher, Evidence Evidence)>> VouchedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select researcher, evidence from trust_records where {Vouched}", connection);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var vouched = new List<(Guid, Evidence)>();
        while (await row.ReadAsync(cancellation)) vouched.Add((row.GetGuid(0), JsonSerializer.Deserialize<Evidence>(row.GetString(1), Json)!));
        return vouched;
    }

    /// <summary>Everybody who holds something of the flow, or is marked, with that.</summary>
    internal static async Task<Dictionary<Guid, (FlowEvidence? Flow, Guid? Ring)>> FlowsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select researcher, evidence->'flow', (evidence->>'ring')::uuid from trust_records where jsonb_typeof(evidence->'flow') = 'object' or evidence->>'ring' is not null", connection);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var flows = new Dictionary<Guid, (FlowEvidence?, Guid?)>();
        while (await row.ReadAsync(cancellation))
            flows[row.GetGuid(0)] = (row.IsDBNull(1) ? null : JsonSerializer.Deserialize<FlowEvidence>(row.GetString(1), Json), row.IsDBNull(2) ? null : row.GetGuid(2));
        return flows;
    }

    private static TrustRecord Read(NpgsqlDataReader row) => new(
        JsonSerializer.Deserialize<Evidence>(row.GetString(1), Json)!, JsonSerializer.Deserialize<ProfileEvidence>(row.GetString(2), Json)!,
        JsonSerializer.Deserialize<Dictionary<string, FactorEvents>>(row.GetString(3), Json)!, row.GetInt64(4), row.GetInt32(5), row.GetString(6), row.GetInt64(7), row.GetInt64(8));

    internal static void Configure(StoreOptions store)
    {
        store.Storage.ExtendedSchemaObjects.Add(Rows);
        store.Events.MapEventType<EvidenceReceived>("evidence_received");
        store.Events.MapEventType<Recalculated>("trust_recalculated");
        store.Events.MapEventType<LevelChanged>("trust_level_changed");
        store.Events.MapEventType<Restated>("trust_restated");
        store.Projections.Add(new TrustRecords(), ProjectionLifecycle.Inline, nameof(TrustRecords), options =>
        {
            options.DeleteDataInTableOnTeardown(Rows.Identifier.QualifiedName);
            options.DeleteDataInTableOnTeardown(Rings.Moves.Identifier.QualifiedName);
        });
    }

    private static Table Define()
    {
        var table = new Table("trust_records");
        table.AddColumn<Guid>("researcher").AsPrimaryKey();
        table.AddColumn("evidence", "jsonb").NotNull();
        table.AddColumn("own", "jsonb").NotNull();
        table.AddColumn("behind", "jsonb").NotNull();
        table.AddColumn("bibliography_version", "bigint").NotNull();
        table.AddColumn("score", "integer").NotNull();
        table.AddColumn("told", "text").NotNull();
        table.AddColumn("stream_version", "bigint").NotNull();
        table.AddColumn("position", "bigint").NotNull();
        table.Indexes.Add(new IndexDefinition("trust_records_vouched") { Columns = ["researcher"], Predicate = Vouched });
        return table;
    }
}
