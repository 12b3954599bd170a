using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BzPeer.Follow;
using BzPeer.Provisioning;
using Npgsql;

namespace BzPeer.EndToEnd.Tests;

/// <summary>A system on servers of its own, so that they can be stopped, with followers and authors who never rest.</summary>
public sealed class BreakableSystem : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Dictionary<Guid, int> works = [];

    internal BzPeerSystem System { get; } = new(new BzPeerSystemOptions
    {
        OwnServers = true,
        // Traffic that never rests does in minutes what people do in days.
        Settings = new Dictionary<string, string> { ["Follow__DailyLimit"] = "0", ["Follow__BurstPerMinute"] = "0" },
    });

    internal FollowTraffic Traffic { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await System.InitializeAsync();
        var people = await System.RegisterAsync(60, CancellationToken.None);
        Traffic = new FollowTraffic(System, people[..40], people[40..], Random.Shared.Next());
        foreach (var author in people[..4]) works[author] = 1;
    }

    /// <summary>A curator publishes a work of each author; as often as it takes, since the DOI makes it one work.</summary>
    internal async Task PublishAsync(CancellationToken ct)
    {
        var curator = System.AsCurator();
        foreach (var author in works.Keys.ToArray())
        {
            var doi = $"10.5555/{Guid.NewGuid():N}";
            await Eventually.Async(token => curator.PublishAsync("Published whatever happens", [author], token, doi), work => work.Doi == doi, "the work is published", Patience, ct);
            works[author]++;
        }
    }

    /// <summary>Everything has caught up: follow counts, lists, digests and cards with the model, works and trust with what was published.</summary>
    internal async Task ShouldAgreeAsync(CancellationToken ct)
    {
        await Traffic.ShouldAgreeAsync(Patience, ct);
        foreach (var (author, count) in works)
        {
            await Eventually.Async(token => System.Http.CardAsync(author, token),
                card => card.Counts.Works == count && card.Trust.Score == Math.Min(21, 9 + (2 * count)), $"the card shows {count} works and the trust they give", Patience, ct);
            (await System.Http.ReadAllAsync<Work>($"/api/researchers/{author}/works", 40, ct)).Count.ShouldBe(count);
            (await System.Http.LedgerAsync(author, ct))[0].To.Score.ShouldBe(Math.Min(21, 9 + (2 * count)));
        }

        await ResidualShouldBeZeroAsync(ct);
    }

    /// <summary>What the follow service keeps is what its events say, and whoever was not killed still runs.</summary>
    internal async Task ResidualShouldBeZeroAsync(CancellationToken ct)
    {
        await using var store = NpgsqlDataSource.Create(System.StoreOf("follow"));
        (await Reconcile.ResidualAsync(store, ct)).ShouldAllBe(comparison => comparison.Value == 0);
        System.ShouldBeRunning();
    }

    /// <summary>Where something does not come to its end: how far each service's daemon is, what its queues hold, and what it complained of last.</summary>
    internal async Task OrSayWhereItStandsAsync(Func<Task> wait)
    {
        try
        {
            await wait();
        }
        catch (TimeoutException e)
        {
            var said = new StringBuilder(e.Message);
            await using var tap = await BrokerTap.OpenAsync(System.Broker, CancellationToken.None);
            foreach (var service in (string[])["profile", "follow", "publication", "trust"])
            {
                said.Append(CultureInfo.InvariantCulture, $"\n{service}: {await tap.WaitingAsync(service, CancellationToken.None)} messages wait, {await tap.WaitingAsync(service + "_error", CancellationToken.None)} failed; ");
                await using var store = NpgsqlDataSource.Create(System.StoreOf(service));
                await using var ask = store.CreateCommand("select coalesce(string_agg(name || ' ' || last_seq_id, ', '), '') || ' of ' || (select coalesce(max(seq_id), 0) from mt_events) from mt_event_progression");
                said.Append(await ask.ExecuteScalarAsync());
                foreach (var line in (await File.ReadAllLinesAsync(System[service].Log)).Where(line => line.Contains(" warn", StringComparison.Ordinal) || line.Contains(" fail", StringComparison.Ordinal)).TakeLast(8)) said.Append("\n  ").Append(line);
            }

            throw new TimeoutException(said.ToString(), e);
        }
    }

    public ValueTask DisposeAsync() => System.DisposeAsync();
}

