using System.Net;
using System.Net.Http.Json;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>Following, lists and counts by the API, on real PostgreSQL and RabbitMQ.</summary>
public sealed class FollowServiceTests(FollowHost service) : IClassFixture<FollowHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_follow_is_listed_at_once_and_counted_at_its_position()
    {
        var (ada, bob) = (Guid.NewGuid(), await service.Registered());
        var answer = await service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var relationship = (await answer.Content.ReadFromJsonAsync<Relationship>(Ct))!;
        (relationship.ResearcherId, relationship.Following, relationship.FollowedBy).ShouldBe((bob, true, false));
        (await service.List(bob, "followers")).ShouldBe([new ListedResearcher(ada, relationship.FollowingSince!.Value)]);
        (await service.List(ada, "following")).Single().ResearcherId.ShouldBe(bob);
        (await service.As(ada).GetAsync($"/api/me/following/{bob}", Ct)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        var counts = await service.Counts(bob, FollowHost.PositionOf(answer));
        counts.Followers.ShouldBe(new ProvenCount(1, FollowHost.Digest([ada])));
        counts.Following.ShouldBe(new ProvenCount(0, new string('0', 64)));
    }

    [Fact]
    public async Task Repeating_a_follow_answers_the_same()
    {
        var (ada, bob) = (Guid.NewGuid(), await service.Registered());
        var first = await service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct);
        var second = await service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct);
        (await second.Content.ReadAsStringAsync(Ct)).ShouldBe(await first.Content.ReadAsStringAsync(Ct));
        FollowHost.PositionOf(second).ShouldBe(FollowHost.PositionOf(first));
    }

    [Fact]
    public async Task An_unfollow_leaves_nothing_and_is_always_allowed()
    {
        var (ada, bob) = (Guid.NewGuid(), await service.Registered());
        await service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct);
        var answer = await service.As(ada).DeleteAsync($"/api/me/following/{bob}", Ct);
        (await answer.Content.ReadFromJsonAsync<Relationship>(Ct))!.Following.ShouldBeFalse();
        (await service.List(bob, "followers")).ShouldBeEmpty();
        (await service.Counts(bob, FollowHost.PositionOf(answer))).Followers.ShouldBe(new ProvenCount(0, new string('0', 64)));
        (await service.As(ada).GetAsync($"/api/me/following/{bob}", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        var unknown = await service.As(ada).DeleteAsync($"/api/me/following/{Guid.NewGuid()}", Ct);
        unknown.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_same_follow_sent_many_times_at_once_is_one_follow()
    {
        var (ada, bob) = (Guid.NewGuid(), await service.Registered());
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct)));
        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);
        (await service.Counts(bob, FollowHost.PositionOf(answers[0]))).Followers.Value.ShouldBe(1);
    }

    [Fact]
    public async Task A_researcher_registered_a_moment_later_is_waited_for_and_a_stranger_is_not_found()
    {
        // The service waits for a second, which a machine with other things to do may need for the news alone.
        await Eventually.Async(
            async ct =>
            {
                var soon = Guid.NewGuid();
                var follow = service.As(Guid.NewGuid()).PutAsync($"/api/me/following/{soon}", null, ct);
                await service.Register(soon);
                return (await follow).StatusCode;
            },
            status => status == HttpStatusCode.OK, "a follow waits for the news of its followee", TimeSpan.FromMinutes(3), Ct);

        var stranger = await service.As(Guid.NewGuid()).PutAsync($"/api/me/following/{Guid.NewGuid()}", null, Ct);
        stranger.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        stranger.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task Lists_page_newest_first_without_gap_or_repeat()
    {
        var bob = await service.Registered();
        var followers = Enumerable.Range(0, 7).Select(_ => Guid.NewGuid()).ToList();
        foreach (var follower in followers) await service.As(follower).PutAsync($"/api/me/following/{bob}", null, Ct);
        (await service.List(bob, "followers", limit: 3)).Select(item => item.ResearcherId).ShouldBe(followers.AsEnumerable().Reverse());
    }

    [Theory]
    [InlineData("GET", "/api/researchers/no-guid/followers", 400)]
    [InlineData("GET", "/api/researchers/00000000-0000-0000-0000-000000000001/followers?cursor=~", 400)]
    [InlineData("GET", "/api/researchers/00000000-0000-0000-0000-000000000001/followers?limit=many", 400)]
    [InlineData("GET", "/api/researchers/00000000-0000-0000-0000-000000000001/followers", 404)]
    [InlineData("GET", "/api/researchers/00000000-0000-0000-0000-000000000001/follow-counts", 404)]
    [InlineData("PUT", "/api/me/following/00000000-0000-0000-0000-000000000001", 401)]
    [InlineData("GET", "/nothing/here", 404)]
    public async Task Bad_input_gets_a_problem_that_names_the_rule(string method, string path, int status)
    {
        var answer = await service.Anonymous().SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Ct);
        ((int)answer.StatusCode).ShouldBe(status);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await answer.Content.ReadAsStringAsync(Ct)).ShouldContain("\"type\":\"https://bzpeer.org/problems/");
    }

    [Fact]
    public async Task Nobody_follows_themselves()
    {
        var ada = await service.Registered();
        (await service.As(ada).PutAsync($"/api/me/following/{ada}", null, Ct)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Theory]
    [InlineData("follow:99999999", HttpStatusCode.Conflict)]
    [InlineData("profile:1", HttpStatusCode.Conflict)]
    [InlineData("follow:soon", HttpStatusCode.BadRequest)]
    [InlineData("elsewhere:1", HttpStatusCode.BadRequest)]
    public async Task A_position_token_is_honoured_or_refused_never_ignored(string token, HttpStatusCode status)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{await service.Registered()}/follow-counts");
        request.Headers.Add("Min-Position", token);
        (await service.Anonymous().SendAsync(request, Ct)).StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task Who_asks_for_no_json_is_refused_with_a_problem_all_the_same()
    {
        foreach (var (path, status) in new[] { ("/api/researchers/not-an-id/followers", 400), ("/api/me/blocks", 401), ("/api/me", 404) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Accept", "text/event-stream" } } };
            using var answer = await service.Anonymous().SendAsync(request, Ct);
            ((int)answer.StatusCode).ShouldBe(status);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
            (await answer.Content.ReadAsStringAsync(Ct)).ShouldContain("\"type\":\"https://bzpeer.org/problems/");
        }
    }

    [Fact]
    public async Task A_charset_that_nobody_knows_is_the_callers_mistake()
    {
        using var body = new StringContent("{}");
        body.Headers.ContentType = new("application/json") { CharSet = "klingon" };
        using var answer = await service.As(Guid.NewGuid()).PostAsync("/api/me/following/batch", body, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
        (await answer.Content.ReadAsStringAsync(Ct)).ShouldContain("/unsupported-media-type");
    }

    [Fact]
    public async Task What_can_be_got_can_be_asked_for_without_its_body()
    {
        var ada = await service.Registered();
        foreach (var (path, status) in new[] { ($"/api/researchers/{ada}/followers", HttpStatusCode.OK), ($"/api/researchers/{Guid.NewGuid()}/followers", HttpStatusCode.NotFound), ("/api/me/following/batch", HttpStatusCode.Unauthorized) })
        {
            using var head = await service.Anonymous().SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Ct);
            using var get = await service.Anonymous().GetAsync(path, Ct);
            (head.StatusCode, head.Content.Headers.ContentType).ShouldBe((status, get.Content.Headers.ContentType));
        }
    }

    [Theory]
    [InlineData("/api/me/blocks")]
    [InlineData("/api/me/follow-visibility")]
    [InlineData("/api/me/relationships")]
    public async Task What_is_the_callers_own_waits_for_a_position_like_the_rest(string path)
    {
        var (ada, bob) = (Guid.NewGuid(), await service.Registered());
        var position = await service.Follow(ada, bob);
        (await Read(position)).ShouldBe(HttpStatusCode.OK);
        (await Read("follow:99999999")).ShouldBe(HttpStatusCode.Conflict);
        (await Read("follow:soon")).ShouldBe(HttpStatusCode.BadRequest);
        (await Read("follow:1", "follow:99999999")).ShouldBe(HttpStatusCode.BadRequest);

        async Task<HttpStatusCode> Read(params string[] positions)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add("Min-Position", positions);
            return (await service.As(ada).SendAsync(request, Ct)).StatusCode;
        }
    }

    [Fact]
    public async Task The_description_names_every_answer()
    {
        var document = System.Text.Json.Nodes.JsonNode.Parse(await service.Anonymous().GetStringAsync("/openapi/v1.json", Ct))!;
        Answers("/api/me/following/{id}", "put").ShouldBe(["200", "204", "308", "400", "401", "403", "404", "409", "422", "429", "503"]);
        Answers("/api/researchers/{id}/followers", "get").ShouldBe(["200", "301", "400", "404", "409", "503"]);
        Answers("/api/me/following/batch", "post").ShouldBe(["200", "400", "401", "409", "413", "415", "422", "429", "503"]);

        IEnumerable<string> Answers(string path, string method) => document["paths"]![path]![method]!["responses"]!.AsObject().Select(answer => answer.Key);
    }
}
