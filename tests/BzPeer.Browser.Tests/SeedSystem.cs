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
        using var feed = new StringContent(SeedFeed().ToString());
        feed.Headers.ContentType = new MediaTypeHeaderValue("application/atom+xml");
        using var accepted = await system.As(Guid.NewGuid(), "curator").PostAsync("/api/imports?format=arxiv", feed);
        accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted, await accepted.Content.ReadAsStringAsync());

        foreach (var name in Authors)
            researchers[name] = await Eventually.Async(ct => Find(name, ct), card => card is not null, $"{name} has a card with the trust of one work", TimeSpan.FromMinutes(1)) ?? default;
        var works = await system.Http.GetFromJsonAsync<JsonObject>($"/api/researchers/{Seed}/works");
        paper = works!["items"]![0]!["id"]!.GetValue<Guid>();
        topic = works["items"]![0]!["topicIds"]![0]!.GetValue<Guid>();
    }

    public ValueTask DisposeAsync() => system.DisposeAsync();

    private async Task<Guid?> Find(string name, CancellationToken ct)
    {
        var found = await system.Http.GetFromJsonAsync<JsonObject>($"/api/researchers?q={Uri.EscapeDataString(name)}", ct);
        var card = found!["items"]!.AsArray().SingleOrDefault(card =>
            card!["trust"]!["score"]!.GetValue<int>() == 11 && card["counts"]!["closeCollaborators"]!.GetValue<int>() == 4);
        return card?["id"]!.GetValue<Guid>();
    }

    private static XDocument SeedFeed()
    {
        XNamespace atom = "http://www.w3.org/2005/Atom", arxiv = "http://arxiv.org/schemas/atom";
        return new XDocument(new XElement(atom + "feed",
            new XElement(atom + "entry",
                new XElement(atom + "id", "http://arxiv.org/abs/2301.01178v1"),
                new XElement(atom + "published", "2023-01-03T18:00:00Z"),
                new XElement(atom + "updated", "2023-01-03T18:00:00Z"),
                new XElement(atom + "title", PaperTitle),
                new XElement(atom + "summary", PaperAbstract),
                Authors.Select(name => new XElement(atom + "author", new XElement(atom + "name", name))),
                new XElement(arxiv + "primary_category", new XAttribute("term", "cs.NI")),
                new XElement(atom + "category", new XAttribute("term", "cs.NI")))));
    }
}
