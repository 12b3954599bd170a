using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BzPeer.Provisioning;
using BzPeer.Testing;

namespace BzPeer.Browser.Tests;

/// <summary>
/// What a newcomer does, one after the other, on a running system. With <c>BZPEER_TOUR=1</c> every step leaves its picture in
/// <c>docs/images/tour</c>, which docs/tour.md shows.
/// </summary>
public sealed class TourTests(Browser browser)
{
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("BZPEER_TOUR") == "1" ? Path.Combine(Repository.Root, "docs", "images", "tour") : null;

    /// <summary>Longer than one of these steps takes on a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Follow_see_it_move_publish_see_trust_move_and_why_explore_to_an_institution_and_back_sign_out()
    {
        await using var system = new BzPeerSystem();
        await system.InitializeAsync();
        var curator = system.As(Guid.NewGuid(), "curator");
        using (var work = JsonContent.Create(Work()))
        {
            using var accepted = await curator.PostAsync("/api/imports?format=openalex", work, TestContext.Current.CancellationToken);
            accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }
        var (ada, grace) = (await Find("Ada Lovelace"), await Find("Grace Hopper"));
        await Eventually.Async(async ct => await system.Http.GetStringAsync($"/api/researchers/{ada}/trust", ct), text => text.Contains("\"score\":11", StringComparison.Ordinal), "trust is stated", Patience, TestContext.Current.CancellationToken);

        await using var mine = await browser.Visit(system.Site);
        await using var other = await browser.Visit(system.Site);
        var (me, watcher) = (mine.Page, other.Page);

        // Signs in, at the provider of Development.
        await me.GotoAsync("/");
        await Picture(me, "1-home");
        await me.SignIn(grace);

        // Follows, and sees the number move in a window where nobody is signed in.
        await watcher.GotoAsync($"/researchers/{ada}");
        await Assertions.Expect(watcher.Locator(".stat [data-number=followers]")).ToHaveTextAsync("0");
        await me.GetByRole(AriaRole.Searchbox).Or(me.GetByRole(AriaRole.Combobox)).First.FillAsync("ada lov");
        await me.Keyboard.PressAsync("Enter");
        await me.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "Ada Lovelace" }).First.ClickAsync();
        await me.GetByRole(AriaRole.Button, new() { Name = "Follow researcher" }).ClickAsync();
        await Assertions.Expect(me.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher" })).ToBeVisibleAsync();
        await Picture(me, "2-followed");
        await Assertions.Expect(watcher.Locator(".stat [data-number=followers]")).ToHaveTextAsync("1");
        await Picture(watcher, "3-the-number-moved");

        // A work is published; trust moves by itself, and the ledger says why.
        var before = await watcher.Locator(".score").InnerTextAsync();
        using var published = await curator.PostAsJsonAsync("/api/works", new
        {
            title = "Notes on the Difference Engine",
            type = "article",
            publicationDate = "2026-01-31",
            venue = "Scientific Memoirs",
            topics = new[] { "Computing Machinery" },
            authors = new[] { new { researcherId = ada } },
        }, TestContext.Current.CancellationToken);
        published.StatusCode.ShouldBe(HttpStatusCode.Created);
        await Assertions.Expect(watcher.Locator(".score")).Not.ToHaveTextAsync(before);
        await Assertions.Expect(watcher.Locator(".stat [data-number=works]")).ToHaveTextAsync("2");
        await watcher.Locator(".trust summary").ClickAsync();
        await Assertions.Expect(watcher.Locator(".trust .why")).ToContainTextAsync("2 validated works");
        await Picture(watcher, "4-trust-moved");
        await watcher.GetByRole(AriaRole.Link, new() { Name = "Every change and its cause" }).ClickAsync();
        var cause = watcher.GetByRole(AriaRole.Main).GetByText("Notes on the Difference Engine").First;
        await Assertions.Expect(cause).ToBeVisibleAsync();
        await cause.EvaluateAsync("element => element.scrollIntoView({ block: 'center' })");
        await Picture(watcher, "5-why");

        // From the page to an institution and back, by keyboard.
        await me.GotoAsync($"/researchers/{ada}");
        await me.GetByRole(AriaRole.Link, new() { Name = "Open full explorer" }).FocusAsync();
        await me.Keyboard.PressAsync("Enter");
        await Chosen("University of London");
        await Picture(me, "6-explorer");
        await Into("Explore from here", $"/explore/institution/[-0-9a-f]+");
        await Chosen("Ada Lovelace");
        await Picture(me, "7-institution");
        await Into("Open the profile", $"/researchers/{ada}");

        await me.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).FocusAsync();
        await me.Keyboard.PressAsync("Enter");
        await Assertions.Expect(me.GetByRole(AriaRole.Link, new() { Name = "Sign in", Exact = true })).ToBeVisibleAsync();
        await Picture(me, "8-signed-out");

        async Task<Guid> Find(string name) => await Eventually.Async(async ct =>
        {
            var found = await system.Http.GetFromJsonAsync<JsonObject>($"/api/researchers?q={Uri.EscapeDataString(name)}", ct);
            var id = found!["items"]!.AsArray().FirstOrDefault()?["id"]!.GetValue<Guid>() ?? Guid.Empty;
            // Nobody can be followed before the follow service has heard of them, which is by another way.
            return id != Guid.Empty && (await system.Http.GetAsync($"/api/researchers/{id}/follow-counts", ct)).IsSuccessStatusCode ? id : Guid.Empty;
        }, id => id != Guid.Empty, $"{name} is found", Patience, TestContext.Current.CancellationToken);

        // The arrows go from node to node, and the live region says where one is.
        async Task Chosen(string node)
        {
            await Assertions.Expect(me.Locator("#graph[role=application]:not([aria-busy])")).ToBeVisibleAsync();
            for (var n = 0; n < 60 && await me.EvaluateAsync<string>("() => document.activeElement.id") != "graph"; n++) await me.Keyboard.PressAsync("Tab");
            var said = me.Locator("#said");
            await Assertions.Expect(said).ToContainTextAsync(",");
            await me.Keyboard.PressAsync("Home");
            for (var n = 0; n < 20 && !(await said.TextContentAsync())!.StartsWith(node, StringComparison.Ordinal); n++) await me.Keyboard.PressAsync("ArrowRight");
            await Assertions.Expect(said).ToContainTextAsync(node);
            await me.Keyboard.PressAsync("Space");
            await Assertions.Expect(me.Locator("#inspector h2")).ToHaveTextAsync(node);
        }

        async Task Into(string link, string address)
        {
            for (var n = 0; n < 60 && await me.EvaluateAsync<string>("() => document.activeElement.textContent.trim()") != link; n++) await me.Keyboard.PressAsync("Tab");
            await me.Keyboard.PressAsync("Enter");
            await Assertions.Expect(me).ToHaveURLAsync(new Regex(address + "$"));
        }
    }

    private static JsonObject Work() => new()
    {
        ["id"] = "https://openalex.org/W4300000001",
        ["doi"] = "https://doi.org/10.5555/tour.1",
        ["title"] = "Sketch of the Analytical Engine",
        ["type"] = "article",
        ["publication_year"] = 2025,
        ["publication_date"] = "2025-10-01",
        ["authorships"] = new JsonArray(Author("A5300000001", "Ada Lovelace", "I40120149", "University of London"), Author("A5300000002", "Grace Hopper", "I32971472", "Yale University")),
        ["topics"] = new JsonArray(new JsonObject { ["id"] = "https://openalex.org/T10001", ["display_name"] = "Computing Machinery", ["score"] = 0.99 }),
    };

    private static JsonObject Author(string id, string name, string institution, string at) => new()
    {
        ["author_position"] = "first",
        ["author"] = new JsonObject { ["id"] = $"https://openalex.org/{id}", ["display_name"] = name },
        ["institutions"] = new JsonArray(new JsonObject { ["id"] = $"https://openalex.org/{institution}", ["display_name"] = at }),
        ["raw_author_name"] = name,
    };

    private static async Task Picture(IPage page, string name)
    {
        if (Pictures is null) return;
        Directory.CreateDirectory(Pictures);
        await page.ScreenshotAsync(new() { Path = Path.Combine(Pictures, $"{name}.png") });
    }
}
