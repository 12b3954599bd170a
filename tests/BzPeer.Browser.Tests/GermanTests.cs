using BzPeer.Web.Tests;
using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>The journeys of somebody whose browser asks for German.</summary>
public sealed class GermanTests(Browser browser, SeedSystem system)
{
    [Fact]
    public async Task Somebody_is_found_followed_and_heard_of_in_german()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await SignIn(page, site.World.Find("Stefano Salsano"));
        await page.GotoAsync("/");

        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Combobox).FillAsync("bernier");
        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Button, new() { Name = "Suchen" }).ClickAsync();
        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "Daniel Bernier", Exact = true }).First.ClickAsync();
        await Assertions.Expect(page.GetByText("Vertrauen 11 – Basis")).ToBeVisibleAsync();
        await page.EvaluateAsync("window.stayed = true");

        await page.GetByRole(AriaRole.Button, new() { Name = "Folgen 0 Follower:innen" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Nicht mehr folgen 1 Follower:innen" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("[data-follow-status]")).ToHaveTextAsync("Sie folgen Daniel Bernier.");
        await site.Services.Live.Writer.WriteAsync(new(new { followers = 1234, following = 0, position = "follow:99" }, "counts") { EventId = "99" }, TestContext.Current.CancellationToken);
        await Assertions.Expect(page.Locator("[aria-live=polite]")).ToHaveTextAsync("1.234 Follower:innen");
        await Assertions.Expect(page.Locator(".stat [data-number=followers]")).ToHaveTextAsync("1.234");
        (await page.EvaluateAsync<bool>("window.stayed")).ShouldBeTrue();
        (await page.RunAxe()).Violations.ShouldBeEmpty();
    }

    [Fact]
    public async Task In_the_narrowest_window_the_head_of_the_page_has_no_row_that_is_half_empty()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!, window: Browser.Narrow, language: "de");
        await visit.Page.GotoAsync("/");
        (await Middle(visit.Page, ".brand")).ShouldBe(await Middle(visit.Page, ".bar nav"), tolerance: 1);
        (await Middle(visit.Page, ".find")).ShouldBeGreaterThan(await Middle(visit.Page, ".brand") + 20);

        // Who is signed in has more in it than fits beside the name, and the search stands there instead.
        await using var own = await browser.Visit(site.Client.BaseAddress!, window: Browser.Narrow);
        await SignIn(own.Page, site.World.Find("Stefano Salsano"));
        await own.Page.GotoAsync("/");
        (await Middle(own.Page, ".brand")).ShouldBe(await Middle(own.Page, ".find"), tolerance: 1);
        (await own.Page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(Browser.Narrow.Width);

        static async Task<double> Middle(IPage page, string part) => await page.Locator(part).First.BoundingBoxAsync() is { } box ? box.Y + (box.Height / 2) : 0;
    }

    [Fact]
    public async Task The_language_is_chosen_by_keyboard_without_scripts_and_stays_chosen()
    {
        await using var visit = await browser.Visit(system.Site, scripts: false);
        var page = visit.Page;
        await page.GotoAsync($"/researchers/{system.Seed}/works?sort=title");

        await page.GetByRole(AriaRole.Button, new() { Name = "Deutsch" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/works\\?sort=title$"));
        await Assertions.Expect(page.GetByLabel("Reihenfolge", new() { Exact = true })).ToHaveValueAsync("title");
        await page.GotoAsync("/");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Wissen, wen Sie lesen.");
        await page.GetByRole(AriaRole.Button, new() { Name = "English" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Know who you are reading.");
    }

    [Fact]
    public async Task What_one_decides_is_decided_in_german()
    {
        await using var site = await OwnPagesTests.Full();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await SignIn(page, site.World.Find("Stefano Salsano"));
        await page.GotoAsync("/settings");

        await page.GetByLabel("Kurzbeschreibung").FillAsync("Netze, die sich selbst erklären");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ihre Seite speichern" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Gespeichert. Es steht jetzt auf Ihrer Seite.");

        await page.GetByLabel("Alle sehen, wie viele das sind").UncheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sichtbarkeit speichern" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Gespeichert. Ab jetzt ist es so zu sehen.");
    }

    /// <summary>Signs in, and chooses German at the foot of the page.</summary>
    private static async Task SignIn(IPage page, Guid researcher)
    {
        await page.SignIn(researcher);
        await page.GetByRole(AriaRole.Button, new() { Name = "Deutsch" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Abmelden" })).ToBeVisibleAsync();
    }

    [Theory]
    [MemberData(nameof(EveryPageTests.Pages), MemberType = typeof(EveryPageTests))]
    public async Task It_has_no_accessibility_violation_and_fits_a_window_of_320_pixels(string path)
    {
        await using var visit = await browser.Visit(system.Site, window: Browser.Narrow, language: "de");
        var page = visit.Page;
        await page.GotoAsync(system.Address(path));
        await page.EvaluateAsync("document.querySelectorAll('details').forEach(each => { each.removeAttribute('name'); each.open = true; })");

        (await page.EvaluateAsync<string>("document.documentElement.lang")).ShouldBe("de");
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(320);
        (await page.RunAxe()).Violations.Select(each => $"{each.Id}: {string.Join(" ", each.Nodes.Select(node => node.Html))}").ShouldBeEmpty();
    }
}