/// <summary>Whatever is killed in the middle of the traffic comes back, catches up by itself, and nothing acknowledged is lost.</summary>
public sealed class RestartTests(BreakableSystem breakable) : IClassFixture<BreakableSystem>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("profile")]
    [InlineData("follow")]
    [InlineData("publication")]
    [InlineData("trust")]
    [InlineData("web")]
    public Task A_process_is_killed_and_started_again(string name) => InTheMiddleOfTrafficAsync(
        followsGoOn: name is not ("follow" or "web"), () => breakable.System.Kill(name), () => breakable.System.Start(name, Stop));

    [Fact]
    public Task The_broker_is_killed_and_started_again() => InTheMiddleOfTrafficAsync(
        followsGoOn: true, () => breakable.System.OwnServers.StopBrokerAsync(abruptly: true), () => breakable.System.OwnServers.StartBrokerAsync(Stop));

    [Fact]
    public Task The_database_is_killed_and_started_again() => InTheMiddleOfTrafficAsync(
        followsGoOn: false, () => breakable.System.OwnServers.StopPostgresAsync(abruptly: true), () => breakable.System.OwnServers.StartPostgresAsync(Stop));

    [Fact]
    public async Task A_page_in_memory_is_dropped_by_what_happens_also_after_the_broker_was_killed()
    {
        var system = breakable.System;
        var (followers, followee) = (await system.RegisterAsync(2, Stop), (await system.RegisterAsync(1, Stop))[0]);

        await IsDroppedByAsync(followers[0], count: 1);
        await system.OwnServers.StopBrokerAsync(abruptly: true);
        await system.OwnServers.StartBrokerAsync(Stop);
        await IsDroppedByAsync(followers[1], count: 2);

        async Task IsDroppedByAsync(Guid follower, int count)
        {
            var page = $"/researchers/{followee}";
            await Eventually.Async(async token => (await system.Http.GetAsync(page, token)).Headers.Age, age => age is not null, "the page comes from memory", Patience, Stop);
            // Not through the gateway, which would know of it without any event.
            using var follow = new HttpRequestMessage(HttpMethod.Put, new Uri(system["follow"].Url, $"/api/me/following/{followee}")) { Headers = { Authorization = system.As(follower).DefaultRequestHeaders.Authorization } };
            using var answer = await system.Http.SendAsync(follow, Stop);
            await answer.ShouldBeSuccessAsync();
            await Eventually.Async(async token => await system.Http.GetStringAsync(page, token), html => html.Contains($"""data-number="followers">{count}<""", StringComparison.Ordinal), "the page has the new count", Patience, Stop);
        }
    }

    [Fact]
    public async Task Whatever_people_do_to_each_other_any_faults_and_repeated_messages_in_the_middle_leave_no_residual()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"The seed of commands, faults and repetitions is {seed}.");
        var random = new Random(seed);
        var system = breakable.System;
        await using var tap = await BrokerTap.OpenAsync(system.Broker, Stop);
        var traffic = new PairTraffic(system, await system.RegisterAsync(8, Stop), seed);
        (string What, Func<Task> Kill, Func<Task> Start)[] faults =
        [
            ("follow", () => system.Kill("follow"), () => system.Start("follow", Stop)),
            ("profile", () => system.Kill("profile"), () => system.Start("profile", Stop)),
            ("broker", () => system.OwnServers.StopBrokerAsync(abruptly: true), () => system.OwnServers.StartBrokerAsync(Stop)),
            ("database", () => system.OwnServers.StopPostgresAsync(abruptly: true), () => system.OwnServers.StartPostgresAsync(Stop)),
        ];
        random.Shuffle(faults);

        foreach (var (what, kill, start) in faults)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"The {what} is killed.");
            var (acknowledged, moment) = (traffic.Acknowledged, random.Next(200));
            var killed = new TaskCompletionSource();
            var going = Task.WhenAll(UntilAsync(killed.Task, () => traffic.RunAsync(25, Stop)), RepeatAsync(tap, new(random.Next())));
            // Traffic that failed never comes to the moment: what it failed of is then what to tell.
            await Eventually.Async(() => traffic.Acknowledged >= acknowledged + moment || going.IsCompleted, "the traffic has begun", Patience, Stop);
            if (going.IsCompleted) await going;
            await kill();
            killed.SetResult();
            await start();
            await going;
            await Task.WhenAll(traffic.RunAsync(25, Stop), RepeatAsync(tap, new(random.Next())));
            // What came late and should not have counted is only seen where nothing newer comes after it.
            await RepeatAsync(tap, new(random.Next()));

            await breakable.OrSayWhereItStandsAsync(async () =>
            {
                await tap.ShouldBeThroughAsync(system, Patience, Stop);
                await traffic.ShouldAgreeAsync(Patience, Stop);
            });
            await breakable.ResidualShouldBeZeroAsync(Stop);
        }

        traffic.Unknown.ShouldBePositive("some commands were under way when what they needed was killed");
    }

    /// <summary>Delivers messages again that went over the broker so far, in any order; while the broker is away they wait.</summary>
    private static async Task RepeatAsync(BrokerTap tap, Random random)
    {
        for (var n = 0; n < 100; n++)
        {
            await Eventually.Async(async token =>
            {
                var messages = tap.Messages;
                await tap.PublishAsync(messages[random.Next(messages.Count)], token);
                return true;
            }, "the broker takes a message", Patience, Stop);
        }
    }

    [Fact]
    public async Task An_import_whose_process_is_killed_goes_on_where_it_stood_and_takes_nothing_twice()
    {
        const int works = 2_000;
        var system = breakable.System;
        var first = Random.Shared.NextInt64(100_000_000_000, 900_000_000_000);
        var file = string.Join('\n', Enumerable.Range(0, works).Select(n =>
            $$"""{ "id": "https://openalex.org/W{{first + n}}", "title": "Work {{n}}", "authorships": [{ "author": { "id": "https://openalex.org/A{{first}}", "display_name": "Ada" } }] }"""));
        using var body = new StringContent(file, new MediaTypeHeaderValue("application/x-ndjson"));
        using var accepted = await system.AsCurator().PostAsync("/api/imports?format=openalex", body, Stop);
        await accepted.ShouldBeSuccessAsync();
        var import = accepted.Headers.Location!.ToString();
        await Eventually.Async(token => system.Http.ReadAsync<ImportStatus>(import, token), status => status.Received > 0, "the import has begun", Patience, Stop);

        await system.Kill("publication");
        await system.Start("publication", Stop);

        var status = await Eventually.Async(token => system.Http.ReadAsync<ImportStatus>(import, token), status => status.State != "running", "the import ends", Patience, Stop);
        status.ShouldBe(new ImportStatus("completed", works, works, 0, 0, 0, status.Rejections));
        var found = await Eventually.Async(token => system.Http.ReadAsync<Page<Card>>($"/api/researchers?openAlex=A{first}", token),
            page => page.Items is [{ Counts.Works: works }], "the card counts every work once", Patience, Stop);
        (await system.Http.ReadAllAsync<Work>($"/api/researchers/{found.Items[0].Id}/works", 80, Stop)).Count.ShouldBe(works);
    }

    [Fact]
    public async Task Tables_that_are_lost_come_back_from_events_by_what_an_operator_runs_while_a_service_is_stopped()
    {
        var system = breakable.System;
        var author = (await system.RegisterAsync(1, Stop))[0];
        var me = system.As(Guid.NewGuid());
        (await me.PutAsync($"/api/me/following/{author}", null, Stop)).EnsureSuccessStatusCode();
        await FeedHasAsync();
        (await system["publication"].RunAsync("rebuild")).ShouldBe(1, "the service is running");
        system["publication"].LogTail().ShouldContain("An instance of this service is running");

        await system.Kill("publication");
        await using (var store = NpgsqlDataSource.Create(system.StoreOf("publication")))
        await using (var forget = store.CreateCommand("truncate known_follows, works, work_authors, work_topics, researchers"))
            await forget.ExecuteNonQueryAsync(Stop);
        (await system["publication"].RunAsync("rebuild")).ShouldBe(0, system["publication"].LogTail());
        await system.Start("publication", Stop);
        (await system.Http.ReadAllAsync<Work>($"/api/researchers/{author}/works", 40, Stop)).Count.ShouldBe(1);
        (await me.ReadAsync<Page<FeedEntry>>("/api/me/feed", Stop)).Items.ShouldBeEmpty("whom I follow only Follow can say");

        await system.Kill("follow");
        (await system["follow"].RunAsync("republish")).ShouldBe(0, system["follow"].LogTail());
        (await system["follow"].RunAsync("announce")).ShouldBe(0, system["follow"].LogTail());
        await system.Start("follow", Stop);
        await FeedHasAsync();
        // Where a later follow is in the log, what was announced before it has come there too.
        (await system.As(Guid.NewGuid()).PutAsync($"/api/me/following/{author}", null, Stop)).EnsureSuccessStatusCode();
        var follows = await Eventually.Async(async token =>
        {
            using var events = JsonDocument.Parse(await system.Http.GetStringAsync($"/api/events?type=ResearcherFollowed&subject={author}", token));
            return events.RootElement.GetProperty("items").GetArrayLength();
        }, count => count >= 2, "the later follow is in the log", Patience, Stop);
        follows.ShouldBe(2, "what is announced again is in the log once");
        (await system["follow"].RunAsync("repair")).ShouldBe(64);
        system["follow"].LogTail().ShouldContain("There are: reconcile, rebuild, import, republish, announce.");

        async Task FeedHasAsync() => await Eventually.Async(token => me.ReadAsync<Page<FeedEntry>>("/api/me/feed", token), page => page.Items.Count == 1, "the work is in the feed", Patience, Stop);
    }

    /// <summary>Again and again until something has happened, so that it happens in the middle however slow the machine is.</summary>
    private static async Task UntilAsync(Task happened, Func<Task> again)
    {
        do await again();
        while (!happened.IsCompleted);
    }

    private async Task InTheMiddleOfTrafficAsync(bool followsGoOn, Func<Task> kill, Func<Task> start)
    {
        var traffic = breakable.Traffic;
        var (acknowledged, unknown) = (traffic.Acknowledged, traffic.Unknown);
        var killed = new TaskCompletionSource();
        var following = UntilAsync(killed.Task, () => traffic.RunAsync(12, Stop));
        var publishing = breakable.PublishAsync(Stop);
        await Eventually.Async(() => traffic.Acknowledged >= acknowledged + 40 || following.IsCompleted, "the traffic has begun", Patience, Stop);
        if (following.IsCompleted) await following;

        await kill();
        killed.SetResult();
        await start();

        await Task.WhenAll(following, publishing);
        if (followsGoOn) traffic.Unknown.ShouldBe(unknown, "who follows does not notice");
        await breakable.ShouldAgreeAsync(Stop);
    }
}
