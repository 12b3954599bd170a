using BzPeer.Web.Tests;
using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>Signing in at the provider of Development, as a person does it.</summary>
public sealed class SignInTests(Browser browser, SeedSystem system)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Somebody_new_signs_in_with_an_orcid_id_follows_and_signs_out(bool scripts)
    {
        // Whom nobody else follows meanwhile.
        var followed = scripts ? "Followed Byscript" : "Followed Byform";
        await system.ImportAsync(scripts ? "2403.30001" : "2403.30002", $"How {followed} was found", 1, followed);
        var whom = await system.WhoIsAsync(followed, works: 1, score: 11);
        await using var visit = await browser.Visit(system.Site, scripts);
        var page = visit.Page;
        await page.GotoAsync(system.Address("/researchers/{seed}/works?sort=title"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByLabel("an ORCID iD").FillAsync(scripts ? "0000-0002-1825-0097" : "0000-0001-5109-3700");
        await page.GetByLabel("Name, as ORCID").FillAsync("Josiah Carberry");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();

        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/works\\?sort=title$"));
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Josiah Carberry" })).ToBeVisibleAsync();
        // A page as everybody has, with nothing on it yet; and their lists.
        await page.GetByRole(AriaRole.Link, new() { Name = "Josiah Carberry" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Josiah Carberry", Level = 1 })).ToBeVisibleAsync();
        var own = page.Url;
        await page.GotoUntil(own, page.GetByText("No work is in the record yet. Works come in from"));
        await Assertions.Expect(page.GetByText("Nothing is connected here yet.")).ToBeVisibleAsync();
        foreach (var list in new[] { "works", "topics", "institutions", "collaborators" })
            (await page.GotoAsync($"{own}/{list}"))!.Status.ShouldBe(200);
        await page.GotoAsync($"/researchers/{whom}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync($"You follow {followed}.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1 followers", Exact = true }).ClickAsync();
        if (scripts)
            await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync($"You no longer follow {followed}.");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers", Exact = true })).ToBeVisibleAsync();
        await page.GotoAsync("/settings");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You are signed out" })).ToBeVisibleAsync();
        // Not from the history either.
        await page.GoBackAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in as any researcher" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Who_declines_is_told_and_may_go_on_where_they_were()
    {
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        await page.GotoAsync("/sign-in?returnUrl=/analytics");
        await page.GetByRole(AriaRole.Button, new() { Name = "Decline" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You are not signed in" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Go on without" }).ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/analytics$"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("daniel")]
    [InlineData("nobody-is-called-this")]
    public async Task The_page_of_the_provider_is_accessible_and_fits_the_narrowest_window(string query)
    {
        foreach (var dark in new[] { false, true })
        {
            await using var visit = await browser.Visit(system.Site, dark: dark, window: Browser.Narrow);
            var page = visit.Page;
            var complaints = new List<string>();
            page.Console += (_, message) => complaints.Add(message.Text);
            await page.GotoAsync("/sign-in");
            if (query.Length > 0)
            {
                await page.GetByLabel("Find by name").FillAsync(query);
                await page.GetByLabel("Find by name").PressAsync("Enter");
                await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex($"q={query}"));
                await Assertions.Expect(page.GetByText(query == "daniel" ? "Daniel Bernier" : "Nobody is found").First).ToBeVisibleAsync();
            }
            await page.EvaluateAsync("document.querySelectorAll('details').forEach(each => { each.open = true; })");

            (await page.RunAxe()).Violations.Select(each => $"{each.Id}: {string.Join(" ", each.Nodes.Select(node => node.Html))}").ShouldBeEmpty();
            (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(320);
            complaints.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task A_form_whose_session_has_ended_leads_to_the_provider_and_back()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!, scripts: false);
        var page = visit.Page;
        await page.SignIn(site.World.Find("Stefano Salsano"));
        await page.GotoAsync($"/researchers/{site.World.Seed}");
        site.Services.Expired.Add(site.World.Find("Stefano Salsano"));

        await page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher" }).ClickAsync();

        await Assertions.Expect(page.GetByLabel("Researcher id")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Without_the_provider_a_page_says_so_and_reading_goes_on()
    {
        await using var site = await Site.StartAsync();
        await site.Provider.StopAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.GotoAsync($"/researchers/{site.World.Seed}");

        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Signing in is not possible right now" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Go on without" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Daniel Bernier", Level = 1 })).ToBeVisibleAsync();
    }
}
