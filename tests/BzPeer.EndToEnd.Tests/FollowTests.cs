using System.Net.Http.Json;

namespace BzPeer.EndToEnd.Tests;

public sealed class FollowTests(RunningSystem running)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Forty_researchers_follow_and_unfollow_twenty_others_and_everything_agrees()
    {
        var people = await running.System.RegisterAsync(60, Stop);
        var traffic = new FollowTraffic(running.System, people[..40], people[40..], Random.Shared.Next());

        await traffic.RunAsync(25, Stop);

        traffic.Unknown.ShouldBe(0);
        await traffic.ShouldAgreeAsync(Patience, Stop);
    }

    [Fact]
    public async Task Twelve_researchers_follow_and_unfollow_each_other_and_everything_agrees()
    {
        var people = await running.System.RegisterAsync(12, Stop);
        var traffic = new FollowTraffic(running.System, people, people, Random.Shared.Next());

        await traffic.RunAsync(40, Stop);

        traffic.Unknown.ShouldBe(0);
        await traffic.ShouldAgreeAsync(Patience, Stop);
    }

    [Fact]
    public async Task A_read_with_the_position_of_a_write_sees_it()
    {
        var people = await running.System.RegisterAsync(3, Stop);
        var (follower, followee) = (running.System.As(people[0]), people[1]);

        var relationship = await follower.PutAsync($"/api/me/following/{followee}", null, Stop);
        var position = relationship.Headers.GetValues("X-BzPeer-Position").Single();

        position.ShouldStartWith("follow:");
        (await relationship.Content.ReadFromJsonAsync<Relationship>(Stop))!.Following.ShouldBeTrue();
        (await ReadAtAsync<FollowCounts>($"/api/researchers/{followee}/follow-counts", position)).Followers
            .ShouldBe(new ProvenCount(1, FollowAgreement.DigestOf([people[0]])));
        (await ReadAtAsync<Card>($"/api/researchers/{followee}", position)).Counts.Followers.ShouldBe(1);
        (await ReadAtAsync<Card>($"/api/researchers/{people[0]}", position)).Counts.Following.ShouldBe(1);
        (await ReadAtAsync<Card>($"/api/researchers/{people[2]}", position)).Counts.Followers.ShouldBe(0, "of a bystander nothing has moved, and their card knows it");
    }

    /// <summary>A busy machine may answer 409, not there yet; what it may never do is answer with less.</summary>
    private Task<T> ReadAtAsync<T>(string path, string position) => Eventually.Async(async token =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Min-Position", position } } };
        using var answer = await running.System.Http.SendAsync(request, token);
        await answer.ShouldBeSuccessAsync();
        return (await answer.Content.ReadFromJsonAsync<T>(token))!;
    }, _ => true, $"{path} is read at {position}", Patience, Stop);
}
