using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace BzPeer.Web.Tests;

public sealed partial class WorkPageTests
{
    [Fact]
    public async Task A_works_page_says_what_it_is_who_wrote_it_where_it_can_be_read_and_whose_word_that_is()
    {
        var world = FakeWorld.WithTheSeedPaper();
        world.Papers[0] = world.Papers[0] with
        {
            Unlinked = ["Nobody Known"],
            Versions =
            [
                new { kind = "article", doi = "10.1000/x", arxivId = (string?)null, venue = "Computer Networks", year = 2024, publicationDate = (string?)null, sources = new[] { "crossref", "openalex" } },
                new { kind = "preprint", doi = (string?)null, arxivId = "2301.01178", venue = "arXiv", year = 2023, publicationDate = (string?)"2023-01-03", sources = new[] { "arxiv" } },
            ],
        };
        await using var site = await Site.StartAsync(world);
        var paper = world.Papers[0];

        var html = await site.Html($"/works/{paper.Id}");
        var text = Site.TextOf(html);

        text.ShouldContain($"preprint arXiv 3 January 2023 {FakeWorld.SeedTitle} Francesco Lombardo , Stefano Salsano , Ahmed Abdelsalam , Daniel Bernier , Clarence Filsfils , Nobody Known ");
        html.ShouldContain($"""<a href="/researchers/{world.Seed}"><bdi>Daniel Bernier</bdi></a>""");
        html.ShouldContain("https://arxiv.org/abs/2301.01178");
        html.ShouldContain($"href=\"/explore/work/{paper.Id}\"");
        html.ShouldContain($"href=\"/works/{paper.Id}.bib\" download");
        html.ShouldContain($"href=\"/works/{paper.Id}.csl.json\" download");
        text.ShouldContain(FakeWorld.SeedAbstract);
        text.ShouldContain("cs.NI");
        text.ShouldContain("article Computer Networks 2024 doi:10.1000/x described by Crossref, OpenAlex");
        text.ShouldContain("arXiv 2301.01178 1 March 2026 title, authors");
        text.ShouldNotContain("Retracted");
    }

    [Fact]
    public async Task A_retraction_is_told_with_the_words_of_its_notice()
    {
        var world = FakeWorld.WithTheSeedPaper();
        world.Papers[0] = world.Papers[0] with { Retracted = true, Notices = [(false, "Data fabricated <b>"), (true, "An older reinstatement")] };
        await using var site = await Site.StartAsync(world);

        var html = await site.Html($"/works/{world.Papers[0].Id}");

        Site.TextOf(html).ShouldContain("Retracted. This work stays in the record and counts for nothing. Data fabricated <b> 6 May 2024, as told by Retraction Watch");
        Site.TextOf(html).ShouldNotContain("An older reinstatement");
        Data(html)["creativeWorkStatus"]!.GetValue<string>().ShouldBe("Retracted");
    }

    [Fact]
    public async Task A_retraction_is_told_with_the_words_of_the_curator_or_with_who_marks_it()
    {
        var world = FakeWorld.WithTheSeedPaper();
        world.Papers[0] = world.Papers[0] with { Retracted = true, RetractedByCurator = ("The figures belong to <b>", "the editors' note") };
        await using var site = await Site.StartAsync(world);

        var text = Site.TextOf(await site.Html($"/works/{world.Papers[0].Id}"));
        text.ShouldContain("counts for nothing. The figures belong to <b> 3 February 2025, by a curator. Source: the editors' note");
        text.ShouldNotContain("gives no reason");

        world.Papers[0] = world.Papers[0] with { RetractedByCurator = null };
        Site.TextOf(await site.Html($"/works/{world.Papers[0].Id}")).ShouldContain("arXiv lists it as retracted and gives no reason.");
    }

    [Fact]
    public async Task Authors_by_the_hundreds_are_folded_and_all_there()
    {
        var world = new FakeWorld();
        var paper = world.Publish("Many hands", "", [.. Enumerable.Range(0, 45).Select(n => world.Add($"Author {n}"))], []);
        await using var site = await Site.StartAsync(world);

        var html = await site.Html($"/works/{paper.Id}");

        html.ShouldContain("and 15 more authors");
        foreach (var author in paper.Authors)
            html.ShouldContain($"href=\"/researchers/{author}\"");
        Site.TextOf(html).ShouldContain("No source that describes this work gives its abstract.");
    }

