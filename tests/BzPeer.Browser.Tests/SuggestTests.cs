using System.Text.RegularExpressions;
using BzPeer.Web.Tests;
using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>The search boxes while one types, with the keyboard and with the mouse.</summary>
public sealed class SuggestTests(Browser browser)
{
    private static ILocator Box(IPage page) => page.GetByRole(AriaRole.Combobox, new() { Name = "Search people, works and topics" });

    private static ILocator Options(IPage page) => page.GetByRole(AriaRole.Option);

    private static ILocator Chosen(IPage page) => page.GetByRole(AriaRole.Option, new() { Selected = true });

    [Fact]
    public async Task The_arrows_choose_enter_goes_there_and_escape_closes()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.GotoAsync("/analytics");
        await Box(page).FocusAsync();
        await page.Keyboard.TypeAsync("da");

        await Assertions.Expect(Options(page)).ToHaveCountAsync(1);
        await Assertions.Expect(Box(page)).ToHaveAttributeAsync("aria-expanded", "true");
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("1 suggestion. Choose it with the down arrow.");
        await page.Keyboard.PressAsync("ArrowDown");
        await Assertions.Expect(Chosen(page)).ToContainTextAsync("Daniel Bernier");
        (await Box(page).GetAttributeAsync("aria-activedescendant")).ShouldBe(await Chosen(page).GetAttributeAsync("id"));
        await page.Keyboard.PressAsync("ArrowDown");
        await Assertions.Expect(Chosen(page)).ToHaveCountAsync(0);
        await page.Keyboard.PressAsync("ArrowUp");
        await Assertions.Expect(Chosen(page)).ToHaveCountAsync(1);

        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(Options(page)).ToHaveCountAsync(0);
        await Assertions.Expect(Box(page)).ToHaveValueAsync("da");
        await Assertions.Expect(Box(page)).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await Assertions.Expect(Options(page)).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"/researchers/{site.World.Seed}$"));
    }

    [Fact]
    public async Task Enter_without_a_choice_searches_and_leaving_the_box_closes_the_list()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.GotoAsync("/analytics");
        await Box(page).FocusAsync();
        await page.Keyboard.TypeAsync("ext");
        await Assertions.Expect(Options(page)).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(Options(page)).ToHaveCountAsync(0);

        await Box(page).PressAsync("Enter");

        await Assertions.Expect(page).ToHaveURLAsync(new Regex("/search\\?q=ext$"));
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = FakeWorld.SeedTitle })).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task The_list_is_accessible_fits_and_can_be_clicked(bool dark, bool narrow)
    {
        await using var site = await Site.StartAsync();
        site.World.Publish($"Extending {string.Join(' ', Enumerable.Repeat("everything", 30))}", "…", [site.World.Seed], ["Extensions of anything whatever to everything else there is"]);
        await using var visit = await browser.Visit(site.Client.BaseAddress!, dark: dark, window: narrow ? Browser.Narrow : Browser.Desktop);
        var page = visit.Page;
        await page.GotoAsync("/search");
        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Combobox).FillAsync("ext");
        await Assertions.Expect(Options(page)).ToHaveCountAsync(3);
        await page.Keyboard.PressAsync("ArrowDown");

        (await page.RunAxe()).Violations.Select(each => $"{each.Id}: {string.Join(" ", each.Nodes.Select(node => node.Html))}").ShouldBeEmpty();
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(narrow ? 320 : 1280);
        await Options(page).Last.ClickAsync();

        await Assertions.Expect(page).ToHaveURLAsync(new Regex("/topics/"));
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("Extensions of anything");
    }

    [Fact]
    public async Task Without_a_script_the_box_is_a_form_and_topics_lead_from_page_to_page()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!, scripts: false);
        var page = visit.Page;
        await page.GotoAsync("/");

        await page.GetByLabel("Search people, works and topics").FillAsync("cs.ni");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "cs.NI" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "5 researchers" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Daniel Bernier" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Daniel Bernier");
    }
}
