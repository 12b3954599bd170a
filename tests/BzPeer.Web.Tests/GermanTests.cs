using System.Net;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using BzPeer.Provisioning;

namespace BzPeer.Web.Tests;

/// <summary>The pages as somebody reads them whose browser asks for German.</summary>
public sealed partial class GermanTests
{
    [Fact]
    public async Task Drawings_have_their_coordinates_as_svg_writes_them()
    {
        await using var site = await Site.StartAsync();
        using var page = new HttpRequestMessage(HttpMethod.Get, $"/researchers/{site.World.Seed}") { Headers = { { "Accept-Language", "de" } } };
        using var answer = await site.Client.SendAsync(page, TestContext.Current.CancellationToken);
        var html = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        html.ShouldContain("class=\"history\"");
        html.ShouldNotMatch("<(text|circle|rect|path|svg)[^>]* (x|y|cx|cy|r|d|width|height)=\"[^\"]*\\d,\\d");
    }

    [Fact]
    public async Task A_researchers_page_says_everything_in_german()
    {
        await using var site = await German();

        var text = Site.TextOf(await site.Html($"/researchers/{site.World.Seed}"));

        var at = 0;
        foreach (var line in new[]
        {
            "Forschungsprofil", "Daniel Bernier", "Daniel Bernier trägt zur Forschung und ihrer Infrastruktur bei.", "Zugehörigkeit nicht importiert", "Offen für Zusammenarbeit",
            "Vertrauen im Überblick", "Vertrauen 11 – Basis", "1 Arbeit", "0 Follower:innen", "1 Thema", "4 enge Koautor:innen",
            "Folgen 0", "Forschungsgraph", "1 veröffentlichte Arbeit", "Preprint 2023 arXiv", FakeWorld.SeedTitle,
        })
        {
            var found = text.IndexOf(line, at, StringComparison.Ordinal);
            found.ShouldBeGreaterThanOrEqualTo(at, $"“{line}” is missing, or not after the line before it");
            at = found;
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/nowhere")]
    [InlineData("/researchers/{seed}/followers")]
    [InlineData("/researchers/{seed}/following")]
    [InlineData("/researchers/{seed}/collaborators")]
    [InlineData("/researchers/{seed}/works")]
    [InlineData("/researchers/{seed}/trust")]
    [InlineData("/researchers/{seed}/growth")]
    [InlineData("/researchers/{seed}/growth?by=month")]
    [InlineData("/works/{paper}")]
    [InlineData("/analytics")]
    [InlineData("/settings")]
    [InlineData("/feed")]
    [InlineData("/curate/pairs")]
    [InlineData("/curate/rings")]
    [InlineData("/curate/imports")]
    [InlineData("/researchers/{seed}/block")]
    public async Task No_text_of_ours_is_left_in_english(string path)
    {
        await using var site = await German();
        await site.SignIn(site.World.Find("Stefano Salsano"), curator: true);

        var response = await site.Get(path.Replace("{seed}", site.World.Seed.ToString(), StringComparison.Ordinal).Replace("{paper}", site.World.Papers[0].Id.ToString(), StringComparison.Ordinal));
        var html = WebUtility.HtmlDecode(OfScripts().Replace(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), ""));

        // Between the holes of a text are its words; those that English and German share say nothing.
        English.Where(words => words.Length > 12 && html.Contains(words, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Numbers_and_days_are_written_as_in_german()
    {
        var world = FakeWorld.WithTheSeedPaper();
        var seed = world.Seed;
        for (var n = 0; n < 1234; n++)
            world.Follow(Guid.NewGuid(), seed);
        await using var site = await German(world);

        var text = Site.TextOf(await site.Html($"/researchers/{seed}/followers"));

        text.ShouldContain("1.234 insgesamt, die neuesten zuerst.");
        GermanDay().IsMatch(text).ShouldBeTrue(text);
    }

    [Fact]
    public async Task One_is_not_many()
    {
        await using var site = await German();
        var someone = site.World.Find("Stefano Salsano");
        site.World.Follow(Guid.NewGuid(), someone);

        Site.TextOf(await site.Html("/search?q=stefano")).ShouldContain("1 Follower:in ");
        site.World.Follow(Guid.NewGuid(), someone);
        Site.TextOf(await site.Html("/search?q=stefano")).ShouldContain("2 Follower:innen ");
    }

    [Fact]
    public async Task What_is_not_there_says_so_in_german()
    {
        await using var site = await German();

        var response = await site.Get("/nowhere");

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var html = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        html.ShouldContain("<title>Hier ist nichts · BZPEER</title>");
    }

    [Fact]
    public async Task A_refusal_is_told_in_german_and_one_that_is_not_known_in_the_services_own_words()
    {
        await using var site = await German();
        var me = site.World.Find("Stefano Salsano");
        await site.SignIn(me);

        await site.Submit("/settings", "/settings?handler=Profile", ("headline", new string('x', 301)));
        var tooLong = await site.Submit("/settings", "/settings?handler=Profile", ("headline", new string('x', 301)));
        Site.TextOf(await Html(tooLong)).ShouldContain("Eine Kurzbeschreibung hat höchstens 300 Zeichen, diese 301.");

        await site.Submit($"/researchers/{me}", $"/researchers/{me}", ("follow", "true"));
        Site.TextOf(await site.Html($"/researchers/{me}")).ShouldContain("Nobody follows themselves.");
    }

    [Fact]
    public async Task What_a_service_says_in_words_that_are_not_known_is_marked_as_english()
    {
        await using var site = await German();

        var html = await site.Html($"/researchers/{site.World.Seed}/trust");

        html.ShouldContain($"<span lang=\"en\">“{FakeWorld.SeedTitle}” was published</span>");
    }

    private static IReadOnlyList<string> English { get; } =
    [
        .. XDocument.Load(Path.Combine(Repository.Root, "services", "BzPeer.Web", "Texts.de.resx")).Root!.Elements("data")
            .Where(data => data.Attribute("name")!.Value != data.Element("value")!.Value)
            .SelectMany(data => Between().Split(data.Attribute("name")!.Value).Except(Between().Split(data.Element("value")!.Value))),
    ];

    private static async Task<Site> German(FakeWorld? world = null)
    {
        var site = await Site.StartAsync(world);
        site.Client.DefaultRequestHeaders.Add("Accept-Language", "de");
        return site;
    }

    private static Task<string> Html(HttpResponseMessage response) => response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

    [GeneratedRegex("""<script type="application/.*?</script>""", RegexOptions.Singleline)]
    private static partial Regex OfScripts();

    [GeneratedRegex(@"\{\d[^}]*\}|<[^>]*>|\|")]
    private static partial Regex Between();

    [GeneratedRegex(@"seit \d{1,2}\. (Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember) \d{4}")]
    private static partial Regex GermanDay();
}
