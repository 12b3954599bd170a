using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using BzPeer.Testing;
using BzPeer.Web.Tests;

[assembly: AssemblyFixture(typeof(TestServers))]
[assembly: AssemblyFixture(typeof(BzPeer.Browser.Tests.SeedSystem))]

namespace BzPeer.Browser.Tests;

/// <summary>A running system, five processes over a real store and broker, into which the seed page's paper was imported and nothing else.</summary>
public sealed class SeedSystem : IAsyncLifetime
{
    public const string PaperTitle = FakeWorld.SeedTitle;
    public const string PaperAbstract = FakeWorld.SeedAbstract;

    private static readonly string[] Authors = ["Francesco Lombardo", "Stefano Salsano", "Ahmed Abdelsalam", "Daniel Bernier", "Clarence Filsfils"];

    private readonly BzPeerSystem system = new();
    private readonly Dictionary<string, Guid> researchers = [];
    private Guid paper;
    private Guid topic;

    public Uri Site => system.Site;

    public Guid Seed => Researcher("Daniel Bernier");

    public Guid Researcher(string name) => researchers[name];

    public string Address(string path) => path
        .Replace("{seed}", Seed.ToString(), StringComparison.Ordinal)
        .Replace("{paper}", paper.ToString(), StringComparison.Ordinal)
        .Replace("{topic}", topic.ToString(), StringComparison.Ordinal);

    public async ValueTask InitializeAsync()
    {
        await system.InitializeAsync();
        await PostAsync(Feed("2301.01178", PaperTitle, PaperAbstract, 1, new(2023, 1, 3), Authors));

        foreach (var name in Authors)
            researchers[name] = await Eventually.Async(ct => Find(name, card => Score(card) == 11 && card["counts"]!["closeCollaborators"]!.GetValue<int>() == 4, ct), card => card is not null, $"{name} has a card with the trust of one work", TimeSpan.FromMinutes(3)) ?? default;
        var works = await system.Http.GetFromJsonAsync<JsonObject>($"/api/researchers/{Seed}/works");
        paper = works!["items"]![0]!["id"]!.GetValue<Guid>();
        topic = works["items"]![0]!["topicIds"]![0]!.GetValue<Guid>();
    }

    public ValueTask DisposeAsync() => system.DisposeAsync();

    /// <summary>Takes a work in from arXiv, in its given version; its year and month are those of its id.</summary>
    public Task ImportAsync(string arxivId, string title, int version, params string[] authors) =>
        PostAsync(Feed(arxivId, title, "What it says.", version, new(2000 + int.Parse(arxivId[..2], CultureInfo.InvariantCulture), int.Parse(arxivId[2..4], CultureInfo.InvariantCulture), 1), authors));

    /// <summary>The researcher of a name, once the card has this.</summary>
    public async Task<Guid> WhoIsAsync(string name, int works, int score) => await Eventually.Async(
        ct => Find(name, card => Score(card) == score && card["counts"]!["works"]!.GetValue<int>() == works, ct), card => card is not null, $"{name} has a card with {works} works and the score {score}", TimeSpan.FromMinutes(3)) ?? default;

    /// <summary>A curator retracts a work of a researcher.</summary>
    public async Task RetractAsync(Guid researcher, string title)
    {
        var works = await system.Http.GetFromJsonAsync<JsonObject>($"/api/researchers/{researcher}/works");
        var work = works!["items"]!.AsArray().Single(work => work!["title"]!.GetValue<string>() == title)!["id"]!.GetValue<Guid>();
        using var answer = await system.As(Guid.NewGuid(), "curator").PostAsJsonAsync($"/api/works/{work}/retraction", new { reason = "The figures do not belong to the data.", source = "the editors" });
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync());
    }

    private async Task PostAsync(XDocument document)
    {
        using var feed = new StringContent(document.ToString());
        feed.Headers.ContentType = new MediaTypeHeaderValue("application/atom+xml");
        using var accepted = await system.As(Guid.NewGuid(), "curator").PostAsync("/api/imports?format=arxiv", feed);
        accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted, await accepted.Content.ReadAsStringAsync());
    }

    private static int Score(JsonNode card) => card["trust"]!["score"]!.GetValue<int>();

    private async Task<Guid?> Find(string name, Func<JsonNode, bool> isThere, CancellationToken ct)
    {
        var found = await system.Http.GetFromJsonAsync<JsonObject>($"/api/researchers?q={Uri.EscapeDataString(name)}", ct);
        var id = found!["items"]!.AsArray().SingleOrDefault(card => isThere(card!))?["id"]!.GetValue<Guid>();
        // Nobody can be followed before the follow service has heard of them, which is by another way.
        return id is not null && (await system.Http.GetAsync($"/api/researchers/{id}/follow-counts", ct)).IsSuccessStatusCode ? id : null;
    }

    private static XDocument Feed(string id, string title, string text, int version, DateOnly on, IEnumerable<string> authors)
    {
        XNamespace atom = "http://www.w3.org/2005/Atom", arxiv = "http://arxiv.org/schemas/atom";
        string At(int day) => string.Create(CultureInfo.InvariantCulture, $"{on.AddDays(day):yyyy-MM-dd}T18:00:00Z");
        return new XDocument(new XElement(atom + "feed",
            new XElement(atom + "entry",
                new XElement(atom + "id", $"http://arxiv.org/abs/{id}v{version}"),
                new XElement(atom + "published", At(0)),
                new XElement(atom + "updated", At(version - 1)),
                new XElement(atom + "title", title),
                new XElement(atom + "summary", text),
                authors.Select(name => new XElement(atom + "author", new XElement(atom + "name", name))),
                new XElement(arxiv + "primary_category", new XAttribute("term", "cs.NI")),
                new XElement(atom + "category", new XAttribute("term", "cs.NI")))));
    }
}
