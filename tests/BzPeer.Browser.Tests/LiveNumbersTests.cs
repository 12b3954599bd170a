using BzPeer.Testing;
using BzPeer.Web.Tests;
using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>The open researcher page when news comes early, late, hidden or not at all.</summary>
public sealed class LiveNumbersTests(Browser browser, SeedSystem system)
{
    // Milliseconds after which a page has looked for what it heard of, and after which it says all it has to say at once.
    private const int LookSoon = 500, SayAll = 3_000;

    [Fact]
    public async Task What_is_published_corrected_and_retracted_moves_an_open_page_on_the_running_system()
    {
        const string first = "Numbers That Move by Themselves", second = "Pages That Are Left Open", corrected = "Pages That Were Left Open";
        await system.ImportAsync("2401.10001", first, 1, "Live Author", "Second Author");
        var author = await system.WhoIsAsync("Live Author", works: 1, score: 11);
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        List<string> connections = [];
        page.Request += (_, request) =>
        {
            if (request.Url.Contains("/live", StringComparison.Ordinal))
                connections.Add(request.Url);
        };
        await page.GotoAsync($"/researchers/{author}");
        await page.GetByText("Trust 11 - Baseline").ClickAsync();
        await Assertions.Expect(page.Locator("#works .lead")).ToHaveTextAsync("1 published item(s)");
        await Observe(page);

        await system.ImportAsync("2402.10001", second, 1, "Live Author", "Third Author");
        await Assertions.Expect(page.Locator(".work h3")).ToHaveTextAsync([second, first]);
        await Assertions.Expect(page.Locator("#works .lead")).ToHaveTextAsync("2 published item(s)");
        await Assertions.Expect(page.Locator(".stat [data-number=works]")).ToHaveTextAsync("2");
        await Assertions.Expect(page.Locator(".stat [data-number=closeCollaborators]")).ToHaveTextAsync("2");
        await Assertions.Expect(page.GetByText("Trust 13 - Baseline", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".contributions")).ToContainTextAsync("2 validated works");
        await Assertions.Expect(page.Locator(".trust-history circle title").Last).ToContainTextAsync("13 - Baseline");
        // Alone or together with numbers, and maybe followed by others by now.
        await Eventually.Async(async _ => await page.EvaluateAsync<string[]>("window.said"), said => said.Any(words => words.Contains($"New work: {second}", StringComparison.Ordinal)), "the new work is said", ct: TestContext.Current.CancellationToken);
        (await page.RunAxe()).Violations.ShouldBeEmpty();

        await system.ImportAsync("2402.10001", corrected, 2, "Live Author", "Third Author");
        await Assertions.Expect(page.Locator(".work h3")).ToHaveTextAsync([corrected, first]);

        await system.RetractAsync(author, corrected);
        await Assertions.Expect(page.Locator(".work.retracted h3")).ToHaveTextAsync(corrected);
        await Assertions.Expect(page.GetByText("Trust 11 - Baseline")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".stat [data-number=closeCollaborators]")).ToHaveTextAsync("1");
        await Assertions.Expect(page.Locator(".trust-history circle title").Last).ToContainTextAsync("11 - Baseline");

