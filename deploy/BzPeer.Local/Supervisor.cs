using System.Diagnostics;
using BzPeer.Provisioning;

namespace BzPeer.Local;

/// <summary>
/// Watches what was started. Nothing dies silently and nothing is restarted silently: the end of the log is shown, and
/// when it is started again, after a while that grows.
/// </summary>
internal sealed class Supervisor(Servers servers, BzPeerProcesses? processes = null)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        IEnumerable<Task> watches =
        [
            WatchServerAsync("PostgreSQL", () => servers.Postgres.Record, servers.StartPostgresAsync, stop),
            WatchServerAsync("RabbitMQ", () => servers.Broker.Record, servers.StartBrokerAsync, stop),
            .. (processes?.All ?? []).Select(process => WatchServiceAsync(process, stop)),
        ];
        try
        {
            await Task.WhenAll(watches);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The only way in which watching ends.
        }
    }

    private static async Task WatchServiceAsync(ServiceProcess process, CancellationToken stop)
    {
        var pause = FirstPause;
        var running = Stopwatch.StartNew();
        while (true)
        {
            var code = await process.Ended.WaitAsync(stop);
            Report.Fail($"{process.Name} has ended with code {code}. The end of its log:\n{process.LogTail()}");
            pause = running.Elapsed > TimeSpan.FromMinutes(1) ? FirstPause : pause;
            Report.Warn($"Starting {process.Name} again in {pause.TotalSeconds:0} s.");
            await Task.Delay(pause, stop);
            pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, pause.Ticks * 2));
            running.Restart();
            var ended = process.Ended;
            try
            {
                process.Start();
                await process.WaitUntilHealthyAsync(TimeSpan.FromMinutes(2), stop);
                Report.Say($"{process.Name} is healthy again.");
            }
            catch (ProvisioningException e) when (!process.Ended.IsCompleted || process.Ended == ended)
            {
                // Not healthy yet, or not started at all: its port is taken, or it is being built.
                Report.Fail(e.Message);
            }
            catch (ProvisioningException)
            {
                // It has ended again: the next turn reports it.
            }
        }
    }

    private static async Task WatchServerAsync(string name, Func<ServerRecord> record, Func<CancellationToken, Task> start, CancellationToken stop)
    {
        var pause = FirstPause;
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), stop);
            if (await Servers.IsRunningAsync(record(), stop))
            {
                pause = FirstPause;
                continue;
            }
            Report.Fail($"{name} has ended. The end of its log:\n{record().LogTail()}");
            Report.Warn($"Starting {name} again in {pause.TotalSeconds:0} s.");
            await Task.Delay(pause, stop);
            pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, pause.Ticks * 2));
            try
            {
                await start(stop);
            }
            catch (ProvisioningException e)
            {
                Report.Fail(e.Message);
            }
        }
    }
}
