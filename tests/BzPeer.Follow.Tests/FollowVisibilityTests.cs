using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>What a researcher hides is null to others and marked so; never 0.</summary>
public sealed class FollowVisibilityTests(FollowHost service) : IClassFixture<FollowHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Task<HttpResponseMessage> Choose(HttpClient client, bool lists, bool counts) =>
        client.PutAsJsonAsync("/api/me/follow-visibility", new { lists, counts }, Ct);

    private static async Task<string> Json(HttpClient client, string path) => JsonNode.Parse(await client.GetStringAsync(path, Ct))!.ToJsonString();

    [Fact]
    public async Task Hidden_lists_are_null_to_others_and_stay_visible_to_oneself()
    {
        var (ada, bob) = (await service.Registered(), await service.Registered());
        var followed = await service.Follow(bob, ada);
        (await Choose(service.As(ada), lists: false, counts: true)).StatusCode.ShouldBe(HttpStatusCode.OK);

        foreach (var list in new[] { "followers", "following" })
            (await Json(service.Anonymous(), $"/api/researchers/{ada}/{list}")).ShouldBe("""{"items":null,"next":null,"hidden":true}""");
        (await Json(service.As(bob), $"/api/researchers/{ada}/known-followers")).ShouldBe("""{"items":null,"total":null,"hidden":true}""");
        (await service.As(ada).GetFromJsonAsync<FollowListPage>($"/api/researchers/{ada}/followers", Ct))!.Items!.Single().ResearcherId.ShouldBe(bob);
        (await service.Counts(ada, followed)).Followers.Value.ShouldBe(1, "only the lists are hidden");
        (await service.List(bob, "following")).Single().ResearcherId.ShouldBe(ada, "others' lists are theirs to hide");
    }

    [Fact]
    public async Task Hidden_counts_are_null_and_what_the_others_are_told_says_so_until_they_are_shown_again()
    {
        var (ada, bob) = (await service.Registered(), await service.Registered());
        await service.Follow(bob, ada);
        var position = FollowHost.PositionOf(await Choose(service.As(ada), lists: true, counts: false));

        var hidden = await Json(service.Anonymous(), $"/api/researchers/{ada}/follow-counts");
        hidden.ShouldContain("""{"followers":{"value":null,"digest":null},"following":{"value":null,"digest":null}""");
        hidden.ShouldContain("\"hidden\":true");
        (await service.As(ada).GetFromJsonAsync<CountsAnswer>($"/api/researchers/{ada}/follow-counts", Ct))!.Followers.Value.ShouldNotBeNull();
        await Told(ada, "true 1");

        FollowHost.Later(FollowHost.PositionOf(await Choose(service.As(ada), lists: true, counts: true)), position).ShouldNotBe(position);
        (await service.Counts(ada)).Followers.Value.ShouldBe(1);
        await Told(ada, "false 1");
    }

    [Fact]
    public async Task A_choice_that_stands_already_makes_no_event()
    {
        var ada = await service.Registered();
        (await Choose(service.As(ada), lists: true, counts: true)).Headers.Contains("X-BzPeer-Position").ShouldBeFalse();
        (await service.As(ada).GetFromJsonAsync<VisibilityChoice>("/api/me/follow-visibility", Ct)).ShouldBe(new VisibilityChoice(true, true));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"lists\": true}")]
    [InlineData("{\"counts\": true}")]
    public async Task What_a_choice_leaves_out_is_not_hidden_for_it(string choice)
    {
        var ada = await service.Registered();
        using var body = new StringContent(choice, System.Text.Encoding.UTF8, "application/json");
        (await service.As(ada).PutAsync("/api/me/follow-visibility", body, Ct)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await service.As(ada).GetFromJsonAsync<VisibilityChoice>("/api/me/follow-visibility", Ct)).ShouldBe(new VisibilityChoice(true, true));
    }

    /// <summary>What the last event for the other services says: whether counts are hidden, and the followers.</summary>
    private async Task Told(Guid researcher, string expected) => await Eventually.Async(
        async _ => (await service.Rows($"mt_events where stream_id = '{researcher}'", "version desc limit 1", "(data->>'countsHidden') || ' ' || (data->>'followers')")).SingleOrDefault(),
        told => told == $"(\"{expected}\")", "the change is told", ct: Ct);
}
