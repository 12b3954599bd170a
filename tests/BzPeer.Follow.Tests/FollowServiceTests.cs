using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using CsCheck;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace BzPeer.Follow.Tests;

/// <summary>The service by its API, on real PostgreSQL and RabbitMQ.</summary>
public sealed class FollowServiceTests(ServiceHost<Program> service) : IClassFixture<ServiceHost<Program>>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<Guid> Registered()
    {
        var id = Guid.NewGuid();
        await Register(id);
        await Eventually.Async(async ct => (await service.Anonymous().GetAsync($"/api/researchers/{id}/followers", ct)).IsSuccessStatusCode, "the researcher is known");
        return id;
    }

    private Task Register(Guid id) => service.Publish(new ResearcherRegistered(
        new EventOrigin(Guid.NewGuid(), DateTimeOffset.UtcNow, Sources.Profile, id, 1, 0, id, 1), id, "Ada", "arxiv", null, null), Ct);

    private async Task<CountsAnswer> Counts(Guid id, string? position = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{id}/follow-counts");
        if (position is not null) request.Headers.Add("Min-Position", position);
        var answer = await service.Anonymous().SendAsync(request, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
        return (await answer.Content.ReadFromJsonAsync<CountsAnswer>(Ct))!;
    }

    private async Task<List<ListedResearcher>> List(Guid id, string which, int limit = 80)
    {
        var all = new List<ListedResearcher>();
        for (string? cursor = null; ;)
        {
            var page = (await service.Anonymous().GetFromJsonAsync<Page<ListedResearcher>>($"/api/researchers/{id}/{which}?limit={limit}&cursor={cursor}", Ct))!;
            all.AddRange(page.Items);
            if (page.Next is null) return all;
            cursor = page.Next;
        }
    }

    /// <summary>The digest as the contract defines it, computed another way than the service does.</summary>
    private static string Digest(IEnumerable<Guid> ids)
    {
        var digest = new byte[32];
        foreach (var id in ids)
        {
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(id.ToString("D").ToLowerInvariant()));
            for (var i = 0; i < 32; i++) digest[i] ^= hash[i];
        }

        return Convert.ToHexStringLower(digest);
    }

    private static string PositionOf(HttpResponseMessage answer) => answer.Headers.GetValues("X-BzPeer-Position").Single();

    [Fact]
    public async Task A_follow_is_listed_at_once_and_counted_at_its_position()
    {
        var (ada, bob) = (Guid.NewGuid(), await Registered());
        var answer = await service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var relationship = (await answer.Content.ReadFromJsonAsync<Relationship>(Ct))!;
        (relationship.ResearcherId, relationship.Following, relationship.FollowedBy).ShouldBe((bob, true, false));
        (await List(bob, "followers")).ShouldBe([new ListedResearcher(ada, relationship.FollowingSince!.Value)]);
        (await List(ada, "following")).Single().ResearcherId.ShouldBe(bob);
        (await service.As(ada).GetAsync($"/api/me/following/{bob}", Ct)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        var counts = await Counts(bob, PositionOf(answer));
        counts.Followers.ShouldBe(new ProvenCount(1, Digest([ada])));
        counts.Following.ShouldBe(new ProvenCount(0, new string('0', 64)));
    }

    [Fact]
    public async Task Repeating_a_follow_answers_the_same()
    {
        var (ada, bob) = (Guid.NewGuid(), await Registered());
        var first = await service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct);
        var second = await service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct);
        (await second.Content.ReadAsStringAsync(Ct)).ShouldBe(await first.Content.ReadAsStringAsync(Ct));
        PositionOf(second).ShouldBe(PositionOf(first));
    }

    [Fact]
    public async Task An_unfollow_leaves_nothing_and_is_always_allowed()
    {
        var (ada, bob) = (Guid.NewGuid(), await Registered());
        await service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct);
        var answer = await service.As(ada).DeleteAsync($"/api/me/following/{bob}", Ct);
        (await answer.Content.ReadFromJsonAsync<Relationship>(Ct))!.Following.ShouldBeFalse();
        (await List(bob, "followers")).ShouldBeEmpty();
        (await Counts(bob, PositionOf(answer))).Followers.ShouldBe(new ProvenCount(0, new string('0', 64)));
        (await service.As(ada).GetAsync($"/api/me/following/{bob}", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        var unknown = await service.As(ada).DeleteAsync($"/api/me/following/{Guid.NewGuid()}", Ct);
        unknown.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_same_follow_sent_many_times_at_once_is_one_follow()
    {
        var (ada, bob) = (Guid.NewGuid(), await Registered());
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct)));
        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);
        (await Counts(bob, PositionOf(answers[0]))).Followers.Value.ShouldBe(1);
    }

    [Fact]
    public async Task A_researcher_registered_a_moment_later_is_waited_for_and_a_stranger_is_not_found()
    {
        var soon = Guid.NewGuid();
        var follow = service.As(Guid.NewGuid()).PutAsync($"/api/me/following/{soon}", null, Ct);
        await Register(soon);
        (await follow).StatusCode.ShouldBe(HttpStatusCode.OK);

        var stranger = await service.As(Guid.NewGuid()).PutAsync($"/api/me/following/{Guid.NewGuid()}", null, Ct);
        stranger.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        stranger.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task Lists_page_newest_first_without_gap_or_repeat()
    {
        var bob = await Registered();
        var followers = Enumerable.Range(0, 7).Select(_ => Guid.NewGuid()).ToList();
        foreach (var follower in followers) await service.As(follower).PutAsync($"/api/me/following/{bob}", null, Ct);
        (await List(bob, "followers", limit: 3)).Select(item => item.ResearcherId).ShouldBe(followers.AsEnumerable().Reverse());
    }

    [Theory]
    [InlineData("GET", "/api/researchers/no-guid/followers", 400)]
    [InlineData("GET", "/api/researchers/00000000-0000-0000-0000-000000000001/followers?cursor=~", 400)]
    [InlineData("GET", "/api/researchers/00000000-0000-0000-0000-000000000001/followers?limit=many", 400)]
    [InlineData("GET", "/api/researchers/00000000-0000-0000-0000-000000000001/followers", 404)]
    [InlineData("GET", "/api/researchers/00000000-0000-0000-0000-000000000001/follow-counts", 404)]
    [InlineData("PUT", "/api/me/following/00000000-0000-0000-0000-000000000001", 401)]
    [InlineData("GET", "/nothing/here", 401)]
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
        var ada = await Registered();
        (await service.As(ada).PutAsync($"/api/me/following/{ada}", null, Ct)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Theory]
    [InlineData("follow:99999999", HttpStatusCode.Conflict)]
    [InlineData("profile:1", HttpStatusCode.Conflict)]
    [InlineData("follow:soon", HttpStatusCode.BadRequest)]
    [InlineData("elsewhere:1", HttpStatusCode.BadRequest)]
    public async Task A_position_token_is_honoured_or_refused_never_ignored(string token, HttpStatusCode status)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{await Registered()}/follow-counts");
        request.Headers.Add("Min-Position", token);
        (await service.Anonymous().SendAsync(request, Ct)).StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task Counts_lists_and_digests_agree_with_a_model_after_any_commands_and_after_a_rebuild()
    {
        var people = new List<Guid>();
        for (var i = 0; i < 5; i++) people.Add(await Registered());
        var model = new HashSet<(Guid Follower, Guid Followee)>();
        var commands = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 4], Gen.Bool).Where(c => c.Item1 != c.Item2).Array[1, 25];

        await Check.SampleAsync(commands, async sequence =>
        {
            var position = "follow:0";
            foreach (var (follower, followee, follow) in sequence)
            {
                var edge = (people[follower], people[followee]);
                var answer = await (follow
                    ? service.As(edge.Item1).PutAsync($"/api/me/following/{edge.Item2}", null, Ct)
                    : service.As(edge.Item1).DeleteAsync($"/api/me/following/{edge.Item2}", Ct));
                _ = follow ? model.Add(edge) : model.Remove(edge);
                position = Later(position, PositionOf(answer));
            }

            foreach (var person in people) await AgreesWithModel(person, model, position);
        }, iter: 8, threads: 1);

        (await Reconcile.ResidualAsync(service.Database, Ct)).Values.ShouldAllBe(differences => differences == 0);
        (await Rebuild.CountsAsync(service.Database, Ct)).Corrected.ShouldBe(0);
    }

    private static string Later(string a, string b) => Number(a) >= Number(b) ? a : b;

    private static long Number(string position) => long.Parse(position.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);

    private async Task AgreesWithModel(Guid person, HashSet<(Guid Follower, Guid Followee)> model, string position)
    {
        var followers = model.Where(edge => edge.Followee == person).Select(edge => edge.Follower).ToHashSet();
        var following = model.Where(edge => edge.Follower == person).Select(edge => edge.Followee).ToHashSet();
        var counts = await Counts(person, position);
        counts.Followers.ShouldBe(new ProvenCount(followers.Count, Digest(followers)));
        counts.Following.ShouldBe(new ProvenCount(following.Count, Digest(following)));
        (await List(person, "followers")).Select(item => item.ResearcherId).ShouldBe(followers, ignoreOrder: true);
        (await List(person, "following")).Select(item => item.ResearcherId).ShouldBe(following, ignoreOrder: true);
    }
}