        connections.ShouldHaveSingleItem();
        var sums = await page.EvaluateAsync<int[]>("window.sums");
        sums.ShouldNotBeEmpty();
        sums.ShouldAllBe(difference => difference == 0);
    }

    [Fact]
    public async Task A_refused_follow_is_shown_at_once_and_taken_back_with_the_reason()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.SignIn(site.World.Find("Stefano Salsano"));
        var answer = await HoldAnswers(page);
        await page.GotoAsync($"/researchers/{site.World.Seed}");
        site.World.People.RemoveAll(person => person.Id == site.World.Seed);

        await page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1 followers" })).ToBeVisibleAsync();

        answer.SetResult();
        await Assertions.Expect(page.Locator("[role=status][data-follow-status]")).ToHaveTextAsync("No researcher has this id.");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers" })).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator(".stat [data-number=followers]")).ToHaveTextAsync("0");
        (await page.RunAxe()).Violations.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_follow_is_recorded_though_one_leaves_the_page_at_once()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        var me = site.World.Find("Stefano Salsano");
        await page.SignIn(me);
        await page.GotoAsync($"/researchers/{site.World.Seed}");
        site.Services.FollowMayBeRecorded = new();

        await page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers" }).ClickAsync();
        await Eventually.Async(() => site.Services.Requests.Any(request => request.Path == $"/api/me/following/{site.World.Seed}"), "the follow is asked for", ct: TestContext.Current.CancellationToken);
        await page.GotoAsync("/analytics");
        site.Services.FollowMayBeRecorded.SetResult();

        await Eventually.Async(() => site.World.Follows.Any(edge => edge.Follower == me), "the follow is recorded", TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_count_older_than_ones_own_follow_is_never_shown()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.SignIn(site.World.Find("Stefano Salsano"));
        var answer = await HoldAnswers(page);
        await page.GotoAsync($"/researchers/{site.World.Seed}");
        await page.EvaluateAsync(
            """
            const number = document.querySelector(".stat [data-number=followers]");
            window.shown = [];
            new MutationObserver(() => window.shown.push(number.textContent)).observe(number, { childList: true });
            """);

        await page.GetByRole(AriaRole.Button, new() { Name = "Follow researcher 0 followers" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1 followers" })).ToBeVisibleAsync();
        // One that does not include the follow comes before its answer, and one after; trust tells that both have come.
        Tell(site, "counts", new { position = "follow:41", followers = 7, following = 0 });
        site.World.Publish("Another paper", "", [site.World.Seed], ["cs.NI"]);
        site.World.AsOf = 2;
        Tell(site, "trust", new { position = "trust:2", score = 13, level = "Baseline" });
        await Assertions.Expect(page.GetByText("Trust 13 - Baseline", new() { Exact = true })).ToBeVisibleAsync();
        answer.SetResult();
        await Assertions.Expect(page.GetByText("You follow Daniel Bernier.")).ToBeVisibleAsync();
        Tell(site, "counts", new { position = "follow:40", followers = 0, following = 0 });
        Tell(site, "counts", new { position = "follow:43", followers = 1_234, following = 0 });

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Unfollow researcher 1,234 followers" })).ToBeVisibleAsync();
        (await page.EvaluateAsync<string[]>("window.shown")).ShouldBe(["1", "1,234"]);
    }

    [Fact]
    public async Task New_trust_comes_with_its_explanation_in_one_moment()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await OpenWithoutTime(page, $"/researchers/{site.World.Seed}");
        await page.GetByText("Trust 11 - Baseline").ClickAsync();
        // Whoever stands in the middle of it with the keyboard stays there.
        await page.GetByRole(AriaRole.Link, new() { Name = "Every change and its cause" }).FocusAsync();
        await Observe(page);

        site.World.Publish("Another paper", "", [site.World.Seed], ["cs.NI"]);
        site.World.AsOf = 2;
        Tell(site, "bibliography", new { position = "publication:2", works = 2, topics = 1, closeCollaborators = 4 });
        Tell(site, "trust", new { position = "trust:2", score = 13, level = "Baseline" });

        await Assertions.Expect(page.Locator(".stat [data-number=works]")).ToHaveTextAsync("2");
        await page.Clock.RunForAsync(LookSoon);
        await Assertions.Expect(page.GetByText("Trust 13 - Baseline", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".contributions")).ToContainTextAsync("2 validated work(s)");
        await Assertions.Expect(page.Locator(".contributions")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Every change and its cause" })).ToBeFocusedAsync();
        await page.Clock.RunForAsync(SayAll);
        await Assertions.Expect(page.Locator("[aria-live=polite]")).ToHaveTextAsync("2 works, Trust 13 - Baseline, New work: Another paper");
        var sums = await page.EvaluateAsync<int[]>("window.sums");
        sums.ShouldNotBeEmpty();
        sums.ShouldAllBe(difference => difference == 0);
    }

    [Fact]
    public async Task A_work_comes_into_the_list_and_what_was_opened_there_stays_open()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await OpenWithoutTime(page, $"/researchers/{site.World.Seed}");
        await page.Locator(".abstract summary").ClickAsync();
        await page.EvaluateAsync("document.querySelector('.work').kept = true");

        site.World.Publish("A newer paper", "What it says.", [site.World.Seed], ["cs.NI"], year: 2025);
        site.World.AsOf = 2;
        Tell(site, "bibliography", new { position = "publication:2", works = 2, topics = 1, closeCollaborators = 4 });

        await Assertions.Expect(page.Locator(".stat [data-number=works]")).ToHaveTextAsync("2");
        await page.Clock.RunForAsync(LookSoon);
        await Assertions.Expect(page.Locator(".work h3")).ToHaveTextAsync(["A newer paper", FakeWorld.SeedTitle]);
        await Assertions.Expect(page.Locator("#works .lead")).ToHaveTextAsync("2 published item(s)");
        await Assertions.Expect(page.Locator(".abstract p").Nth(1)).ToBeVisibleAsync();
        (await page.EvaluateAsync<bool>("document.querySelectorAll('.work')[1].kept && document.querySelectorAll('.abstract')[1].open && !document.querySelectorAll('.abstract')[0].open")).ShouldBeTrue();
        await page.Clock.RunForAsync(SayAll);
        await Assertions.Expect(page.Locator("[aria-live=polite]")).ToHaveTextAsync("2 works, Trust 13 - Baseline, New work: A newer paper");
        await page.Clock.ResumeAsync();
        (await page.RunAxe()).Violations.ShouldBeEmpty();

        // Corrected, which changes no number; and retracted.
        site.World.Papers[^1] = site.World.Papers[^1] with { Title = "A corrected paper" };
        Tell(site, "work", new { position = "publication:3", workId = site.World.Papers[^1].Id });
        await Assertions.Expect(page.Locator(".work h3")).ToHaveTextAsync(["A corrected paper", FakeWorld.SeedTitle]);
        site.World.Papers[^1] = site.World.Papers[^1] with { Retracted = true };
        site.World.AsOf = 5;
        Tell(site, "bibliography", new { position = "publication:5", works = 2, topics = 1, closeCollaborators = 4 });
        await Assertions.Expect(page.Locator(".work.retracted h3")).ToHaveTextAsync("A corrected paper");
        await Assertions.Expect(page.Locator("[aria-live=polite]")).ToHaveTextAsync("Retracted: A corrected paper");
        Listened(site).Length.ShouldBe(1);
    }

    [Fact]
    public async Task The_graph_moves_with_the_works_and_waits_for_whoever_is_in_its_table()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        var asked = 0;
        page.Request += (_, request) => asked += request.Url.Contains("handler=live", StringComparison.Ordinal) ? 1 : 0;
        await page.GotoAsync($"/researchers/{site.World.Seed}");
        await Assertions.Expect(page.Locator("#graph .legend")).ToContainTextAsync("1 work");
        await page.EvaluateAsync("document.querySelector('#graph figure').kept = true");

        // A slice of so many nodes says that it is not all.
        site.Services.GraphLimit = 5;
        Published("A second paper", "Grace Newcomer", 2);
        await Assertions.Expect(page.Locator("#graph .truncated")).ToHaveTextAsync("Showing 5 of 9: the strongest ties of each kind.");
        (await page.EvaluateAsync<bool>("document.querySelector('#graph figure').kept")).ShouldBeTrue();
        site.Services.GraphLimit = null;
        Published("A third paper", "Alan Newcomer", 3);
        await Assertions.Expect(page.Locator("#graph .graph.wide a title").Filter(new() { HasText = "A third paper" })).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("#graph .truncated")).ToHaveCountAsync(0);
        asked.ShouldBe(2);

        await page.GetByText("The same as a table").ClickAsync();
        var link = page.Locator("#graph tbody a").Filter(new() { HasText = "Grace Newcomer" });
        await link.FocusAsync();
        Published("A fourth paper", "Ada Newcomer", 4);
        await Assertions.Expect(page.Locator(".work")).ToHaveCountAsync(4);
        await Assertions.Expect(page.Locator("#graph")).Not.ToContainTextAsync("Ada Newcomer");
        await Assertions.Expect(link).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Locator("#graph")).Not.ToContainTextAsync("Ada Newcomer");

        await page.GetByRole(AriaRole.Link, new() { Name = "Open full explorer" }).FocusAsync();
        await Assertions.Expect(page.Locator("#graph tbody")).ToContainTextAsync("Ada Newcomer");
        await Assertions.Expect(page.Locator("#graph table")).ToBeVisibleAsync();
        (await page.RunAxe()).Violations.ShouldBeEmpty();

        void Published(string title, string with, int at)
        {
            site.World.Publish(title, "", [site.World.Seed, site.World.Add(with)], ["cs.NI"]);
            site.World.AsOf = at;
            Tell(site, "bibliography", new { position = $"publication:{at}", works = at, topics = 1, closeCollaborators = 3 + at });
        }
    }

    [Fact]
    public async Task What_cannot_be_had_is_asked_for_again_and_the_old_score_stays_with_its_explanation()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.GotoAsync($"/researchers/{site.World.Seed}");
        site.Services.Failing.Add("Trust");
        var looked = page.WaitForResponseAsync(response => response.Url.Contains("handler=live", StringComparison.Ordinal));

        site.World.Publish("Another paper", "", [site.World.Seed], ["cs.NI"]);
        site.World.AsOf = 2;
        Tell(site, "bibliography", new { position = "publication:2", works = 2, topics = 1, closeCollaborators = 4 });
        await looked;
        await Assertions.Expect(page.Locator(".work")).ToHaveCountAsync(2);
        await Assertions.Expect(page.GetByText("Trust 11 - Baseline")).ToBeVisibleAsync();

        site.Services.Failing.Clear();
        await Assertions.Expect(page.GetByText("Trust 13 - Baseline", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task What_somebody_begins_to_hide_is_hidden_and_shown_again_when_they_show_it()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.GotoAsync($"/researchers/{site.World.Seed}");

        Tell(site, "counts", new { position = "follow:43", followers = (int?)null, following = (int?)null });
        await Assertions.Expect(page.Locator(".stat [data-number=followers]")).ToHaveTextAsync("hidden");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Following", Exact = true })).ToBeVisibleAsync();

        Tell(site, "counts", new { position = "follow:44", followers = 3, following = 2 });
        await Assertions.Expect(page.Locator(".stat [data-number=followers]")).ToHaveTextAsync("3");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Following 2", Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_page_that_nobody_looks_at_stops_listening_and_goes_on_from_there()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.Clock.InstallAsync();
        await page.GotoAsync($"/researchers/{site.World.Seed}");
        Tell(site, "counts", new { position = "follow:43", followers = 3, following = 2 }, id: "1001");
        await Assertions.Expect(page.Locator(".stat [data-number=followers]")).ToHaveTextAsync("3");

        await Look(page, away: true);
        await page.Clock.FastForwardAsync(11_000);
        await Look(page, away: false);

        await Eventually.Async(() => Listened(site).Length == 2, "the page listens again", ct: TestContext.Current.CancellationToken);
        Listened(site)[1].ShouldEndWith("/live?after=1001");
        static Task Look(IPage page, bool away) => page.EvaluateAsync(
            $"Object.defineProperty(document, 'hidden', {{ value: {(away ? "true" : "false")}, configurable: true }}); document.dispatchEvent(new Event('visibilitychange'))");
    }

    [Fact]
    public async Task A_page_that_was_refused_the_news_asks_again_later()
    {
        await using var site = await Site.StartAsync();
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        site.Services.Failing.Add("Analytics");
        await page.Clock.InstallAsync();
        var refused = page.WaitForResponseAsync(response => response.Url.EndsWith("/live", StringComparison.Ordinal));
        await page.GotoAsync($"/researchers/{site.World.Seed}");
        await refused;
        site.Services.Failing.Clear();

        await Eventually.Async(
            async _ =>
            {
                await page.Clock.FastForwardAsync(10_000);
                return Listened(site).Length > 1;
            },
            "the page asks again", ct: TestContext.Current.CancellationToken);
        Tell(site, "counts", new { position = "follow:43", followers = 3, following = 2 });
        await Assertions.Expect(page.Locator(".stat [data-number=followers]")).ToHaveTextAsync("3");
    }

    /// <summary>Opens a page whose clock stands still.</summary>
    private static async Task OpenWithoutTime(IPage page, string address)
    {
        var start = new DateTime(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);
        await page.Clock.InstallAsync(new() { TimeDate = start });
        await page.GotoAsync(address);
        await page.Clock.PauseAtAsync(start.AddDays(1));
    }

    /// <summary>From now on keeps what is said, and at every change of the snapshot by how much the score differs from the sum of its contributions.</summary>
    private static Task Observe(IPage page) => page.EvaluateAsync(
        """
        window.said = [];
        const live = document.querySelector("[aria-live=polite]");
        new MutationObserver(() => window.said.push(live.textContent)).observe(live, { childList: true, characterData: true, subtree: true });
        window.sums = [];
        new MutationObserver(() => window.sums.push(
            document.querySelector(".score").textContent.match(/\d+/)[0] - [...document.querySelectorAll(".contributions strong")].reduce((sum, each) => sum + Number(each.textContent), 0)))
            .observe(document.querySelector(".snapshot"), { childList: true, characterData: true, subtree: true });
        """);

    private static void Tell(Site site, string kind, object news, string? id = null) =>
        site.Services.Live.Writer.TryWrite(new(news, kind) { EventId = id }).ShouldBeTrue();

    private static string[] Listened(Site site) => [.. site.Services.Requests.Where(request => request.Path.Contains("/live", StringComparison.Ordinal)).Select(request => request.Path)];

    /// <summary>Keeps back the answers to forms until the task is completed.</summary>
    private static async Task<TaskCompletionSource> HoldAnswers(IPage page)
    {
        var mayAnswer = new TaskCompletionSource();
        await page.RouteAsync("**/researchers/*", async route =>
        {
            if (route.Request.Method == "POST")
                await mayAnswer.Task;
            await route.ContinueAsync();
        });
        return mayAnswer;
    }
}
