using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using BzPeer.Testing;
using BzPeer.Web.Tests;
using Deque.AxeCore.Playwright;

namespace BzPeer.Browser.Tests;

/// <summary>Titles and abstracts with the markup of their sources, in the browser that has to make something of it.</summary>
public sealed class MarkupTests(Browser browser)
{
    private const string Matrix =
        "<math><mrow><mi>A</mi><mo>=</mo><mfenced open=\"[\" close=\"]\"><mtable><mtr><mtd><mn>1</mn></mtd><mtd><msub><mi>x</mi><mn>2</mn></msub></mtd></mtr><mtr><mtd><mi mathvariant=\"double-struck\">R</mi></mtd><mtd><mfrac><mn>1</mn><mi>n</mi></mfrac></mtd></mtr></mtable></mfenced></mrow></math>";

    private static readonly string Fraction = $"<math><mfrac><mi>{new string('x', 80)}</mi><mn>2</mn></mfrac></math>";

    /// <summary>Wider than any window.</summary>
    private static readonly string Wide = $"<math><mrow>{string.Join("<mo>+</mo>", Enumerable.Range(1, 60).Select(n => $"<msub><mi>x</mi><mn>{n}</mn></msub>"))}</mrow></math>";

    /// <summary>Read differently by different parsers, or run where a list of what is forbidden forgets one.</summary>
    private static readonly string[] Hostile =
    [
        "<script>window.ran = 1</script>",
        "<img src=x onerror=\"window.ran = 1\">",
        "<svg onload=\"window.ran = 1\"><animate onbegin=\"window.ran = 1\" attributeName=x dur=1s></svg>",
        "<svg></p><style><g title=\"</style><img src onerror=window.ran=1>\">",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=window.ran=1&gt;\">",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=window.ran=1>",
        "<math><annotation-xml encoding=\"text/html\"><style><img src onerror=window.ran=1></style></annotation-xml></math>",
        "<math><mi xlink:href=\"javascript:window.ran=1\" href=\"javascript:window.ran=1\">x</mi></math>",
        "<math><maction actiontype=\"statusline\" xlink:href=\"javascript:window.ran=1\"><mi>x</mi></maction></math>",
        "<noscript><p title=\"</noscript><img src=x onerror=window.ran=1>\">",
        "<b style=\"background:url(//elsewhere.example)\" onmouseover=\"window.ran = 1\">b</b>",
        "<a href=\"javascript:window.ran=1\">a</a><iframe srcdoc=\"<script>parent.ran = 1</script>\"></iframe>",
        "<i>a<![CDATA[<img src=x onerror=window.ran=1>]]><!-- </i> --><!--><img src=x onerror=window.ran=1>--></i>",
        "&lt;img src=x onerror=window.ran=1&gt;&amp;lt;img src=x onerror=window.ran=1&amp;gt;&amp;amp;lt;img src=x onerror=window.ran=1&amp;amp;gt;",
        "</h1></a></p></div><base href=//elsewhere.example><link rel=stylesheet href=//elsewhere.example><meta http-equiv=refresh content=\"0;url=//elsewhere.example\">",
        "<textarea><i>x</textarea><img src=x onerror=window.ran=1></i><plaintext><xmp><title>",
    ];

    private const string Foreign =
        "(root) => [...root.querySelectorAll('*')].flatMap(each => [...(/^(b|i|p|sub|sup|math|m[a-z]+)$/.test(each.localName) ? [] : [each.localName]), ...[...each.attributes].map(one => one.name).filter(name => !/^(dir|tabindex|mathvariant|stretchy|width)$/.test(name))])";

    [Fact]
    public async Task Whatever_a_record_brings_nothing_but_the_allow_list_gets_into_a_page_and_nothing_runs()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var system = new BzPeerSystem();
        await system.InitializeAsync();
        var records = new JsonArray([.. Hostile.Select((hostile, n) => (JsonNode)new JsonObject
        {
            ["DOI"] = $"10.5555/hostile.{n}",
            ["type"] = "journal-article",
            ["title"] = new JsonArray($"Water H<sub>2</sub>O {hostile} number {n}"),
            ["abstract"] = $"<jats:p>First <jats:italic>x</jats:italic> {hostile}</jats:p><jats:p>{hostile} second</jats:p>",
            ["author"] = new JsonArray(new JsonObject { ["given"] = "Ada", ["family"] = "Lovelace", ["ORCID"] = "0000-0002-1825-0097" }),
        })]);
        using (var accepted = await system.As(Guid.NewGuid(), "curator").PostAsync("/api/imports?format=crossref", JsonContent.Create(records), ct))
            accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var works = await Eventually.Async(async token => (await system.Http.GetFromJsonAsync<JsonObject>("/api/works?q=water&limit=80", token))!["items"]!.AsArray(), all => all.Count == Hostile.Length, "all works are there", TimeSpan.FromMinutes(3), ct);

