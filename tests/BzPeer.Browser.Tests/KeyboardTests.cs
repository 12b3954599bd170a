using System.Text;

namespace BzPeer.Browser.Tests;

/// <summary>A curator and a reader on the running system, who touch no mouse.</summary>
public sealed class KeyboardTests(Browser browser, SeedSystem system)
{
    [Fact]
    public async Task A_work_is_imported_and_found_in_the_feed_and_its_author_followed_blocked_and_unblocked()
    {
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        await page.SignIn(Guid.NewGuid(), curator: true);

        // The import, whose page loads itself again when it is complete.
        await page.GotoAsync("/curate/imports");
        await page.GetByLabel("What the file holds").FocusAsync();
        await page.Keyboard.TypeAsync("arXiv");
        await page.Keyboard.PressAsync("Tab");
        await page.Locator("input[type=file]").SetInputFilesAsync(new FilePayload
        {
            Name = "feed.xml",
            MimeType = "application/octet-stream",
            Buffer = Encoding.UTF8.GetBytes(
                """
                <feed xmlns="http://www.w3.org/2005/Atom">
                  <entry><id>http://arxiv.org/abs/2401.20001v1</id><published>2024-01-01T00:00:00Z</published><title>Doing without a mouse</title><summary>Keys.</summary><author><name>Klara Tastatur</name></author></entry>
                  <entry><id>http://arxiv.org/abs/2401.20002v1</id><published>2024-01-01T00:00:00Z</published><author><name>Klara Tastatur</name></author></entry>
                </feed>
                """),
        });
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByText("It is complete.")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("[data-count=received]")).ToHaveTextAsync("2");
        await Assertions.Expect(page.GetByRole(AriaRole.Table)).ToContainTextAsync("title");

        await system.WhoIsAsync("Klara Tastatur", works: 1, score: 11);
        await page.GotoUntil("/search?q=klara+tastatur", page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "Klara Tastatur" }));
        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "Klara Tastatur" }).PressAsync("Enter");
        await page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher" }).PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1 followers" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("[data-follow-status]")).ToHaveTextAsync("You follow Klara Tastatur.");
        var author = page.Url;

        await page.GotoUntil("/feed", page.GetByText("by Klara Tastatur, whom you follow"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Mark all as read" }).PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("All of it is marked as read.");
        await Assertions.Expect(page.GetByText("New", new() { Exact = true })).ToHaveCountAsync(0);

        await page.GotoAsync("/settings");
        await page.GetByLabel("Everybody sees who follows me").FocusAsync();
        await page.Keyboard.PressAsync("Space");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Saved. Who looks from now on sees this.");
        await Assertions.Expect(page.GetByLabel("Everybody sees who follows me")).Not.ToBeCheckedAsync();
        await Assertions.Expect(page.GetByLabel("Everybody sees how many")).ToBeCheckedAsync();

        await page.GotoAsync(author);
        await page.Locator(".more summary").PressAsync("Enter");
        await page.GetByRole(AriaRole.Link, new() { Name = "Block Klara Tastatur" }).PressAsync("Enter");
        await page.GetByRole(AriaRole.Button, new() { Name = "Block Klara Tastatur" }).PressAsync("Enter");
        await Assertions.Expect(page.GetByText("You block Klara Tastatur.")).ToBeVisibleAsync();

        await page.GotoAsync("/settings");
        await page.GetByRole(AriaRole.Button, new() { Name = "Unblock Klara Tastatur" }).PressAsync("Enter");
        await Assertions.Expect(page.GetByText("You block nobody.")).ToBeVisibleAsync();
    }
}
