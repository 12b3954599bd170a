using BzPeer.Client;
using BzPeer.Contracts;
using Npgsql;

namespace BzPeer.EndToEnd.Tests;

/// <summary>Whoever reads every event knows what the services know, whatever is killed in the meantime.</summary>
public sealed class ConsumerTests(BreakableSystem breakable) : IClassFixture<BreakableSystem>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>What each service tells, by the names in its store.</summary>
    private static readonly Dictionary<string, string[]> Told = new()
    {
        [Sources.Profile] = ["researcher_registered", "profile_changed", "profile_claimed", "claim_withdrawn", "identity_validated", "validation_withdrawn"],
        [Sources.Follow] = ["followed", "unfollowed", "edge_redirected", "edge_restored", "follow_counts_changed"],
        [Sources.Publication] =
        [
            "author_identified", "work_published", "work_corrected", "work_reinstated", "work_retracted", "work_took_over", "work_gave_back", "work_word_withdrawn",
            "work_restored", "work_merged", "work_removed", "researchers_merged", "researchers_split", "bibliography_changed",
        ],
        [Sources.Trust] = ["trust_recalculated", "trust_level_changed", "trust_restated"],
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private BzPeerSystem System => breakable.System;

    [Fact]
    public async Task Consumers_over_AMQP_and_over_HTTP_count_every_follower_as_the_service_does()
    {
        await using var node = await NodeFollowers.StartAsync(System.Broker);
        await using var http = new HttpFollowers(new BzPeerClient(System.As(Guid.NewGuid(), "analytics")));

        foreach (var service in (string[])["analytics", "follow", "web"])
        {
            await InTheMiddleOfTrafficAsync(async () =>
            {
                await System.Kill(service);
                if (service == "analytics") await node.KillAsync();
                await System.Start(service, Stop);
                if (service == "analytics") node.Start();
            });
        }

        await InTheMiddleOfTrafficAsync(async () =>
        {
            await System.OwnServers.StopBrokerAsync(abruptly: true);
            await System.OwnServers.StartBrokerAsync(Stop);
        });

        await breakable.Traffic.ShouldAgreeAsync(Patience, Stop);
        var upTo = await LastToldAsync(Sources.Follow);
        var byAmqp = await node.CountsAsync(upTo, Patience, Stop);
        var byHttp = await http.CountsAsync(upTo, Patience, Stop);
        var everybody = byAmqp.Keys.Union(byHttp.Keys).ToList();
        everybody.Count.ShouldBeGreaterThanOrEqualTo(20);
        foreach (var id in everybody)
        {
            var said = (await System.Http.FollowCountsAsync(id, Stop)).Followers;
            var none = FollowAgreement.DigestOf([]);
            var (amqp, mine) = (byAmqp.GetValueOrDefault(id), byHttp.GetValueOrDefault(id));
            new ProvenCount(amqp?.Followers ?? 0, amqp?.Digest ?? none).ShouldBe(said, $"{id} over AMQP");
            new ProvenCount(mine?.Count ?? 0, FollowAgreement.DigestOf(mine ?? [])).ShouldBe(said, $"{id} over HTTP");
        }

        breakable.System.ShouldBeRunning();
    }

    [Fact]
    public async Task The_log_is_what_the_stores_say_none_missing_none_twice()
    {
        (string What, Func<Task> Kill, Func<Task> Start)[] faults =
        [
            .. ((string[])["analytics", "follow", "publication", "trust", "profile"]).Select(service =>
                (service, (Func<Task>)(() => System.Kill(service)), (Func<Task>)(() => System.Start(service, Stop)))),
            ("broker", () => System.OwnServers.StopBrokerAsync(abruptly: true), () => System.OwnServers.StartBrokerAsync(Stop)),
        ];
        foreach (var (what, kill, start) in faults)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"The {what} is killed.");
            await InTheMiddleOfTrafficAsync(async () =>
            {
                await RepeatAsync();
                await kill();
                await start();
                await RepeatAsync();
            });
            await breakable.Traffic.ShouldAgreeAsync(Patience, Stop);
            await LogShouldBeWhatTheStoresSayAsync();
        }
    }

    [Fact]
    public async Task The_log_made_anew_from_a_history_that_is_doubled_and_out_of_order_is_the_same()
    {
        await InTheMiddleOfTrafficAsync(() => Task.CompletedTask);
        // Nothing more is to be told, or it would come between the history as it is read and as it is made anew.
        await breakable.ShouldAgreeAsync(Stop);
        await LogShouldBeWhatTheStoresSayAsync();

        await System.Kill("analytics");
        await using (var tap = await HistoryTap.OpenAsync(System.Broker, Stop))
        {
            var all = await ReadAllAsync(tap);
            await tap.ForgetAsync(Stop);
            var random = new Random(Random.Shared.Next());
            // Each twice, and each some hundred places from where it was.
            await tap.PublishAsync(all.Concat(all).Index().OrderBy(one => one.Index + random.Next(400)).Select(one => one.Item), Stop);
        }

        await using (var store = NpgsqlDataSource.Create(System.StoreOf("analytics")))
        await using (var lose = store.CreateCommand("drop schema public cascade; create schema public"))
            await lose.ExecuteNonQueryAsync(Stop);
        await System.Start("analytics", Stop);
        await LogShouldBeWhatTheStoresSayAsync();
    }

    /// <summary>Follows and works go on while something happens.</summary>
    private async Task InTheMiddleOfTrafficAsync(Func<Task> happens)
    {
        var traffic = breakable.Traffic;
        var acknowledged = traffic.Acknowledged;
        var going = Task.WhenAll(traffic.RunAsync(12, Stop), breakable.PublishAsync(Stop));
        await Eventually.Async(() => traffic.Acknowledged >= acknowledged + 40 || going.IsCompleted, "the traffic has begun", Patience, Stop);
        await happens();
        await going;
    }

    /// <summary>Some of what went over the exchange goes over it again, in another order.</summary>
    private async Task RepeatAsync()
    {
        await Eventually.Async(async token =>
        {
            await using var tap = await HistoryTap.OpenAsync(System.Broker, token);
            await Eventually.Async(() => tap.Messages.Count >= 200, "the history has something to tell", Patience, token);
            var again = tap.Messages.ToArray();
            Random.Shared.Shuffle(again);
            await tap.PublishAsync(again.Take(300), token);
            return true;
        }, "the broker takes messages", Patience, Stop);
    }

    /// <summary>Everything in the history, once it has all that the stores have told.</summary>
    private async Task<IReadOnlyList<Tapped>> ReadAllAsync(HistoryTap tap)
    {
        var owed = new HashSet<string>();
        foreach (var source in Told.Keys) owed.UnionWith((await ToldAsync(source)).Select(e => e.Id.ToString()));
        await Eventually.Async(() =>
        {
            owed.ExceptWith(tap.Messages.Select(message => message.Properties.MessageId!));
            return owed.Count == 0;
        }, "the history has every event", Patience, Stop);
        return tap.Messages;
    }

    private Task LogShouldBeWhatTheStoresSayAsync() => breakable.OrSayWhereItStandsAsync(async () =>
    {
        await Eventually.Async(async _ =>
        {
            foreach (var source in Told.Keys)
                if (!(await LoggedAsync(source)).SequenceEqual(await ToldAsync(source))) return source;
            return null;
        }, different => different is null, "the log has each source's events in its order, each once", Patience, Stop);
        await using var store = NpgsqlDataSource.Create(System.StoreOf("analytics"));
        await Eventually.Async(async token =>
        {
            await using var count = store.CreateCommand("select (count(*), min(position), max(position), count(distinct id), (select count(*) from log_held), (select count(*) from log_rejected))::text, count(*) from log");
            await using var row = await count.ExecuteReaderAsync(token);
            await row.ReadAsync(token);
            return (Log: row.GetString(0), Count: row.GetInt64(1));
        }, read => read.Log == $"({read.Count},1,{read.Count},{read.Count},0,0)", "positions from 1 without a gap, ids that are one event's, nothing left aside", Patience, Stop);
    });

    private Task<List<(Guid Id, long Sequence)>> LoggedAsync(string source) => EventsAsync("analytics", "select id, sequence from log where source = $1 order by position", source);

    private Task<List<(Guid Id, long Sequence)>> ToldAsync(string source) => EventsAsync(source, "select id, seq_id from mt_events where type = any($1) order by seq_id", Told[source]);

    private async Task<long> LastToldAsync(string source) => (await ToldAsync(source))[^1].Sequence;

    private async Task<List<(Guid Id, long Sequence)>> EventsAsync(string service, string query, object parameter)
    {
        await using var store = NpgsqlDataSource.Create(System.StoreOf(service));
        await using var command = store.CreateCommand(query);
        command.Parameters.Add(new() { Value = parameter });
        await using var row = await command.ExecuteReaderAsync(Stop);
        var events = new List<(Guid, long)>();
        while (await row.ReadAsync(Stop)) events.Add((row.GetGuid(0), row.GetInt64(1)));
        return events;
    }
}

