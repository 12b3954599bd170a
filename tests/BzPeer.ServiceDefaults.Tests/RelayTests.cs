using System.Collections.Concurrent;
using BzPeer.Contracts;
using BzPeer.Follow;
using BzPeer.Testing;
using JasperFx.Events.Daemon;
using Marten;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace BzPeer.ServiceDefaults.Tests;

/// <summary>The relay of a real service on a real broker: every committed public event, in order, with its identity.</summary>
public sealed class RelayTests(ServiceHost<Program> service) : IClassFixture<ServiceHost<Program>>, IAsyncLifetime
{
    private readonly ConcurrentQueue<(Guid? MessageId, EventOrigin Origin, string? Trace)> heard = [];
    private IBusControl? listener;
    private long before;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        listener = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(service.VirtualHost);
            rabbit.ReceiveEndpoint($"listener-{Guid.NewGuid():N}", endpoint =>
            {
                endpoint.AutoDelete = true;
                endpoint.ConcurrentMessageLimit = 1;
                endpoint.Handler<ResearcherFollowed>(Hear);
                endpoint.Handler<ResearcherUnfollowed>(Hear);
                endpoint.Handler<FollowerCountChanged>(Hear);
            });
        });
        before = (await Committed()).Select(e => e.Sequence).DefaultIfEmpty(0).Max();
        await listener.StartAsync(Ct);
    }

    public async ValueTask DisposeAsync()
    {
        if (listener is not null) await listener.StopAsync(CancellationToken.None);
    }

    private Task Hear<T>(ConsumeContext<T> context) where T : class, IIntegrationEvent
    {
        heard.Enqueue((context.MessageId, context.Message.Origin, context.Headers.Get<string>("traceparent") ?? context.Headers.Get<string>("Diagnostic-Id")));
        return Task.CompletedTask;
    }

    /// <summary>Public events as the store has them: the truth the messages are compared with.</summary>
    private async Task<List<(Guid Id, long Sequence)>> Committed()
    {
        await using var command = service.Database.CreateCommand("select id, seq_id from mt_events where type in ('followed', 'unfollowed', 'follow_counts_changed') order by seq_id");
        await using var row = await command.ExecuteReaderAsync(Ct);
        var events = new List<(Guid, long)>();
        while (await row.ReadAsync(Ct)) events.Add((row.GetGuid(0), row.GetInt64(1)));
        return events;
    }

    private async Task FollowSomebody(int times)
    {
        for (var i = 0; i < times; i++)
        {
            var (ada, bob) = (Guid.NewGuid(), Guid.NewGuid());
            await service.Services.GetRequiredService<FollowCommands>().ExecuteAsync(new(ada, bob, FollowResearcher.Decide), Ct);
        }
    }

    /// <summary>Waits until what was committed since this listener began to listen was heard.</summary>
    private Task<List<(Guid Id, long Sequence)>> AllHeard() => Eventually.Async(
        async _ => (await Committed()).FindAll(e => e.Sequence > before),
        committed => committed.Count > 0 && committed.TrueForAll(e => heard.Any(h => h.MessageId == e.Id)), "every committed event was heard", TimeSpan.FromSeconds(20), Ct);

    [Fact]
    public async Task A_first_page_that_failed_once_is_published_all_the_same()
    {
        await using var fresh = new ServiceHost<Program>();
        await fresh.InitializeAsync();
        // What is left where the first page fails after its shard has been noted.
        await using (var row = fresh.Database.CreateCommand("insert into mt_event_progression (name, last_seq_id) values ('Relay:All', 0), ('FollowCounts:All', 0) on conflict do nothing"))
            await row.ExecuteNonQueryAsync(Ct);
        await fresh.Services.GetRequiredService<FollowCommands>().ExecuteAsync(new(Guid.NewGuid(), Guid.NewGuid(), FollowResearcher.Decide), Ct);
        await Eventually.Async(async _ => await fresh.Rows("mt_event_progression", "name", "name, last_seq_id"),
            rows => rows.Any(row => row.StartsWith("(Relay:All,", StringComparison.Ordinal) && row != "(Relay:All,0)") && rows.All(row => row != "(FollowCounts:All,0)"), "both have moved on", TimeSpan.FromMinutes(3), Ct);
    }

    [Fact]
    public async Task Every_committed_public_event_is_published_under_its_own_id_and_names_its_predecessor()
    {
        await FollowSomebody(times: 30);
        const string countsPerFollow = "(select count(*) filter (where type = 'follow_counts_changed') = 2 * count(*) filter (where type = 'followed') as told from mt_events) as counts";
        await Eventually.Async(async _ => (await service.Rows(countsPerFollow, "told"))[0], told => told == "(t)", "both counts of every follow were told", ct: Ct);
        var heardOnes = await AllHeard();
        var committed = await Committed();

        foreach (var (id, sequence) in heardOnes)
        {
            var origin = heard.First(h => h.MessageId == id).Origin;
            var previous = committed.Where(e => e.Sequence < sequence).Select(e => e.Sequence).DefaultIfEmpty(0).Max();
            (origin.EventId, origin.Sequence, origin.Previous, origin.Source).ShouldBe((id, sequence, previous, Sources.Follow));
        }
    }

    [Fact]
    public async Task Rewinding_publishes_the_same_events_again_under_the_same_ids()
    {
        await FollowSomebody(times: 5);
        var committed = await AllHeard();
        heard.Clear();
        var daemon = service.Services.GetRequiredService<Marten.Events.Daemon.Coordination.IProjectionCoordinator>().DaemonForMainDatabase();
        await daemon.RewindSubscriptionAsync("Relay", Ct, sequenceFloor: 0);
        await AllHeard();
        foreach (var (id, sequence) in committed)
            heard.First(h => h.MessageId == id).Origin.Sequence.ShouldBe(sequence);
    }
}