    [Fact]
    public async Task Formulas_are_shown_in_titles_and_abstracts_on_the_works_page_and_in_lists()
    {
        var world = new FakeWorld();
        var author = world.Add("Ada Lovelace");
        var paper = world.Publish(@"Sorting in $O(n \log n)$", @"At most $2^n$ of \emph{them}.", [author], []);
        await using var site = await Site.StartAsync(world);

        foreach (var path in new[] { $"/works/{paper.Id}", $"/researchers/{author}", $"/researchers/{author}/works" })
        {
            var html = await site.Html(path);
            html.ShouldContain("Sorting in <i>O</i>(<i>n</i> log <i>n</i>)");
            html.ShouldContain("At most 2<sup><i>n</i></sup> of <i>them</i>.");
        }
        (await site.Html($"/works/{paper.Id}")).ShouldContain("<title>Sorting in O(n log n) · BZPEER</title>");
    }

    [Fact]
    public async Task Markup_of_a_source_is_shown_wherever_a_title_or_an_abstract_is_read_and_nowhere_else()
    {
        var world = new FakeWorld();
        var author = world.Add("Ada Lovelace");
        var paper = world.Publish("H₂O in vitro", "Aim Of x.", [author], ["Water"]);
        world.Papers[^1] = paper with { TitleMarkup = "H<sub>2</sub>O <i>in vitro</i>", AbstractMarkup = "<p><b>Aim</b></p><p>Of <math><mi>x</mi></math>.</p>" };
        await using var site = await Site.StartAsync(world);

        foreach (var path in new[] { $"/works/{paper.Id}", $"/researchers/{author}", $"/researchers/{author}/works", "/search?q=vitro&in=works", $"/topics/{FakeWorld.Stable("Water")}", "/suggest?q=vitro" })
            (await site.Html(path)).ShouldContain("H<sub>2</sub>O <i>in vitro</i>", customMessage: path);
        foreach (var path in new[] { $"/works/{paper.Id}", $"/researchers/{author}", $"/researchers/{author}/works" })
            (await site.Html(path)).ShouldContain("<p dir=\"auto\"><b>Aim</b></p><p dir=\"auto\">Of <math><mi>x</mi></math>.</p>", customMessage: path);
        var page = await site.Html($"/works/{paper.Id}");
        page.ShouldContain("<title>H₂O in vitro · BZPEER</title>");
        page.ShouldContain("<meta property=\"og:title\" content=\"H₂O in vitro\">");
        page.ShouldContain("<meta name=\"citation_title\" content=\"H₂O in vitro\">");
        Data(page)["headline"]!.GetValue<string>().ShouldBe("H₂O in vitro");
        (await site.Html($"/works/{paper.Id}.bib")).ShouldNotContain("<");
        (await site.Html($"/works/{paper.Id}.csl.json")).ShouldNotContain("<");
    }

    [Fact]
    public async Task A_hostile_title_ends_no_element_and_stays_whole_in_the_structured_data()
    {
        const string Hostile = "</script><script>alert(1)</script><!-- $a</script>b$ \" onload=\"x";
        var world = new FakeWorld();
        var author = world.Add("</script><script>alert(2)", "</script><b>Place");
        var paper = world.Publish(Hostile, Hostile, [author], [Hostile], doi: "10.1000/\"><script>alert(3)</script>");
        world.Papers[^1] = paper with { TitleMarkup = $"<i>x</i>{Hostile}", AbstractMarkup = $"<p>{Hostile}</p>" };
        await using var site = await Site.StartAsync(world);

        foreach (var path in new[] { $"/works/{paper.Id}", $"/researchers/{author}", $"/researchers/{author}/works" })
        {
            var html = await site.Html(path);
            html.ShouldNotContain("<script>alert");
            html.ShouldNotContain("<!--");
            html.ShouldNotContain("onload=\"x");
            ScriptEnds().Count(html).ShouldBe(ScriptStarts().Count(html));
        }
        Data(await site.Html($"/works/{paper.Id}"))["name"]!.GetValue<string>().ShouldBe(Hostile);
        Data(await site.Html($"/researchers/{author}"))["affiliation"]!["name"]!.GetValue<string>().ShouldBe("</script><b>Place");
    }

