using System.Text.RegularExpressions;
using BzPeer.Web.Tests;
using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>The explorer as it is used: with the mouse, with the keyboard alone, without scripts, on a small and a dark screen.</summary>
public sealed class ExplorerTests(Browser browser)
{
    /// <summary>Ada of Bern wrote with Bob in 2010 and with Cem in 2020, and Cem with Dora in 2022.</summary>
    private static FakeWorld World()
    {
        var world = new FakeWorld();
        var (ada, bob, cem, dora) = (world.Add("Ada", "University of Bern"), world.Add("Bob"), world.Add("Cem"), world.Add("Dora"));
        world.Publish("An old paper", "", [ada, bob], ["Ethics"], 2010);
        world.Publish("A new paper", "", [ada, cem], ["Logic"], 2020);
        world.Publish("The newest", "", [cem, dora], ["Logic"], 2022);
        return world;
    }

    private static string Ada(Site site) => $"/explore/researcher/{site.World.Find("Ada")}";

    [Fact]
    public async Task A_click_on_a_node_says_what_it_is_and_marks_its_row_and_an_edge_says_what_makes_it()
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await Open(page, Ada(site));
        var bob = site.World.Find("Bob");

        await ClickIn(page, $"at({Node("Bob")})");
        await Assertions.Expect(page.Locator("#inspector h2")).ToHaveTextAsync("Bob");
        await Assertions.Expect(Row(page, "Bob")).ToHaveAttributeAsync("aria-current", "true");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"selected={bob}$"));

        await ClickIn(page, $"at({{ x: ({Node("Bob")}.x + {Node("Ada")}.x) / 2, y: ({Node("Bob")}.y + {Node("Ada")}.y) / 2 }})");
        await Assertions.Expect(page.Locator("#inspector")).ToContainTextAsync("1 shared work(s), strength 1");
        await Assertions.Expect(page.Locator("#inspector")).ToContainTextAsync("An old paper");

        // Back goes through what was looked at.
        await page.GoBackAsync();
        await Assertions.Expect(page.Locator("#inspector h2")).ToHaveTextAsync("Bob");
        await page.GoBackAsync();
        await Assertions.Expect(page.Locator("#inspector")).ToContainTextAsync("Choose a node or a tie");
        await Assertions.Expect(page.Locator("tr[aria-current]")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task What_is_chosen_in_the_table_is_chosen_in_the_graph()
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await Open(page, Ada(site));

        await page.GetByRole(AriaRole.Link, new() { Name = "Inspect Cem" }).ClickAsync();

        await Assertions.Expect(page.Locator("#inspector h2")).ToHaveTextAsync("Cem");
        (await Ask<string>(page, "chosen.label")).ShouldBe("Cem");
        // The link of the inspector is one of a tie.
        await page.Locator("#inspector").GetByRole(AriaRole.Link, new() { Name = "Ada", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#inspector")).ToContainTextAsync("The works that make it");
        (await Ask<string>(page, "chosen.ends.map(end => end.label).sort().join()")).ShouldBe("Ada,Cem");
    }

    [Fact]
    public async Task Expanding_brings_more_its_address_shows_the_same_and_back_takes_it_away()
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await Open(page, Ada(site));

        await page.GetByRole(AriaRole.Link, new() { Name = "Expand Cem" }).ClickAsync();
        await Assertions.Expect(Row(page, "Dora")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#shown")).ToContainTextAsync("Around Cem: showing 2 of 2 co-authors");
        await Assertions.Expect(page.Locator("#said")).ToHaveTextAsync("Expanded: 10 nodes, 13 ties.");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"expand=researcher.{site.World.Find("Cem")}"));
        var drawn = await Drawn(page);

        await using var other = await browser.Visit(site.Client.BaseAddress!);
        await Open(other.Page, page.Url);
        (await Drawn(other.Page)).ShouldBe(drawn);
        await other.Page.GetByRole(AriaRole.Link, new() { Name = "Collapse Cem" }).ClickAsync();
        await Assertions.Expect(Row(other.Page, "Dora")).ToHaveCountAsync(0);

        await page.GoBackAsync();
        await Assertions.Expect(Row(page, "Dora")).ToHaveCountAsync(0);
        (await Drawn(page)).ShouldNotContain("Dora");
        await page.GoForwardAsync();
        await Assertions.Expect(Row(page, "Dora")).ToBeVisibleAsync();
        (await Drawn(page)).ShouldBe(drawn);
    }

    [Fact]
    public async Task Kinds_and_years_are_filtered_at_once_as_the_page_itself_does_it()
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await Open(page, Ada(site));

        await page.GetByLabel("Topics", new() { Exact = true }).UncheckAsync();
        await page.GetByLabel("From year").FillAsync("2015");
        await Assertions.Expect(Row(page, "An old paper")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator("#hidden")).ToContainTextAsync("4 more do not fit");
        var shown = await Visible(page);
        shown.ShouldBe(["A new paper", "Cem", "University of Bern"]);
        (await Drawn(page)).ShouldBe("A new paper,Ada,Cem,University of Bern");

        // The same address, as the page was sent: and what its filters keep away comes back when they go.
        await using var other = await browser.Visit(site.Client.BaseAddress!);
        await Open(other.Page, page.Url);
        (await Visible(other.Page)).ShouldBe(shown);
        await other.Page.GetByLabel("From year").FillAsync("");
        await other.Page.GetByLabel("Topics", new() { Exact = true }).CheckAsync();
        await Assertions.Expect(Row(other.Page, "An old paper")).ToBeVisibleAsync();
        (await Visible(other.Page)).Length.ShouldBe(7);
    }

    /// <summary>The rules that are written twice: what the script makes of its data is what the page makes of its address.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("to=2012")]
    [InlineData("from=2015&show=work&show=topic")]
    [InlineData("sort=-links&ties=from")]
    [InlineData("sort=name&ties=-weight&path={dora}")]
    [InlineData("sort=-weight&ties=-year&expand=researcher.{cem}")]
    [InlineData("sort=kind&ties=relation&expand=researcher.{cem}&to=2020")]
    [InlineData("sort=year&ties=to&expand=researcher.{cem}&path={dora}&show=institution")]
    public async Task The_script_fills_the_tables_as_the_page_does(string query)
    {
        await using var site = await Site.StartAsync(World());
        var address = $"{Ada(site)}?{query.Replace("{cem}", $"{site.World.Find("Cem")}", StringComparison.Ordinal).Replace("{dora}", $"{site.World.Find("Dora")}", StringComparison.Ordinal)}";
        await using var plain = await browser.Visit(site.Client.BaseAddress!, scripts: false);
        await plain.Page.GotoAsync(address);
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        await Open(visit.Page, address);
        if (await visit.Page.Locator("details.ties:not([open])").CountAsync() > 0)
            await visit.Page.Locator(".ties summary").ClickAsync();

        foreach (var table in new[] { "#nodes", "#ties" })
        {
            var rows = visit.Page.Locator($"{table} tbody tr");
            // What stands there was made by the script, not left by the page.
            await visit.Page.Locator($"{table} [data-sort]").First.ClickAsync();
            await visit.Page.GoBackAsync();
            await Assertions.Expect(rows).Not.ToHaveCountAsync(0);
            (await Texts(rows)).ShouldBe(await Texts(plain.Page.Locator($"{table} tbody tr")), table);
        }

        static async Task<string[]> Texts(ILocator rows) => [.. (await rows.AllTextContentsAsync()).Select(row => string.Join(' ', row.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))];
    }

    [Fact]
    public async Task Both_tables_are_sorted_without_loading_the_page()
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await Open(page, Ada(site));

        await page.Locator("#nodes thead").GetByRole(AriaRole.Link, new() { Name = "Name" }).ClickAsync();
        await Assertions.Expect(page.Locator("#nodes .label").First).ToHaveTextAsync("A new paper");
        await page.Locator("#nodes thead").GetByRole(AriaRole.Link, new() { Name = "Name" }).ClickAsync();
        await Assertions.Expect(page.Locator("#nodes .label").First).ToHaveTextAsync("University of Bern");
        await Assertions.Expect(page.Locator("#nodes th[aria-sort=descending]")).ToHaveTextAsync("Name ↓");
        await page.ReloadAsync();
        await Drawing(page);
        await Assertions.Expect(page.Locator("#nodes .label").First).ToHaveTextAsync("University of Bern");

        await page.Locator(".ties summary").ClickAsync();
        await page.Locator("#ties thead").GetByRole(AriaRole.Link, new() { Name = "Years" }).ClickAsync();
        await Assertions.Expect(page.Locator("#ties tbody tr").First).ToContainTextAsync("2020");
    }

    [Fact]
    public async Task From_a_researchers_page_to_an_institution_and_back_by_keyboard()
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        var ada = site.World.Find("Ada");
        await page.GotoAsync($"/researchers/{ada}");

        await TabTo(page, "a:text-is('Open full explorer')");
        await page.Keyboard.PressAsync("Enter");
        await Drawing(page);
        await TabTo(page, "#graph");
        await Assertions.Expect(page.Locator("#said")).ToHaveTextAsync("Ada, Person, 5 ties");

        // From node to node, until it is the institution.
        for (var n = 0; n < 8 && !(await page.Locator("#said").TextContentAsync())!.StartsWith("University", StringComparison.Ordinal); n++)
            await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(page.Locator("#said")).ToHaveTextAsync("University of Bern, Institution, 1 tie");
        await page.Keyboard.PressAsync("Space");
        await Assertions.Expect(page.Locator("#inspector h2")).ToHaveTextAsync("University of Bern");
        await TabTo(page, "#inspector a:text-is('Open its page')");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"/institutions/{FakeWorld.Stable("University of Bern")}$"));
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("University of Bern");
        await TabTo(page, "main a:text-is('See it in the research graph')");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"/explore/institution/{FakeWorld.Stable("University of Bern")}$"));
        await Drawing(page);

        // And back from there, over the graph.
        await TabTo(page, "#graph");
        await page.Keyboard.PressAsync("Home");
        for (var n = 0; n < 8 && !(await page.Locator("#said").TextContentAsync())!.StartsWith("Ada,", StringComparison.Ordinal); n++)
            await page.Keyboard.PressAsync("ArrowDown");
        await Assertions.Expect(page.Locator("#said")).ToContainTextAsync("Ada, Person");
        await page.Keyboard.PressAsync("Space");
        await Assertions.Expect(page.Locator("#inspector h2")).ToHaveTextAsync("Ada");
        await TabTo(page, "#inspector a:text-is('Open the profile')");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"/researchers/{ada}$"));
    }

    [Fact]
    public async Task Enter_expands_and_collapses_where_the_keyboard_is()
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await Open(page, Ada(site));
        await page.Locator("#graph").FocusAsync();
        for (var n = 0; n < 8 && !(await page.Locator("#said").TextContentAsync())!.StartsWith("Cem,", StringComparison.Ordinal); n++)
            await page.Keyboard.PressAsync("ArrowRight");

        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(Row(page, "Dora")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#said")).ToContainTextAsync("Expanded: 10 nodes");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(Row(page, "Dora")).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator("#graph")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task Without_scripts_everything_is_a_link_or_a_form()
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!, scripts: false);
        var page = visit.Page;
        await page.GotoAsync(Ada(site));
        await Assertions.Expect(page.Locator("svg.graph.wide")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#graph")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator("#graph-state")).ToBeHiddenAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Expand Cem" }).ClickAsync();
        await Assertions.Expect(Row(page, "Dora")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Inspect Dora" }).ClickAsync();
        await Assertions.Expect(page.Locator("#inspector h2")).ToHaveTextAsync("Dora");
        await page.GetByRole(AriaRole.Link, new() { Name = "Path from Ada" }).ClickAsync();
        await Assertions.Expect(page.Locator("#path")).ToContainTextAsync("2 co-authorships lie between them.");
        await page.GetByLabel("Works", new() { Exact = true }).UncheckAsync();
        await page.GetByLabel("To year").FillAsync("2015");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show", Exact = true }).ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("to=2015"));
        await Assertions.Expect(page.Locator("#nodes tbody tr .label").Filter(new() { Visible = true })).ToHaveCountAsync(4);
        (await Visible(page)).ShouldBe(["Bob", "Cem", "Dora", "University of Bern"], ignoreOrder: true);
        await page.GetByLabel("Name, ORCID iD or OpenAlex id of the other").FillAsync("bob");
        await page.GetByRole(AriaRole.Button, new() { Name = "Find a path" }).ClickAsync();
        await page.Locator("#path").GetByRole(AriaRole.Link, new() { Name = "Bob" }).ClickAsync();
        await Assertions.Expect(page.Locator("#path")).ToContainTextAsync("1 co-authorship lies between them.");
    }

    [Theory]
    [InlineData("**/explore-layout.js")]
    [InlineData("**/*handler=data*")]
    public async Task Where_nothing_can_be_drawn_there_is_the_picture(string missing)
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.RouteAsync(missing, route => route.AbortAsync());
        await page.GotoAsync(Ada(site));

        await Assertions.Expect(page.Locator("svg.graph.wide")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#graph")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator("#graph-state")).ToBeEmptyAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Inspect Cem" }).ClickAsync();
        await Assertions.Expect(page.Locator("#inspector h2")).ToHaveTextAsync("Cem");
    }

    [Fact]
    public async Task A_path_is_drawn()
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;

        await Open(page, $"{Ada(site)}?path={site.World.Find("Dora")}&show=institution");

        await Assertions.Expect(page.Locator("#path")).ToContainTextAsync("A new paper");
        (await Drawn(page)).ShouldBe("Ada,Cem,Dora,University of Bern");
        (await Ask<int>(page, "ties.filter(tie => tie.path).length")).ShouldBe(2);
    }

    [Fact]
    public async Task What_is_shown_is_taken_along_as_a_picture_and_as_data()
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await Open(page, Ada(site));
        await page.GetByLabel("Topics", new() { Exact = true }).UncheckAsync();

        var picture = await Download(page, page.GetByRole(AriaRole.Button, new() { Name = "PNG" }));
        picture[..4].ShouldBe([0x89, (byte)'P', (byte)'N', (byte)'G']);
        foreach (var (link, holds) in new[] { ("JSON", "\"label\":\"University of Bern\""), ("Nodes as CSV", ",institution,University of Bern,"), ("Ties as CSV", ",authored,") })
        {
            var data = System.Text.Encoding.UTF8.GetString(await Download(page, page.GetByRole(AriaRole.Link, new() { Name = link })));
            data.ShouldContain(holds);
            data.ShouldNotContain("Ethics");
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task In_use_it_has_no_accessibility_violation_and_fits(bool dark, bool narrow)
    {
        await using var site = await Site.StartAsync(World());
        await using var visit = await browser.Visit(site.Client.BaseAddress!, dark: dark, window: narrow ? Browser.Narrow : null);
        var page = visit.Page;
        await Open(page, $"{Ada(site)}?expand=researcher.{site.World.Find("Cem")}&path={site.World.Find("Dora")}");
        await page.Locator(".ties summary").ClickAsync();
        foreach (var selected in new[] { site.World.Find("Cem").ToString(), $"{site.World.Find("Ada")}~{site.World.Find("Bob")}" })
        {
            await page.Locator($"tbody [data-select='{selected}'], tbody [data-select='{string.Join('~', selected.Split('~').Reverse())}']").First.ClickAsync();
            await Assertions.Expect(page.Locator("#inspector h2")).ToContainTextAsync(selected.Contains('~', StringComparison.Ordinal) ? "Bob" : "Cem");

            (await page.RunAxe()).Violations.Select(each => $"{each.Id}: {string.Join(" ", each.Nodes.Select(node => node.Html))}").ShouldBeEmpty();
            (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(narrow ? 320 : 1280);
        }
        // The drawing has the colours of the page.
        (await Ask<string>(page, "look.ink")).ShouldBe(dark ? "#e9eeee" : "#1b2326");
    }

    [Fact]
    public async Task Thousands_of_nodes_are_drawn_selected_filtered_and_sorted()
    {
        var world = new FakeWorld();
        var hub = world.Add("Hub");
        for (var n = 0; n < 1_000; n++)
            world.Publish($"Paper {n}", "", [hub, world.Add($"Left {n}"), world.Add($"Right {n}")], [$"Topic {n % 20}"], 2000 + (n % 20));
        await using var site = await Site.StartAsync(world);
        site.Services.GraphLimit = 5_000;
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;

        await Open(page, $"/explore/researcher/{hub}");
        (await Ask<int>(page, "nodes.length")).ShouldBe(3_021);
        (await Ask<int>(page, "ties.length")).ShouldBe(6_000);
        // Each has its own place.
        (await Ask<int>(page, "nodes.map(node => `${Math.round(node.x)} ${Math.round(node.y)}`).filter((place, n, all) => all.indexOf(place) === n).length")).ShouldBeGreaterThan(2_900);

        await page.GetByLabel("From year").FillAsync("2019");
        await Assertions.Expect(page.Locator("#hidden")).ToContainTextAsync("2,869 more do not fit");
        (await Ask<int>(page, "nodes.length")).ShouldBe(152);
        await page.GetByLabel("From year").FillAsync("");
        await Assertions.Expect(page.Locator("#hidden")).ToBeHiddenAsync();
        await page.Locator("#nodes thead").GetByRole(AriaRole.Link, new() { Name = "Name" }).ClickAsync();
        await Assertions.Expect(page.Locator("#nodes .label").First).ToHaveTextAsync("Left 0");
        await page.GetByRole(AriaRole.Link, new() { Name = "Inspect Left 0", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#inspector h2")).ToHaveTextAsync("Left 0");
        (await Ask<string>(page, "chosen.label")).ShouldBe("Left 0");

        // A part of the rows at a time; what is chosen is shown in its part.
        await Assertions.Expect(page.Locator("#nodes tbody tr")).ToHaveCountAsync(50);
        await page.Locator("#nodes-parts").GetByRole(AriaRole.Link, new() { Name = "Next 50" }).ClickAsync();
        await Assertions.Expect(page.Locator("#nodes-parts")).ToContainTextAsync("Rows 51 to 100 of 3,020");
        await Assertions.Expect(page.Locator("#nodes tbody tr[aria-current]")).ToHaveCountAsync(0);
        await page.Locator("#graph").FocusAsync();
        await page.Keyboard.PressAsync("End");
        await page.Keyboard.PressAsync("Space");
        var last = await Ask<string>(page, "chosen.label");
        await Assertions.Expect(page.Locator("#nodes tbody tr[aria-current] .label")).ToHaveTextAsync(last);
        var shown = await page.Locator("#nodes .label").AllTextContentsAsync();

        // Its address shows the same rows.
        await using var plain = await browser.Visit(site.Client.BaseAddress!, scripts: false);
        await plain.Page.GotoAsync(page.Url);
        (await plain.Page.Locator("#nodes .label").AllTextContentsAsync()).ShouldBe(shown);
        await Assertions.Expect(plain.Page.Locator("#nodes tbody tr[aria-current] .label")).ToHaveTextAsync(last);
    }

    private static async Task Open(IPage page, string address)
    {
        await page.GotoAsync(address);
        await Drawing(page);
    }

    /// <summary>Waits until everything has found its place.</summary>
    private static Task Drawing(IPage page) => Assertions.Expect(page.Locator("#graph[role=application]:not([aria-busy])")).ToBeVisibleAsync();

    private static ILocator Row(IPage page, string name) => page.Locator("#nodes tbody tr").Filter(new() { Has = page.Locator(".label").GetByText(name, new() { Exact = true }) });

    /// <summary>Asks the drawing itself: it is pixels to everybody else.</summary>
    private static Task<T> Ask<T>(IPage page, string about) => page.EvaluateAsync<T>($"(drawing => drawing.{about})(document.querySelector('#graph').drawing)");

    private static Task<string> Drawn(IPage page) => Ask<string>(page, "nodes.map(node => node.label).sort().join()");

    /// <summary>A node of the drawing, by its name.</summary>
    private static string Node(string name) => $"drawing.nodes.find(node => node.label === '{name}')";

    private static async Task<string[]> Visible(IPage page) =>
        [.. (await page.Locator("#nodes tbody tr:visible .label").AllTextContentsAsync()).Order(StringComparer.Ordinal)];

    /// <summary>Clicks a node or an edge, once the drawing has seen the mouse over it.</summary>
    private static async Task ClickIn(IPage page, string what)
    {
        await page.Locator("#graph").ScrollIntoViewIfNeededAsync();
        var at = await page.EvaluateAsync<float[]>(
            $$"""
            (drawing => {
                const frame = document.querySelector("#graph").getBoundingClientRect();
                const { x, y } = drawing.{{what}};
                return [frame.left + x, frame.top + y, frame.left + 5, frame.top + 5];
            })(document.querySelector("#graph").drawing)
            """);
        // Out of everything first, into a corner.
        await page.Mouse.MoveAsync(at[2], at[3]);
        await Assertions.Expect(page.Locator("#graph.over")).ToHaveCountAsync(0);
        await page.Mouse.MoveAsync(at[0], at[1], new() { Steps = 5 });
        await Assertions.Expect(page.Locator("#graph.over")).ToHaveCountAsync(1);
        await page.Mouse.ClickAsync(at[0], at[1]);
    }

    /// <summary>Presses Tab until the focus is there, as somebody would who does not see it.</summary>
    private static async Task TabTo(IPage page, string selector)
    {
        for (var n = 0; n < 100 && !await page.Locator(selector).EvaluateAsync<bool>("each => each === document.activeElement"); n++)
            await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Locator(selector)).ToBeFocusedAsync();
    }

    private static async Task<byte[]> Download(IPage page, ILocator what)
    {
        var download = await page.RunAndWaitForDownloadAsync(() => what.ClickAsync());
        return await File.ReadAllBytesAsync(await download.PathAsync());
    }
}
