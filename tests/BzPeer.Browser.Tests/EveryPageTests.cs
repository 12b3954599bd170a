using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>What holds for every page: no accessibility violation in either colour scheme, and it fits the narrowest window.</summary>
public sealed class EveryPageTests(Browser browser, SeedSystem system)
{
    public static TheoryData<string> Pages =>
    [
        "/", "/search", "/search?q=s", "/search?q=nobody-is-called-this", "/search?q=ext&in=works", "/sign-in/failed?why=unavailable", "/sign-out", "/no-such-page",
        "/researchers/{seed}", "/researchers/{seed}/followers", "/researchers/{seed}/following", "/researchers/{seed}/collaborators",
        "/researchers/{seed}/works", "/works/{paper}", "/researchers/{seed}/topics", "/researchers/{seed}/institutions",
        "/topics/{topic}", "/topics/{topic}/researchers", "/topics/{topic}/works", "/topics/{topic}/institutions",
        "/researchers/{seed}/trust", "/researchers/{seed}/growth", "/researchers/{seed}/growth?by=month", "/analytics", "/analytics?window=30d", "/explore/researcher/{seed}", "/explore/work/{paper}",
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task It_has_no_accessibility_violation_in_light_or_dark(string path)
    {
        foreach (var dark in new[] { false, true })
        {
            await using var visit = await browser.Visit(system.Site, dark: dark);
            var page = visit.Page;
            await page.GotoAsync(system.Address(path));

            var paper = await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
            paper.ShouldBe(dark ? "rgb(14, 20, 22)" : "rgb(245, 243, 238)");
            // Folded parts are part of the page.
            await page.EvaluateAsync("document.querySelectorAll('details').forEach(each => { each.removeAttribute('name'); each.open = true; })");
            (await page.RunAxe()).Violations.Select(each => $"{each.Id}: {string.Join(" ", each.Nodes.Select(node => node.Html))}").ShouldBeEmpty();
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task It_fits_a_window_of_320_pixels(string path)
    {
        await using var visit = await browser.Visit(system.Site, window: Browser.Narrow);
        var page = visit.Page;
        await page.GotoAsync(system.Address(path));
        await page.EvaluateAsync("document.querySelectorAll('details').forEach(each => { each.removeAttribute('name'); each.open = true; })");

        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(320);
        // And a finger finds what it looks for: axe asks that of no page by itself.
        (await page.RunAxe(new AxeRunOptions { RunOnly = RunOnlyOptions.Rules("target-size") })).Violations.SelectMany(each => each.Nodes).Select(node => node.Html).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task It_breaks_no_rule_of_its_own_content_security_policy_and_loads_nothing_from_elsewhere(string path)
    {
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        var complaints = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.Contains("404", StringComparison.Ordinal) && !message.Text.Contains("503", StringComparison.Ordinal))
                complaints.Add(message.Text);
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(system.Site.ToString(), StringComparison.Ordinal))
                complaints.Add(request.Url);
        };

        await page.GotoAsync(system.Address(path), new() { WaitUntil = WaitUntilState.NetworkIdle });

        complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_api_reference_loads_under_its_policy()
    {
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        var complaints = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
                complaints.Add(message.Text);
        };

        await page.GotoAsync("/scalar");

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "BZPEER" })).ToBeVisibleAsync();
        complaints.ShouldBeEmpty();
    }
}
