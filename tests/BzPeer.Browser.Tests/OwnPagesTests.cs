using BzPeer.Web.Tests;
using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>What holds for every page holds for those of people who are signed in, with everything on them that they can show.</summary>
public sealed class OwnPagesTests(Browser browser)
{
    private const string Place = "Università degli Studi di Roma Tor Vergata, Dipartimento di Ingegneria Elettronica";

    private static readonly Guid Import = FakeWorld.Stable("import");

    public static TheoryData<string> Pages =>
        ["/settings", "/feed", "/researchers/{seed}", "/researchers/{seed}/block", "/researchers/{blocked}", "/curate/pairs", "/curate/rings", "/curate/imports", "/curate/dead-letters", $"/curate/imports/{Import}", $"/institutions/{FakeWorld.Stable(Place)}"];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task It_has_no_accessibility_violation_in_light_or_dark(string path)
    {
        await using var site = await Full();
        foreach (var dark in new[] { false, true })
        {
            await using var visit = await Open(site, path, dark: dark);

            (await visit.Page.RunAxe()).Violations.Select(each => $"{each.Id}: {string.Join(" ", each.Nodes.Select(node => node.Html))}").ShouldBeEmpty();
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task It_fits_a_window_of_320_pixels(string path)
    {
        await using var site = await Full();
        await using var visit = await Open(site, path, window: Browser.Narrow);

        (await visit.Page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(320);
    }

    [Fact]
    public async Task What_is_refused_is_announced_and_the_reason_stays_beside_its_pair()
    {
        await using var site = await Full();
        await using var visit = await Open(site, "/curate/pairs");
        var page = visit.Page;
        var form = page.GetByRole(AriaRole.Form).First;

        await form.GetByLabel("How you know").FillAsync("the same office");
        await form.GetByRole(AriaRole.Button, new() { Name = "One person: merge" }).ClickAsync();

        await Assertions.Expect(form.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Say which of the two profiles stays.");
        await Assertions.Expect(form.GetByLabel("How you know")).ToHaveValueAsync("the same office");
        (await page.RunAxe()).Violations.ShouldBeEmpty();
    }

    /// <summary>A site on which the reader follows, blocks, is suspected to be two people, and may decide about all of that.</summary>
    internal static async Task<Site> Full()
    {
        var site = await Site.StartAsync();
        var world = site.World;
        var reader = world.Find("Stefano Salsano");
        world.Follow(reader, world.Seed);
        world.Affiliations[world.Seed] = Place;
        world.Affiliations[reader] = "Elsewhere";
        world.Follow(reader, world.Find("Clarence Filsfils"));
        world.Publish("A work about a very long subject with one unbreakably-hyphenatedandlongwordinthemiddleofits title", "…", [world.Seed], ["cs.NI"]);
        world.Blocks.Add((reader, world.Find("Ahmed Abdelsalam")));
        world.Suspect(world.Add("D. Bernier"), world.Seed, "3 shared co-authors: Francesco Lombardo, Stefano Salsano, Clarence Filsfils");
        world.Suspect(world.Add("S. Salsano"), reader, "the same name: Stefano Salsano");
        world.Rings.Add((Guid.NewGuid(), [.. world.People.Select(person => person.Id), Guid.NewGuid(), Guid.NewGuid()], "Made within one hour, and follow nobody else.", null));
        world.Rings.Add((Guid.NewGuid(), [reader], "By mistake", "A course of students"));
        world.DeadLetters.Add(("Profile", "0192-a-letter", "AuthorIdentified", "The JSON value could not be converted to System.Guid. Path: $.message.researcherId", "{\"messageId\":\"0192-a-letter\",\"message\":{\"origin\":{}}}"));
        world.DeadLetters.Add(("Trust", "0192-another", null, "'t' is an invalid start of a property name.", "{ this is no JSON"));
        world.Imports[Import] = new
        {
            id = Import,
            format = "arxiv",
            state = "completed",
            received = 1_203,
            created = 1_200,
            updated = 1,
            unchanged = 1,
            rejected = 1,
            rejections = new[] { new { index = 41, sourceId = "http://arxiv.org/abs/2301.01178v1", reason = "The record has no title." } },
        };
        return site;
    }

    private async Task<Visit> Open(Site site, string path, bool dark = false, ViewportSize? window = null)
    {
        var visit = await browser.Visit(site.Client.BaseAddress!, dark: dark, window: window);
        await visit.Page.SignIn(site.World.Find("Stefano Salsano"), curator: true);
        await visit.Page.GotoAsync(path
            .Replace("{seed}", site.World.Seed.ToString(), StringComparison.Ordinal)
            .Replace("{blocked}", site.World.Find("Ahmed Abdelsalam").ToString(), StringComparison.Ordinal));
        await visit.Page.EvaluateAsync("document.querySelectorAll('details').forEach(each => { each.removeAttribute('name'); each.open = true; })");
        return visit;
    }
}
