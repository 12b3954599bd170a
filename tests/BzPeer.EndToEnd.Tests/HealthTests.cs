using System.Net;
using System.Net.Http.Json;

namespace BzPeer.EndToEnd.Tests;

public sealed class HealthTests(RunningSystem running)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("profile")]
    [InlineData("follow")]
    [InlineData("publication")]
    [InlineData("trust")]
    [InlineData("analytics")]
    [InlineData("web")]
    public async Task Every_process_says_that_it_is_alive_and_ready(string name)
    {
        using var http = new HttpClient { BaseAddress = running.System[name].Url };

        (await http.GetStringAsync("/alive", Stop)).ShouldContain("Healthy");
        var health = await http.ReadAsync<Health>("/health", Stop);

        // The poison test beside this one has dead letters for a moment.
        health.Status.ShouldBeOneOf("Healthy", "Degraded");
        string[] own = name == "follow" ? ["counts-told"] : [];
        if (name == "analytics") health.Checks.Keys.ShouldBe(["log", "numbers"], ignoreOrder: true);
        else if (name != "web") health.Checks.Keys.ShouldBe(["store", "broker", "daemon", "dead-letters", .. own], ignoreOrder: true);
        (await http.GetAsync("/openapi/v1.json", Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("profile")]
    [InlineData("follow")]
    [InlineData("trust")]
    public async Task A_message_that_cannot_be_read_is_set_aside_and_said_and_the_others_flow(string queue)
    {
        await using var tap = await BrokerTap.OpenAsync(running.System.Broker, Stop);
        using var http = new HttpClient { BaseAddress = running.System[queue].Url };

        await tap.SendAsync(queue, "{ this is no JSON", Stop);

        await Eventually.Async(async token => await tap.WaitingAsync(queue + "_error", token) == 1, "the message is set aside", Patience, Stop);
        var health = await HealthWhen("Degraded");
        health.Checks["dead-letters"].ShouldBe(new("Degraded", "1 message(s) could not be handled; repair the cause and POST /dead-letters/replay"));

        // Profile, Follow and Trust all have to hear of it before it is done.
        await running.System.RegisterAsync(1, Stop);

        // Sent again it is as unreadable as before: it is still there, once.
        http.DefaultRequestHeaders.Authorization = new("Bearer", running.System.Tokens.For(Guid.NewGuid(), "curator"));
        var replay = await http.PostAsync("/dead-letters/replay", null, Stop);
        (await replay.Content.ReadFromJsonAsync<Replayed>(Stop)).ShouldBe(new Replayed(1));
        await Eventually.Async(async token => await tap.WaitingAsync(queue + "_error", token) == 1, "the message is set aside again", Patience, Stop);

        await tap.PurgeAsync(queue + "_error", Stop);
        await HealthWhen("Healthy");

        // Whatever else goes on may be behind for a moment on a busy machine, which is said too.
        async Task<Health> HealthWhen(string status) => await Eventually.Async(
            token => http.ReadAsync<Health>("/health", token), health => health.Status == status && health.Checks["dead-letters"].Status == status, $"the service is {status}", Patience, Stop);
    }

    private sealed record Replayed(int Count)
    {
        [System.Text.Json.Serialization.JsonPropertyName("replayed")]
        public int Count { get; init; } = Count;
    }
}
