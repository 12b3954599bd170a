using BzPeer.Provisioning;
using Xunit;

namespace BzPeer.Testing;

/// <summary>
/// One PostgreSQL and one RabbitMQ for the whole test run, brought up when the first test asks for one. Every test assembly
/// that uses them says <c>[assembly: AssemblyFixture(typeof(TestServers))]</c>, so that they are given back at its end.
/// </summary>
public sealed class TestServers : IAsyncLifetime
{
    /// <summary>Names of databases and virtual hosts of tests start so; what a crashed run left is found by it.</summary>
    const string Prefix = "test-";

    static readonly Lazy<Task<SharedServers>> Joined = new(JoinAsync);
    static readonly List<Func<Task>> GiveBack = [];
    static bool isFixture;

    /// <summary>The servers, for what has no method here.</summary>
    public static async Task<Servers> ServersAsync() => (await SharedAsync()).Servers;

    /// <summary>The connection string of a new, empty database of its own, dropped at the end of the test assembly.</summary>
    public static async Task<string> Database(string name = "store")
    {
        var servers = await ServersAsync();
        var database = UniqueName(name);
        var connectionString = await servers.Postgres.CreateDatabaseAsync(database);
        lock (GiveBack)
            GiveBack.Add(() => servers.Postgres.DropDatabaseAsync(database));
        return connectionString;
    }

    /// <summary>The address of a new, empty virtual host of its own, deleted at the end of the test assembly.</summary>
    public static async Task<Uri> VirtualHost(string name = "bus")
    {
        var servers = await ServersAsync();
        var host = UniqueName(name);
        var address = await servers.Broker.CreateVirtualHostAsync(host);
        lock (GiveBack)
            GiveBack.Add(() => servers.Broker.DeleteVirtualHostAsync(host));
        return address;
    }

    /// <inheritdoc />
    public ValueTask InitializeAsync()
    {
        isFixture = true;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!Joined.IsValueCreated || !Joined.Value.IsCompletedSuccessfully)
            return;
        Func<Task>[] all;
        lock (GiveBack)
            all = [.. GiveBack];
        try
        {
            foreach (var giveBack in all)
                await giveBack();
        }
        finally
        {
            await (await Joined.Value).DisposeAsync();
        }
    }

    static Task<SharedServers> SharedAsync() => isFixture
        ? Joined.Value
        : throw new InvalidOperationException(
            "Nothing would give the test servers back. Add [assembly: AssemblyFixture(typeof(TestServers))] to the test project.");

    static async Task<SharedServers> JoinAsync()
    {
        var folder = Path.Combine(Repository.DataFolder, "tests");
        var options = ServersOptions.FromEnvironment(folder) with { Durable = false, Say = Console.Error.WriteLine };
        var shared = await SharedServers.JoinAsync(options);
        if (shared.IsFirst)
            await ForgetCrashedRunAsync(shared.Servers);
        return shared;
    }

    /// <remarks>Only on servers that were started here: on a configured one the names may be another run's.</remarks>
    static async Task ForgetCrashedRunAsync(Servers servers)
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

    static string UniqueName(string name) => $"{Prefix}{name}-{Guid.NewGuid():N}"[..Math.Min(60, Prefix.Length + name.Length + 33)];
}
