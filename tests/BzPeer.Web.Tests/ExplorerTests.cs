using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace BzPeer.Web.Tests;

/// <summary>The explorer as its address alone makes it: what everybody has who runs no script.</summary>
public sealed partial class ExplorerTests
{
    /// <summary>Ada wrote with Bob in 2010 and with Cem in 2020, and Cem with Dora in 2022; Ada is at Bern, and Eva knows none of them.</summary>
    private static FakeWorld World()
    {
        var world = new FakeWorld();
        var (ada, bob, cem, dora, eva) = (world.Add("Ada", "University of Bern"), world.Add("Bob"), world.Add("Cem"), world.Add("Dora"), world.Add("Eva"));
        world.Publish("An old paper", "", [ada, bob], ["Ethics"], 2010);
        world.Publish("A new paper", "", [ada, cem], ["Logic"], 2020);
        world.Publish("=The newest", "", [cem, dora], ["Logic"], 2022);
        world.Publish("Alone", "", [eva], [], 2021);
        return world;
    }

    private static string Ada(FakeWorld world) => $"/explore/researcher/{world.Find("Ada")}";

    private static string Key(FakeWorld world, string name) => $"researcher.{world.Find(name)}";

    [Fact]
    public async Task The_page_has_every_node_and_every_tie_as_tables()
    {
        await using var site = await Site.StartAsync(World());

        var html = await site.Html(Ada(site.World));

        Names(html).ShouldBe(["Bob", "Cem", "University of Bern", "A new paper", "An old paper", "Ethics", "Logic"], ignoreOrder: true);
        Site.TextOf(html).ShouldContain("Around Ada : showing 2 of 2 co-authors, 1 of 1 institution, 2 of 2 works, 2 of 2 topics.");
        Site.TextOf(html).ShouldContain("Ties between them: 9");
        // Who it is, when, why, how strongly, and how much connected here.
        Site.TextOf(Row(html, "Bob")).ShouldContain("Person 2010 1 shared work(s), strength 1 1 2");
        html.ShouldContain($"href=\"/researchers/{site.World.Find("Bob")}\"");
        html.ShouldContain($"href=\"/explore/researcher/{site.World.Find("Bob")}\"");
        html.ShouldContain($"href=\"/institutions/{FakeWorld.Stable("University of Bern")}\"");
    }

    [Fact]
    public async Task What_is_left_out_is_said()
    {
        await using var site = await Site.StartAsync(World());

        var html = await site.Html($"{Ada(site.World)}?limit=4");

        Names(html).Length.ShouldBe(3);
        Site.TextOf(html).ShouldContain("of 2 co-authors");
        Site.TextOf(html).ShouldContain("Of each kind the strongest ties. Show up to 200");
    }

    [Fact]
    public async Task An_expanded_node_brings_what_is_around_it_and_takes_it_away_again()
    {
        await using var site = await Site.StartAsync(World());
        var address = $"{Ada(site.World)}?expand={Key(site.World, "Cem")}";

        var html = await site.Html(address);

        Names(html).ShouldContain("Dora");
        Site.TextOf(html).ShouldContain("Around Cem : showing 2 of 2 co-authors, 1 of 1 institution, 2 of 2 works, 1 of 1 topic. Collapse");
        Site.TextOf(Row(html, "Dora")).ShouldContain("· Cem");
        // The same row leads back.
        var collapse = WebUtility.HtmlDecode(Regex.Match(Row(html, "Cem"), "data-expand=\"[^\"]*\" href=\"([^\"]*)\"").Groups[1].Value);
        Names(await site.Html(new Uri(new Uri("http://site" + address), collapse).PathAndQuery)).ShouldNotContain("Dora");
    }

    [Theory]
    [InlineData("?show=work", "A new paper, An old paper")]
    [InlineData("?show=work&show=topic&from=2015", "A new paper, Logic")]
    [InlineData("?to=2012", "An old paper, Bob, Ethics, University of Bern")]
    [InlineData("?from=2011&to=2019&show=researcher", "")]
    public async Task Kinds_and_years_are_chosen_by_the_address(string query, string names)
    {
        await using var site = await Site.StartAsync(World());

        var html = await site.Html(Ada(site.World) + query);

        Names(html).Order(StringComparer.Ordinal).ShouldBe(names.Split(", ", StringSplitOptions.RemoveEmptyEntries));
        Site.TextOf(html).ShouldContain($"{7 - Names(html).Length} more do not fit what was chosen to be shown.");
    }

    [Theory]
    [InlineData("name", "A new paper")]
    [InlineData("-name", "University of Bern")]
    [InlineData("-year", "University of Bern")]
    [InlineData("year", "An old paper")]
    public async Task Every_column_sorts_by_a_link(string sort, string first)
    {
        await using var site = await Site.StartAsync(World());

        var html = await site.Html($"{Ada(site.World)}?sort={sort}&show=work&show=institution");

        Names(html)[0].ShouldBe(first);
        html.ShouldContain($"aria-sort=\"{(sort.StartsWith('-') ? "descending" : "ascending")}\"");
    }

