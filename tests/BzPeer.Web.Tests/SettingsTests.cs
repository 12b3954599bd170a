using System.Net;

namespace BzPeer.Web.Tests;

public sealed class SettingsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/settings")]
    [InlineData("/feed?cursor=20")]
    [InlineData("/curate/pairs")]
    [InlineData("/curate/imports")]
    [InlineData("/curate/rings")]
    public async Task Who_is_not_signed_in_is_asked_who_they_are_and_comes_back(string path)
    {
        await using var site = await Site.StartAsync();

        var response = await site.Get(path);

        response.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        response.Headers.Location!.OriginalString.ShouldBe($"/sign-in?returnUrl={Uri.EscapeDataString(path)}");
    }

    [Theory]
    [InlineData("/settings")]
    [InlineData("/feed")]
    [InlineData("/curate/pairs")]
    public async Task Whose_token_has_run_out_is_asked_again_or_refused_and_no_page_is_kept_by_a_cache(string path)
    {
        await using var site = await Site.StartAsync();
        var me = site.World.Seed;
        await site.SignIn(me, curator: true);
        (await site.Get(path)).Headers.CacheControl!.NoStore.ShouldBeTrue();
        if (path.StartsWith("/curate", StringComparison.Ordinal))
            return;
        site.Services.Expired.Add(me);

        (await site.Get(path)).Headers.Location!.OriginalString.ShouldStartWith("/sign-in?returnUrl=");
        (await site.Html("/")).ShouldNotContain("Sign out");
    }

    [Fact]
    public async Task A_headline_and_openness_are_saved_and_stand_on_the_page()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);
        Site.TextOf(await site.Html($"/researchers/{site.World.Seed}")).ShouldContain("Open to collaborate");

        var saved = await site.Submit("/settings", "/settings?handler=Profile", ("headline", "Networks that <b>explain</b> themselves"));

        saved.Headers.Location!.OriginalString.ShouldBe("/settings#profile");
        var settings = await site.Html("/settings");
        Site.TextOf(settings).ShouldContain("Saved. It is on your page now.");
        settings.ShouldContain("value=\"Networks that &lt;b&gt;explain&lt;/b&gt; themselves\"");
        var page = Site.TextOf(await site.Html($"/researchers/{site.World.Seed}"));
        page.ShouldContain("Networks that <b>explain</b> themselves");
        page.ShouldNotContain("Open to collaborate");
    }

    [Fact]
    public async Task The_usual_headline_is_nobodys_own_and_is_not_saved_as_such()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);

        (await site.Html("/settings")).ShouldContain("placeholder=\"Daniel Bernier contributes to research discovery and scholarly infrastructure.\"");
        await site.Submit("/settings", "/settings?handler=Profile", ("headline", ""), ("open", "true"));

        site.World.Headlines[site.World.Seed].ShouldBe("");
    }

    [Fact]
    public async Task A_refused_headline_is_said_in_the_services_words_and_stays_in_the_form()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);
        var tooLong = new string('x', 301);

        var response = await site.Submit("/settings", "/settings?handler=Profile", ("headline", tooLong));
        var html = await response.Content.ReadAsStringAsync(Ct);

        Site.TextOf(html).ShouldContain("A headline has at most 300 characters, this one 301.");
        html.ShouldContain($"value=\"{tooLong}\"");
        html.ShouldNotContain("name=\"open\" value=\"true\" checked");
        site.World.Headlines.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Profile", "open")]
    [InlineData("Visibility", "lists")]
    [InlineData("Claim", "claim")]
    [InlineData("Unblock", "id")]
    public async Task A_field_that_is_neither_yes_nor_no_changes_nothing(string handler, string field)
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);

        (await site.Submit("/settings", $"/settings?handler={handler}", (field, "perhaps"))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        site.Services.Requests.ShouldNotContain(request => request.Method == "PATCH" || request.Method == "PUT" || request.Method == "DELETE");
    }

    [Fact]
    public async Task What_others_see_is_chosen_by_two_boxes()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);

        await site.Submit("/settings", "/settings?handler=Visibility", ("counts", "true"));

        site.World.Visible[site.World.Seed].ShouldBe((false, true));
        var html = await site.Html("/settings");
        html.ShouldNotContain("name=\"lists\" value=\"true\" checked");
        html.ShouldContain("name=\"counts\" value=\"true\" checked");
    }

    [Fact]
    public async Task A_profile_is_claimed_and_given_back_and_a_revoked_claim_says_why()
    {
        await using var site = await Site.StartAsync();
        var me = site.World.Seed;
        await site.SignIn(me);

        await site.Submit("/settings", "/settings?handler=Claim", ("claim", "true"));
        site.World.Claimed.ShouldContain(me);
        Site.TextOf(await site.Html("/settings")).ShouldContain("Give the profile back");
        await site.Submit("/settings", "/settings?handler=Claim", ("claim", "false"));
        site.World.Claimed.ShouldBeEmpty();

        site.World.ClaimsRevoked.Add(me);
        var refused = await site.Submit("/settings", "/settings?handler=Claim", ("claim", "true"));
        Site.TextOf(await refused.Content.ReadAsStringAsync(Ct)).ShouldContain("A curator ended the claim of this profile.");
    }

    [Fact]
    public async Task Blocking_asks_first_then_ends_both_follows_and_is_undone_in_the_settings()
    {
        await using var site = await Site.StartAsync();
        var (me, other) = (site.World.Find("Stefano Salsano"), site.World.Seed);
        site.World.Follow(me, other);
        await site.SignIn(me);
        (await site.Html($"/researchers/{other}")).ShouldContain($"href=\"/researchers/{other}/block\"");
        Site.TextOf(await site.Html($"/researchers/{other}/block")).ShouldContain("Block Daniel Bernier ? Neither of you will follow the other any more");
        site.World.Blocks.ShouldBeEmpty();

        var blocked = await site.Submit($"/researchers/{other}/block", $"/researchers/{other}/block", ("block", "true"));

        blocked.Headers.Location!.OriginalString.ShouldBe($"/researchers/{other}#actions");
        site.World.Follows.ShouldBeEmpty();
        Site.TextOf(await site.Html($"/researchers/{other}")).ShouldContain("You block Daniel Bernier . Neither of you can follow the other.");
        Site.TextOf(await site.Html("/settings")).ShouldContain("Daniel Bernier since");

        await site.Submit("/settings", "/settings?handler=Unblock", ("id", other.ToString()));
        site.World.Blocks.ShouldBeEmpty();
        Site.TextOf(await site.Html("/settings")).ShouldContain("You block nobody.");
    }

    [Fact]
    public async Task A_block_that_is_refused_says_why_and_one_that_says_neither_changes_nothing()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);
        var page = $"/researchers/{site.World.Seed}/block";

        Site.TextOf(await (await site.Submit(page, page, ("block", "true"))).Content.ReadAsStringAsync(Ct)).ShouldContain("Nobody blocks themselves.");
        (await site.Submit(page, page)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        site.World.Blocks.ShouldBeEmpty();
    }

    [Fact]
    public async Task While_a_service_is_down_the_other_parts_stand()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);

        await site.Services.StopAsync("Follow");
        var text = Site.TextOf(await site.Html("/settings"));
        text.ShouldContain("What others may see cannot be shown right now.");
        text.ShouldContain("The list of those you block cannot be shown right now.");
        text.ShouldContain("Save your page");
    }

    [Fact]
    public async Task Who_has_no_profile_yet_is_told_so()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(Guid.NewGuid());

        var text = Site.TextOf(await site.Html("/settings"));

        text.ShouldContain("There is no profile of yours yet.");
        text.ShouldContain("Who may see whom you follow");
    }
}
