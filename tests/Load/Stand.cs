using System.Globalization;
using System.Runtime.InteropServices;
using BzPeer.Provisioning;
using BzPeer.Testing;
using Npgsql;

namespace BzPeer.Load;

/// <summary>What is measured: servers whose data survives a crash, as in production, and services of the Release build.</summary>
internal sealed class Stand : IAsyncDisposable
{
    private readonly Servers servers;
    private readonly TestTokens tokens;
    private readonly string folder;
    private readonly Dictionary<string, string> stores = [];

    private Stand(Servers servers, TestTokens tokens, string folder) => (this.servers, this.tokens, this.folder) = (servers, tokens, folder);

    /// <summary>Rate limits are for people; a load is one client of many actors.</summary>
    private static readonly Dictionary<string, string> NoLimits = new()
    {
        ["Follow__DailyLimit"] = "0",
        ["Follow__BurstPerMinute"] = "0",
    };

    public TestTokens Tokens => tokens;

    public static async Task<Stand> StartAsync()
    {
        var folder = Path.Combine(Repository.DataFolder, "load");
        await ForgetAsync(folder);
        var servers = await Servers.StartAsync(ServersOptions.FromEnvironment(folder) with { Say = Console.Error.WriteLine });
        return new Stand(servers, new TestTokens(Path.Combine(folder, "signing-key")), folder);
    }

    /// <summary>A new, empty database.</summary>
    public Task<string> NewDatabaseAsync(string name) => servers.Postgres.CreateDatabaseAsync(Unique(name));

    public Task DropDatabaseAsync(string connection) => servers.Postgres.DropDatabaseAsync(new NpgsqlConnectionStringBuilder(connection).Database!);

    /// <summary>The store of a service of the system started last.</summary>
    public string StoreOf(string service) => stores[service];

    /// <summary>Memory and log space as a server has them that is meant to be fast; the defaults are for the smallest machines.</summary>
    public async Task TunePostgresAsync()
    {
        await using (var postgres = NpgsqlDataSource.Create(servers.Postgres.ConnectionString))
        {
            foreach (var setting in (string[])["shared_buffers = '1GB'", "max_wal_size = '8GB'", "checkpoint_timeout = '15min'"])
            {
                await using var command = postgres.CreateCommand($"alter system set {setting}");
                await command.ExecuteNonQueryAsync();
            }
        }

        await servers.StopPostgresAsync();
        await servers.StartPostgresAsync();
    }

    /// <summary>All processes, on databases and a virtual host of their own.</summary>
    public async Task<BzPeerProcesses> StartSystemAsync()
    {
        foreach (var name in BzPeerProcesses.Services) stores[name] = await NewDatabaseAsync(name);
        var processes = new BzPeerProcesses(new BzPeerProcessesOptions
        {
            DataFolder = folder,
            Stores = stores,
            Broker = await servers.Broker.CreateVirtualHostAsync(Unique("system")),
            SigningKeyFile = tokens.KeyFile,
            Settings = NoLimits,
        });
        await processes.StartAsync();
        return processes;
    }

    /// <summary>One service on its own, on a database and a virtual host of its own.</summary>
    public async Task<(ServiceProcess Process, string Store)> StartServiceAsync(string name, string project)
    {
        var store = await NewDatabaseAsync(name);
        var settings = new Dictionary<string, string>(NoLimits)
        {
            ["ConnectionStrings__Store"] = store,
            ["ConnectionStrings__Broker"] = (await servers.Broker.CreateVirtualHostAsync(Unique(name))).AbsoluteUri,
            ["Auth__SigningKeyFile"] = tokens.KeyFile,
            ["SignIn__Authority"] = "http://127.0.0.1:9",
            ["SignIn__ClientId"] = "nobody",
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
        };
        var process = new ServiceProcess(new ServiceDefinition(name, project, new Uri($"http://127.0.0.1:{FreePort.Next()}")) { Settings = settings }, folder, new ProcessRecords(folder));
        process.Start();
        await process.WaitUntilHealthyAsync(TimeSpan.FromMinutes(2));
        return (process, store);
    }

    /// <summary>One more process for pages, over the services of a system.</summary>
    public async Task<ServiceProcess> StartPagesAsync(BzPeerProcesses system, Dictionary<string, string> settings)
    {
        foreach (var service in BzPeerProcesses.Services) settings[$"Services__{char.ToUpperInvariant(service[0])}{service[1..]}"] = system[service].Url.ToString();
        settings["Auth__SigningKeyFile"] = tokens.KeyFile;
        settings["SignIn__Authority"] = "http://127.0.0.1:9";
        settings["SignIn__ClientId"] = settings["SignIn__ClientSecret"] = "nobody";
        settings["ASPNETCORE_ENVIRONMENT"] = "Development";
        var process = new ServiceProcess(new ServiceDefinition("pages", "BzPeer.Web", new Uri($"http://127.0.0.1:{FreePort.Next()}")) { Settings = settings }, folder, new ProcessRecords(folder));
        process.Start();
        await process.WaitUntilHealthyAsync(TimeSpan.FromMinutes(2));
        return process;
    }

    /// <summary>The processors, memory and versions that a figure depends on.</summary>
    public async Task<string> DescribeAsync()
    {
        await using var postgres = new NpgsqlConnection(servers.Postgres.ConnectionString);
        await postgres.OpenAsync();
        var processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            : null;
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30);
        return string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} processors ({processor ?? RuntimeInformation.ProcessArchitecture.ToString()}), {memory} GiB; {RuntimeInformation.OSDescription}; {RuntimeInformation.FrameworkDescription}; PostgreSQL {postgres.PostgreSqlVersion} and {servers.Broker.Record.Origin}, both with their durable defaults; everything, the load included, on this one machine.");
    }

    public async ValueTask DisposeAsync()
    {
        await servers.StopAsync();
        await ForgetAsync(folder);
    }

    private static async Task ForgetAsync(string folder)
    {
        if (!Directory.Exists(folder)) return;
        // What a measurement that was broken off left running would take part in the next one.
        await new ProcessRecords(folder).StopLeftoversAsync();
        await Servers.ForgetAsync(folder);
        Directory.Delete(folder, recursive: true);
    }

    private static string Unique(string name) => $"load-{name}-{Guid.NewGuid().ToString("N")[..8]}";
}
