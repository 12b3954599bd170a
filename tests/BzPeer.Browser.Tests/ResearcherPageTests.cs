namespace BzPeer.Browser.Tests;

/// <summary>The seed researcher's page on the running system, as a visitor meets it.</summary>
public sealed class ResearcherPageTests(Browser browser, SeedSystem system)
{
    /// <summary>The seed page as it was rendered, in its order; the graph stands where its loading state stood.</summary>
    private static readonly string[] SeedPage =
    [
        "Researcher profile", "Daniel Bernier", "Daniel Bernier contributes to research discovery and scholarly infrastructure.",
        "Researcher", "Affiliation not imported", "Open to collaborate",
        "Trust snapshot", "Quick read", "Trust 11 - Baseline", "1 works", "0 followers", "1 topics", "4 close collaborators",
        "Actions", "Decide how to stay connected", "Follow researcher 0",
        "Research graph", "See the researcher in context", "Open full explorer",
        "Inspect adjacent work, topics, institutions and collaborators without jumping out to a separate graph page.",
        "Published work", "1 published item(s)", "preprint 2023 arXiv", SeedSystem.PaperTitle, SeedSystem.PaperAbstract,
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_page_shows_everything_the_seed_page_shows_with_and_without_scripts(bool scripts)
    {
        await using var visit = await browser.Visit(system.Site, scripts);
        var page = visit.Page;

        await page.GotoAsync($"/researchers/{system.Seed}");
        await Assertions.Expect(page.Locator("svg.graph.wide")).ToBeVisibleAsync();

        // Small capitals are a matter of style, and the graph is drawn after the works in the source.
        var text = (await page.Shown()).ToUpperInvariant();
        foreach (var line in SeedPage)
            text.ShouldContain(line.ToUpperInvariant());
        var tops = new List<float>();
        foreach (var heading in new[] { "Trust snapshot", "Actions" }.Concat(["Research graph", "Published work"]))
            tops.Add((await page.GetByRole(AriaRole.Heading, new() { Name = heading }).BoundingBoxAsync())!.Y);
        tops[0].ShouldBeLessThan(tops[1]);
        tops[2].ShouldBeLessThan(tops[3]);
    }

    [Fact]
    public async Task Every_number_opens_its_explanation_without_scripts()
    {
        await using var visit = await browser.Visit(system.Site, scripts: false);
        var page = visit.Page;
        await page.GotoAsync($"/researchers/{system.Seed}");

        await page.GetByText("Trust 11 - Baseline").ClickAsync();
        await Assertions.Expect(page.Locator(".contributions")).ToContainTextAsync("9 of 9");
        foreach (var (number, explanation) in new[]
        {
            ("works", "2 of 12 points"), ("followers", "See who follows"), ("topics", "cs.NI"), ("close collaborators", "Stefano Salsano"),
        })
        {
            var stat = page.Locator(".stat").Filter(new() { Has = page.Locator("summary", new() { HasTextString = number }) }).First;
            await stat.Locator("summary").ClickAsync();
            await Assertions.Expect(stat.Locator(".why")).ToContainTextAsync(explanation);
            await Assertions.Expect(stat.Locator(".why")).ToBeVisibleAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_label_of_the_graph_is_cut_off_by_its_edge(bool narrow)
    {
        await using var visit = await browser.Visit(system.Site, window: narrow ? Browser.Narrow : null);
        var page = visit.Page;
        await page.GotoAsync($"/researchers/{system.Seed}");

        var outside = await page.EvaluateAsync<string[]>(
            """
            [...document.querySelectorAll("svg.graph")].filter(svg => svg.getClientRects().length > 0).flatMap(svg => {
                const edge = svg.getBoundingClientRect();
                return [...svg.querySelectorAll("text")].filter(text => {
                    const label = text.getBoundingClientRect();
                    return label.left < edge.left || label.right > edge.right;
                }).map(text => text.textContent);
            })
            """);

        outside.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_abstract_unfolds()
    {
        await using var visit = await browser.Visit(system.Site, scripts: false);
        var page = visit.Page;
        await page.GotoAsync($"/researchers/{system.Seed}");
        var works = page.Locator("#works");
        var folded = (await works.BoundingBoxAsync())!.Height;

        await page.Locator(".abstract summary").ClickAsync();

        await Assertions.Expect(page.Locator(".abstract p")).ToBeVisibleAsync();
        (await works.BoundingBoxAsync())!.Height.ShouldBeGreaterThan(folded + 100);
    }

    [Fact]
    public async Task The_graph_leads_on_to_the_explorer_and_from_there_to_anything()
    {
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        await page.GotoAsync($"/researchers/{system.Seed}");

        await page.GetByRole(AriaRole.Link, new() { Name = "Open full explorer" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1, Name = "Daniel Bernier" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = SeedSystem.PaperTitle, Exact = true }).ClickAsync();

        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/explore/work/"));
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync(SeedSystem.PaperTitle);
        await Assertions.Expect(page.Locator("tbody tr")).Not.ToHaveCountAsync(0);
    }

    [Fact]
    public async Task The_page_is_found_by_name()
    {
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        await page.GotoAsync("/");

        await page.GetByRole(AriaRole.Combobox, new() { Name = "A name, a title, a subject, or an iD" }).FillAsync("berni dan");
        await page.GetByRole(AriaRole.Search, new() { Name = "Search people, works, topics and institutions" }).GetByRole(AriaRole.Button).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Daniel Bernier" }).ClickAsync();

        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex($"/researchers/{system.Seed}$"));
    }
}
