using BzPeer.Web.Tests;

namespace BzPeer.Browser.Tests;

/// <summary>The count of new works beside the feed, on pages that stay open while works come and are seen elsewhere.</summary>
public sealed class UnseenTests(Browser browser)
{
    [Fact]
    public async Task What_is_seen_in_one_window_is_new_no_longer_in_another_nor_on_the_page_one_goes_back_to()
    {
        await using var site = await Site.StartAsync();
        site.World.Follow(site.World.Find("Stefano Salsano"), site.World.Seed);
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.SignIn(site.World.Find("Stefano Salsano"));
        await page.GotoAsync("/settings");
        await Assertions.Expect(Feed(page)).ToHaveAccessibleNameAsync("Feed 1 new work");
        var other = await visit.Context.NewPageAsync();
        await other.GotoAsync("/search?q=s");
        await Assertions.Expect(Feed(other)).ToHaveTextAsync("Feed 11 new work");

        await Feed(page).ClickAsync();
        await Assertions.Expect(Feed(page)).ToHaveAccessibleNameAsync("Feed");
        await Assertions.Expect(Feed(other)).ToHaveAccessibleNameAsync("Feed");

        await page.GoBackAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Settings");
        await Assertions.Expect(Feed(page)).ToHaveAccessibleNameAsync("Feed");
    }

    [Fact]
    public async Task A_work_that_comes_is_counted_while_the_page_is_open()
    {
        await using var site = await Site.StartAsync();
        var me = site.World.Find("Stefano Salsano");
        site.World.Follow(me, site.World.Seed);
        site.World.SeenTo[me] = 1;
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.SignIn(me);
        await page.GotoAsync($"/researchers/{site.World.Seed}");
        await Assertions.Expect(Feed(page)).ToHaveAccessibleNameAsync("Feed");

        // By the news of the page itself.
        site.World.Publish("Another paper", "", [site.World.Seed], ["cs.NI"]);
        site.Services.Live.Writer.TryWrite(new(new { position = "publication:2", works = 2, topics = 1, closeCollaborators = 4 }, "bibliography")).ShouldBeTrue();
        await Assertions.Expect(Feed(page)).ToHaveAccessibleNameAsync("Feed 1 new work");

        // By looking again after a while.
        await page.Clock.InstallAsync();
        await page.GotoAsync("/settings");
        site.World.Publish("One more", "", [site.World.Seed], ["cs.NI"]);
        await page.Clock.FastForwardAsync(61_000);
        await Assertions.Expect(Feed(page)).ToHaveAccessibleNameAsync("Feed 2 new works");
    }

    private static ILocator Feed(IPage page) => page.GetByRole(AriaRole.Navigation, new() { Name = "Site" }).Locator("a[href='/feed']");
}