/// <summary>Counts followers from the log over HTTP, from the first event on.</summary>
internal sealed class HttpFollowers : IAsyncDisposable
{
    private readonly CancellationTokenSource enough = new();
    private readonly Dictionary<Guid, HashSet<Guid>> followers = [];
    private readonly Task reading;
    private long sequence;

    public HttpFollowers(BzPeerClient client) => reading = Task.Run(() => ReadAsync(client));

    /// <summary>Everybody's followers, once everything up to a sequence of Follow is read.</summary>
    public async Task<IReadOnlyDictionary<Guid, HashSet<Guid>>> CountsAsync(long upTo, TimeSpan within, CancellationToken ct)
    {
        await Eventually.Async(() => Volatile.Read(ref sequence) >= upTo || reading.IsCompleted, $"the reader has everything up to {upTo}", within, ct);
        if (reading.IsCompleted) await reading;
        lock (followers) return followers.ToDictionary(one => one.Key, one => one.Value.ToHashSet());
    }

    private async Task ReadAsync(BzPeerClient client)
    {
        await foreach (var batch in new EventReader(client).ReadBatchesAsync(after: null, cancellation: enough.Token))
        {
            lock (followers)
            {
                foreach (var e in batch)
                {
                    if (e.Event is ResearcherFollowed followed) Of(followed.FolloweeId).Add(followed.FollowerId);
                    if (e.Event is ResearcherUnfollowed unfollowed) Of(unfollowed.FolloweeId).Remove(unfollowed.FollowerId);
                    if (e.Event?.Origin is { Source: Sources.Follow } origin) Volatile.Write(ref sequence, origin.Sequence);
                }
            }
        }

        HashSet<Guid> Of(Guid followee) => followers.TryGetValue(followee, out var theirs) ? theirs : followers[followee] = [];
    }

    public async ValueTask DisposeAsync()
    {
        await enough.CancelAsync();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        enough.Dispose();
    }
}