    [Fact]
    public async Task Pages_describe_themselves_to_search_engines_and_link_previews()
    {
        var world = FakeWorld.WithTheSeedPaper();
        var (orcid, place) = ("0000-0002-1825-0097", "Bell Canada");
        world.People[3] = world.People[3] with { Orcid = orcid };
        world.Affiliations[world.Seed] = place;
        await using var site = await Site.StartAsync(world, settings: ("Site:Origin", "https://bzpeer.example"));
        var paper = world.Papers[0].Id;

        var researcher = await site.Html($"/researchers/{world.Seed}?works=0");
        var work = await site.Html($"/works/{paper}?x=1");

        researcher.ShouldContain($"""<link rel="canonical" href="https://bzpeer.example/researchers/{world.Seed}">""");
        researcher.ShouldContain("""<meta property="og:type" content="profile">""");
        researcher.ShouldContain("""<meta property="og:title" content="Daniel Bernier">""");
        var person = Data(researcher);
        person["@type"]!.GetValue<string>().ShouldBe("Person");
        person["@id"]!.GetValue<string>().ShouldBe($"https://bzpeer.example/researchers/{world.Seed}");
        person["affiliation"]!["name"]!.GetValue<string>().ShouldBe(place);
        person["identifier"]!["value"]!.GetValue<string>().ShouldBe(orcid);
        person["sameAs"]!.AsArray().Select(address => address!.GetValue<string>()).ShouldBe([$"https://orcid.org/{orcid}"]);

        work.ShouldContain($"""<link rel="canonical" href="https://bzpeer.example/works/{paper}">""");
        work.ShouldContain("""<meta property="og:type" content="article">""");
        work.ShouldContain("<meta name=\"description\" content=\"Kubernetes is the leading platform");
        work.ShouldContain("""<meta name="citation_author" content="Daniel Bernier">""");
        work.ShouldContain("""<meta name="citation_publication_date" content="2023/01/03">""");
        work.ShouldContain($"""<link rel="alternate" type="application/x-bibtex" href="/works/{paper}.bib">""");
        var article = Data(work);
        article["@type"]!.GetValue<string>().ShouldBe("ScholarlyArticle");
        article["headline"]!.GetValue<string>().ShouldBe(FakeWorld.SeedTitle);
        article["datePublished"]!.GetValue<string>().ShouldBe("2023-01-03");
        article["author"]![3]!["url"]!.GetValue<string>().ShouldBe($"https://bzpeer.example/researchers/{world.Seed}");
        article["sameAs"]![0]!.GetValue<string>().ShouldBe("https://arxiv.org/abs/2301.01178");
    }

    [Fact]
    public async Task Without_a_configured_origin_the_canonical_address_is_that_of_the_request()
    {
        await using var site = await Site.StartAsync();

        (await site.Html($"/works/{site.World.Papers[0].Id}")).ShouldContain($"<link rel=\"canonical\" href=\"{site.Client.BaseAddress}works/{site.World.Papers[0].Id}\">");
    }

    [Theory]
    [InlineData("bzpeer.example")]
    [InlineData("https://bzpeer.example/path")]
    [InlineData("ftp://bzpeer.example")]
    public async Task An_origin_that_is_none_stops_the_start_with_a_sentence(string origin)
    {
        var failure = await Should.ThrowAsync<Exception>(() => Site.StartAsync(settings: ("Site:Origin", origin)));

        failure.GetBaseException().Message.ShouldContain("'Site:Origin'");
    }