    [Fact]
    public async Task Of_many_nodes_the_table_shows_a_part_that_links_lead_through()
    {
        var world = new FakeWorld();
        var hub = world.Add("Hub");
        for (var n = 0; n < 60; n++)
            world.Publish($"Paper {n:00}", "", [hub, world.Add($"Person {n:00}")], [], 2000 + n);
        await using var site = await Site.StartAsync(world);
        site.Services.GraphLimit = 500;
        var address = $"/explore/researcher/{hub}?sort=name";

        var first = await site.Html(address);
        Names(first).ShouldBe(Enumerable.Range(0, 50).Select(n => $"Paper {n:00}"));
        Site.TextOf(first).ShouldContain("Rows 1 to 50 of 120 Previous 50 Next 50");
        var second = await site.Html(Next(first));
        Names(second).ShouldBe(Enumerable.Range(50, 10).Select(n => $"Paper {n:00}").Concat(Enumerable.Range(0, 40).Select(n => $"Person {n:00}")));
        Names(await site.Html(Next(second))).ShouldBe(Enumerable.Range(40, 20).Select(n => $"Person {n:00}"));
        // Past the end is the end, and what is selected is in sight where nothing else was asked for.
        Names(await site.Html($"{address}&part=9")).Length.ShouldBe(20);
        Row(await site.Html($"{address}&selected={world.Find("Person 45")}"), "Person 45").ShouldContain("aria-current=\"true\"");
        // Who sorts anew begins at the beginning.
        second.ShouldNotContain("sort=kind&amp;part=2");

        string Next(string html) => $"/explore/researcher/{hub}" + WebUtility.HtmlDecode(Regex.Match(html, "id=\"nodes-parts\".*?rel=\"next\" href=\"([^#]*)#nodes\"", RegexOptions.Singleline).Groups[1].Value);
    }

    [Fact]
    public async Task The_script_has_all_of_it_as_data_in_the_language_of_the_page()
    {
        await using var site = await Site.StartAsync(World());
        site.Client.DefaultRequestHeaders.AcceptLanguage.ParseAdd("de");

        var html = await site.Html($"{Ada(site.World)}?handler=data");
        var data = JsonNode.Parse(Regex.Match(html, "<script type=\"application/json\" id=\"data\">(.*?)</script>", RegexOptions.Singleline).Groups[1].Value)!;

        data["nodes"]!.AsArray().Count.ShouldBe(7);
        data["ties"]!.AsArray().Count.ShouldBe(9);
        data["relations"]!["collaborated"]!.GetValue<string>().ShouldBe("Koautorenschaft");
        html.ShouldContain("gezeigt sind 2 von 2 Koautor:innen");
    }

    [Fact]
    public async Task The_reason_of_a_selected_tie_is_shown_with_the_works_that_make_it()
    {
        await using var site = await Site.StartAsync(World());

        var html = await site.Html($"{Ada(site.World)}?selected={site.World.Find("Cem")}~{site.World.Find("Ada")}");

        var inspector = Site.TextOf("<main" + html[html.IndexOf("id=\"inspector\"", StringComparison.Ordinal)..html.IndexOf("id=\"path\"", StringComparison.Ordinal)]);
        inspector.ShouldContain("Co-authors Ada – Cem 1 shared work(s), strength 1 Page of Ada Page of Cem Years: 2020");
        inspector.ShouldContain("The works that make it A new paper 2020");
    }

    [Fact]
    public async Task A_selected_node_is_told_of_with_its_ties_and_marked_in_the_table()
    {
        await using var site = await Site.StartAsync(World());

        var html = await site.Html($"{Ada(site.World)}?selected={site.World.Find("Bob")}");

        Row(html, "Bob").ShouldContain("aria-current=\"true\"");
        Site.TextOf(html).ShouldContain("Trust 11 - Baseline 1 work");
        Site.TextOf(html).ShouldContain("2 ties here, 2010");
        Site.TextOf(html).ShouldContain("Path from Ada");
    }

    [Fact]
    public async Task A_path_to_somebody_is_found_by_their_name_and_told_hop_by_hop()
    {
        await using var site = await Site.StartAsync(World());

        var found = await site.Html($"{Ada(site.World)}?find=dora");
        found.ShouldContain($"?path={site.World.Find("Dora")}#path");
        var html = await site.Html($"{Ada(site.World)}?show=topic&path={site.World.Find("Dora")}");

        Site.TextOf(html).ShouldContain("2 co-authorships lie between them. Ada co-author of 1 work: A new paper Cem co-author of 1 work: =The newest Dora");
        // The path stays, whatever the filters.
        Names(html).Order(StringComparer.Ordinal).ShouldBe(["Cem", "Dora", "Ethics", "Logic"]);
    }

