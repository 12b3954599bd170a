namespace BzPeer.Provisioning;

/// <summary>PostgreSQL and RabbitMQ, each brought up by the first way that works on this machine.</summary>
public sealed class Servers
{
    private readonly ServersOptions options;
    private readonly ServerRecords records;

    private Servers(ServersOptions options)
    {
        this.options = options;
        Directory.CreateDirectory(options.DataFolder);
        records = new ServerRecords(options.DataFolder);
    }

    /// <summary>The database server.</summary>
    public PostgresServer Postgres { get; private set; } = null!;

    /// <summary>The message broker.</summary>
    public BrokerServer Broker { get; private set; } = null!;

    /// <summary>
    /// Brings both up, or takes over what an earlier run of the same data folder left running. The caller holds the folder's lock.
    /// </summary>
    public static async Task<Servers> StartAsync(ServersOptions options, CancellationToken ct = default)
    {
        var servers = new Servers(options);
        var starts = Task.WhenAll(servers.StartPostgresAsync(ct), servers.StartBrokerAsync(ct));
        await starts.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (starts.IsCompletedSuccessfully)
            return servers;

        // One of them may be up; nothing is left behind by a start that failed.
        await servers.StopAsync();
        if (starts.Exception?.InnerExceptions is { } failures && failures.All(failure => failure is ProvisioningException))
            throw ProvisioningException.Of([.. failures.Cast<ProvisioningException>()]);
        await starts;
        throw new InvalidOperationException("A start that did not succeed has thrown.");
    }

    /// <summary>Starts PostgreSQL (again), on the port it had.</summary>
    public async Task StartPostgresAsync(CancellationToken ct = default) =>
        Postgres = new PostgresServer(await BringUpAsync(
            InstalledPostgres.Name, "PostgreSQL", ServersOptions.PostgresVariable, options.Postgres, PostgresServer.WhyUnusableAsync,
            Containers.StartPostgresAsync,
            () => InstalledPostgres.FindPrograms() is not null, "postgresql", new InstalledPostgres(options, records).StartAsync, ct));

    /// <summary>Starts the broker (again), on the port it had.</summary>
    public async Task StartBrokerAsync(CancellationToken ct = default)
    {
        var installed = new InstalledRabbitMq(options, records);
        var record = await BringUpAsync(
            InstalledRabbitMq.Name, "RabbitMQ", ServersOptions.BrokerVariable, options.Broker, BrokerServer.WhyUnusableAsync,
            Containers.StartRabbitMqAsync,
            () => InstalledRabbitMq.FindPrograms() is not null, "rabbitmq-server", installed.StartAsync, ct);
        if (!record.IsOurs)
            record = record with { Management = await ConfiguredManagementAsync(new Uri(record.Address), ct) };
        Broker = new BrokerServer(record, record.Processes.Count > 0 ? installed.ControlAsync : null);
    }

    /// <summary>Stops PostgreSQL, cleanly or as a power cut would.</summary>
    public Task StopPostgresAsync(bool abruptly = false) => StopAsync(InstalledPostgres.Name, abruptly);

    /// <summary>Stops the broker, cleanly or as a power cut would.</summary>
    public Task StopBrokerAsync(bool abruptly = false) => StopAsync(InstalledRabbitMq.Name, abruptly);

    /// <summary>Stops what was started here, and nothing else.</summary>
    /// <remarks>A broker takes eight seconds to end cleanly; where nothing of it is kept it is spared them.</remarks>
    public Task StopAsync() => Task.WhenAll(StopPostgresAsync(), StopBrokerAsync(abruptly: !options.Durable));

    /// <summary>Whether what was started for a server still runs; true for one that was only named.</summary>
    public static async Task<bool> IsRunningAsync(ServerRecord record, CancellationToken ct = default) =>
        record.Processes.All(process => process.IsRunning)
        && (record.Container is null || await Containers.IsRunningAsync(record.Container, ct));

