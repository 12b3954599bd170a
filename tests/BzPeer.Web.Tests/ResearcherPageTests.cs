using System.Net;
using System.Text;

namespace BzPeer.Web.Tests;

public sealed class ResearcherPageTests
{
    /// <summary>The seed page as it was rendered, line by line and in its order; the graph has come in place of its loading state.</summary>
    private static readonly string[] SeedPage =
    [
        "Researcher profile", "Daniel Bernier", "Daniel Bernier contributes to research discovery and scholarly infrastructure.",
        "Researcher", "Affiliation not imported", "Open to collaborate",
        "Trust snapshot", "Quick read", "Trust 11 - Baseline", "1 works", "0 followers", "1 topics", "4 close collaborators",
        "Actions", "Decide how to stay connected", "Follow researcher 0",
        "Research graph", "See the researcher in context", "Open full explorer",
        "Inspect adjacent work, topics, institutions and collaborators without jumping out to a separate graph page.",
        "Building this graph slice", "BZPEER is loading the nearby papers, people, topics and institutions for this page.",
        "Published work", "1 published item(s)", "preprint 2023 arXiv", FakeWorld.SeedTitle, FakeWorld.SeedAbstract,
    ];

    [Fact]
    public async Task The_seed_researchers_page_shows_everything_the_seed_page_shows_in_its_order()
    {
        await using var site = await Site.StartAsync();

        var text = Site.TextOf(await site.Html($"/researchers/{site.World.Seed}"));

        var at = 0;
        foreach (var line in SeedPage)
        {
            var found = text.IndexOf(line, at, StringComparison.Ordinal);
            found.ShouldBeGreaterThanOrEqualTo(at, $"“{line}” is missing, or not after the line before it");
            at = found;
        }
    }

    [Fact]
    public async Task The_page_names_the_feed_of_the_researchers_works_and_the_explorer_that_of_a_topic()
    {
        await using var site = await Site.StartAsync();
        var topic = FakeWorld.Stable(site.World.Papers[0].Topics[0]);
        static string FeedAt(string address) => $"""<link rel="alternate" type="application/atom+xml" title="New works" href="{address}">""";

        (await site.Html($"/researchers/{site.World.Seed}")).ShouldContain(FeedAt($"/api/researchers/{site.World.Seed}/works.atom"));
        (await site.Html($"/explore/topic/{topic}")).ShouldContain(FeedAt($"/api/topics/{topic}/works.atom"));
        (await site.Html($"/explore/work/{site.World.Papers[0].Id}")).ShouldNotContain("application/atom+xml");
    }

    [Fact]
    public async Task What_a_researcher_hides_is_called_hidden_and_never_0()
    {
        await using var site = await Site.StartAsync();
        site.World.Hidden.Add(site.World.Seed);

        var page = Site.TextOf(await site.Html($"/researchers/{site.World.Seed}"));
        page.ShouldContain("Trust 11 - Baseline");
        page.ShouldContain("hidden followers");
        page.ShouldNotContain("0 followers");
        Site.TextOf(await site.Html($"/researchers/{site.World.Seed}/followers")).ShouldContain("Daniel Bernier hides this list.");
    }

    [Fact]
    public async Task The_page_says_where_its_numbers_are_told_live_and_up_to_where_it_has_them()
    {
        await using var site = await Site.StartAsync();

        var html = await site.Html($"/researchers/{site.World.Seed}");

        html.ShouldContain($"""aria-live="polite" data-live="/api/researchers/{site.World.Seed}/live" data-follow="42" data-publication="1" data-trust="1" data-own="false"></p>""");
        foreach (var number in new[] { "trust", "works", "followers", "following", "topics", "closeCollaborators" })
            html.ShouldContain($"data-number=\"{number}\"");
    }

    [Fact]
    public async Task Without_the_follow_service_the_counts_are_those_of_the_card_and_as_old()
    {
        await using var site = await Site.StartAsync();
        await site.Services.StopAsync("Follow");

        (await site.Html($"/researchers/{site.World.Seed}")).ShouldContain("""data-follow="1" """);
    }

