using BzPeer.Web.Tests;

[assembly: AssemblyFixture(typeof(BzPeer.Browser.Tests.SeedSystem))]

namespace BzPeer.Browser.Tests;

/// <summary>A running system that holds the seed page's paper and nothing else.</summary>
public sealed class SeedSystem : IAsyncLifetime
{
    public const string PaperTitle = FakeWorld.SeedTitle;
    public const string PaperAbstract = FakeWorld.SeedAbstract;

    private Site? site;

    public Uri Site => site!.Client.BaseAddress!;

    public Guid Seed => site!.World.Seed;

    public Guid Researcher(string name) => site!.World.Find(name);

    public string Address(string path) => path
        .Replace("{seed}", Seed.ToString(), StringComparison.Ordinal)
        .Replace("{paper}", site!.World.Papers[0].Id.ToString(), StringComparison.Ordinal);

    public async ValueTask InitializeAsync() => site = await Web.Tests.Site.StartAsync();

    public async ValueTask DisposeAsync() => await site!.DisposeAsync();
}
