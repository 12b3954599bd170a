using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>
/// The service with a clock that stands until it is moved. It hangs up on no receiver: what moves on while one answers is the test's
/// clock, not the receiver's time.
/// </summary>
public sealed class WebhookWorld : IAsyncLifetime
{
    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.UtcNow);

    /// <summary>Settings of the service.</summary>
    public IReadOnlyDictionary<string, string> With { get; init; } = new Dictionary<string, string> { ["Webhooks:TimeoutSeconds"] = "1000000" };

    public AnalyticsService Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => await (Service = new() { Clock = Clock, With = With }).InitializeAsync();

    public ValueTask DisposeAsync() => ((IAsyncDisposable)Service).DisposeAsync();
}

/// <summary>Webhooks against a real receiver, over a real log: sent in order, again until taken, signed, to nobody they must not reach.</summary>
public sealed class WebhooksTests(WebhookWorld world) : IClassFixture<WebhookWorld>
{
    private readonly AnalyticsService service = world.Service;
    private readonly FakeTimeProvider clock = world.Clock;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<JsonObject> CreateAsync(HttpClient owner, string url, object? more = null)
    {
        var body = JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(more ?? new { }))!.AsObject();
        body["url"] = url;
        using var response = await owner.PostAsJsonAsync("/api/webhooks", body, Ct);
        response.StatusCode.ShouldBe(HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Ct));
        var made = (await response.Content.ReadFromJsonAsync<JsonObject>(Ct))!;
        response.Headers.Location!.ToString().ShouldBe($"/api/webhooks/{made["id"]}");
        return made;
    }

    private static Task<JsonObject?> ReadAsync(HttpClient owner, JsonObject webhook) => owner.GetFromJsonAsync<JsonObject>($"/api/webhooks/{webhook["id"]}", Ct);

    private static async Task<JsonObject[]> DeliveriesAsync(HttpClient owner, JsonObject webhook, string query = "") =>
        [.. (await owner.GetFromJsonAsync<JsonObject>($"/api/webhooks/{webhook["id"]}/deliveries{query}", Ct))!["items"]!.AsArray().Select(item => item!.AsObject())];

    private static async Task<JsonObject> SendAsync(HttpClient owner, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await owner.SendAsync(request, Ct);
        var text = await response.Content.ReadAsStringAsync(Ct);
        response.IsSuccessStatusCode.ShouldBeTrue(text);
        return JsonNode.Parse(text)!.AsObject();
    }

    private async Task<IIntegrationEvent[]> FollowsAsync(params IReadOnlyList<Guid> followees)
    {
        IIntegrationEvent[] events = [.. followees.Select(followee => service.Followed(Guid.NewGuid(), followee))];
        await service.TellAsync(events);
        return events;
    }

    private static Task ReceivesAsync(WebhookReceiver receiver, int count) => Eventually.Async(() => receiver.All.Count >= count, $"{count} requests arrive", ct: Ct);

    /// <summary>Lets time pass until something is so.</summary>
    private Task InTimeAsync(TimeSpan step, Func<Task<bool>> isSo, string because) => Eventually.Async(
        async _ =>
        {
            if (await isSo()) return true;
            clock.Advance(step);
            return false;
        }, because, ct: Ct);

    private static IEnumerable<string> Ids(IEnumerable<IIntegrationEvent> events) => events.Select(e => e.Origin.EventId.ToString());

    [Fact]
    public async Task What_is_wanted_arrives_once_signed_as_the_log_has_it()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (owner, ada) = (service.As(Guid.NewGuid()), Guid.NewGuid());
        await FollowsAsync(ada);
        var webhook = await CreateAsync(owner, receiver.Url, new { subject = ada, types = new[] { "org.bzpeer.follow.ResearcherFollowed" }, after = 0, description = "mine" });
        await service.TellAsync(service.Registered(ada));
        var later = await FollowsAsync(ada, Guid.NewGuid(), ada);
        await ReceivesAsync(receiver, 3);
        await service.InTheLogAsync(later[^1]);

        var log = (await service.PageAsync($"?subject={ada}&type=ResearcherFollowed"))["items"]!.AsArray();
        receiver.All.Select(one => one.Event.ToJsonString()).ShouldBe(log.Select(item => item!.ToJsonString()));
        receiver.All.ShouldAllBe(one => one.IsSignedWith(webhook["secret"]!.GetValue<string>()) && one.ContentType == "application/cloudevents+json; charset=utf-8");
        receiver.All.Select(one => one.Id).ShouldBe(log.Select(item => item!["id"]!.GetValue<string>()));

        var read = (await ReadAsync(owner, webhook))!;
        read.ContainsKey("secret").ShouldBeFalse();
        (read["state"]!.GetValue<string>(), read["sees"]!.GetValue<string>(), read["description"]!.GetValue<string>()).ShouldBe(("active", "public", "mine"));
        await Eventually.Async(async _ => (await DeliveriesAsync(owner, webhook)).Length == 3, "each delivery is listed", ct: Ct);
        (await DeliveriesAsync(owner, webhook)).ShouldAllBe(one => one["state"]!.GetValue<string>() == "delivered" && one["attempts"]!.GetValue<int>() == 1 && one["lastStatus"]!.GetValue<int>() == 200);
        var first = (await owner.GetFromJsonAsync<JsonObject>($"/api/webhooks/{webhook["id"]}/deliveries?limit=2", Ct))!;
        var second = await DeliveriesAsync(owner, webhook, $"?limit=2&cursor={first["next"]}");
        first["items"]!.AsArray().Concat(second).Select(one => one!["position"]!.GetValue<long>()).ShouldBe(receiver.All.Select(one => one.Position).Reverse());
    }

    [Fact]
    public async Task An_event_that_is_not_taken_is_sent_again_before_those_of_its_subject_and_holds_up_no_other()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var owner = service.As(Guid.NewGuid());
        var webhook = await CreateAsync(owner, receiver.Url, new { types = new[] { "ResearcherFollowed" } });
        var (ada, bob) = (Guid.NewGuid(), Guid.NewGuid());
        var failures = 2;
        receiver.Answer = (one, http) =>
        {
            if (one.Event["subject"]!.GetValue<Guid>() == ada && Interlocked.Decrement(ref failures) >= 0) http.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        var events = await FollowsAsync(ada, bob, ada, bob);
        await InTimeAsync(TimeSpan.FromSeconds(2), () => Task.FromResult(receiver.All.Count == 6), "everything is taken in the end");

        var (ofAda, ofBob) = (receiver.All.Where(one => one.Event["subject"]!.GetValue<Guid>() == ada).Select(one => one.Id), receiver.All.Where(one => one.Event["subject"]!.GetValue<Guid>() == bob).Select(one => one.Id));
        var ids = Ids(events).ToArray();
        ofAda.ShouldBe([ids[0], ids[0], ids[0], ids[2]]);
        ofBob.ShouldBe([ids[1], ids[3]]);
        await Eventually.Async(async _ => (await DeliveriesAsync(owner, webhook, "?state=delivered")).Length == 4, "all are listed", ct: Ct);
        (await DeliveriesAsync(owner, webhook)).Select(one => one["attempts"]!.GetValue<int>()).ShouldBe([1, 1, 1, 3]);
    }

    [Fact]
    public async Task A_receiver_that_is_down_for_a_day_gets_everything_when_it_is_back_in_order()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Says(503);
        var owner = service.As(Guid.NewGuid());
        var webhook = await CreateAsync(owner, receiver.Url, new { types = new[] { "ResearcherFollowed" } });
        var people = Enumerable.Range(0, 40).Select(_ => Guid.NewGuid()).ToArray();
        var events = await FollowsAsync([.. Enumerable.Range(0, 120).Select(n => people[n % 40])]);
        await Eventually.Async(async _ => (await ReadAsync(owner, webhook))!["failingSince"] is not null, "it was tried", ct: Ct);
        var start = clock.GetUtcNow();
        await InTimeAsync(TimeSpan.FromMinutes(30), () => Task.FromResult(clock.GetUtcNow() - start > TimeSpan.FromDays(1)), "a day passes");
        var failing = (await ReadAsync(owner, webhook))!;
        failing["failingSince"].ShouldNotBeNull();
        failing["state"]!.GetValue<string>().ShouldBe("active");

        receiver.Says(204);
        await InTimeAsync(TimeSpan.FromMinutes(10), async () => (await service.Rows($"webhook_deliveries where webhook = '{webhook["id"]}' and state = 'delivered'", "position", "position")).Length == 120, "all are delivered");
        foreach (var person in people)
            receiver.Taken.Where(one => one.Event["subject"]!.GetValue<Guid>() == person).Select(one => one.Id).ShouldBe(Ids(events.Where(e => e.Origin.Subject == person)));
        (await ReadAsync(owner, webhook))!["failingSince"].ShouldBeNull();
    }

    [Fact]
    public async Task After_three_days_of_nothing_but_failures_it_is_disabled_with_notice_and_goes_on_when_its_owner_says()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Says(500);
        var owner = service.As(Guid.NewGuid());
        var webhook = await CreateAsync(owner, receiver.Url, new { types = new[] { "ResearcherFollowed" } });
        var events = await FollowsAsync(Guid.NewGuid(), Guid.NewGuid());
        await ReceivesAsync(receiver, 1);
        var start = clock.GetUtcNow();
        await InTimeAsync(TimeSpan.FromHours(4), async () => (await ReadAsync(owner, webhook))!["state"]!.GetValue<string>() == "disabled", "it is disabled");
        (clock.GetUtcNow() - start).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromDays(3));
        var disabled = (await ReadAsync(owner, webhook))!;
        disabled["reason"]!.GetValue<string>().ShouldBe("failing");
        disabled["notice"]!.GetValue<string>().ShouldContain("The receiver answered 500.");
        disabled["disabledSince"].ShouldNotBeNull();

        receiver.Says(200);
        events = [.. events, .. await FollowsAsync(Guid.NewGuid())];
        await service.InTheLogAsync(events[^1]);
        await SendAsync(owner, HttpMethod.Patch, $"/api/webhooks/{webhook["id"]}", new { active = true });
        await Eventually.Async(() => receiver.Taken.Count >= 3, "everything is taken", ct: Ct);
        receiver.Taken.Select(one => one.Id).ShouldBe(Ids(events), ignoreOrder: true);
        (await ReadAsync(owner, webhook))!["notice"].ShouldBeNull();
    }

    [Fact]
    public async Task A_receiver_that_is_gone_gets_nothing_more()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Says(410);
        var owner = service.As(Guid.NewGuid());
        var webhook = await CreateAsync(owner, receiver.Url, new { types = new[] { "ResearcherFollowed" } });
        await FollowsAsync(Guid.NewGuid());
        await Eventually.Async(async _ => (await ReadAsync(owner, webhook))!["reason"]?.GetValue<string>() == "gone", "it is disabled", ct: Ct);
        receiver.All.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_receiver_that_asks_for_a_pause_has_it()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = (_, http) =>
        {
            http.Response.StatusCode = 429;
            http.Response.Headers.RetryAfter = "3600";
            return Task.CompletedTask;
        };
        var owner = service.As(Guid.NewGuid());
        var webhook = await CreateAsync(owner, receiver.Url, new { types = new[] { "ResearcherFollowed" } });
        await FollowsAsync(Guid.NewGuid());
        await Eventually.Async(async _ => (await ReadAsync(owner, webhook))!["failingSince"] is not null, "it was tried", ct: Ct);
        var read = (await ReadAsync(owner, webhook))!;
        (read["nextAttempt"]!.GetValue<DateTimeOffset>() - read["failingSince"]!.GetValue<DateTimeOffset>()).ShouldBe(TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Both_secrets_sign_for_a_day_after_a_new_one_was_made()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var owner = service.As(Guid.NewGuid());
        var webhook = await CreateAsync(owner, receiver.Url, new { subject = Guid.NewGuid() });
        var old = webhook["secret"]!.GetValue<string>();
        var rotated = await SendAsync(owner, HttpMethod.Post, $"/api/webhooks/{webhook["id"]}/secret");
        var current = rotated["secret"]!.GetValue<string>();
        current.ShouldNotBe(old);
        rotated["oldSecretUntil"]!.GetValue<DateTimeOffset>().ShouldBe(clock.GetUtcNow() + TimeSpan.FromHours(24), TimeSpan.FromSeconds(1));
        (await SendAsync(owner, HttpMethod.Post, $"/api/webhooks/{webhook["id"]}/test"))["taken"]!.GetValue<bool>().ShouldBeTrue();
        var ping = receiver.All.ShouldHaveSingleItem();
        (ping.IsSignedWith(old), ping.IsSignedWith(current)).ShouldBe((true, true));
        ping.Event["type"]!.GetValue<string>().ShouldBe("org.bzpeer.webhook.Ping");

        clock.Advance(TimeSpan.FromHours(25));
        await SendAsync(owner, HttpMethod.Post, $"/api/webhooks/{webhook["id"]}/test");
        (receiver.All[^1].IsSignedWith(old), receiver.All[^1].IsSignedWith(current)).ShouldBe((false, true));
    }

    [Fact]
    public async Task A_test_says_what_the_receiver_said()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = async (_, http) =>
        {
            http.Response.StatusCode = 302;
            http.Response.Headers.Location = "http://127.0.0.1:1/";
            await http.Response.WriteAsync(new string('x', 100_000));
        };
        var owner = service.As(Guid.NewGuid());
        var webhook = await CreateAsync(owner, receiver.Url);
        var said = await SendAsync(owner, HttpMethod.Post, $"/api/webhooks/{webhook["id"]}/test");
        (said["taken"]!.GetValue<bool>(), said["status"]!.GetValue<int>()).ShouldBe((false, 302));
        said["error"]!.GetValue<string>().ShouldContain("redirects are not followed");
        said["body"]!.GetValue<string>().Length.ShouldBe(4096);
    }

    [Fact]
    public async Task A_delivery_can_be_sent_once_more_and_what_waited_goes_on()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Says(500);
        var (owner, ada) = (service.As(Guid.NewGuid()), Guid.NewGuid());
        var webhook = await CreateAsync(owner, receiver.Url, new { subject = ada });
        var events = await FollowsAsync(ada);
        await Eventually.Async(async _ => (await DeliveriesAsync(owner, webhook, "?state=pending")).Length == 1, "it was tried", ct: Ct);
        var refused = await SendAsync(owner, HttpMethod.Post, $"/api/webhooks/{webhook["id"]}/deliveries/{events[0].Origin.EventId}/redelivery");
        (refused["state"]!.GetValue<string>(), refused["answer"]!["status"]!.GetValue<int>()).ShouldBe(("pending", 500));

        receiver.Says(200);
        events = [.. events, .. await FollowsAsync(ada)];
        await service.InTheLogAsync(events[1]);
        (await SendAsync(owner, HttpMethod.Post, $"/api/webhooks/{webhook["id"]}/deliveries/{events[0].Origin.EventId}/redelivery"))["state"]!.GetValue<string>().ShouldBe("delivered");
        await Eventually.Async(() => receiver.All.Any(one => one.Id == events[1].Origin.EventId.ToString()), "the one behind it comes without waiting", ct: Ct);

        await Eventually.Async(async _ => (await DeliveriesAsync(owner, webhook, "?state=delivered")).Length == 2, "both are delivered", ct: Ct);
        var again = await SendAsync(owner, HttpMethod.Post, $"/api/webhooks/{webhook["id"]}/deliveries/{events[0].Origin.EventId}/redelivery");
        (again["state"]!.GetValue<string>(), again["attempts"]!.GetValue<int>()).ShouldBe(("delivered", 4));
        using var unknown = await owner.PostAsync($"/api/webhooks/{webhook["id"]}/deliveries/{Guid.NewGuid()}/redelivery", null, Ct);
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_receiver_that_hangs_holds_up_nobody_else()
    {
        await using var hanging = await WebhookReceiver.StartAsync();
        await using var quick = await WebhookReceiver.StartAsync();
        // The service hangs up as it usually does; until then the clock stands.
        await using var usual = new WebhookWorld { With = new Dictionary<string, string>() };
        await usual.InitializeAsync();
        var its = new WebhooksTests(usual);
        hanging.Answer = (_, http) => Task.Delay(Timeout.Infinite, http.RequestAborted);
        var owner = usual.Service.As(Guid.NewGuid());
        var webhook = await CreateAsync(owner, hanging.Url, new { types = new[] { "ResearcherFollowed" } });
        await CreateAsync(owner, quick.Url, new { types = new[] { "ResearcherFollowed" } });
        await its.FollowsAsync([.. Enumerable.Range(0, 50).Select(_ => Guid.NewGuid())]);
        await ReceivesAsync(quick, 50);
        hanging.All.Count.ShouldBeLessThanOrEqualTo(8);
        await its.InTimeAsync(TimeSpan.FromSeconds(11), async () => (await ReadAsync(owner, webhook))!["failingSince"] is not null, "it is hung up on in the end");
        (await DeliveriesAsync(owner, webhook))[0]["error"]!.GetValue<string>().ShouldBe("The receiver did not answer within 10 s.");
    }

    [Fact]
    public async Task What_people_hide_goes_to_those_only_who_may_read_everything()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var analyst = await WebhookReceiver.StartAsync();
        var (shy, open, owner) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        await service.TellAsync(service.Next(shy, origin => new FollowerCountChanged(origin, shy, 1, new string('0', 64), 0, new string('0', 64), origin.Sequence, true, true)));
        await CreateAsync(service.As(owner), receiver.Url, new { types = new[] { "ResearcherFollowed" } });
        var everything = await CreateAsync(service.As(owner, "analytics"), analyst.Url, new { types = new[] { "ResearcherFollowed" } });
        everything["sees"]!.GetValue<string>().ShouldBe("everything");
        var events = await FollowsAsync(shy, open);
        await ReceivesAsync(analyst, 2);
        await ReceivesAsync(receiver, 1);
        receiver.All.Select(one => one.Id).ShouldBe([events[1].Origin.EventId.ToString()]);

        // A right that was taken away ends with the next change.
        (await SendAsync(service.As(owner), HttpMethod.Patch, $"/api/webhooks/{everything["id"]}", new { description = "less" }))["sees"]!.GetValue<string>().ShouldBe("public");
    }

    [Fact]
    public async Task What_was_begun_goes_on_with_the_next_instance_without_a_loss()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        // How long a receiver takes is not what this is about.
        var patient = new Dictionary<string, string> { ["Webhooks:TimeoutSeconds"] = "600" };
        var first = new AnalyticsService { With = patient };
        await first.InitializeAsync();
        await CreateAsync(first.As(Guid.NewGuid()), receiver.Url, new { types = new[] { "ResearcherFollowed" } });
        var reached = new TaskCompletionSource();
        receiver.Answer = async (_, http) =>
        {
            if (receiver.All.Count < 40) return;
            reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        await using var second = new AnalyticsService { Beside = first, With = patient };
        await second.InitializeAsync();
        IIntegrationEvent[] events = [.. Enumerable.Range(0, 200).Select(_ => second.Followed(Guid.NewGuid(), Guid.NewGuid()))];
        await second.TellAsync(events);
        await second.InTheLogAsync(events[^1]);
        await reached.Task.WaitAsync(TimeSpan.FromMinutes(3), Ct);
        await ((IAsyncDisposable)first).DisposeAsync();
        receiver.Says(200);
        await Eventually.Async(_ => Task.FromResult(receiver.All.Select(one => one.Id).Distinct().Count()), count => count == 200, "all have arrived", ct: Ct);
        receiver.All.Select(one => one.Id).Distinct().ShouldBe(Ids(events), ignoreOrder: true);
        receiver.All.Count.ShouldBeLessThanOrEqualTo(200 + 16);
    }

    [Fact]
    public async Task A_webhook_belongs_to_whoever_made_it()
    {
        var (owner, other) = (service.As(Guid.NewGuid()), service.As(Guid.NewGuid()));
        var id = (await CreateAsync(owner, "http://localhost:9999/hooks"))["id"];
        foreach (var (method, path) in new[] { ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/secret"), ("POST", "/test"), ("GET", "/deliveries") })
        {
            using var request = new HttpRequestMessage(new(method), $"/api/webhooks/{id}{path}") { Content = method == "PATCH" ? JsonContent.Create(new { }) : null };
            using var response = await other.SendAsync(request, Ct);
            response.StatusCode.ShouldBe(HttpStatusCode.NotFound, $"{method} {path}");
        }

        (await service.Anonymous().GetAsync("/api/webhooks", Ct)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await other.GetFromJsonAsync<JsonObject>("/api/webhooks", Ct))!["items"]!.AsArray().ShouldBeEmpty();
        (await owner.GetFromJsonAsync<JsonObject>("/api/webhooks", Ct))!["items"]!.AsArray().Count.ShouldBe(1);
        (await owner.DeleteAsync($"/api/webhooks/{id}", Ct)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await owner.GetAsync($"/api/webhooks/{id}", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task One_owner_has_so_many_and_no_more_also_when_they_ask_at_once()
    {
        var owner = service.As(Guid.NewGuid());
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => owner.PostAsJsonAsync("/api/webhooks", new { url = "http://localhost:9999/" }, Ct)));
        answers.Count(answer => answer.StatusCode == HttpStatusCode.Created).ShouldBe(20);
        var refused = answers.First(answer => answer.StatusCode != HttpStatusCode.Created);
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var problem = (await refused.Content.ReadFromJsonAsync<JsonObject>(Ct))!;
        problem["type"]!.GetValue<string>().ShouldEndWith("/webhook-limit");
        problem["detail"]!.GetValue<string>().ShouldContain("20");
    }
}

/// <summary>As it is in Production: only the public Internet is sent to, and only by https.</summary>
public sealed class WebhookRulesTests(WebhookRulesTests.Strict world) : IClassFixture<WebhookRulesTests.Strict>
{
    public sealed class Strict : IAsyncLifetime
    {
        public AnalyticsService Service { get; } = new() { With = new Dictionary<string, string> { ["Webhooks:AllowPrivate"] = "false" } };

        public ValueTask InitializeAsync() => Service.InitializeAsync();

        public ValueTask DisposeAsync() => ((IAsyncDisposable)Service).DisposeAsync();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"url": "http://example.org/"}""", 422, "webhook-scheme")]
    [InlineData("""{"url": "ftp://example.org/"}""", 422, "webhook-scheme")]
    [InlineData("""{"url": "https://ada:secret@example.org/"}""", 422, "webhook-credentials")]
    [InlineData("""{"url": "https://example.org/#here"}""", 422, "webhook-fragment")]
    [InlineData("""{"url": "https://example.org:25/"}""", 422, "webhook-port")]
    [InlineData("""{"url": "https://127.0.0.1/"}""", 422, "private-address")]
    [InlineData("""{"url": "https://[::1]/"}""", 422, "private-address")]
    [InlineData("""{"url": "https://localhost/"}""", 422, "private-address")]
    [InlineData("""{"url": "https://169.254.169.254/latest/meta-data"}""", 422, "private-address")]
    [InlineData("""{"url": "https://2130706433/"}""", 422, "private-address")]
    [InlineData("""{"url": "/hooks"}""", 400, "malformed-url")]
    [InlineData("""{"url": 7}""", 400, "malformed-url")]
    [InlineData("""{}""", 400, "malformed-url")]
    [InlineData("""[]""", 400, "malformed-json")]
    [InlineData("""{"url": "\ud800"}""", 400, "malformed-json")]
    [InlineData("""{"url": "https://8.8.8.8/", "types": ["Followed"]}""", 400, "malformed-types")]
    [InlineData("""{"url": "https://8.8.8.8/", "types": "WorkPublished"}""", 400, "malformed-types")]
    [InlineData("""{"url": "https://8.8.8.8/", "subject": "ada"}""", 400, "malformed-subject")]
    [InlineData("""{"url": "https://8.8.8.8/", "after": -1}""", 400, "malformed-after")]
    [InlineData("""{"url": "https://8.8.8.8/", "after": "now"}""", 400, "malformed-after")]
    [InlineData("""{"url": "https://8.8.8.8/", "after": 1000}""", 400, "cursor-ahead")]
    [InlineData("""{"url": "https://8.8.8.8/", "active": false}""", 422, "unknown-field")]
    public async Task What_is_not_sent_to_is_refused_and_the_rule_named(string body, int status, string rule)
    {
        using var response = await world.Service.As(Guid.NewGuid()).PostAsync("/api/webhooks", new StringContent(body, System.Text.Encoding.UTF8, "application/json"), Ct);
        ((int)response.StatusCode).ShouldBe(status);
        (await response.Content.ReadFromJsonAsync<JsonObject>(Ct))!["type"]!.GetValue<string>().ShouldEndWith("/" + rule);
    }

    [Fact]
    public async Task An_address_is_looked_at_when_it_is_connected_to()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (owner, id) = (Guid.NewGuid(), Guid.NewGuid());
        // A name that had a public address when it was given, and has another one now.
        await using (var insert = world.Service.Database.CreateCommand(
            $"insert into webhooks (id, owner, created_at, url, types, everything, key, position) values ('{id}', '{owner}', now(), '{receiver.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}', '{{}}', false, '\\x00', 0)"))
            await insert.ExecuteNonQueryAsync(Ct);
        using var response = await world.Service.As(owner).PostAsync($"/api/webhooks/{id}/test", null, Ct);
        var said = (await response.Content.ReadFromJsonAsync<JsonObject>(Ct))!;
        said["error"]!.GetValue<string>().ShouldBe("localhost has no public address.");
        said["status"].ShouldBeNull();
        receiver.All.ShouldBeEmpty();
    }
}
