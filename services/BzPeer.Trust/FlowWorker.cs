using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Trust.Flow;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace BzPeer.Trust;

/// <summary>Stream event: trust flowed. Recorded where it gave somebody something else than before, and for every run that was asked for.</summary>
/// <param name="Full">Whether all of it was computed anew, from a snapshot; otherwise what changed, which gives the same.</param>
/// <param name="ModelVersion">The model whose parameters it is computed with.</param>
/// <param name="Parameters">These.</param>
/// <param name="Researchers">Who follow or are followed.</param>
/// <param name="Edges">Follows that count.</param>
/// <param name="Seeds">Where trust starts.</param>
/// <param name="Changed">Researchers whose effective followers are others than before.</param>
/// <param name="Follows">The events of follows that led to it, the first hundred; none for a full run.</param>
/// <param name="At">When.</param>
public sealed record FlowComputed(
    bool Full, int ModelVersion, FlowParameters Parameters, int Researchers, long Edges, int Seeds, int Changed, IReadOnlyList<Guid> Follows, DateTimeOffset At);

/// <summary>
/// Lets trust flow, on one instance at a time: holds the graph in memory, takes in what changes, edge by edge and exactly, and writes to whom it
/// gives something else than before. What it holds is never the only copy: after a start it is read from the tables, and where evidence
/// differs from it, evidence is mended.
/// </summary>
public sealed class FlowWorker(NpgsqlDataSource database, IDocumentStore store, TrustModels models, TimeProvider clock, ILogger<FlowWorker> log) : BackgroundService
{
    /// <summary>Whoever leaves it something to do notifies here.</summary>
    internal const string Channel = "trust_flow";

    /// <summary>Held by the session of the instance that does it.</summary>
    private const long Lock = 4_445_103;

    /// <summary>Entries of the queue taken in together.</summary>
    private const int Taken = 5_000;

    /// <summary>Researchers written in one transaction, where it need not be all of them.</summary>
    private const int Written = 500;

    /// <summary>Events of follows that a computation names.</summary>
    private const int Named = 100;

    private static readonly Guid Stream = NameBasedId.Of(new("6d6f3f5c-93a4-4a53-9b0e-0a5c0b1b7a11"), "trust flow");

    private sealed record Change(Guid Follower, Guid Followee, bool Live, Guid EventId);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var session = await database.OpenConnectionAsync(stoppingToken);
                if (await TryLeadAsync(session, stoppingToken))
                {
                    try
                    {
                        await LeadAsync(session, stoppingToken);
                    }
                    finally
                    {
                        if (session.State == System.Data.ConnectionState.Open) await ExecuteAsync(session, $"unlisten *; select pg_advisory_unlock({Lock})", CancellationToken.None);
                    }
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("Trust cannot flow; trying again: {Reason}", e.Message);
            }

            await Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LeadAsync(NpgsqlConnection session, CancellationToken cancellation)
    {
        await ExecuteAsync(session, $"listen {Channel}", cancellation);
        var network = await ComputeAsync(null, cancellation);
        while (true)
        {
            var model = await models.InForceAsync(cancellation);
            if (model.Flow != network.Parameters || model.SeedWorks != network.SeedWorks) network = await ComputeAsync(null, cancellation);
            else if (await FlowRuns.NextAsync(database, cancellation) is { } run) network = await ComputeAsync(run, cancellation);
            else if (await RestateAsync(model, cancellation) || await CountRingAsync(network, cancellation) || await TakeInAsync(network, cancellation)) continue;
            // A connection that died without a word is found out by asking.
            else if (!await session.WaitAsync(TimeSpan.FromSeconds(5), cancellation)) await ExecuteAsync(session, "select 1", cancellation);
        }
    }

