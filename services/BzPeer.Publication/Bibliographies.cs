using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Subscriptions;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>The sums of one researcher's bibliography. All but <paramref name="Works"/>, <paramref name="SelfAsserted"/> and <paramref name="Retracted"/> are over validated, unretracted works.</summary>
public sealed record BibliographySums(int Works, int Validated, int SelfAsserted, int Retracted, int Topics, int CloseCollaborators);

/// <summary>An event behind a change of the sums; <paramref name="Type"/> is the name it has in the contracts. A merge has no work.</summary>
public sealed record SumsCause(string Type, Guid EventId, Guid? WorkId, string? Title);

/// <summary>Stream event: the sums of a researcher's bibliography after a page of events.</summary>
public sealed record SumsChanged(Guid ResearcherId, BibliographySums Sums, IReadOnlyList<SumsCause> Causes, long Version)
{
    /// <summary>A stream of its own per researcher, which nobody but <see cref="Bibliographies"/> writes.</summary>
    public static Guid StreamId(Guid researcherId) => StableId.Of($"bibliography:{researcherId}");
}

/// <summary>
/// Follows the works, and who is whose, and tells the sums of every researcher they touch, when they changed. The sums are read from the
/// tables, which are at least as new as the page; what was told last stands in <c>bibliographies</c>, so a page that is repeated
/// tells nothing again. The events and the rows of a portion are one transaction.
/// Works of more people than <see cref="Large"/> have a subscription of their own, which pauses between portions: messages go
/// first in, first out, and five thousand at once would keep everybody else's waiting for seconds. Two may therefore tell of the same
/// researcher. They take turns at each (a lock from the reading to the commit): otherwise the one that read first could commit last.
/// </summary>
internal sealed class Bibliographies : SubscriptionBase
{
    /// <summary>People of a work whose authors are told in portions.</summary>
    private const int Large = 100;

    /// <summary>Researchers told in one transaction. PostgreSQL has room for 6,400 locks at once, however many hold them.</summary>
    private const int Portion = 500;

    /// <summary>Researchers told together of a large work.</summary>
    private const int SmallPortion = 100;

    private const int MostCauses = 20;

    /// <summary>First half of the key of the lock that is taken of each researcher.</summary>
    internal const int Turn = 5102033;

    /// <summary>Between two portions: 400 researchers a second, which leaves more than half of what two processors manage to everybody else.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(250);

    /// <summary>All pauses of one page together: progress that stands still for longer than 20 s looks as if something were wrong.</summary>
    private static readonly TimeSpan AllBreaths = TimeSpan.FromSeconds(12);

    /// <summary>
    /// Appends one event to each of these streams, whatever their versions, as Marten's append function does one stream at a time: nobody
    /// else writes them. The notification wakes the daemon for the relay.
    /// </summary>
    private const string Tell =
        """
        with told as materialized (select * from unnest(?, ?, ?) with ordinality as t(stream, data, trace, place)),
        streams as (
          insert into mt_streams as s (id, version, timestamp, created, tenant_id, is_archived)
          select stream, 1, now(), now(), '*DEFAULT*', false from told order by stream
          on conflict (id) do update set version = s.version + 1, timestamp = now() returning id, version),
        appended as (
          insert into mt_events (seq_id, id, stream_id, version, type, mt_dotnet_type, data, headers, timestamp, tenant_id, is_archived)
          select nextval('mt_events_sequence'), gen_random_uuid(), t.stream, s.version, ?, ?, t.data::jsonb,
            case when t.trace is not null then jsonb_build_object('traceparent', t.trace) end, now(), '*DEFAULT*', false
          from told t join streams s on s.id = t.stream order by t.place)
        select pg_notify('mt_events_appended', '')
        """;

    private readonly NpgsqlDataSource database;
    private readonly Collaborations collaborations;
    private readonly bool ofLargeWorks;

    private Bibliographies(NpgsqlDataSource database, bool ofLargeWorks)
    {
        (this.database, collaborations, this.ofLargeWorks) = (database, new Collaborations(database), ofLargeWorks);
        Name = ofLargeWorks ? "BibliographiesOfLargeWorks" : nameof(Bibliographies);
        Options.BatchSize = 1_000;
        // As in the relay: what comes while a page is written is the next page, however much it is.
        Options.MaximumHopperSize = 1;
        IncludedEventTypes.AddRange([
            typeof(Published), typeof(Corrected), typeof(Retracted), typeof(Reinstated), typeof(TookOver), typeof(MergedInto), typeof(GaveBack), typeof(Restored), typeof(Withdrawn), typeof(Removed),
            typeof(Merged), typeof(Split)]);
    }

