using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace BzPeer.EndToEnd.Tests;

/// <summary>Messages may come again and in any order: what they leave is the same.</summary>
public sealed class RedeliveryTests(RunningSystem running)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private HttpClient Http => running.System.Http;

    [Fact]
    public async Task Every_message_of_a_run_delivered_twice_more_and_shuffled_changes_nothing()
    {
        await using var tap = await BrokerTap.OpenAsync(running.System.Broker, Stop);
        var people = await running.System.RegisterAsync(12, Stop);
        var traffic = new FollowTraffic(running.System, people, people, Random.Shared.Next());
        await traffic.RunAsync(20, Stop);
        foreach (var author in people)
            await running.System.AsCurator().PublishAsync("Seen twice", [author], Stop);
        await traffic.ShouldAgreeAsync(Patience, Stop);
        await MergeAndSplitAsync(people[0], people[1]);
        await traffic.ShouldAgreeAsync(Patience, Stop);
        await tap.ShouldBeThroughAsync(running.System, Patience, Stop);
        var before = await Eventually.Async(_ => SnapshotAsync(people), states => states.Values.All(state => state.Trust.Score == 13), "trust has risen", Patience, Stop);

        var run = await Eventually.Async(
            _ => Task.FromResult(tap.Messages.Where(message => people.Any(id => message.Text.Contains(id.ToString(), StringComparison.Ordinal))).ToArray()),
            messages => messages.Select(message => message.Exchange).Distinct().Count() == 9, "there is one of every event type that some service consumes", Patience, Stop);
        Tapped[] again = [.. run, .. run];
        Random.Shared.Shuffle(again);
        foreach (var message in again) await tap.PublishAsync(message, Stop);

        await tap.ShouldBeThroughAsync(running.System, Patience, Stop);
        await traffic.ShouldAgreeAsync(Patience, Stop);
        var after = await SnapshotAsync(people);
        foreach (var id in people) after[id].Text.ShouldBe(before[id].Text);

        // And whatever is newer still counts.
        await traffic.RunAsync(5, Stop);
        await traffic.ShouldAgreeAsync(Patience, Stop);
    }

    private async Task MergeAndSplitAsync(Guid gone, Guid survivor)
    {
        using var made = await running.System.AsCurator().PostAsJsonAsync($"/api/researchers/{survivor}/merges", new { researcherId = gone, reason = "One iD" }, Stop);
        await made.ShouldBeSuccessAsync();
        await IsAsync(HttpStatusCode.MovedPermanently);
        (await running.System.AsCurator().DeleteAsync($"{made.Headers.Location}?reason=Two", Stop)).EnsureSuccessStatusCode();
        await IsAsync(HttpStatusCode.OK);

        Task IsAsync(HttpStatusCode wanted) => Task.WhenAll(((string[])["", "/trust", "/followers"]).Select(path => Eventually.Async(
            async token => (await Http.GetAsync($"/api/researchers/{gone}{path}", token)).StatusCode, status => status == wanted, $"{path} is {wanted}", Patience, Stop)));
    }

    private sealed record State(TrustScore Trust, string Text);

    private async Task<Dictionary<Guid, State>> SnapshotAsync(IEnumerable<Guid> people)
    {
        var states = new Dictionary<Guid, State>();
        foreach (var id in people)
        {
            var card = await Http.CardAsync(id, Stop);
            var parts = new List<string>();
            foreach (var path in (string[])["", "/trust", "/trust/changes", "/works"])
                parts.Add(JsonSerializer.Serialize(await Http.ReadAsync<JsonElement>($"/api/researchers/{id}{path}", Stop)));
            states[id] = new(card.Trust, string.Join('\n', parts));
        }

        return states;
    }
}
