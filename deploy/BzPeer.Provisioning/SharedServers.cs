namespace BzPeer.Provisioning;

/// <summary>
/// One PostgreSQL and one RabbitMQ for several processes of one run (<c>dotnet test</c> starts many): the first to come
/// starts them, the last to leave stops them. Membership is a lock on a file, so a process that crashes leaves too; what it
/// leaves running is taken over by the next run.
/// </summary>
public sealed class SharedServers : IAsyncDisposable
{
    private readonly ServersOptions options;
    private readonly IDisposable membership;

    private SharedServers(ServersOptions options, IDisposable membership, Servers servers)
    {
        this.options = options;
        this.membership = membership;
        Servers = servers;
    }

    /// <summary>The servers, up as long as this is not disposed.</summary>
    public Servers Servers { get; }

    /// <summary>
    /// Joins, and starts the servers where nobody has. <paramref name="whenFirst"/> runs before anybody else can join:
    /// whatever it finds on the servers is an earlier run's.
    /// </summary>
    public static async Task<SharedServers> JoinAsync(
        ServersOptions options, Func<Servers, Task>? whenFirst = null, CancellationToken ct = default)
    {
        using var starting = await FolderLock.AloneAsync(StartLock(options), TimeSpan.FromMinutes(15), ct);
        var alone = FolderLock.TryAlone(Membership(options));
        alone?.Dispose();
        var membership = FolderLock.TryTogether(Membership(options))
            ?? throw new ProvisioningException($"{Membership(options)} is locked by something that is not a test run.");
        try
        {
            var servers = await Servers.StartAsync(options, ct);
            if (alone is not null && whenFirst is not null)
                await whenFirst(servers);
            return new SharedServers(options, membership, servers);
        }
        catch
        {
            membership.Dispose();
            throw;
        }
    }

    /// <summary>Leaves, and stops the servers where nobody else is left.</summary>
    public async ValueTask DisposeAsync()
    {
        using var stopping = await FolderLock.AloneAsync(StartLock(options), TimeSpan.FromMinutes(15));
        membership.Dispose();
        using var alone = FolderLock.TryAlone(Membership(options));
        if (alone is not null)
            await Servers.StopAsync();
    }

    private static string StartLock(ServersOptions options) => Path.Combine(options.DataFolder, "start.lock");

    private static string Membership(ServersOptions options) => Path.Combine(options.DataFolder, "members.lock");
}
