using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using BzPeer.Provisioning;
using Xunit;

namespace BzPeer.Testing;

/// <summary>What a system under test differs in from the usual one.</summary>
public sealed record BzPeerSystemOptions
{
    /// <summary>Settings for every process, such as <c>Follow__DailyLimit</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Servers of its own, for a test that stops them. The usual ones belong to every test of the run.
    /// </summary>
    public bool OwnServers { get; init; }
}

/// <summary>
/// The whole of BZPEER as the launcher runs it: five processes, databases and a virtual host of their own, one site. As
/// <c>[assembly: AssemblyFixture(typeof(BzPeerSystem))]</c>, one for all tests of an assembly. The test project references
/// the service projects with <c>ReferenceOutputAssembly="false"</c>, so that they are built.
/// </summary>
public sealed class BzPeerSystem(BzPeerSystemOptions options) : IAsyncLifetime
{
    private readonly string folder = Path.Combine(SystemsFolder, Guid.NewGuid().ToString("N")[..12]);
    private readonly List<HttpClient> clients = [];
    private readonly Dictionary<string, string> stores = [];
    private IDisposable? alive;
    private TestMembership? membership;
    private Servers? ownServers;
    private BzPeerProcesses? processes;
    private TestTokens? tokens;
    private HttpClient? http;
    private Uri? broker;

    /// <summary>The usual system: xunit makes it so.</summary>
    public BzPeerSystem() : this(new BzPeerSystemOptions())
    {
    }

    /// <summary>The site, and the one origin of the API.</summary>
    public Uri Site => Up(processes).Site;

    /// <summary>The gateway, without a token. It follows no redirects: 301 is an answer of the API.</summary>
    public HttpClient Http => Up(http);

    /// <summary>Signs tokens that the system takes.</summary>
    public TestTokens Tokens => Up(tokens);

    /// <summary>The servers beneath, when they are this system's own.</summary>
    public Servers OwnServers => ownServers ?? throw new InvalidOperationException("This system shares its servers with every other test of the run.");

    /// <summary>The broker, with the virtual host of this system.</summary>
    public Uri Broker => Up(broker);

    /// <summary>The connection string of a service's own database, to check from outside what it keeps.</summary>
    public string StoreOf(string service) => stores[service];

    /// <summary>One of the processes: <c>profile</c>, <c>follow</c>, <c>publication</c>, <c>trust</c>, <c>web</c>.</summary>
    public ServiceProcess this[string name] => Up(processes)[name];

    /// <summary>The gateway, as this researcher.</summary>
    public HttpClient As(Guid researcherId, params IReadOnlyList<string> roles)
    {
        var client = NewClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Tokens.For(researcherId, roles));
        return client;
    }

    /// <summary>Ends a process as a crash would.</summary>
    public Task Kill(string name) => this[name].KillAsync();

    /// <summary>Starts a process that was killed, and waits until it is healthy.</summary>
    public async Task Start(string name, CancellationToken ct = default)
    {
        this[name].Start();
        await this[name].WaitUntilHealthyAsync(TimeSpan.FromMinutes(2), ct);
    }

    /// <summary>Fails, with the end of its log, when a process has ended that nobody killed.</summary>
    public void ShouldBeRunning()
    {
        foreach (var process in Up(processes).All)
            Assert.True(process.IsRunning, $"{process.Name} has ended. The end of its log:\n{process.LogTail(40)}");
    }

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        using (await TidyingAsync())
        {
            await StopCrashedSystemsAsync();
            alive = FolderLock.TryAlone(Path.Combine(folder, "alive.lock"));
        }

        tokens = new TestTokens(Path.Combine(folder, "signing-key"));

        Func<string, Task<string>> newStore;
        if (options.OwnServers)
        {
            var serversOptions = new ServersOptions { DataFolder = folder, Say = Console.Error.WriteLine };
            ownServers = await Servers.StartAsync(serversOptions);
            newStore = name => ownServers.Postgres.CreateDatabaseAsync($"bzpeer_{name}");
            broker = ownServers.Broker.Address;
        }
        else
        {
            membership = await TestMembership.JoinAsync();
            newStore = membership.NewDatabaseAsync;
            broker = await membership.NewVirtualHostAsync("system");
        }
        foreach (var name in BzPeerProcesses.Services)
            stores[name] = await newStore(name);

        processes = new BzPeerProcesses(new BzPeerProcessesOptions
        {
            DataFolder = folder,
            Stores = stores,
            Broker = broker,
            SigningKeyFile = tokens.KeyFile,
            // The machine does much at once, and a page with gaps is not what a test looks at.
            Settings = new Dictionary<string, string>(options.Settings) { ["Pages__Patience"] = "20" },
        });
        await processes.StartAsync();
        http = NewClient();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients)
            client.Dispose();
        if (processes is not null)
            await processes.DisposeAsync();
        if (membership is not null)
            await membership.DisposeAsync();
        if (ownServers is not null)
        {
            await ownServers.StopAsync();
            await Servers.ForgetAsync(folder);
        }
        using var tidying = await TidyingAsync();
        alive?.Dispose();
        if (TestContext.Current.TestState?.Result != TestResult.Failed && Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private static string SystemsFolder => Path.Combine(Repository.DataFolder, "tests", "systems");

    /// <summary>
    /// One after the other: between the making of a folder and the taking of its lock, or the end of that and of the folder, whoever tidies up
    /// would take it for a crashed one's.
    /// </summary>
    private static Task<IDisposable> TidyingAsync() => FolderLock.AloneAsync(SystemsFolder + ".lock", TimeSpan.FromMinutes(3));

    /// <remarks>A test process that was killed could not stop its services. Its lock is free, and the folder says which they are.</remarks>
    private static async Task StopCrashedSystemsAsync()
    {
        Directory.CreateDirectory(SystemsFolder);
        foreach (var crashed in Directory.GetDirectories(SystemsFolder))
        {
            if (FolderLock.TryAlone(Path.Combine(crashed, "alive.lock")) is not { } dead)
                continue;
            using (dead)
            {
                await new ProcessRecords(crashed).StopLeftoversAsync();
                await Servers.ForgetAsync(crashed);
            }
            Directory.Delete(crashed, recursive: true);
        }
    }

    private HttpClient NewClient()
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Site };
        lock (clients)
            clients.Add(client);
        return client;
    }

    private static T Up<T>(T? part, [CallerMemberName] string member = "") where T : class =>
        part ?? throw new InvalidOperationException($"{member} is there once the system is up (InitializeAsync).");
}
