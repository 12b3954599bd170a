using System.Text.Json;
using BzPeer.Contracts;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Trust;

/// <summary>Stream event: evidence about a researcher arrived. Carries all evidence there is now.</summary>
/// <param name="ResearcherId">Also the stream's id.</param>
/// <param name="Evidence">All of it.</param>
/// <param name="BibliographyVersion">Version of the newest bibliography folded in; older ones are ignored.</param>
/// <param name="Cause">What brought it.</param>
public sealed record EvidenceReceived(Guid ResearcherId, Evidence Evidence, long BibliographyVersion, TrustCause Cause);

/// <summary>Stream event: the score changed.</summary>
public sealed record Recalculated(
    Guid ResearcherId, int Score, string Level, int PreviousScore, string PreviousLevel, int ModelVersion,
    IReadOnlyList<TrustContribution> Contributions, TrustCause Cause, DateTimeOffset At);

/// <summary>Stream event: the score crossed into another level.</summary>
public sealed record LevelChanged(Guid ResearcherId, string From, string To, int Score);

/// <summary>Stream event: the score fell because evidence was taken back.</summary>
public sealed record Restated(Guid ResearcherId, int FromScore, int ToScore, int ModelVersion, TrustCause Cause);

/// <summary>What is known and stated about one researcher: the state of their stream.</summary>
/// <param name="Evidence">All evidence.</param>
/// <param name="BibliographyVersion">Version of the newest bibliography folded in.</param>
/// <param name="Score">As last stated, 0 before.</param>
/// <param name="StreamVersion">Events in the stream.</param>
/// <param name="Position">Sequence of the last event.</param>
public sealed record TrustRecord(Evidence Evidence, long BibliographyVersion, int Score, long StreamVersion, long Position)
{
    /// <summary>A researcher nothing is known about.</summary>
    public static readonly TrustRecord Unknown = new(Evidence.None, 0, 0, 0, 0);

    /// <summary>The state after one more event, which is not stored yet.</summary>
    public TrustRecord Apply(object e) => e switch
    {
        EvidenceReceived received => this with { Evidence = received.Evidence, BibliographyVersion = received.BibliographyVersion, StreamVersion = StreamVersion + 1 },
        Recalculated recalculated => this with { Score = recalculated.Score, StreamVersion = StreamVersion + 1 },
        _ => this with { StreamVersion = StreamVersion + 1 },
    };
}

/// <summary>One row per researcher, written in the transaction of the events; a rebuild leaves the same rows.</summary>
public sealed class TrustRecords : IProjection
{
    private static readonly JsonSerializerOptions Json = JsonSerializerOptions.Web;
    private static readonly Table Rows = Define();

    /// <inheritdoc />
    public Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        var evidence = new Dictionary<Guid, EvidenceReceived>();
        var scores = new Dictionary<Guid, int>();
        var last = new Dictionary<Guid, Guid>();
        foreach (var e in events)
        {
            switch (e.Data)
            {
                case EvidenceReceived received: evidence[e.StreamId] = received; break;
                case Recalculated recalculated: scores[e.StreamId] = recalculated.Score; break;
                case LevelChanged changed: scores[e.StreamId] = changed.Score; break;
                case Restated restated: scores[e.StreamId] = restated.ToScore; break;
                default: continue;
            }

            last[e.StreamId] = e.Id;
        }

        // In the order of the ids, so that two batches cannot lock each other out.
        if (evidence.Count > 0)
        {
            operations.QueueSqlCommand(
                """
                insert into trust_records (researcher, evidence, bibliography_version, score, stream_version, position)
                select r.researcher, r.evidence::jsonb, r.bibliography_version, 0, e.version, e.seq_id
                from unnest(?, ?, ?, ?) as r(researcher, evidence, bibliography_version, event) join mt_events e on e.id = r.event order by r.researcher
                on conflict (researcher) do update set evidence = excluded.evidence, bibliography_version = excluded.bibliography_version,
                  stream_version = excluded.stream_version, position = excluded.position
                """,
                evidence.Keys.ToArray(), evidence.Values.Select(received => JsonSerializer.Serialize(received.Evidence, Json)).ToArray(),
                evidence.Values.Select(received => received.BibliographyVersion).ToArray(), evidence.Keys.Select(researcher => last[researcher]).ToArray());
        }

        if (scores.Count > 0)
        {
            operations.QueueSqlCommand(
                """
                update trust_records set score = s.score, stream_version = e.version, position = e.seq_id
                from unnest(?, ?, ?) as s(researcher, score, event) join mt_events e on e.id = s.event where trust_records.researcher = s.researcher
                """,
                scores.Keys.ToArray(), scores.Values.ToArray(), scores.Keys.Select(researcher => last[researcher]).ToArray());
        }

        return Task.CompletedTask;
    }

    internal static async Task<Dictionary<Guid, TrustRecord>> LoadAsync(NpgsqlDataSource database, Guid[] ids, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select researcher, evidence, bibliography_version, score, stream_version, position from trust_records where researcher = any($1)");
        command.Parameters.Add(new() { Value = ids });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var records = new Dictionary<Guid, TrustRecord>(ids.Length);
        while (await row.ReadAsync(cancellation))
            records[row.GetGuid(0)] = new(JsonSerializer.Deserialize<Evidence>(row.GetString(1), Json)!, row.GetInt64(2), row.GetInt32(3), row.GetInt64(4), row.GetInt64(5));
        return records;
    }

    internal static void Configure(StoreOptions store)
    {
        store.Storage.ExtendedSchemaObjects.Add(Rows);
        store.Events.MapEventType<EvidenceReceived>("evidence_received");
        store.Events.MapEventType<Recalculated>("trust_recalculated");
        store.Events.MapEventType<LevelChanged>("trust_level_changed");
        store.Events.MapEventType<Restated>("trust_restated");
        store.Projections.Add(new TrustRecords(), ProjectionLifecycle.Inline, nameof(TrustRecords), options => options.DeleteDataInTableOnTeardown(Rows.Identifier.QualifiedName));
    }

    private static Table Define()
    {
        var table = new Table("trust_records");
        table.AddColumn<Guid>("researcher").AsPrimaryKey();
        table.AddColumn("evidence", "jsonb").NotNull();
        table.AddColumn("bibliography_version", "bigint").NotNull();
        table.AddColumn("score", "integer").NotNull();
        table.AddColumn("stream_version", "bigint").NotNull();
        table.AddColumn("position", "bigint").NotNull();
        return table;
    }
}
