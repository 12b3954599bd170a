using BzPeer.Web.Tests;
using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>The states of the researcher page that a healthy system shows for a moment or never.</summary>
public sealed class StateTests(Browser browser)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_graph_takes_the_place_of_its_loading_state_with_and_without_scripts(bool scripts)
    {
        await using var site = await Site.StartAsync();
        site.Services.GraphMayAnswer = new TaskCompletionSource();
        await using var visit = await browser.Visit(site.Client.BaseAddress!, scripts);
        var page = visit.Page;

        await page.GotoAsync($"/researchers/{site.World.Seed}", new() { WaitUntil = WaitUntilState.Commit });
        await Assertions.Expect(page.GetByText("Building this graph slice")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("BZPEER is loading the nearby papers, people, topics and institutions for this page.")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#works").GetByText(FakeWorld.SeedTitle)).ToBeVisibleAsync();

        site.Services.GraphMayAnswer.SetResult();
        await Assertions.Expect(page.Locator("svg.graph.wide")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("Building this graph slice")).ToBeHiddenAsync();
        // In its place: between the head of its section and the works.
        var graph = await page.Locator("svg.graph.wide").BoundingBoxAsync();
        var head = await page.GetByText("See the researcher in context").BoundingBoxAsync();
        var works = await page.GetByText("1 published item(s)").BoundingBoxAsync();
        graph!.Y.ShouldBeInRange(head!.Y, works!.Y);
    }

    [Theory]
    [InlineData("Profile", "The profile cannot be shown right now.")]
    [InlineData("Follow", "Whether you follow them is not known right now")]
    [InlineData("Publication", "The research graph cannot be shown right now.")]
    [InlineData("Trust", "Trust 11 - Baseline")]
    public async Task A_missing_part_says_so_and_the_page_stays_readable(string service, string shown)
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.SignIn(site.World.Find("Stefano Salsano"));
        await site.Services.StopAsync(service);

        await page.GotoAsync($"/researchers/{site.World.Seed}");

        (await page.Shown()).ShouldContain(shown);
        (await page.RunAxe()).Violations.ShouldBeEmpty();
    }

    [Fact]
    public async Task Hostile_and_right_to_left_records_are_text_and_break_nothing()
    {
        var world = FakeWorld.WithTheSeedPaper();
        var author = world.Add("<script>document.title='broken'</script>", "جامعة القاهرة");
        var paper = world.Publish("تعلم الآلة <img src=x onerror=document.title='broken'>", new string('x', 4000), [author], ["<b>topic</b>"]);
        world.Papers[^1] = paper with { Retracted = true };
        await using var site = await Site.StartAsync(world);
        await using var visit = await browser.Visit(site.Client.BaseAddress!, window: Browser.Narrow);
        var page = visit.Page;

        foreach (var path in new[] { $"/researchers/{author}", $"/explore/work/{paper.Id}", $"/works/{paper.Id}", $"/researchers/{author}/works" })
        {
            await page.GotoAsync(path);
            (await page.TitleAsync()).ShouldNotBe("broken");
            (await page.Shown()).ShouldContain("تعلم الآلة <img src=x");
            (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(320);
        }
        await page.GotoAsync($"/researchers/{author}");
        (await page.Locator("#works h3").EvaluateAsync<string>("title => getComputedStyle(title).direction")).ShouldBe("rtl");
    }

    [Fact]
    public async Task A_follow_that_is_refused_says_why_and_leaves_the_button_as_it_was()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.SignIn(site.World.Find("Stefano Salsano"));
        await page.GotoAsync($"/researchers/{site.World.Seed}");
        await site.Services.StopAsync("Follow");

        await page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher" }).ClickAsync();

        await Assertions.Expect(page.Locator("[data-follow-status]")).ToContainTextAsync("The Follow service does not answer");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers" })).ToBeEnabledAsync();
    }
}