    /// <summary>Stops what an earlier run of the data folder left running, and deletes the data that lies outside it.</summary>
    public static async Task ForgetAsync(string dataFolder)
    {
        foreach (var record in new ServerRecords(dataFolder).All)
        {
            await StopAsync(record, abruptly: false);
            if (record.Container is not null)
                await Containers.ForgetAsync(dataFolder);
            if (record.FolderElsewhere is { } folder && Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<ServerRecord> BringUpAsync(
        string name, string product, string variable, string? configured,
        Func<string, CancellationToken, Task<string?>> whyUnusable,
        Func<ServersOptions, ServerRecord?, CancellationToken, Task<ServerRecord>> startContainer,
        Func<bool> isInstalled, string package,
        Func<CancellationToken, Task<ServerRecord>> startInstalled, CancellationToken ct)
    {
        if (configured is not null)
        {
            options.Say($"Using the {product} that {variable} names.");
            return await whyUnusable(configured, ct) is { } why
                ? throw new ProvisioningException($"{variable} names a {product} that cannot be used: {why}. Correct it, or unset it to have one brought up.")
                : new ServerRecord { Origin = $"{product} named by {variable}", Address = configured };
        }

        if (records[name] is { IsOurs: true } left && await IsUpAsync(left, whyUnusable, ct))
        {
            options.Say($"Taking over {product}, still running for this data folder: {left.Origin}.");
            return left;
        }

        var tried = new List<string> { $"{variable}: not set" };
        var before = records[name];
        ServerRecord? record = null;
        // A data folder stays with what has its data; a new one takes a container where an engine answers.
        if (before is not { Processes.Count: > 0 })
            await TryContainerAsync();
        if (record is null)
            await TryInstalledAsync();
        if (record is null && before is { Processes.Count: > 0 })
            await TryContainerAsync();
        if (record is null)
            await TryPackageAsync();
        if (record is null)
            throw new ProvisioningException(
                $"{product} could not be brought up. Tried, in this order:\n{string.Join('\n', tried.Select(way => $"  - {way}"))}",
                "The one thing to do: start a Docker engine, and run the same command again.");
        if (before?.Container is not null && record.Container is null)
            options.Say($"Earlier runs kept their data in {before.Origin}, which cannot be had now: this one starts with empty stores.");
        records.Write(name, record);
        options.Say($"{product} is ready: {record.Origin}.");
        return record;

        async Task TryContainerAsync()
        {
            if (!options.Ways.HasFlag(ServerWays.Container))
                return;
            if (await Containers.WhyNoEngineAsync(ct) is { } why)
                tried.Add($"a Docker engine: {why}");
            else
                record = await AttemptAsync("a Docker engine", () => startContainer(options, before, ct));
        }

        async Task TryInstalledAsync()
        {
            if (!options.Ways.HasFlag(ServerWays.Installed))
                return;
            if (OperatingSystem.IsWindows() || !isInstalled())
                tried.Add($"{product} installed on this machine: not found");
            else
                record = await AttemptAsync($"{product} installed on this machine", () => startInstalled(ct));
        }

        async Task TryPackageAsync()
        {
            if (!options.Ways.HasFlag(ServerWays.Packages) || isInstalled())
                return;
            if (await DebianPackages.WhyNotAsync(ct) is { } why)
                tried.Add($"apt-get install {package}: {why}");
            else
                record = await AttemptAsync($"apt-get install {package}", async () =>
                {
                    await DebianPackages.InstallAsync([package], options.Say, ct);
                    return await startInstalled(ct);
                });
        }

        async Task<ServerRecord?> AttemptAsync(string way, Func<Task<ServerRecord>> start)
        {
            try
            {
                return await start();
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                // A container that does not start brings its whole log along.
                var why = e is ProvisioningException ? e.Message : e.Message.Split('\n')[0];
                tried.Add($"{way}: {why}");
                options.Say($"{product} by {way} did not work: {why}");
                return null;
            }
        }
    }

    private static async Task<bool> IsUpAsync(ServerRecord record, Func<string, CancellationToken, Task<string?>> whyUnusable, CancellationToken ct) =>
        await IsRunningAsync(record, ct) && await whyUnusable(record.Address, ct) is null;

    private async Task<Uri?> ConfiguredManagementAsync(Uri broker, CancellationToken ct)
    {
        var management = options.Management is { } named
            ? new Uri(named)
            : new UriBuilder("http", broker.Host, 15672) { UserName = broker.UserInfo.Split(':')[0], Password = broker.UserInfo.Split(':').ElementAtOrDefault(1) }.Uri;
        if (await BrokerServer.IsManagementAsync(management, ct))
            return management;
        return options.Management is null
            ? null
            : throw new ProvisioningException($"{ServersOptions.ManagementVariable} names a management API that does not answer, or not to this user.");
    }

    private Task StopAsync(string name, bool abruptly) => records[name] is { } record ? StopAsync(record, abruptly) : Task.CompletedTask;

    private static async Task StopAsync(ServerRecord record, bool abruptly)
    {
        foreach (var process in record.Processes)
            await (abruptly ? process with { StopWith = process.StopAbruptlyWith } : process).StopAsync(TimeSpan.FromSeconds(30));
        if (record.Container is not null)
            await Containers.StopAsync(record.Container, abruptly);
    }
}
