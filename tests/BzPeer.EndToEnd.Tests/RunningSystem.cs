[assembly: AssemblyFixture(typeof(BzPeer.EndToEnd.Tests.RunningSystem))]

namespace BzPeer.EndToEnd.Tests;

/// <summary>The one system that the tests of this assembly share, and the collector of its traces. Every test has researchers of its own in it.</summary>
public sealed class RunningSystem : IAsyncLifetime
{
    private BzPeerSystem? system;

    internal BzPeerSystem System => system!;

    internal TraceCollector Traces { get; } = new();

    public async ValueTask InitializeAsync()
    {
        system = new BzPeerSystem(new BzPeerSystemOptions { Settings = Traces.Settings });
        await system.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (system is not null) await system.DisposeAsync();
        await Traces.DisposeAsync();
    }
}
