using BzPeer.Contracts;
using BzPeer.Testing;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>The log on a real broker and a real store: every event once, in the order of its source, whatever happens.</summary>
public sealed class EventLogTests(AnalyticsService service) : IClassFixture<AnalyticsService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Repeated_and_shuffled_events_are_appended_once_in_the_order_of_their_source()
    {
        var events = Enumerable.Range(0, 200).Select(n => n % 3 == 0 ? (IIntegrationEvent)service.Registered(Guid.NewGuid()) : service.Followed(Guid.NewGuid(), Guid.NewGuid())).ToList();
        var random = new Random(7);
        await service.TellAsync([.. events.Concat(events).OrderBy(_ => random.Next())]);
        foreach (var last in events.GroupBy(e => e.Origin.Source).Select(source => source.MaxBy(e => e.Origin.Sequence)!)) await service.InTheLogAsync(last);

        var log = await service.ReplayAsync();
        log.Select(item => item.GetProperty("position").GetInt64()).ShouldBe(Enumerable.Range(1, log.Length).Select(n => (long)n));
        foreach (var source in events.GroupBy(e => e.Origin.Source))
        {
            var expected = source.OrderBy(e => e.Origin.Sequence).Select(e => e.Origin.EventId).ToList();
            var ids = expected.ToHashSet();
            log.Select(item => item.GetProperty("id").GetGuid()).Where(ids.Contains).ShouldBe(expected);
        }
    }

    [Fact]
    public async Task An_event_reads_as_a_cloud_event_with_the_data_of_its_contract()
    {
        var (ada, bob) = (Guid.NewGuid(), Guid.NewGuid());
        var followed = service.Followed(ada, bob);
        await service.TellAsync(followed);
        await service.InTheLogAsync(followed);
        var item = (await service.PageAsync($"?subject={bob}"))["items"]!.AsArray().ShouldHaveSingleItem()!;
        item.AsObject().Select(field => field.Key).ShouldBe(
            ["position", "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence", "previous", "stream", "streamversion", "actor", "data"]);
        (item["id"]!.GetValue<Guid>(), item["source"]!.GetValue<string>(), item["type"]!.GetValue<string>()).ShouldBe((followed.Origin.EventId, "follow", "org.bzpeer.follow.ResearcherFollowed"));
        (item["subject"]!.GetValue<Guid>(), item["actor"]!.GetValue<Guid>()).ShouldBe((bob, ada));
        (item["sequence"]!.GetValue<long>(), item["previous"]!.GetValue<long>()).ShouldBe((followed.Origin.Sequence, followed.Origin.Previous));
        item["time"]!.GetValue<DateTimeOffset>().ShouldBe(followed.Origin.OccurredAt);
        item["data"]!.ToJsonString().ShouldBe($$"""{"followerId":"{{ada}}","followeeId":"{{bob}}","mergeId":null}""");
    }

    [Fact]
    public async Task Names_keep_their_scripts()
    {
        var registered = service.Registered(Guid.NewGuid(), "Łukasz Ó \"Nualláin\" 李俊 \u2028");
        await service.TellAsync(registered);
        await service.InTheLogAsync(registered);
        (await service.PageAsync($"?subject={registered.ResearcherId}"))["items"]![0]!["data"]!["name"]!.GetValue<string>().ShouldBe(registered.Name);
    }

    [Fact]
    public async Task What_is_no_event_is_put_aside_and_said_and_the_others_flow()
    {
        await using var fresh = new AnalyticsService();
        await fresh.InitializeAsync();
        await fresh.WithBrokerAsync(async channel =>
        {
            await BzPeer.ServiceDefaults.EventsExchange.DeclareAsync(channel, Ct);
            await channel.BasicPublishAsync(CloudEvents.Exchange, "follow.Nonsense.x", mandatory: true, new BasicProperties(), "{ no JSON"u8.ToArray(), Ct);
            var headers = CloudEventHeaders(Guid.NewGuid());
            await channel.BasicPublishAsync(CloudEvents.Exchange, "follow.ResearcherFollowed.x", mandatory: true, new BasicProperties { Headers = headers }, "{ no JSON"u8.ToArray(), Ct);
        });
        var followed = fresh.Followed(Guid.NewGuid(), Guid.NewGuid());
        await fresh.TellAsync(followed);
        await fresh.InTheLogAsync(followed);
        (await fresh.Rows("log_rejected", "history", "reason")).Length.ShouldBe(2);
        (await fresh.Anonymous().GetStringAsync("/health", Ct)).ShouldContain("2 message(s) of the history are no events of BZPEER");
    }

    [Fact]
    public async Task A_missing_event_is_said_and_waited_for()
    {
        await using var fresh = new AnalyticsService();
        await fresh.InitializeAsync();
        var (first, missing, third) = (fresh.Followed(Guid.NewGuid(), Guid.NewGuid()), fresh.Followed(Guid.NewGuid(), Guid.NewGuid()), fresh.Followed(Guid.NewGuid(), Guid.NewGuid()));
        await fresh.TellAsync(first, third);
        await fresh.InTheLogAsync(first);
        await Eventually.Async(async ct => (await fresh.Anonymous().GetStringAsync("/health", ct)).Contains("follow: 1 events wait for the one after 3", StringComparison.Ordinal), "health says what is missing", ct: Ct);
        (await fresh.HeadAsync()).ShouldBe(1);
        await fresh.TellAsync(missing);
        await fresh.InTheLogAsync(third);
        (await fresh.IdsAsync("")).ShouldBe([first.Origin.EventId, missing.Origin.EventId, third.Origin.EventId]);
        (await fresh.Rows("log_held", "sequence")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_history_that_is_laid_anew_adds_only_what_is_new()
    {
        await using var fresh = new AnalyticsService();
        await fresh.InitializeAsync();
        IIntegrationEvent[] before = [.. Enumerable.Range(0, 20).Select(_ => fresh.Followed(Guid.NewGuid(), Guid.NewGuid()))];
        await fresh.TellAsync(before);
        await fresh.InTheLogAsync(before[^1]);
        await fresh.WithBrokerAsync(channel => channel.QueueDeleteAsync(CloudEvents.History, cancellationToken: Ct));
        await fresh.WithBrokerAsync(channel => BzPeer.ServiceDefaults.EventsExchange.DeclareAsync(channel, Ct));
        var after = fresh.Followed(Guid.NewGuid(), Guid.NewGuid());
        await fresh.TellAsync([.. before, after]);
        await fresh.InTheLogAsync(after);
        (await fresh.IdsAsync("")).ShouldBe([.. before.Select(e => e.Origin.EventId), after.Origin.EventId]);
    }

    [Fact]
    public async Task Of_two_instances_one_appends_and_the_other_goes_on_when_it_is_gone()
    {
        var first = new AnalyticsService();
        await first.InitializeAsync();
        await using var second = new AnalyticsService { Beside = first };
        await second.InitializeAsync();
        IIntegrationEvent[] before = [.. Enumerable.Range(0, 50).Select(_ => second.Followed(Guid.NewGuid(), Guid.NewGuid()))];
        await second.TellAsync(before);
        await second.InTheLogAsync(before[^1]);
        await ((IAsyncDisposable)first).DisposeAsync();
        IIntegrationEvent[] after = [.. Enumerable.Range(0, 50).Select(_ => second.Followed(Guid.NewGuid(), Guid.NewGuid()))];
        await second.TellAsync(after);
        await second.InTheLogAsync(after[^1]);
        (await second.IdsAsync("?limit=1000")).ShouldBe([.. before.Concat(after).Select(e => e.Origin.EventId)]);
    }

    private static Dictionary<string, object?> CloudEventHeaders(Guid subject) => new()
    {
        ["cloudEvents_specversion"] = "1.0",
        ["cloudEvents_id"] = Guid.NewGuid().ToString(),
        ["cloudEvents_source"] = "follow",
        ["cloudEvents_type"] = "org.bzpeer.follow.ResearcherFollowed",
        ["cloudEvents_subject"] = subject.ToString(),
        ["cloudEvents_time"] = "2026-01-02T03:04:05.0000000Z",
        ["cloudEvents_sequence"] = "1",
        ["cloudEvents_previous"] = "0",
        ["cloudEvents_stream"] = subject.ToString(),
        ["cloudEvents_streamversion"] = "1",
    };
}
