using System.Net;
using System.Net.Http.Json;
using BzPeer.ServiceDefaults;
using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>Blocks and removed followers, by the API.</summary>
public sealed class BlockTests(FollowHost service) : IClassFixture<FollowHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_block_severs_both_edges_and_refuses_either_follow_until_it_is_lifted()
    {
        var (ada, bob) = (await service.Registered(), await service.Registered());
        await service.Follow(ada, bob);
        await service.Follow(bob, ada);

        var position = await service.Do(ada, HttpMethod.Put, $"/api/me/blocks/{bob}");
        foreach (var person in new[] { ada, bob }) await service.AgreesWithModel(person, new HashSet<(Guid, Guid)>(), position);
        var theirs = await service.As(bob).PutAsync($"/api/me/following/{ada}", null, Ct);
        theirs.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await theirs.Content.ReadAsStringAsync(Ct)).ShouldContain("problems/blocked");
        var mine = await service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct);
        mine.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await mine.Content.ReadAsStringAsync(Ct)).ShouldContain("problems/you-block");
        (await service.As(ada).GetFromJsonAsync<Page<ListedResearcher>>("/api/me/blocks", Ct))!.Items.Single().ResearcherId.ShouldBe(bob);

        await service.Do(ada, HttpMethod.Delete, $"/api/me/blocks/{bob}");
        (await service.As(ada).GetFromJsonAsync<Page<ListedResearcher>>("/api/me/blocks", Ct))!.Items.ShouldBeEmpty();
        (await service.List(bob, "followers")).ShouldBeEmpty("what a block severed stays severed");
        await service.Follow(bob, ada);
    }

    [Fact]
    public async Task The_list_of_blocks_is_cut_into_pages_newest_first_and_is_the_blockers_alone()
    {
        var (ada, others) = (await service.Registered(), await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => service.Registered())));
        foreach (var other in others) await service.Do(ada, HttpMethod.Put, $"/api/me/blocks/{other}");

        var first = await service.As(ada).GetFromJsonAsync<Page<ListedResearcher>>("/api/me/blocks?limit=2", Ct);
        var second = await service.As(ada).GetFromJsonAsync<Page<ListedResearcher>>($"/api/me/blocks?limit=2&cursor={first!.Next}", Ct);

        first.Items.Concat(second!.Items).Select(item => item.ResearcherId).ShouldBe(others.Reverse());
        second.Next.ShouldBeNull();
        (await service.As(others[0]).GetFromJsonAsync<Page<ListedResearcher>>("/api/me/blocks", Ct))!.Items.ShouldBeEmpty();
        (await service.Anonymous().GetAsync("/api/me/blocks", Ct)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await service.As(ada).GetAsync("/api/me/blocks?cursor=~", Ct)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_block_and_a_follow_that_race_never_leave_a_live_edge_under_the_block()
    {
        var ada = await service.Registered();
        for (var round = 0; round < 20; round++)
        {
            var bob = await service.Registered();
            var follow = service.As(ada).PutAsync($"/api/me/following/{bob}", null, Ct);
            var block = service.As(bob).PutAsync($"/api/me/blocks/{ada}", null, Ct);
            (await block).StatusCode.ShouldBe(HttpStatusCode.OK);
            (await follow).StatusCode.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Forbidden);
            (await service.List(bob, "followers")).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task A_removed_follower_is_gone_and_may_come_back()
    {
        var (ada, bob) = (await service.Registered(), await service.Registered());
        await service.Follow(bob, ada);
        var position = await service.Do(ada, HttpMethod.Delete, $"/api/me/followers/{bob}");
        (await service.Counts(ada, position)).Followers.Value.ShouldBe(0);
        await service.Follow(bob, ada);
        (await service.List(ada, "followers")).Single().ResearcherId.ShouldBe(bob);
    }

    [Fact]
    public async Task Somebody_without_a_profile_can_be_blocked_once_they_followed_and_a_stranger_cannot()
    {
        var (ada, nobody) = (await service.Registered(), Guid.NewGuid());
        (await service.As(ada).PutAsync($"/api/me/blocks/{nobody}", null, Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await service.Follow(nobody, ada);
        await service.Do(ada, HttpMethod.Put, $"/api/me/blocks/{nobody}");
        (await service.As(ada).PutAsync($"/api/me/blocks/{ada}", null, Ct)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Theory]
    [InlineData("handling=lenient, return=minimal")]
    [InlineData("return=\"minimal\"")]
    [InlineData("Return = minimal; of=relationship")]
    public async Task A_caller_that_prefers_little_gets_the_position_and_nothing_else(string preference)
    {
        var bob = await service.Registered();
        var request = new HttpRequestMessage(HttpMethod.Put, $"/api/me/following/{bob}") { Headers = { { "Prefer", preference } } };
        var answer = await service.As(Guid.NewGuid()).SendAsync(request, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        answer.Headers.GetValues("Preference-Applied").Single().ShouldBe("return=minimal");
        (await service.Counts(bob, FollowHost.PositionOf(answer))).Followers.Value.ShouldBe(1);
    }
}