    [Fact]
    public async Task What_has_numbers_in_it_can_be_had_alone_and_as_new_as_one_has_heard()
    {
        await using var site = await Site.StartAsync();
        var seed = site.World.Seed;

        var html = await site.Html($"/researchers/{seed}?handler=live&listed=7&bibliography=5&trust=3");

        html.ShouldContain("""<section class="card snapshot" """);
        html.ShouldContain("Source of record");
        html.ShouldContain("published item(s)");
        html.ShouldNotContain("<main");
        Asked("Profile", $"/api/researchers/{seed}").ShouldBe("publication:5");
        Asked("Publication", $"/api/researchers/{seed}/works").ShouldBe("publication:7");
        // The last time: the statement that has these works had not come to this position yet.
        Asked("Trust", $"/api/researchers/{seed}/trust").ShouldBe("trust:3");
        (await site.Get($"/researchers/{Guid.NewGuid()}?handler=live")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        string Asked(string service, string path) => site.Services.Requests.Last(request => request.Service == service && request.Path.Split('?')[0] == path).Headers["Min-Position"].ToString();
    }

    [Fact]
    public async Task What_is_not_there_yet_is_left_out_of_the_parts()
    {
        await using var site = await Site.StartAsync();
        site.Services.Failing.Add("Trust");

        var html = await site.Html($"/researchers/{site.World.Seed}?handler=live");

        html.ShouldNotContain("snapshot");
        html.ShouldContain("published item(s)");
    }

    [Fact]
    public async Task Every_number_opens_its_explanation()
    {
        await using var site = await Site.StartAsync();

        var text = Site.TextOf(await site.Html($"/researchers/{site.World.Seed}"));

        text.ShouldContain("Source of record 9 of 9 registered from arXiv");
        text.ShouldContain("Validated works 2 of 12 1 validated work(s)");
        text.ShouldContain("2 of 12 points: 1 validated work(s)");
        text.ShouldContain("0 of 25 points: trust flow is not calculated yet");
        text.ShouldContain("each shared work counts 1 ÷ (its authors − 1)");
    }

    [Fact]
    public async Task The_rest_of_the_page_is_sent_before_the_graph_and_the_graph_in_the_same_answer()
    {
        await using var site = await Site.StartAsync();
        site.Services.GraphMayAnswer = new TaskCompletionSource();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/researchers/{site.World.Seed}");
        using var response = await site.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var body = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

        var early = await ReadUntil(body, "published item(s)");
        early.ShouldContain("""<template shadowrootmode="open">""");
        early.ShouldContain("Building this graph slice");
        early.ShouldNotContain("""slot="graph" """);

        site.Services.GraphMayAnswer.SetResult();
        var late = await body.ReadToEndAsync(TestContext.Current.CancellationToken);
        late.ShouldContain("""<div slot="graph" id="graph">""");
        late.ShouldContain("""<svg class="graph wide""");
        late.ShouldContain("The same as a table");
        late.ShouldEndWith("</html>\n");
    }

    [Theory]
    [InlineData("Profile", "The profile cannot be shown right now.")]
    [InlineData("Follow", "The Follow service does not answer, so this number may be a little old.")]
    [InlineData("Publication", "Published work cannot be shown right now.")]
    [InlineData("Publication", "The research graph cannot be shown right now.")]
    [InlineData("Trust", "The explanation cannot be shown right now.")]
    public async Task A_part_whose_service_is_down_says_so_with_a_way_to_try_again_and_the_others_show(string service, string notice)
    {
        await using var site = await Site.StartAsync();
        await site.Services.StopAsync(service);

        var response = await site.Get($"/researchers/{site.World.Seed}");
        var html = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var text = Site.TextOf(html);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        text.ShouldContain(notice);
        html.ShouldContain($"""<a href="/researchers/{site.World.Seed}">Try again</a>""");
        text.ShouldContain("Daniel Bernier");
        text.ShouldContain("Trust 11 - Baseline");
        text.Contains("published item(s)", StringComparison.Ordinal).ShouldBe(service != "Publication");
    }

    [Fact]
    public async Task A_service_that_fails_is_shown_as_missing_too()
    {
        await using var site = await Site.StartAsync();
        site.Services.Failing.Add("Publication");

        var text = Site.TextOf(await site.Html($"/researchers/{site.World.Seed}"));

        text.ShouldContain("Published work cannot be shown right now.");
        text.ShouldContain("The research graph cannot be shown right now.");
    }

    [Fact]
    public async Task Somebody_without_works_has_empty_parts_not_missing_ones()
    {
        await using var site = await Site.StartAsync();
        var newcomer = site.World.Add("Nora Newcomer");

        var text = Site.TextOf(await site.Html($"/researchers/{newcomer}"));

        text.ShouldContain("0 published item(s)");
        text.ShouldContain("No work is in the record yet.");
        text.ShouldContain("There is no graph for this yet.");
        text.ShouldNotContain("right now");
    }

    [Fact]
    public async Task A_truncated_graph_and_a_truncated_list_say_so()
    {
        var world = FakeWorld.WithTheSeedPaper();
        var prolific = world.Add("Petra Prolific");
        for (var n = 0; n < 50; n++)
            world.Publish($"Paper {n}", "", [prolific, world.Add($"Author {n}")], ["cs.NI"]);
        await using var site = await Site.StartAsync(world);

        var text = Site.TextOf(await site.Html($"/researchers/{prolific}"));

        text.ShouldContain("Showing 30 of 102");
        // Of each kind: the fake shows what it came upon first.
        text.ShouldMatch("[0-9]+ of 51 people");
        text.ShouldMatch("[0-9]+ of 50 works");
        text.ShouldContain(" 1 topic ");
        text.ShouldContain("50 published item(s)");
        text.ShouldContain("Showing 20 of 50");
        text.ShouldContain("Older works");
    }

    [Fact]
    public async Task Nothing_imported_is_ever_markup_and_right_to_left_text_is_marked_as_such()
    {
        var world = FakeWorld.WithTheSeedPaper();
        var author = world.Add("<script>alert('name')</script>", "<b>University</b>");
        var paper = world.Publish("דוגמה <img src=x onerror=alert(1)>", "<style>*{display:none}</style>", [author], ["<i>topic</i>"], doi: "javascript:alert(1)");
        world.Papers[^1] = paper with { ArxivId = "\"><script>", Retracted = true, Validated = false };
        await using var site = await Site.StartAsync(world);

        foreach (var path in new[] { $"/researchers/{author}", $"/explore/researcher/{author}", $"/explore/work/{paper.Id}", $"/works/{paper.Id}", $"/researchers/{author}/works", "/search?q=%3Cscript", $"/researchers/{author}/trust" })
        {
            var html = await site.Html(path);
            html.ShouldNotContain("<script>alert");
            html.ShouldNotContain("<img");
            html.ShouldNotContain("<style>");
            html.ShouldNotContain("<i>topic");
            html.ShouldNotContain("<b>University");
            html.ShouldNotContain("href=\"javascript:");
        }
        var page = await site.Html($"/researchers/{author}");
        page.ShouldContain("<h3 dir=\"auto\"><a href=\"/works/");
        Site.TextOf(page).ShouldContain("דוגמה <img src=x onerror=alert(1)>");
        Site.TextOf(page).ShouldContain("Retracted.");
        Site.TextOf(page).ShouldContain("Self-asserted");
    }

    [Fact]
    public async Task Unknown_erased_and_merged_researchers_are_a_page_a_page_and_a_redirect()
    {
        await using var site = await Site.StartAsync();
        var erased = site.World.Add("Erased");
        site.World.Erased.Add(erased);
        var merged = Guid.NewGuid();
        site.World.Merged[merged] = site.World.Seed;

        var unknown = await site.Get($"/researchers/{Guid.NewGuid()}");
        var gone = await site.Get($"/researchers/{erased}");
        var moved = await site.Get($"/researchers/{merged}");

        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        unknown.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        gone.StatusCode.ShouldBe(HttpStatusCode.Gone);
        Site.TextOf(await gone.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("This profile was erased");
        moved.StatusCode.ShouldBe(HttpStatusCode.MovedPermanently);
        moved.Headers.Location!.OriginalString.ShouldBe($"/researchers/{site.World.Seed}");
        (await site.Get($"/explore/researcher/{merged}")).Headers.Location!.OriginalString.ShouldBe($"/explore/researcher/{site.World.Seed}");
    }

    private static async Task<string> ReadUntil(StreamReader body, string text)
    {
        var read = new StringBuilder();
        var buffer = new char[4096];
        while (!read.ToString().Contains(text, StringComparison.Ordinal))
        {
            var count = await body.ReadAsync(buffer, TestContext.Current.CancellationToken);
            count.ShouldBeGreaterThan(0, "the page ended early");
            read.Append(buffer, 0, count);
        }
        return read.ToString();
    }
}