    [Fact]
    public async Task Where_there_is_no_path_the_reason_is_told()
    {
        await using var site = await Site.StartAsync(World());

        Site.TextOf(await site.Html($"{Ada(site.World)}?path={site.World.Find("Eva")}")).ShouldContain("They are not connected by up to 4 co-authorships");
        Site.TextOf(await site.Html($"{Ada(site.World)}?path={Guid.NewGuid()}")).ShouldContain("No researcher has the id");
        Site.TextOf(await site.Html($"{Ada(site.World)}?find=nobody")).ShouldContain("No researcher is called that.");
    }

    [Fact]
    public async Task What_is_shown_is_to_be_had_as_data()
    {
        await using var site = await Site.StartAsync(World());
        var query = $"expand={Key(site.World, "Cem")}&show=work&show=researcher";

        var json = JsonNode.Parse(await site.Html($"{Ada(site.World)}?handler=json&{query}"))!;
        var nodes = await site.Html($"{Ada(site.World)}?handler=nodes&{query}");
        var ties = await site.Html($"{Ada(site.World)}?handler=ties&{query}");

        json["nodes"]!.AsArray().Select(node => node!["label"]!.GetValue<string>()).ShouldBe(["Ada", "Bob", "Cem", "Dora", "A new paper", "An old paper", "=The newest"], ignoreOrder: true);
        json["edges"]!.AsArray().Count.ShouldBe(9);
        nodes.Split("\r\n")[0].ShouldBe("id,kind,label,first year,latest year,strength,reason,ties");
        // What a spreadsheet would run is marked as text.
        nodes.ShouldContain(",work,'=The newest,2022,2022,");
        nodes.Trim().Split("\r\n").Length.ShouldBe(8);
        ties.Trim().Split("\r\n").Length.ShouldBe(10);
    }

    [Fact]
    public async Task Of_a_merged_researcher_the_survivors_explorer_opens_with_the_same_choices()
    {
        var world = World();
        var twin = Guid.NewGuid();
        world.Merged[twin] = world.Find("Ada");
        await using var site = await Site.StartAsync(world);

        var response = await site.Get($"/explore/researcher/{twin}?show=work");

        response.StatusCode.ShouldBe(HttpStatusCode.MovedPermanently);
        response.Headers.Location!.OriginalString.ShouldBe($"{Ada(world)}?show=work");
    }

    [Fact]
    public async Task An_erased_researcher_is_gone_one_without_works_has_no_graph_and_a_service_that_is_down_is_named()
    {
        var world = World();
        world.Erased.Add(world.Find("Bob"));
        var newcomer = world.Add("Fay");
        await using var site = await Site.StartAsync(world);

        (await site.Get($"/explore/researcher/{world.Find("Bob")}")).StatusCode.ShouldBe(HttpStatusCode.Gone);
        Site.TextOf(await site.Html($"/explore/researcher/{newcomer}")).ShouldContain("There is no graph for this yet.");
        await site.Services.StopAsync("Publication");
        Site.TextOf(await site.Html(Ada(world))).ShouldContain("The research graph cannot be shown right now.");
    }

    [Fact]
    public async Task What_makes_no_sense_in_an_address_is_left_out_of_it()
    {
        await using var site = await Site.StartAsync(World());

        var html = await site.Html($"{Ada(site.World)}?limit=x&from=soon&to=-1&expand=planet.1&expand=researcher.x&selected=a~b~c&path=me&show=planet&sort=up");

        Names(html).Length.ShouldBe(7);
    }

    [Fact]
    public async Task The_explorer_speaks_German()
    {
        await using var site = await Site.StartAsync(World());
        site.Client.DefaultRequestHeaders.AcceptLanguage.ParseAdd("de");

        var text = Site.TextOf(await site.Html($"{Ada(site.World)}?path={site.World.Find("Eva")}&selected={site.World.Find("Bob")}"));

        text.ShouldContain("gezeigt sind 2 von 2 Koautor:innen");
        text.ShouldContain("Sie sind nicht durch bis zu 4 Koautorenschaften");
        text.ShouldContain("2 Verbindungen hier");
    }

    private static string[] Names(string html) => [.. Label().Matches(html).Select(match => WebUtility.HtmlDecode(match.Groups[1].Value))];

    /// <summary>The row of a node, as if it were a page.</summary>
    private static string Row(string html, string name) =>
        "<main>" + Rows().Matches(html).Select(match => match.Value).Single(row => Label().Match(row).Groups[1].Value == name);

    [GeneratedRegex("""class="label" dir="auto" href="[^"]*">([^<]*)<""")]
    private static partial Regex Label();

    [GeneratedRegex("<tr data-node.*?</tr>", RegexOptions.Singleline)]
    private static partial Regex Rows();
}
