using System.Net;

namespace BzPeer.Web.Tests;

/// <summary>The pages of topics and institutions, and what leads to them.</summary>
public sealed class SubjectPagesTests
{
    private static FakeWorld World()
    {
        var world = FakeWorld.WithTheSeedPaper();
        world.Affiliations[world.Seed] = "Bell Canada";
        world.Affiliations[world.Find("Stefano Salsano")] = "Rome <Tor Vergata>";
        world.Publish("Routing without tables", "…", [world.Find("Stefano Salsano"), world.Find("Clarence Filsfils")], ["cs.NI", "Routing"], 2021);
        return world;
    }

    private static string Topic(string label) => $"/topics/{FakeWorld.Stable(label)}";

    private static string Place(string label) => $"/institutions/{FakeWorld.Stable(label)}";

    [Fact]
    public async Task A_topic_has_its_people_with_trust_its_works_and_what_stands_beside_it()
    {
        await using var site = await Site.StartAsync(World());

        var html = await site.Html(Topic("cs.NI"));
        var text = Site.TextOf(html);

        text.ShouldContain("Topic cs.NI Networking and Internet Architecture , a category of arXiv 2 works · 5 researchers");
        text.ShouldContain("Trust 11 - Baseline");
        text.ShouldContain("2 works on it");
        text.ShouldContain(FakeWorld.SeedTitle);
        html.ShouldContain($"href=\"{Topic("Routing")}\"");
        html.ShouldContain($"href=\"{Place("Bell Canada")}\"");
        html.ShouldContain($"href=\"/explore/topic/{FakeWorld.Stable("cs.NI")}\"");
        html.ShouldContain($"type=\"application/atom+xml\" title=\"New works\" href=\"/api{Topic("cs.NI")}/works.atom\"");
    }

    [Fact]
    public async Task A_page_of_either_tells_search_engines_and_previews_what_it_is()
    {
        await using var site = await Site.StartAsync(World());
        foreach (var (path, type, name) in new[] { (Topic("cs.NI"), "DefinedTerm", "cs.NI"), (Place("Rome <Tor Vergata>"), "Organization", "Rome \\u003CTor Vergata\\u003E") })
        {
            var html = await site.Html(path);

            html.ShouldContain($"<link rel=\"canonical\" href=\"{site.Client.BaseAddress}{path[1..]}\"");
            html.ShouldContain("<meta property=\"og:type\" content=\"website\">");
            html.ShouldContain($"\"@type\":\"{type}\",\"@id\":\"{site.Client.BaseAddress}{path[1..]}\"");
            html.ShouldContain($"\"name\":\"{name}\"");
        }
    }

    [Fact]
    public async Task An_institution_has_those_who_wrote_there_and_whom_they_wrote_with()
    {
        await using var site = await Site.StartAsync(World());

        var text = Site.TextOf(await site.Html(Place("Rome <Tor Vergata>")));

        text.ShouldContain("Institution Rome <Tor Vergata> 2 works · 1 researcher");
        text.ShouldContain("2 works from here");
        text.ShouldContain("Collaborating institutions Bell Canada");
    }

    [Fact]
    public async Task Works_and_researchers_lead_to_topics_and_institutions()
    {
        await using var site = await Site.StartAsync(World());
        var link = $"<a href=\"{Topic("cs.NI")}\"";

        (await site.Html($"/works/{site.World.Papers[0].Id}")).ShouldContain(link);
        var researcher = await site.Html($"/researchers/{site.World.Seed}");
        researcher.ShouldContain(link);
        researcher.ShouldContain($"<a href=\"{Place("Bell Canada")}\"");
        researcher.ShouldContain($"href=\"/researchers/{site.World.Seed}/topics\"");
        Site.TextOf(await site.Html($"/researchers/{site.World.Find("Stefano Salsano")}/topics")).ShouldContain("cs.NI Networking and Internet Architecture 2 2 works");
        (await site.Html($"/researchers/{site.World.Seed}/institutions")).ShouldContain($"href=\"{Place("Bell Canada")}\"");
    }

    [Fact]
    public async Task The_lists_go_on_from_page_to_page_and_the_works_can_be_chosen()
    {
        await using var site = await Site.StartAsync(World());
        for (var n = 0; n < 45; n++)
            site.World.Publish($"Work {n:00}", "…", [site.World.Add($"Author {n:00}")], ["Many"], 1980 + n);

        var page = await site.Html(Topic("Many"));
        page.ShouldContain($"href=\"{Topic("Many")}/researchers\"");
        Site.TextOf(page).ShouldContain("Showing 10 of 45");
        (await site.Html($"{Topic("Many")}/researchers")).ShouldContain("?cursor=40\"");
        Site.TextOf(await site.Html($"{Topic("Many")}/researchers?cursor=40")).ShouldContain("Author 00");
        var works = await site.Html($"{Topic("Many")}/works?from=1981&to=1982");
        Site.TextOf(works).ShouldContain("45 in all");
        works.Split("<article").Length.ShouldBe(3);
        (await site.Html($"{Topic("Many")}/works")).ShouldContain("?cursor=20\"");
    }

    [Theory]
    [InlineData("")]
    [InlineData("/researchers?cursor=~")]
    [InlineData("/works?cursor=~")]
    [InlineData("/topics?cursor=~")]
    public async Task One_that_is_not_there_and_a_cursor_that_is_none_are_said_to_be_so(string path)
    {
        await using var site = await Site.StartAsync(World());

        (await site.Get((path == "" ? $"/topics/{Guid.NewGuid()}" : Topic("cs.NI")) + path)).StatusCode.ShouldBe(path == "" ? HttpStatusCode.NotFound : HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Without_the_service_the_page_says_so_and_without_cards_the_names_stay()
    {
        await using var site = await Site.StartAsync(World());
        await site.Services.StopAsync("Profile");
        Site.TextOf(await site.Html(Topic("cs.NI"))).ShouldContain("Daniel Bernier 1 work on it");

        await site.Services.StopAsync("Publication");
        Site.TextOf(await site.Html(Topic("cs.NI"))).ShouldContain("The topic cannot be shown right now.");
        Site.TextOf(await site.Html(Place("Bell Canada") + "/topics")).ShouldContain("This list cannot be shown right now.");
    }
}