    /// <summary>Computes all of it from a snapshot, and mends evidence that differs.</summary>
    private async Task<FlowNetwork> ComputeAsync(Guid? run, CancellationToken cancellation)
    {
        var model = await models.InForceAsync(cancellation);
        var progress = run is { } id ? new FlowRuns.Progress(database, id) : null;
        var network = await FlowNetwork.ReadAsync(database, model, progress, cancellation);
        Dictionary<Guid, (FlowEvidence? Flow, Guid? Ring)> held;
        await using (var connection = await database.OpenConnectionAsync(cancellation)) held = await TrustRecords.FlowsAsync(connection, cancellation);

        var changed = held.Where(researcher => network.FlowOf(researcher.Key, researcher.Value.Flow) != researcher.Value.Flow || network.RingOf(researcher.Key) != researcher.Value.Ring).Select(researcher => researcher.Key)
            .Concat(network.Reached().Where(researcher => !held.ContainsKey(researcher))).Concat(network.Marked.Where(researcher => !held.ContainsKey(researcher))).Distinct().Order().ToList();
        var flow = new FlowComputed(true, model.Version, network.Parameters, network.Researchers, network.Edges, network.Seeds, changed.Count, [], clock.Now());
        var computed = EventStore.Traced(flow, null);
        var cause = new Cause(nameof(FlowComputed), computed.Id, "the flow of trust was computed anew");
        if (run is not null || changed.Count > 0) await RecordAsync(computed, cancellation);
        for (var done = 0; done < changed.Count; done += Written)
        {
            progress?.Report("writing", done / (double)changed.Count);
            await WriteAsync(network, changed.GetRange(done, Math.Min(Written, changed.Count - done)), _ => [cause], null, cancellation);
        }

        if (progress is not null) await progress.FinishAsync(flow, cancellation);
        return network;
    }

    /// <summary>Takes in edges and seeds that changed.</summary>
    private async Task<bool> TakeInAsync(FlowNetwork network, CancellationToken cancellation)
    {
        var (entries, changes, seeds) = await ReadQueueAsync(network.SeedWorks, cancellation);
        if (entries.Length == 0) return false;
        foreach (var change in changes) network.Set(change.Follower, change.Followee, change.Live);
        var began = seeds.Where(seed => network.SetSeed(seed.Researcher, seed.IsSeed)).ToList();
        var changed = network.Settle();

        var computed = EventStore.Traced(
            new FlowComputed(false, (await models.InForceAsync(cancellation)).Version, network.Parameters, network.Researchers, network.Edges, network.Seeds, changed.Count,
                [.. changes.Take(Named).Select(change => change.EventId)], clock.Now()), null);
        var direct = changes.ToLookup(change => change.Followee);
        if (changed.Count > 0) await RecordAsync(computed, cancellation);
        for (var done = 0; done < changed.Count; done += Written)
            await WriteAsync(network, changed.GetRange(done, Math.Min(Written, changed.Count - done)), CausesOf, null, cancellation);
        await using var forget = database.CreateCommand("delete from trust_flow_queue where id = any($1)");
        forget.Parameters.Add(new() { Value = entries });
        await forget.ExecuteNonQueryAsync(cancellation);
        return true;

        IReadOnlyList<Cause> CausesOf(Guid researcher)
        {
            if (direct[researcher].Any()) return [.. direct[researcher].Select(change => Caused(change, change.Live ? "followed by somebody whom trust reaches" : "no longer followed by somebody whom trust reaches"))];
            if (changes.Count == 1 && began.Count == 0) return [Caused(changes[0], "trust that reaches their followers changed by a follow further up")];
            return [new(nameof(FlowComputed), computed.Id, began.Count > 0 ? "trust starts from other seeds than before" : "trust that reaches their followers changed")];
        }

        static Cause Caused(Change change, string reason) => new(change.Live ? nameof(ResearcherFollowed) : nameof(ResearcherUnfollowed), change.EventId, reason, FollowerId: change.Follower);
    }

    /// <summary>Takes in the oldest decision about a ring: all that it moves in one transaction, so that its answer is whole.</summary>
    private async Task<bool> CountRingAsync(FlowNetwork network, CancellationToken cancellation)
    {
        if (await Rings.UncountedAsync(database, cancellation) is not { } ring) return false;
        await using (var connection = await database.OpenConnectionAsync(cancellation))
        {
            var marked = await Rings.MarkedAsync(connection, ring.Members, cancellation);
            foreach (var member in ring.Members)
            {
                var others = marked.GetValueOrDefault(member) is var other && other != ring.Ring && other != Guid.Empty ? other : (Guid?)null;
                network.Mark(member, ring.Marked ? others ?? ring.Ring : others);
            }

            foreach (var (follower, followee) in await FlowNetwork.EdgesOfAsync(connection, ring.Members, cancellation)) network.Set(follower, followee, live: true);
        }

        var changed = network.Settle().Union(ring.Members).Order().ToList();
        await WriteAsync(network, changed, _ => [ring.Cause], session => Rings.NoteCounted(session, ring.Ring, ring.Cause.EventId, ring.Marked), cancellation);
        return true;
    }