    [Fact]
    public async Task Unknown_removed_and_merged_works_are_a_page_a_page_and_a_redirect()
    {
        await using var site = await Site.StartAsync();
        var (removed, merged) = (Guid.NewGuid(), Guid.NewGuid());
        site.World.Removed.Add(removed);
        site.World.Merged[merged] = site.World.Papers[0].Id;

        var unknown = await site.Get($"/works/{Guid.NewGuid()}");
        var gone = await site.Get($"/works/{removed}");
        var moved = await site.Get($"/works/{merged}");

        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        Site.TextOf(await unknown.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("Nothing is here");
        gone.StatusCode.ShouldBe(HttpStatusCode.Gone);
        Site.TextOf(await gone.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("This work is gone");
        moved.StatusCode.ShouldBe(HttpStatusCode.MovedPermanently);
        moved.Headers.Location!.OriginalString.ShouldBe($"/works/{site.World.Papers[0].Id}");
    }

    [Fact]
    public async Task A_work_that_cannot_be_had_says_so_with_a_way_to_try_again()
    {
        await using var site = await Site.StartAsync();
        await site.Services.StopAsync("Publication");

        var html = await site.Html($"/works/{site.World.Papers[0].Id}");

        Site.TextOf(html).ShouldContain("This work cannot be shown right now.");
        html.ShouldContain($"""<a href="/works/{site.World.Papers[0].Id}">Try again</a>""");
        html.ShouldNotContain("ld+json");
    }

    [Fact]
    public async Task All_works_are_chosen_by_year_type_and_topic_and_sorted_by_address_alone()
    {
        var world = new FakeWorld();
        var author = world.Add("Ada Lovelace");
        world.Publish("Zebra", "", [author], ["Animals"], 2019);
        world.Publish("Apple", "", [author], ["Fruit"], 2021);
        world.Publish("Middle", "", [author], ["Fruit"], 2023, "2301.00001");
        await using var site = await Site.StartAsync(world);
        var works = $"/researchers/{author}/works";

        Titles(await site.Html(works)).ShouldBe(["Middle", "Apple", "Zebra"]);
        Titles(await site.Html($"{works}?sort=title")).ShouldBe(["Apple", "Middle", "Zebra"]);
        Titles(await site.Html($"{works}?from=2021&to=&type=&topic=&sort=oldest")).ShouldBe(["Apple", "Middle"]);
        Titles(await site.Html($"{works}?from=2019&to=2021")).ShouldBe(["Apple", "Zebra"]);
        Titles(await site.Html($"{works}?type=preprint")).ShouldBe(["Middle"]);
        var fruit = await site.Html($"{works}?topic={FakeWorld.Stable("Fruit")}&type=article");
        Titles(fruit).ShouldBe(["Apple"]);
        fruit.ShouldContain($"<option value=\"{FakeWorld.Stable("Fruit")}\" selected=\"selected\" dir=\"auto\">Fruit (2)</option>");
        fruit.ShouldContain("<option value=\"article\" selected=\"selected\">article</option>");
        Site.TextOf(await site.Html($"{works}?type=book")).ShouldContain("No work is like that.");
    }

    [Fact]
    public async Task The_pages_of_a_filtered_list_keep_its_filter()
    {
        var world = new FakeWorld();
        var author = world.Add("Ada Lovelace");
        for (var n = 0; n < 45; n++)
            world.Publish($"Paper {n:00}", "", [author], [], n < 5 ? 2010 : 2020);
        await using var site = await Site.StartAsync(world);

        var titles = new List<string>();
        var path = $"/researchers/{author}/works?from=2020&sort=title";
        while (path is not null)
        {
            var html = await site.Html(path);
            titles.AddRange(Titles(html));
            path = NextLink().Match(html) is { Success: true } next ? WebUtility.HtmlDecode(next.Groups[1].Value) : null;
        }

        titles.ShouldBe(Enumerable.Range(5, 40).Select(n => $"Paper {n:00}"));
    }

    [Fact]
    public async Task Years_that_are_none_are_told_beside_the_form_and_other_states_as_on_every_page()
    {
        await using var site = await Site.StartAsync();
        var works = $"/researchers/{site.World.Seed}/works";

        var wrong = await site.Get($"{works}?from=soon");
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var html = await wrong.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        html.ShouldContain("value=\"soon\"");
        Site.TextOf(html).ShouldContain("A year is four digits");

        (await site.Get($"/researchers/{Guid.NewGuid()}/works")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await site.Get($"{works}?cursor=~")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await site.Services.StopAsync("Publication");
        Site.TextOf(await site.Html(works)).ShouldContain("This list cannot be shown right now.");
    }

    private static JsonObject Data(string html) => JsonNode.Parse(StructuredDataIn().Match(html).Groups[1].Value)!.AsObject();

    private static string[] Titles(string html) => [.. WorkTitle().Matches(html).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("""<script type="application/ld\+json">([^<]*)</script>""")]
    private static partial Regex StructuredDataIn();

    [GeneratedRegex("""<h3 dir="auto"><a href="[^"]+">([^<]*)</a>""")]
    private static partial Regex WorkTitle();

    [GeneratedRegex("""rel="next" href="([^"]+)""")]
    private static partial Regex NextLink();

    [GeneratedRegex("<script")]
    private static partial Regex ScriptStarts();

    [GeneratedRegex("</script>")]
    private static partial Regex ScriptEnds();
}
