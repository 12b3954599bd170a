using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace BzPeer.Web.Tests;

public sealed class FollowFormTests
{
    [Fact]
    public async Task A_follow_is_a_form_that_comes_back_to_the_page_with_the_new_count()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Find("Stefano Salsano"));
        var page = $"/researchers/{site.World.Seed}";

        var followed = await site.Submit(page, page, ("follow", "true"));

        followed.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        followed.Headers.Location!.OriginalString.ShouldBe($"{page}#actions");
        site.Services.Requests.Clear();
        var html = await site.Html(page);
        Site.TextOf(html).ShouldContain("Unfollow researcher 1 followers");
        Site.TextOf(html).ShouldContain("You follow Daniel Bernier.");
        site.Services.Requests.Single(request => request.Path.EndsWith("/follow-counts", StringComparison.Ordinal))
            .Headers["Min-Position"].ToString().ShouldBe("follow:42");

        await site.Submit(page, page, ("follow", "false"));
        Site.TextOf(await site.Html(page)).ShouldContain("Follow researcher 0 followers");
    }

    [Fact]
    public async Task Who_was_merged_after_the_page_was_sent_is_followed_as_the_survivor()
    {
        await using var site = await Site.StartAsync();
        var me = site.World.Find("Stefano Salsano");
        await site.SignIn(me);
        var twin = site.World.Add("D. Bernier");
        var token = Site.Token(await site.Html($"/researchers/{twin}"));
        site.World.Merged[twin] = site.World.Seed;
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("follow", "true"), KeyValuePair.Create("__RequestVerificationToken", token)]);

        using var followed = await site.Client.PostAsync($"/researchers/{twin}", form, TestContext.Current.CancellationToken);

        followed.Headers.Location!.OriginalString.ShouldBe($"/researchers/{site.World.Seed}#actions");
        site.World.Follows.ShouldContain(edge => edge.Follower == me && edge.Followee == site.World.Seed);
    }

    [Fact]
    public async Task The_script_gets_the_relationship_and_a_count_that_includes_it()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Find("Stefano Salsano"));

        using var response = await Scripted(site, site.World.Seed);
        var answer = await response.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken);

        answer!["following"]!.GetValue<bool>().ShouldBeTrue();
        answer["followers"]!.GetValue<long>().ShouldBe(1);
        answer["asOf"]!.GetValue<long>().ShouldBe(42, "a count that is told live and goes no further is older");
    }

    [Fact]
    public async Task The_script_gets_the_refusal_in_the_services_words()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);

        using var response = await Scripted(site, site.World.Seed);
        var answer = await response.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken);

        response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        answer!["refusal"]!.GetValue<string>().ShouldBe("Nobody follows themselves.");
    }

    [Fact]
    public async Task Without_a_session_the_script_gets_where_to_sign_in()
    {
        await using var site = await Site.StartAsync();
        var me = site.World.Find("Stefano Salsano");
        await site.SignIn(me);
        site.Services.Expired.Add(me);

        using var response = await Scripted(site, site.World.Seed);
        var answer = await response.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken);

        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        answer!["signIn"]!.GetValue<string>().ShouldStartWith("/sign-in?returnUrl=");
    }

    [Theory]
    [InlineData("other", "true")]
    [InlineData("follow", "perhaps")]
    public async Task A_form_that_does_not_say_whether_to_follow_changes_nothing(string name, string value)
    {
        await using var site = await Site.StartAsync();
        var me = site.World.Find("Stefano Salsano");
        site.World.Follow(me, site.World.Seed);
        await site.SignIn(me);
        var page = $"/researchers/{site.World.Seed}";

        var response = await site.Submit(page, page, (name, value));

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        site.World.Follows.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Without_the_forms_own_token_nothing_is_followed()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Find("Stefano Salsano"));

        var response = await site.Post($"/researchers/{site.World.Seed}", ("follow", "true"));

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        site.World.Follows.ShouldBeEmpty();
    }

    [Fact]
    public async Task Anothers_token_does_not_follow_either()
    {
        await using var site = await Site.StartAsync();
        var page = $"/researchers/{site.World.Seed}";
        await site.SignIn(site.World.Find("Stefano Salsano"));
        var token = Site.Token(await site.Html(page));
        await site.Submit("/", "/sign-out");
        await site.SignIn(site.World.Find("Clarence Filsfils"));

        var response = await site.Post(page, ("follow", "true"), ("__RequestVerificationToken", token));

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        site.World.Follows.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_visitor_who_is_not_signed_in_is_asked_who_they_are_and_comes_back()
    {
        await using var site = await Site.StartAsync();
        var page = $"/researchers/{site.World.Seed}";

        var html = await site.Html(page);
        html.ShouldContain("""<form action="/sign-in">""");
        html.ShouldContain($"""<input type="hidden" name="returnUrl" value="{page}" """.TrimEnd());
        using var signedIn = await site.SignInAs(site.World.Find("Stefano Salsano").ToString(), page);

        signedIn.Headers.Location!.OriginalString.ShouldBe(page);
    }

    [Fact]
    public async Task What_the_service_refuses_is_said_in_its_words()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);
        var page = $"/researchers/{site.World.Seed}";

        await site.Submit(page, page, ("follow", "true"));

        Site.TextOf(await site.Html(page)).ShouldContain("Nobody follows themselves.");
    }

    [Fact]
    public async Task While_the_follow_service_is_down_a_follow_says_that_nothing_is_known_to_have_changed()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Find("Stefano Salsano"));
        var page = $"/researchers/{site.World.Seed}";
        await site.Services.StopAsync("Follow");

        await site.Submit(page, page, ("follow", "true"));

        Site.TextOf(await site.Html(page)).ShouldContain("The Follow service does not answer, so nothing was changed as far as we know.");
    }

    [Fact]
    public async Task A_visitor_whose_token_has_run_out_is_asked_again_who_they_are()
    {
        await using var site = await Site.StartAsync();
        var visitor = site.World.Find("Stefano Salsano");
        await site.SignIn(visitor);
        var page = $"/researchers/{site.World.Seed}";
        var token = Site.Token(await site.Html(page));
        site.Services.Expired.Add(visitor);

        var response = await site.Post(page, ("follow", "true"), ("__RequestVerificationToken", token));
        response.Headers.Location!.OriginalString.ShouldStartWith("/sign-in?returnUrl=");
        (await site.Html(page)).ShouldNotContain("Sign out");
    }

    [Fact]
    public async Task A_page_seen_with_a_token_that_has_run_out_shows_a_visitor_who_is_nobody()
    {
        await using var site = await Site.StartAsync();
        var visitor = site.World.Find("Stefano Salsano");
        await site.SignIn(visitor);
        site.Services.Expired.Add(visitor);

        var html = await site.Html($"/researchers/{site.World.Seed}");

        html.ShouldContain("""<form action="/sign-in">""");
        (await site.Html("/")).ShouldNotContain("Sign out");
    }

    /// <summary>Follows as the page's script does.</summary>
    private static async Task<HttpResponseMessage> Scripted(Site site, Guid researcher)
    {
        // The token is of any page: the researcher's own would end a session that has run out.
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/researchers/{researcher}")
        {
            Content = new FormUrlEncodedContent([KeyValuePair.Create("follow", "true"), KeyValuePair.Create("__RequestVerificationToken", Site.Token(await site.Html("/")))]),
            Headers = { { "Accept", "application/json" } },
        };
        return await site.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