        await using var visit = await browser.Visit(system.Site);
        var page = visit.Page;
        var elsewhere = new List<string>();
        page.Request += (_, request) =>
        {
            if (new Uri(request.Url).Authority != system.Site.Authority) elsewhere.Add(request.Url);
        };
        foreach (var work in works)
        {
            var (path, title) = ($"/works/{work!["id"]}", work["title"]!.GetValue<string>());
            await page.GotoAsync(path);
            (await page.Locator("h1").EvaluateAsync<string[]>(Foreign)).ShouldBeEmpty(title);
            (await page.Locator(".prose").EvaluateAsync<string[]>(Foreign)).ShouldBeEmpty(title);
            (await page.Locator("h1").InnerTextAsync()).ShouldStartWith("Water H");
            (await page.EvaluateAsync<bool>("'ran' in window")).ShouldBeFalse(title);
        }

        await page.GotoAsync("/search?q=water&in=works");
        foreach (var title in await page.Locator(".work h3, .work h4").AllAsync())
            (await title.Locator("a").EvaluateAsync<string[]>(Foreign)).ShouldBeEmpty();
        (await page.EvaluateAsync<bool>("'ran' in window")).ShouldBeFalse();
        elsewhere.ShouldBeEmpty();

        // Somebody else's page, which has no policy and trusts what the API says: also there it is what it was.
        await page.GotoAsync("about:blank");
        foreach (var markup in works.SelectMany(work => new[] { work!["titleMarkup"], work["abstractMarkup"] }).OfType<JsonNode>().Select(markup => markup.GetValue<string>()))
        {
            var read = await page.EvaluateAsync<JsonElement>($"html => {{ const root = document.body; root.innerHTML = html; return [root.innerHTML, ({Foreign})(root)]; }}", markup);
            read[0].GetString().ShouldBe(markup);
            read[1].GetArrayLength().ShouldBe(0, markup);
            (await page.EvaluateAsync<bool>("'ran' in window")).ShouldBeFalse(markup);
        }
    }

    [Fact]
    public async Task Raised_and_lowered_text_and_formulas_are_drawn_as_such_in_headings_and_links_and_abstracts()
    {
        await using var site = await Site.StartAsync(World(out var author, out var paper));
        await using var visit = await browser.Visit(site.Client.BaseAddress!, scripts: false);
        var page = visit.Page;
        foreach (var (path, title) in new[] { ($"/works/{paper}", "h1"), ($"/researchers/{author}", ".work h3 a"), ("/search?q=water&in=works", ".work :is(h3, h4) a") })
        {
            await page.GotoAsync(path);
            var heading = page.Locator(title).First;
            var (lowered, line) = (await heading.Locator("sub").First.BoundingBoxAsync(), await heading.Locator("i").First.BoundingBoxAsync());
            (lowered!.Y + lowered.Height).ShouldBeGreaterThan(line!.Y + line.Height, path);
            var math = page.Locator(".prose math, .abstract math").First;
            (await math.EvaluateAsync<string>("math => math.namespaceURI + ' ' + getComputedStyle(math).display")).ShouldStartWith("http://www.w3.org/1998/Math/MathML ");
            (await math.EvaluateAsync<string>("math => math.textContent")).ShouldBe("A=[1x2ℝ1n]");
        }

        await page.GotoAsync($"/works/{paper}");
        (await page.Locator(".prose p").Last.Locator("math").CountAsync()).ShouldBe(60);
        var rows = await page.Locator(".prose math mtr").AllAsync();
        var (first, second) = (await rows[0].BoundingBoxAsync(), await rows[1].BoundingBoxAsync());
        second!.Y.ShouldBeGreaterThanOrEqualTo(first!.Y + first.Height - 1);
        (await page.Locator(".prose p").CountAsync()).ShouldBe(4);
    }

    [Fact]
    public async Task With_formulas_a_page_is_accessible_and_fits_the_narrowest_window()
    {
        await using var site = await Site.StartAsync(World(out var author, out var paper));
        foreach (var dark in new[] { false, true })
        {
            await using var visit = await browser.Visit(site.Client.BaseAddress!, dark: dark, window: Browser.Narrow);
            var page = visit.Page;
            foreach (var path in new[] { $"/works/{paper}", $"/researchers/{author}/works" })
            {
                await page.GotoAsync(path);
                await page.EvaluateAsync("document.querySelectorAll('details').forEach(each => { each.removeAttribute('name'); each.open = true; })");
                (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(320, path);
                (await page.RunAxe()).Violations.Select(each => $"{each.Id}: {string.Join(" ", each.Nodes.Select(node => node.Html))}").ShouldBeEmpty(path);
            }
        }
    }

    private static FakeWorld World(out Guid author, out Guid paper)
    {
        var world = FakeWorld.WithTheSeedPaper();
        author = world.Add("Ada Lovelace");
        var published = world.Publish("Water: H₂O in vitro", "Aim A matrix A. A fraction. A sum.", [author], ["Water"]);
        world.Papers[^1] = published with
        {
            TitleMarkup = "Water: H<sub>2</sub>O <i>in vitro</i>, <math><msup><mi>C</mi><mo>∗</mo></msup></math>",
            AbstractMarkup = $"<p><b>Aim</b></p><p>A matrix {Matrix}.</p><p>A fraction {Fraction}.</p><p>A sum {Wide}.</p>",
        };
        paper = published.Id;
        return world;
    }
}
