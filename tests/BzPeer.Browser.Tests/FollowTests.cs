using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>Following from the page, on the running system.</summary>
public sealed class FollowTests(Browser browser, SeedSystem system)
{
    [Fact]
    public async Task With_scripts_the_button_and_every_count_answer_at_once()
    {
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        await page.SignIn(Guid.NewGuid());
        var someone = system.Researcher("Ahmed Abdelsalam");
        await page.GotoAsync($"/researchers/{someone}");
        await page.EvaluateAsync("window.stayed = true");

        await page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1 followers" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".stat [data-number=followers]")).ToHaveTextAsync("1");
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("You follow Ahmed Abdelsalam.");
        (await page.EvaluateAsync<bool>("window.stayed")).ShouldBeTrue();

        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1 followers" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("You no longer follow Ahmed Abdelsalam.");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers", Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Without_scripts_the_form_comes_back_with_the_new_count()
    {
        await using var visit = await browser.Visit(system.Site, scripts: false);
        var page = visit.Page;
        var someone = system.Researcher("Clarence Filsfils");
        await page.GotoAsync($"/researchers/{someone}");

        // Not signed in: asked who one is, and back.
        await page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher" }).ClickAsync();
        await page.GetByLabel("Find by name").FillAsync("Salsano");
        await page.GetByRole(AriaRole.Search, new() { Name = "Find the researcher to sign in as" }).GetByRole(AriaRole.Button).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in as Stefano Salsano" }).ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex($"/researchers/{someone}$"));

        await page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1 followers" })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Followers" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "Stefano Salsano" })).ToBeVisibleAsync();

        await page.GoBackAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1 followers" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Following_in_one_window_moves_the_numbers_in_another_and_says_so()
    {
        await using var watching = await browser.Visit(system.Site);
        await using var acting = await browser.Visit(system.Site);
        var (watcher, actor) = (watching.Page, acting.Page);
        var someone = system.Researcher("Francesco Lombardo");
        await actor.SignIn(Guid.NewGuid());
        await watcher.GotoAsync($"/researchers/{someone}");
        await watcher.EvaluateAsync("window.stayed = true");
        await actor.GotoAsync($"/researchers/{someone}");

        await actor.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers" }).ClickAsync();
        await Assertions.Expect(watcher.Locator(".stat [data-number=followers]")).ToHaveTextAsync("1");
        await Assertions.Expect(watcher.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 1 followers" })).ToBeVisibleAsync();
        await Assertions.Expect(watcher.Locator("[aria-live=polite]")).ToHaveTextAsync("1 follower");

        // The watcher may have it before the actor's own answer, and until that one more click is none.
        await Assertions.Expect(actor.GetByRole(AriaRole.Status)).ToHaveTextAsync("You follow Francesco Lombardo.");
        await actor.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1 followers" }).ClickAsync();
        await Assertions.Expect(watcher.Locator(".stat [data-number=followers]")).ToHaveTextAsync("0");
        await Assertions.Expect(watcher.Locator("[aria-live=polite]")).ToHaveTextAsync("0 followers");
        (await watcher.EvaluateAsync<bool>("window.stayed")).ShouldBeTrue();
        (await watcher.RunAxe()).Violations.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_keyboard_follows_and_stays_on_the_button()
    {
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        await page.SignIn(Guid.NewGuid());
        await page.GotoAsync($"/researchers/{system.Researcher("Stefano Salsano")}");
        var follow = page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers" });
        var unfollow = page.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1 followers" });

        await follow.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(unfollow).ToBeFocusedAsync();
        await Assertions.Expect(unfollow).Not.ToHaveAttributeAsync("aria-busy", "true");

        await page.Keyboard.PressAsync("Space");
        await Assertions.Expect(follow).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator("[data-follow-status]")).ToHaveTextAsync("You no longer follow Stefano Salsano.");
    }
}
