using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BzPeer.EndToEnd.Tests;

/// <summary>Two profiles of one person become one everywhere, and two again, by what the services tell each other.</summary>
public sealed class MergeTests(RunningSystem running)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private HttpClient Http => running.System.Http;

    private sealed record Merge(Guid Id, Guid MergedId, Guid SurvivorId);

    [Fact]
    public async Task Works_followers_and_trust_are_the_survivors_and_after_the_way_back_everything_is_what_it_was()
    {
        var people = await running.System.RegisterAsync(7, Stop);
        var (gone, survivor, fan, fanOfBoth, other, celebrity, late) = (people[0], people[1], people[2], people[3], people[4], people[5], people[6]);
        // A fan of each, one of both; each follows the other; both follow the celebrity, who follows the one that goes.
        List<(Guid Follower, Guid Followee)> edges =
        [
            (fan, gone), (fanOfBoth, gone), (fanOfBoth, survivor), (other, survivor), (gone, survivor), (survivor, gone), (gone, celebrity), (survivor, celebrity), (celebrity, gone),
        ];
        foreach (var (follower, followee) in edges) await FollowAsync(follower, followee);
        var shared = await running.System.AsCurator().PublishAsync("A work of the one that goes", [gone, other], Stop);
        foreach (var author in (Guid[])[gone, other])
        {
            await TrustIsAsync(author, 13);
            await Eventually.Async(token => Http.CardAsync(author, token), card => card.Counts is { Works: 2, CloseCollaborators: 1 }, "the card counts the work", Patience, Stop);
            await Eventually.Async(token => Http.TrustAsync(author, token), statement => statement["collaborators"].Evidence == 1, "trust knows both authors", Patience, Stop);
        }

        await running.System.ShouldShowAsync(people, edges, Patience, Stop);
        var before = await SnapshotAsync(people);

        using var answer = await running.System.AsCurator().PostAsJsonAsync($"/api/researchers/{survivor}/merges", new { researcherId = gone, reason = "One iD" }, Stop);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        var merge = (await answer.Content.ReadFromJsonAsync<Merge>(Stop))!;
        using (var read = await Http.GetAsync(answer.Headers.Location, Stop)) (await read.Content.ReadFromJsonAsync<Merge>(Stop)).ShouldBe(merge);

        await TrustIsAsync(survivor, 15);
        // Whoever followed either follows the survivor, once; nobody follows themselves.
        HashSet<(Guid, Guid)> merged = [(fan, survivor), (fanOfBoth, survivor), (other, survivor), (survivor, celebrity), (celebrity, survivor)];
        await running.System.ShouldShowAsync(people[1..], merged, Patience, Stop);
        (await Http.ReadAllAsync<Work>($"/api/researchers/{survivor}/works", 40, Stop)).Select(work => work.Id).ShouldContain(shared.Id);
        foreach (var path in (string[])["", "/works", "/trust", "/trust/changes", "/followers", "/following", "/follow-counts", "/collaborators", "/same-as"])
        {
            await Eventually.Async(async token =>
            {
                using var moved = await Http.GetAsync($"/api/researchers/{gone}{path}?limit=5", token);
                return (moved.StatusCode, moved.Headers.Location?.ToString());
            }, seen => seen == (HttpStatusCode.MovedPermanently, $"/api/researchers/{survivor}{path}?limit=5"), $"{path} has moved", Patience, Stop);
        }

        // Who follows the survivor by either is told why by one name; the page of the one that went is the survivor's.
        await Eventually.Async(token => running.System.As(fan).ReadAsync<Page<FeedEntry>>("/api/me/feed", token),
            page => page.Items.Count == 3 && page.Items.All(entry => entry.Reasons.Single().ResearcherId == survivor), "the feed has the works of both", Patience, Stop);
        using (var page = await Http.GetAsync($"/researchers/{gone}", Stop)) page.Headers.Location!.ToString().ShouldBe($"/researchers/{survivor}");

        // What they do now is the survivor's.
        using (var moved = await running.System.As(late).PutAsync($"/api/me/following/{gone}", null, Stop))
        {
            (moved.StatusCode, moved.Headers.Location!.ToString()).ShouldBe((HttpStatusCode.PermanentRedirect, $"/api/me/following/{survivor}"));
            (await running.System.As(late).PutAsync(moved.Headers.Location, null, Stop)).EnsureSuccessStatusCode();
        }
        await FollowAsync(gone, late);
        await running.System.ShouldShowAsync(people[1..], [.. merged, (late, survivor), (survivor, late)], Patience, Stop);
        (await running.System.As(gone).DeleteAsync($"/api/me/following/{late}", Stop)).EnsureSuccessStatusCode();
        (await running.System.As(late).DeleteAsync($"/api/me/following/{survivor}", Stop)).EnsureSuccessStatusCode();
        await running.System.ShouldShowAsync(people[1..], merged, Patience, Stop);

        using var back = await running.System.AsCurator().DeleteAsync($"/api/merges/{merge.Id}?reason=Two%20people", Stop);
        back.StatusCode.ShouldBe(HttpStatusCode.OK);

        await Eventually.Async(async token => (await Http.GetAsync($"/api/researchers/{gone}", token)).StatusCode, status => status == HttpStatusCode.OK, "they are there again", Patience, Stop);
        await TrustIsAsync(gone, 13);
        await TrustIsAsync(survivor, 11);
        await running.System.ShouldShowAsync(people, edges, Patience, Stop);
        var after = await Eventually.Async(_ => SnapshotAsync(people), states => states.SequenceEqual(before), "everything is what it was", Patience, Stop);
        after.ShouldBe(before);
        (await Http.LedgerAsync(survivor, Stop))[0].Cause.Reason.ShouldBe("a merge of two profiles was taken back");
    }

    private async Task FollowAsync(Guid follower, Guid followee) =>
        (await running.System.As(follower).PutAsync($"/api/me/following/{followee}", null, Stop)).EnsureSuccessStatusCode();

    private Task TrustIsAsync(Guid researcher, int score) => Eventually.Async(async token =>
    {
        using var answer = await Http.GetAsync($"/api/researchers/{researcher}", token);
        return answer.StatusCode == HttpStatusCode.OK ? (await answer.Content.ReadFromJsonAsync<Card>(token))!.Trust.Score : 0;
    }, seen => seen == score, $"trust is {score}", Patience, Stop);

    /// <summary>What everybody sees of each of them, but for how far in whose events it is, and which events those are: a merge and its undoing are two more.</summary>
    private async Task<List<string>> SnapshotAsync(IEnumerable<Guid> people)
    {
        List<string> seen = [];
        foreach (var id in people)
            foreach (var path in (string[])["", "/works", "/trust", "/followers", "/following", "/follow-counts", "/collaborators", "/topics"])
            {
                var read = JsonNode.Parse((await Http.ReadAsync<JsonElement>($"/api/researchers/{id}{path}", Stop)).GetRawText())!.AsObject();
                read.Remove("asOf");
                foreach (var factor in read["contributions"]?.AsArray() ?? [])
                {
                    factor!.AsObject().Remove("events");
                    factor.AsObject().Remove("eventsTotal");
                }

                seen.Add($"{id}{path}: {read.ToJsonString()}");
            }

        return seen;
    }
}