    public override async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
    {
        await page.BeginAsync(operations, cancellationToken);
        var events = page.Events.Where(e => e.Data is IWorkStands or Retracted or IResearchersLeft or IKinChanged).ToList();
        if (events.Count == 0) return NullChangeListener.Instance;

        try
        {
            var touched = await TouchedAsync(events, cancellationToken);
            await TellInPortionsAsync(touched, operations.DocumentStore, cancellationToken);
            return NullChangeListener.Instance;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // An escaping cancellation that is not the daemon's own would stop this subscription for good.
            throw new TimeoutException($"The sums after events {page.SequenceFloor + 1} to {page.SequenceCeiling} could not be told; they will be tried again.", e);
        }
    }

    /// <summary>Whom the page touches: who is an author of its works now, and who was before.</summary>
    private async Task<Dictionary<Guid, List<IEvent>>> TouchedAsync(List<IEvent> events, CancellationToken cancellation)
    {
        var byWork = events.ToLookup(e => e.StreamId);
        var touched = new Dictionary<Guid, List<IEvent>>();
        await using (var command = database.CreateCommand(
            $"select distinct a.researcher_id, a.work_id from works w join work_authors a on a.work_id = w.id where w.id = any($1) and w.people {(ofLargeWorks ? ">" : "<=")} {Large} and a.researcher_id is not null"))
        {
            command.Parameters.Add(new() { Value = byWork.Select(work => work.Key).ToArray() });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) Touch(row.GetGuid(0), byWork[row.GetGuid(1)]);
        }

