using System.Net;

namespace BzPeer.Web.Tests;

/// <summary>Searching, and what the search boxes offer.</summary>
public sealed class SearchTests
{
    [Fact]
    public async Task People_works_topics_and_institutions_are_found_at_once_each_in_its_place()
    {
        await using var site = await Site.StartAsync();
        site.World.Affiliations[site.World.Add("Ada Rome")] = "Rome";
        site.World.Publish("Rome in a day", "…", [site.World.Find("Ada Rome")], ["Rome"]);

        var html = await site.Html("/search?q=ROM");

        Site.TextOf(html).ShouldContain("People AR Ada Rome");
        foreach (var (kind, path) in new[] { ("people", $"/researchers/{site.World.Find("Ada Rome")}"), ("works", $"/works/{FakeWorld.Stable("Rome in a day")}"), ("topics", $"/topics/{FakeWorld.Stable("Rome")}"), ("institutions", $"/institutions/{FakeWorld.Stable("Rome")}") })
            html[html.IndexOf($"id=\"{kind}\"", StringComparison.Ordinal)..].ShouldContain($"href=\"{path}\"", Case.Sensitive, kind);
        html.ShouldContain("href=\"/search?q=ROM&amp;in=topics\"");
        html.ShouldNotContain("All that is found");
    }

    [Fact]
    public async Task One_kind_goes_on_from_page_to_page()
    {
        await using var site = await Site.StartAsync();
        for (var n = 0; n < 25; n++)
            site.World.Publish($"Many {n:00}", "…", [site.World.Seed], [$"Many {n:00}"]);

        (await site.Html("/search?q=many")).ShouldContain("href=\"/search?q=many&amp;in=works\">All that is found");
        var first = await site.Html("/search?q=many&in=works");
        first.ShouldContain("rel=\"next\" href=\"/search?q=many&amp;in=works&amp;cursor=20\"");
        first.ShouldNotContain("id=\"topics\"");
        Site.TextOf(await site.Html("/search?q=many&in=works&cursor=20")).ShouldContain("Many 24");
        (await site.Html("/search?q=many&in=topics&cursor=20")).Split("href=\"/topics/").Length.ShouldBe(6);
    }

    [Fact]
    public async Task What_is_not_found_and_what_cannot_be_searched_are_said_to_be_so()
    {
        await using var site = await Site.StartAsync();

        Site.TextOf(await site.Html("/search?q=zzz")).ShouldContain("Nothing is found for “ zzz ”.");
        Site.TextOf(await site.Html("/search?q=dan&in=people&cursor=~")).ShouldContain("This is no cursor.");
        await site.Services.StopAsync("Publication");
        var text = Site.TextOf(await site.Html("/search?q=dan"));
        text.ShouldContain("Daniel Bernier");
        text.ShouldContain("Works cannot be shown right now.");
        (await site.Get("/search?q=" + new string('x', 201))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Suggestions_are_some_of_each_kind_with_their_addresses_and_text_only()
    {
        await using var site = await Site.StartAsync();
        var author = site.World.Add("Dan <b>");
        site.World.Publish("Dan's $\\alpha$ <script>", "…", [author], ["Dance"]);

        var html = await site.Html("/suggest?q=dan");

        html.ShouldContain("data-said=\"4 suggestions. Choose with the up and down arrows.\"");
        html.ShouldContain($"data-address=\"/researchers/{site.World.Seed}\"");
        html.ShouldContain($"data-address=\"/works/{FakeWorld.Stable("Dan's $\\alpha$ <script>")}\"");
        html.ShouldContain($"data-address=\"/topics/{FakeWorld.Stable("Dance")}\"");
        html.ShouldContain("α");
        html.ShouldNotContain("<script>");
        html.ShouldNotContain("<html");
    }

    [Fact]
    public async Task A_service_that_does_not_answer_leaves_its_suggestions_out()
    {
        await using var site = await Site.StartAsync();
        await site.Services.StopAsync("Profile");

        (await site.Html("/suggest?q=ext")).ShouldContain("data-said=\"1 suggestion. Choose it with the down arrow.\"");
        (await site.Html("/suggest?q=")).ShouldContain("data-said=\"Nothing found that begins like this.\"");
    }
}
