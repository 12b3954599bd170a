using System.Text.Json;
using BzPeer.Provisioning;

namespace BzPeer.Local;

/// <summary>One run: the servers, the services over them, the sample data; then everything down again, in the opposite order.</summary>
internal sealed class Launcher(LauncherArguments arguments)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public async Task RunAsync(StopSignals signals)
    {
        using var folder = DataFolder.Take(arguments.DataFolder);
        await folder.StopLeftoversAsync();
        if (arguments.Reset)
            await folder.ResetAsync();
        if (!arguments.ServersOnly && !FreePort.IsFree(arguments.Port))
            throw new ProvisioningException(
                $"Port {arguments.Port} is in use by another program. End it, or choose another port: --port {FreePort.Next(arguments.Port + 1)}.");

        var servers = await Servers.StartAsync(ServersOptions.FromEnvironment(folder.Path) with { Say = Report.Say }, signals.Stop);
        try
        {
            if (arguments.ServersOnly)
                await RunServersAsync(folder, servers, signals.Stop);
            else
                await RunServicesAsync(folder, servers, signals.Stop);
        }
        finally
        {
            File.Delete(folder.Urls);
            if (servers.Postgres.Record.IsOurs || servers.Broker.Record.IsOurs)
                Report.Say("Stopping PostgreSQL and RabbitMQ.");
            await servers.StopAsync();
        }
    }

    private static async Task RunServersAsync(DataFolder folder, Servers servers, CancellationToken stop)
    {
        await WriteUrlsAsync(folder, new { postgres = servers.Postgres.ConnectionString, broker = servers.Broker.Address, console = servers.Broker.Console }, stop);
        Report.Say($"PostgreSQL: {servers.Postgres.ConnectionString}");
        Report.Say($"RabbitMQ: {servers.Broker.Address}, console {servers.Broker.Console}");
        await new Supervisor(servers).RunAsync(stop);
    }

    private async Task RunServicesAsync(DataFolder folder, Servers servers, CancellationToken stop)
    {
        if (arguments.Reset && !servers.Broker.Record.IsOurs)
            Report.Warn($"What is in the queues of the RabbitMQ that {ServersOptions.BrokerVariable} names is left there.");
        var stores = new Dictionary<string, string>();
        foreach (var name in BzPeerProcesses.Services)
        {
            if (arguments.Reset)
                await servers.Postgres.DropDatabaseAsync($"bzpeer_{name}", stop);
            stores[name] = await servers.Postgres.CreateDatabaseAsync($"bzpeer_{name}", stop);
        }

        var warnings = new Warnings();
        await using var processes = new BzPeerProcesses(new BzPeerProcessesOptions
        {
            DataFolder = folder.Path,
            Stores = stores,
            Broker = servers.Broker.Address,
            SigningKeyFile = SigningKey.Ensure(folder.SigningKey),
            SitePort = arguments.Port,
            OnLine = (service, line) =>
            {
                if (warnings.Pick(service, line) is { } warning)
                    Report.Warn(warning);
            },
        });
        Report.Say($"Starting {string.Join(", ", processes.All.Select(process => process.Name))}; logs are in {folder.Logs}.");
        await processes.StartAsync(stop);
        Report.Say("All are healthy.");
        warnings.On = true;

        // What dies from here on is reported and started again, also while the sample is imported.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var supervision = new Supervisor(servers, processes).RunAsync(ending.Token);
        try
        {
            using var gateway = new Gateway(processes.Site);
            if (arguments.Sample)
                await ImportSampleAsync(folder, gateway, processes, stop);
            await ShowUrlsAsync(folder, servers, processes, await gateway.FindSeedAsync(stop), stop);
            await supervision;
        }
        finally
        {
            warnings.On = false;
            await ending.CancelAsync();
            await supervision;
            Report.Say("Stopping the services.");
        }
    }

    /// <remarks>Without its sample the site is of use all the same.</remarks>
    private static async Task ImportSampleAsync(DataFolder folder, Gateway gateway, BzPeerProcesses processes, CancellationToken stop)
    {
        try
        {
            await new SampleImport(gateway, folder.SampleState, [.. processes.All.Select(process => process.Url)]).RunAsync(stop);
        }
        catch (ProvisioningException e)
        {
            Report.Fail($"{e.Message}\nThe next start completes it.");
        }
    }

    private static async Task ShowUrlsAsync(DataFolder folder, Servers servers, BzPeerProcesses processes, Seed? seed, CancellationToken stop)
    {
        var urls = new
        {
            site = processes.Site,
            seedResearcher = seed is null ? null : new Uri(processes.Site, $"/researchers/{seed.Id}"),
            apiReference = new Uri(processes.Site, "/scalar"),
            services = processes.All.ToDictionary(process => process.Name, process => process.Url),
            postgres = servers.Postgres.ConnectionString,
            broker = servers.Broker.Address,
            console = servers.Broker.Console,
        };
        await WriteUrlsAsync(folder, urls, stop);
        Report.Urls(
            ("Site", urls.site),
            ("Seed researcher", urls.seedResearcher),
            ("API reference", urls.apiReference),
            ("Sign-in provider", urls.services[BzPeerProcesses.SignIn]),
            ("Events (AMQP)", urls.broker),
            ($"Broker console ({servers.Broker.Record.Management?.UserInfo.Replace(":", ", ")})", urls.console));
    }

    private static Task WriteUrlsAsync(DataFolder folder, object urls, CancellationToken stop) =>
        File.WriteAllTextAsync(folder.Urls, JsonSerializer.Serialize(urls, Json) + "\n", stop);
}
