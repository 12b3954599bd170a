using System.Net;
using System.Net.Http.Json;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>Many follows at once, and many relationships asked at once.</summary>
public sealed class FollowManyTests(FollowHost service) : IClassFixture<FollowHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<HttpResponseMessage> Batch(Guid actor, Guid[]? follow = null, Guid[]? unfollow = null) =>
        service.As(actor).PostAsJsonAsync("/api/me/following/batch", new { follow, unfollow }, Ct);

    [Fact]
    public async Task Every_id_of_a_batch_ends_in_one_bucket_and_what_fails_leaves_the_others_alone()
    {
        var ada = await service.Registered();
        var (fresh, already, left, never, blocks, unknown) =
            (await service.Registered(), await service.Registered(), await service.Registered(), await service.Registered(), await service.Registered(), Guid.NewGuid());
        await service.Follow(ada, already);
        await service.Follow(ada, left);
        await service.Do(blocks, HttpMethod.Put, $"/api/me/blocks/{ada}");

        var answer = await Batch(ada, follow: [fresh, already, blocks, unknown, ada, fresh], unfollow: [left, never]);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var buckets = (await answer.Content.ReadFromJsonAsync<FollowManyAnswer>(Ct))!;
        buckets.Followed.ShouldBe([fresh]);
        buckets.AlreadyFollowing.ShouldBe([already]);
        buckets.Unfollowed.ShouldBe([left]);
        buckets.NotFollowing.ShouldBe([never]);
        buckets.NotFound.ShouldBe([unknown]);
        buckets.Refused.ShouldBe([blocks, ada], ignoreOrder: true);
        (await service.Counts(ada, FollowHost.PositionOf(answer))).Following.Value.ShouldBe(2);
    }

    [Fact]
    public async Task A_batch_and_a_block_wait_for_news_of_somebody_registered_a_moment_later_too()
    {
        // As for one follow: the service waits for a second, which a machine with other things to do may need for the news alone.
        await Eventually.Async(
            async ct =>
            {
                var (soon, stranger) = (Guid.NewGuid(), Guid.NewGuid());
                var batch = Batch(Guid.NewGuid(), follow: [soon, stranger]);
                await service.Register(soon);
                var buckets = (await (await batch).Content.ReadFromJsonAsync<FollowManyAnswer>(ct))!;
                return (buckets.Followed.SequenceEqual([soon]), buckets.NotFound.SequenceEqual([stranger]));
            },
            found => found == (true, true), "a batch waits for the news of whom it follows", TimeSpan.FromSeconds(60), Ct);
        await Eventually.Async(
            async ct =>
            {
                var soon = Guid.NewGuid();
                var block = service.As(Guid.NewGuid()).PutAsync($"/api/me/blocks/{soon}", null, ct);
                await service.Register(soon);
                return (await block).StatusCode;
            },
            status => status == HttpStatusCode.OK, "a block waits for the news of whom it blocks", TimeSpan.FromSeconds(60), Ct);
    }

    [Fact]
    public async Task A_batch_too_large_or_at_odds_with_itself_is_refused_whole()
    {
        var (ada, bob) = (await service.Registered(), await service.Registered());
        (await Batch(ada, follow: [.. Enumerable.Range(0, 1001).Select(_ => Guid.NewGuid())])).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await Batch(ada, follow: [bob], unfollow: [bob])).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await Batch(ada)).StatusCode.ShouldBe(HttpStatusCode.OK, "an empty batch asks for nothing");
    }

    [Fact]
    public async Task Relationships_come_in_the_order_asked_and_mark_the_unknown()
    {
        var (ada, bob, cyd, unknown) = (await service.Registered(), await service.Registered(), await service.Registered(), Guid.NewGuid());
        await service.Follow(ada, bob);
        await service.Follow(cyd, ada);
        var page = (await service.As(ada).GetFromJsonAsync<Page<ListedRelationship>>($"/api/me/relationships?id={bob}&id={unknown}&id={cyd}&id={ada}", Ct))!;
        page.Items.Select(item => (item.ResearcherId, item.Following, item.FollowedBy, item.NotFound)).ShouldBe(
            [(bob, true, false, false), (unknown, false, false, true), (cyd, false, true, false), (ada, false, false, false)]);

        var many = string.Join('&', Enumerable.Range(0, 101).Select(_ => $"id={Guid.NewGuid()}"));
        (await service.As(ada).GetAsync($"/api/me/relationships?{many}", Ct)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await service.As(ada).GetAsync("/api/me/relationships?id=nobody", Ct)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Known_followers_are_those_i_follow_the_newest_five_and_how_many()
    {
        var (me, star) = (await service.Registered(), await service.Registered());
        var friends = await Task.WhenAll(Enumerable.Range(0, 7).Select(_ => service.Registered()));
        (await Batch(me, follow: friends)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await service.Follow(Guid.NewGuid(), star);
        foreach (var friend in friends) await service.Follow(friend, star);

        var known = (await service.As(me).GetFromJsonAsync<KnownFollowersAnswer>($"/api/researchers/{star}/known-followers", Ct))!;
        known.Total.ShouldBe(7);
        known.Items!.Select(item => item.ResearcherId).ShouldBe(friends.Reverse().Take(5));
        (await service.As(me).GetAsync($"/api/researchers/{Guid.NewGuid()}/known-followers", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await service.Anonymous().GetAsync($"/api/researchers/{star}/known-followers", Ct)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }
}
