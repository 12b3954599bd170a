using BzPeer.Provisioning;

namespace BzPeer.Testing;

/// <summary>
/// A share in the servers of the test run, and the databases and virtual hosts made on them: dropped when it is given back.
/// </summary>
internal sealed class TestMembership : IAsyncDisposable
{
    // What a crashed run left behind is known by it.
    private const string Prefix = "test-";

    private readonly SharedServers shared;
    private readonly List<Func<Task>> giveBack = [];

    private TestMembership(SharedServers shared) => this.shared = shared;

    public Servers Servers => shared.Servers;

    public static async Task<TestMembership> JoinAsync()
    {
        var folder = Path.Combine(Repository.DataFolder, "tests");
        var options = ServersOptions.FromEnvironment(folder) with { Durable = false, Say = Console.Error.WriteLine };
        return new TestMembership(await SharedServers.JoinAsync(options, ForgetCrashedRunAsync));
    }

    public async Task<string> NewDatabaseAsync(string name)
    {
        var database = UniqueName(name);
        var connectionString = await Servers.Postgres.CreateDatabaseAsync(database);
        lock (giveBack)
            giveBack.Add(() => Servers.Postgres.DropDatabaseAsync(database));
        return connectionString;
    }

    public async Task<Uri> NewVirtualHostAsync(string name)
    {
        var host = UniqueName(name);
        var address = await Servers.Broker.CreateVirtualHostAsync(host);
        lock (giveBack)
            giveBack.Add(() => Servers.Broker.DeleteVirtualHostAsync(host));
        return address;
    }

    public async ValueTask DisposeAsync()
    {
        Func<Task>[] all;
        lock (giveBack)
            all = [.. giveBack];
        try
        {
            foreach (var one in all)
                await one();
        }
        finally
        {
            await shared.DisposeAsync();
        }
    }

    /// <remarks>Only on servers that were started here: on a configured one such names may be another run's.</remarks>
    private static async Task ForgetCrashedRunAsync(Servers servers)
    {
        if (servers.Postgres.Record.IsOurs)
        {
            foreach (var database in await servers.Postgres.DatabasesAsync(Prefix))
                await servers.Postgres.DropDatabaseAsync(database);
        }
        if (servers.Broker.Record.IsOurs)
        {
            foreach (var host in await servers.Broker.VirtualHostsAsync())
            {
                if (host.StartsWith(Prefix, StringComparison.Ordinal))
                    await servers.Broker.DeleteVirtualHostAsync(host);
            }
        }
    }

    // PostgreSQL cuts names at 63 bytes.
    private static string UniqueName(string name) => $"{Prefix}{name[..Math.Min(20, name.Length)]}-{Guid.NewGuid():N}";
}
