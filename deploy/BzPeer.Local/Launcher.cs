using System.Runtime.InteropServices;
using System.Text.Json;
using BzPeer.Provisioning;

namespace BzPeer.Local;

/// <summary>One run of the launcher: servers up, services up, sample in, wait, everything down.</summary>
public static class Launcher
{
    /// <summary>Runs until stopped; the exit code.</summary>
    public static async Task<int> RunAsync(LauncherArguments arguments)
    {
        using var stop = new CancellationTokenSource();
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

        using var running = FolderLock.TryAlone(Path.Combine(arguments.DataFolder, "launcher.lock"))
            ?? throw new ProvisioningException(
                $"Another launcher runs on {arguments.DataFolder}. Stop it, or give this one a folder of its own with --data PATH.");

        var options = ServersOptions.FromEnvironment(arguments.DataFolder) with { Say = Report.Say };
        var servers = await Servers.StartAsync(options, stop.Token);
        try
        {
            var urls = new { postgres = servers.Postgres.ConnectionString, broker = servers.Broker.Address, console = servers.Broker.Console };
            await File.WriteAllTextAsync(
                Path.Combine(arguments.DataFolder, "urls.json"),
                JsonSerializer.Serialize(urls, new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true }), stop.Token);
            Report.Say("Ctrl-C stops everything.");
            await Task.Delay(Timeout.Infinite, stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }
        finally
        {
            await servers.StopAsync();
        }
        return 0;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }
}