        if (ofLargeWorks) return touched;
        var gone = events.SelectMany(e => ((e.Data as IResearchersLeft)?.Left ?? []).Select(left => (Researcher: left, Event: e))).ToLookup(left => left.Researcher, left => left.Event);
        if (gone.Count > 0)
        {
            await using var command = database.CreateCommand("select g.id, coalesce(s.survivor, g.id) from unnest($1) g(id) left join survivors s on s.id = g.id");
            command.Parameters.Add(new() { Value = gone.Select(left => left.Key).ToArray() });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) Touch(row.GetGuid(1), gone[row.GetGuid(0)]);
        }

        foreach (var e in events)
            if (e.Data is IKinChanged kin) await TouchKinAsync(e, kin);
        return touched;

        // Whoever shares a work with the merged one may have one close collaborator less or, both halves together, one more.
        async Task TouchKinAsync(IEvent e, IKinChanged kin)
        {
            Touch(kin.Now, [e]);
            Touch(kin.Other, [e]);
            await using var command = database.CreateCommand(
                "select distinct b.researcher_id from work_authors a join work_authors b on b.work_id = a.work_id where a.identified = any($1) and b.researcher_id is not null");
            command.Parameters.Add(new() { Value = kin.Members.ToArray() });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) Touch(row.GetGuid(0), [e]);
        }

        void Touch(Guid researcher, IEnumerable<IEvent> by)
        {
            if (!touched.TryGetValue(researcher, out var causes)) touched[researcher] = causes = [];
            causes.AddRange(by);
        }
    }

    /// <summary>Tells each portion in a transaction of its own: whoever was told already is not told again when the page is repeated.</summary>
    private async Task TellInPortionsAsync(Dictionary<Guid, List<IEvent>> touched, IDocumentStore store, CancellationToken cancellation)
    {
        var portions = touched.Keys.Order().Chunk(ofLargeWorks ? SmallPortion : Portion).ToList();
        foreach (var (n, researchers) in portions.Index())
        {
            if (n > 0 && ofLargeWorks) await Task.Delay(TimeSpan.FromTicks(Math.Min(Breath.Ticks, AllBreaths.Ticks / portions.Count)), cancellation);
            await using var session = store.LightweightSession();
            await session.BeginTransactionAsync(cancellation);
            await TakeTurnsAsync(researchers, session, cancellation);
            await TellAsync(researchers, touched, session, cancellation);
            await session.SaveChangesAsync(cancellation);
        }
    }

    /// <summary>Waits until nobody else tells of any of them, and keeps it so until the session has saved its changes.</summary>
    private static async Task TakeTurnsAsync(Guid[] researchers, IDocumentSession session, CancellationToken cancellation)
    {
        // In one order everywhere, so that no two wait for one another.
        await using var command = new NpgsqlCommand($"select pg_advisory_xact_lock({Turn}, key) from (select distinct hashtext(id::text) as key from unnest($1) id order by 1) k")
        {
            Parameters = { new() { Value = researchers } },
        };
        await session.ExecuteAsync(command, cancellation);
    }

    private async Task TellAsync(Guid[] researchers, Dictionary<Guid, List<IEvent>> touched, IDocumentOperations operations, CancellationToken cancellation)
    {
        var now = await SumAsync(researchers, cancellation);
        var told = await LoadToldAsync(researchers, cancellation);
        var news = researchers.Where(id => now[id] != told.GetValueOrDefault(id)).Select(id =>
        {
            var causes = touched[id].DistinctBy(e => e.Id).OrderBy(e => e.Sequence).ToList();
            return (Id: id, Sums: now[id], Causes: causes, Version: causes[^1].Sequence);
        }).ToList();
        if (news.Count == 0) return;

        var type = operations.DocumentStore.Options.Events.AllKnownEventTypes().First(type => type.EventType == typeof(SumsChanged));
        var serializer = operations.DocumentStore.Options.Serializer();
        operations.QueueSqlCommand(
            Tell, news.Select(n => SumsChanged.StreamId(n.Id)).ToArray(),
            news.Select(n => serializer.ToJson(new SumsChanged(n.Id, n.Sums, [.. n.Causes.TakeLast(MostCauses).Select(CauseOf)], n.Version))).ToArray(),
            news.Select(n => n.Causes[^1].Trace()).ToArray(), type.EventTypeName, type.DotNetTypeName);
        operations.QueueSqlCommand(
            """
            insert into bibliographies (researcher_id, works, validated, self_asserted, retracted, topics, close_collaborators, version)
            select * from unnest(?, ?, ?, ?, ?, ?, ?, ?)
            on conflict (researcher_id) do update set works = excluded.works, validated = excluded.validated, self_asserted = excluded.self_asserted,
              retracted = excluded.retracted, topics = excluded.topics, close_collaborators = excluded.close_collaborators, version = excluded.version
            where bibliographies.version < excluded.version
            """,
            news.Select(n => n.Id).ToArray(), news.Select(n => n.Sums.Works).ToArray(), news.Select(n => n.Sums.Validated).ToArray(),
            news.Select(n => n.Sums.SelfAsserted).ToArray(), news.Select(n => n.Sums.Retracted).ToArray(), news.Select(n => n.Sums.Topics).ToArray(),
            news.Select(n => n.Sums.CloseCollaborators).ToArray(), news.Select(n => n.Version).ToArray());
    }

    private static SumsCause CauseOf(IEvent e) => e.Data switch
    {
        Published published => new(nameof(WorkPublished), e.Id, published.WorkId, published.Work.Title),
        Restored restored => new(nameof(WorkPublished), e.Id, restored.WorkId, restored.Work.Title),
        MergedInto merged => new(nameof(WorkRemoved), e.Id, merged.WorkId, merged.Title),
        Removed removed => new(nameof(WorkRemoved), e.Id, removed.WorkId, removed.Title),
        IWorkStands stands => new(nameof(WorkCorrected), e.Id, stands.WorkId, stands.Work.Title),
        Merged => new(nameof(ResearchersMerged), e.Id, null, null),
        Split => new(nameof(ResearchersSplit), e.Id, null, null),
        _ => new(nameof(WorkRetracted), e.Id, e.StreamId, ((Retracted)e.Data).Title),
    };

    private async Task<Dictionary<Guid, BibliographySums>> SumAsync(Guid[] researchers, CancellationToken cancellation)
    {
        var close = await collaborations.CountCloseAsync(researchers, cancellation);
        await using var command = database.CreateCommand(
            """
            select r.id, count(w.id)::int, count(w.id) filter (where w.validated and not w.retracted)::int, count(w.id) filter (where not w.validated)::int,
              count(w.id) filter (where w.retracted)::int,
              (select count(distinct t.topic_id)::int from work_authors a join works v on v.id = a.work_id and v.validated and not v.retracted
               join work_topics t on t.work_id = v.id where a.researcher_id = r.id)
            from unnest($1) r(id) left join lateral (select distinct work_id from work_authors where researcher_id = r.id) a on true left join works w on w.id = a.work_id
            group by r.id
            """);
        command.Parameters.Add(new() { Value = researchers });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var sums = new Dictionary<Guid, BibliographySums>();
        while (await row.ReadAsync(cancellation))
            sums[row.GetGuid(0)] = new(row.GetInt32(1), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt32(5), close.GetValueOrDefault(row.GetGuid(0)));
        return sums;
    }

    private async Task<Dictionary<Guid, BibliographySums>> LoadToldAsync(Guid[] researchers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select researcher_id, works, validated, self_asserted, retracted, topics, close_collaborators from bibliographies where researcher_id = any($1)");
        command.Parameters.Add(new() { Value = researchers });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var told = new Dictionary<Guid, BibliographySums>();
        while (await row.ReadAsync(cancellation))
            told[row.GetGuid(0)] = new(row.GetInt32(1), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt32(5), row.GetInt32(6));
        return told;
    }

    internal static void Configure(StoreOptions store, NpgsqlDataSource database)
    {
        var told = new Table("bibliographies");
        told.AddColumn<Guid>("researcher_id").AsPrimaryKey();
        foreach (var column in new[] { "works", "validated", "self_asserted", "retracted", "topics", "close_collaborators" })
            told.AddColumn(column, "integer").NotNull();
        told.AddColumn("version", "bigint").NotNull();
        store.Storage.ExtendedSchemaObjects.Add(told);
        store.Events.MapEventType<SumsChanged>("bibliography_changed");
        store.Projections.Subscribe(new Bibliographies(database, ofLargeWorks: false));
        store.Projections.Subscribe(new Bibliographies(database, ofLargeWorks: true));
    }
}