    /// <summary>After a switch of models: states a page of researchers anew, until all have been.</summary>
    private async Task<bool> RestateAsync(TrustModel model, CancellationToken cancellation)
    {
        if (await models.LastSwitchAsync(cancellation) is not { Switch: { Restated: false } last } begun) return false;
        var cause = new Cause(nameof(ModelSwitched), begun.EventId, $"the model changed, not you: model {last.To} instead of {last.From} ({last.Reason})");
        await EventStore.DecideAsync(async () =>
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            var page = await TrustRecords.PageAsync(connection, begun.RestatedTo, Written, cancellation);
            var decisions = new Decisions(model);
            foreach (var (researcher, record) in page) decisions.Add(researcher, record, RecalculateTrust.Restate(model, record, researcher, cause, clock.Now()), null);
            await using var session = store.LightweightSession();
            await decisions.WriteAsync(session, cancellation);
            TrustModels.NoteRestated(session, last.Position, page.Count == 0 ? begun.RestatedTo : page[^1].Researcher, page.Count < Written);
            await session.SaveChangesAsync(cancellation);
            return page.Count;
        }, cancellation);
        return true;
    }

    /// <summary>Writes to these researchers what the network gives them, where that is something else than they hold.</summary>
    private Task WriteAsync(FlowNetwork network, IReadOnlyList<Guid> researchers, Func<Guid, IReadOnlyList<Cause>> causes, Action<IDocumentSession>? also, CancellationToken cancellation) =>
        EventStore.DecideAsync(async () =>
        {
            var model = await models.InForceAsync(cancellation);
            var records = await TrustRecords.LoadAsync(database, [.. researchers], cancellation);
            var decisions = new Decisions(model);
            foreach (var researcher in researchers)
            {
                var record = records.GetValueOrDefault(researcher, TrustRecord.Unknown);
                var held = record.Evidence.Flow;
                var evidence = record.Evidence with
                {
                    Flow = network.FlowOf(researcher, held),
                    FlowBefore = held is not null && held.Parameters != network.Parameters ? held : record.Evidence.FlowBefore,
                    Ring = network.RingOf(researcher),
                };
                decisions.Add(researcher, record, RecalculateTrust.Restate(model, record, researcher, evidence, causes(researcher), clock.Now()), null);
            }

            await using var session = store.LightweightSession();
            await decisions.WriteAsync(session, cancellation);
            also?.Invoke(session);
            await session.SaveChangesAsync(cancellation);
            return researchers.Count;
        }, cancellation);

    private Task RecordAsync(IEvent computed, CancellationToken cancellation) => EventStore.DecideAsync(async () =>
    {
        await using var session = store.LightweightSession();
        session.Events.Append(Stream, computed);
        await session.SaveChangesAsync(cancellation);
        return computed.Id;
    }, cancellation);

    private async Task<(long[] Entries, List<Change> Changes, List<(Guid Researcher, bool IsSeed)> Seeds)> ReadQueueAsync(int seedWorks, CancellationToken cancellation)
    {
        await using var queue = database.CreateCommand(
            """
            select q.id, q.follower, q.followee, e.live, e.event_id
            from (select id, follower, followee from trust_flow_queue order by id limit $1) q left join trust_edges e on e.follower = q.follower and e.followee = q.followee order by q.id
            """);
        queue.Parameters.Add(new() { Value = Taken });
        var (entries, changes, researchers) = (new List<long>(), new Dictionary<(Guid, Guid), Change>(), new HashSet<Guid>());
        await using (var row = await queue.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
            {
                entries.Add(row.GetInt64(0));
                if (row.IsDBNull(2)) researchers.Add(row.GetGuid(1));
                else if (!row.IsDBNull(3)) changes[(row.GetGuid(1), row.GetGuid(2))] = new(row.GetGuid(1), row.GetGuid(2), row.GetBoolean(3), row.GetGuid(4));
            }
        }

        return ([.. entries], [.. changes.Values], await SeedsAsync([.. researchers], seedWorks, cancellation));
    }

    private async Task<List<(Guid Researcher, bool IsSeed)>> SeedsAsync(Guid[] researchers, int works, CancellationToken cancellation)
    {
        var records = researchers.Length == 0 ? [] : await TrustRecords.LoadAsync(database, researchers, cancellation);
        return [.. researchers.Select(researcher => (researcher, records.GetValueOrDefault(researcher, TrustRecord.Unknown).Evidence.IsSeed(works)))];
    }

    private static async Task<bool> TryLeadAsync(NpgsqlConnection session, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pg_try_advisory_lock($1)", session) { Parameters = { new() { Value = Lock } } };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private static async Task ExecuteAsync(NpgsqlConnection session, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
