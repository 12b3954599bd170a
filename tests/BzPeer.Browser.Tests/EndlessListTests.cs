using System.Text.RegularExpressions;
using BzPeer.Web.Tests;
using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>Lists of many, which go on by themselves and have an address for every page.</summary>
public sealed class EndlessListTests(Browser browser)
{
    private const int Many = 130;

    private static FakeWorld World(int followers)
    {
        var world = FakeWorld.WithTheSeedPaper();
        for (var n = 1; n <= followers; n++) world.Follow(world.Add($"Follower {n}"), world.Seed);
        return world;
    }

    [Fact]
    public async Task A_list_goes_on_as_one_comes_near_its_end_and_its_address_is_that_of_what_one_looks_at()
    {
        await using var site = await Site.StartAsync(World(Many));
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        var address = $"/researchers/{site.World.Seed}/followers";
        await page.GotoAsync(address);
        var items = page.Locator(".people > li");

        for (var shown = 40; shown < Many; shown = Math.Min(Many, shown + 40))
        {
            await Assertions.Expect(items).ToHaveCountAsync(shown);
            await items.Last.ScrollIntoViewIfNeededAsync();
        }
        await Assertions.Expect(items).ToHaveCountAsync(Many);
        (await items.Locator("a").EvaluateAllAsync<string[]>("links => links.map(link => link.href)")).Distinct().Count().ShouldBe(Many);
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Next page" })).ToHaveCountAsync(0);

        await items.Last.ScrollIntoViewIfNeededAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("cursor="));
        var last = await items.Last.InnerTextAsync();
        (await page.RunAxe()).Violations.ShouldBeEmpty();
        await page.EvaluateAsync("scrollTo(0, 0)");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"{address}$"));
        await items.Last.ScrollIntoViewIfNeededAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("cursor="));

        await page.ReloadAsync();
        await Assertions.Expect(items.Last).ToHaveTextAsync(last, new() { UseInnerText = true });
        await page.GetByRole(AriaRole.Link, new() { Name = "Back to the start" }).ClickAsync();
        await Assertions.Expect(items).ToHaveCountAsync(40);
    }

    [Fact]
    public async Task After_some_pages_one_asks_so_that_the_end_of_the_page_can_be_reached()
    {
        await using var site = await Site.StartAsync(World(300));
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.GotoAsync($"/researchers/{site.World.Seed}/followers");
        var items = page.Locator(".people > li");
        for (var shown = 40; shown <= 200; shown += 40)
        {
            await Assertions.Expect(items).ToHaveCountAsync(shown);
            await items.Last.ScrollIntoViewIfNeededAsync();
        }
        await Assertions.Expect(items).ToHaveCountAsync(240);

        await page.GetByRole(AriaRole.Link, new() { Name = "Next page" }).ClickAsync();
        await Assertions.Expect(items).ToHaveCountAsync(40);
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("cursor=240"));
    }
}
