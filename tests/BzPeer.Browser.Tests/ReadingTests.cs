using BzPeer.Web.Tests;

namespace BzPeer.Browser.Tests;

/// <summary>Names and titles that are read from right to left, and pages on paper.</summary>
public sealed class ReadingTests(Browser browser, SeedSystem system)
{
    private const string Author = "محمد بن عبد الله";
    private const string Title = "תורת המספרים 2024: מבוא";

    [Fact]
    public async Task What_is_read_from_right_to_left_stands_among_the_rest_and_moves_nothing_of_it()
    {
        var world = FakeWorld.WithTheSeedPaper();
        var author = world.Add(Author, "جامعة القاهرة");
        var paper = world.Publish(Title, "تعلم الآلة في 3 خطوات", [author, world.Seed], ["אלגברה"], 2024);
        world.Follow(author, world.Seed);
        await using var site = await Site.StartAsync(world);
        foreach (var window in new[] { Browser.Narrow, Browser.Desktop })
        {
            await using var visit = await browser.Visit(site.Client.BaseAddress!, window: window);
            var page = visit.Page;
            foreach (var path in new[] { $"/researchers/{author}", $"/researchers/{author}/works", $"/researchers/{world.Seed}/followers", $"/works/{paper.Id}", $"/explore/researcher/{author}", "/search?q=محمد" })
            {
                await page.GotoAsync(path);
                (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(window.Width, path);
            }

            // The name stands where names stand, and what the page says of it is in the language of the page.
            await page.GotoAsync($"/researchers/{author}");
            var (above, name) = ((await page.Locator("main .eyebrow").First.BoundingBoxAsync())!, (await page.Locator("h1").BoundingBoxAsync())!);
            name.X.ShouldBe(above.X, tolerance: 1);
            (await page.Locator("h1").EvaluateAsync<string>("name => getComputedStyle(name).direction")).ShouldBe("rtl");
            (await page.Locator(".headline").EvaluateAsync<string>("line => getComputedStyle(line).direction")).ShouldBe("ltr");

            await page.GotoAsync($"/works/{paper.Id}");
            (await page.Locator("h1").EvaluateAsync<string>("title => getComputedStyle(title).direction")).ShouldBe("rtl");
        }
    }

    [Fact]
    public async Task In_text_of_twice_the_size_no_heading_is_squeezed()
    {
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        foreach (var path in new[] { "/", "/researchers/{seed}", "/researchers/{seed}/growth", "/explore/researcher/{seed}", "/analytics" })
        {
            await page.GotoAsync(system.Address(path));
            // As a browser does that makes text larger and leaves the width of the window to the queries.
            await page.EvaluateAsync("document.documentElement.style.fontSize = '200%'");

            (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(Browser.Desktop.Width, path);
            // Narrower than four of its letters it is read from top to bottom.
            (await page.Locator("main").Locator("h1, h2, h3, .lead").EvaluateAllAsync<string[]>(
                "all => all.filter(each => each.checkVisibility() && each.clientWidth < 4 * parseFloat(getComputedStyle(each).fontSize) && each.textContent.trim().length > 4).map(each => each.textContent)")).ShouldBeEmpty(path);
        }
    }

    [Fact]
    public async Task A_number_after_a_name_from_right_to_left_stays_behind_it()
    {
        var world = FakeWorld.WithTheSeedPaper();
        world.Publish(Title, "", [world.Add(Author), world.Seed], [], 2024);
        await using var site = await Site.StartAsync(world);
        await using var visit = await browser.Visit(site.Client.BaseAddress!);
        var page = visit.Page;
        await page.GotoAsync($"/researchers/{world.Seed}");
        await page.GetByText("close collaborators", new() { Exact = true }).ClickAsync();

        var row = page.Locator(".stat li").Filter(new() { HasText = Author });
        await Assertions.Expect(row).ToBeVisibleAsync();
        var (name, strength) = (await row.Locator("bdi").BoundingBoxAsync(), await row.Locator(".aside").BoundingBoxAsync());

        strength!.X.ShouldBeGreaterThanOrEqualTo(name!.X + name.Width);
    }

    [Theory]
    [InlineData("/researchers/{seed}")]
    [InlineData("/works/{paper}")]
    [InlineData("/researchers/{seed}/trust")]
    [InlineData("/analytics")]
    public async Task On_paper_a_page_is_black_on_white_and_has_nothing_to_press(string path)
    {
        await using var visit = await browser.Visit(system.Site, dark: true);
        var page = visit.Page;
        await page.GotoAsync(system.Address(path));
        await page.EmulateMediaAsync(new() { Media = Media.Print, ColorScheme = ColorScheme.Dark });

        (await page.EvaluateAsync<string>("getComputedStyle(document.querySelector('h1')).color")).ShouldBe("rgb(0, 0, 0)");
        (await page.EvaluateAsync<string>("getComputedStyle(document.documentElement).colorScheme")).ShouldBe("light");
        foreach (var live in new[] { "header.site-head", "button", "input", "nav", ".button", "[aria-live]" })
        {
            foreach (var part in await page.Locator(live).AllAsync())
                (await part.IsVisibleAsync()).ShouldBeFalse(live);
        }

        await Assertions.Expect(page.Locator(".printed")).ToHaveTextAsync(new Uri(system.Site, system.Address(path)).ToString());
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(Browser.Desktop.Width);
    }

    [Fact]
    public async Task On_paper_trust_explains_itself_and_abstracts_are_whole()
    {
        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        await page.GotoAsync(system.Address("/researchers/{seed}"));
        await Assertions.Expect(page.Locator(".trust .because").First).ToBeHiddenAsync();

        await page.EmulateMediaAsync(new() { Media = Media.Print });

        await Assertions.Expect(page.Locator(".trust .because").First).ToBeVisibleAsync();
        (await page.Locator(".abstract p").EvaluateAsync<bool>("text => text.parentElement.getBoundingClientRect().bottom + 1 >= text.getBoundingClientRect().bottom")).ShouldBeTrue();
        await Assertions.Expect(page.Locator("svg.graph.wide")).ToBeVisibleAsync();
    }
}
