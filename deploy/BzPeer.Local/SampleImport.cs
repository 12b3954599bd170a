using System.Text.Json;
using BzPeer.Provisioning;
using Spectre.Console;

namespace BzPeer.Local;

/// <summary>
/// Imports the sample works through the public API, once: into empty stores, or what an interrupted import left undone.
/// </summary>
internal sealed class SampleImport(Gateway gateway, string stateFile, IReadOnlyList<Uri> services)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    // What the seed page shows.
    private const int SeedTrust = 11;

    public async Task RunAsync(CancellationToken stop)
    {
        var files = SampleFile.All();
        if (files.Count == 0)
        {
            Report.Warn($"There is no sample in {SampleFile.Folder}.");
            return;
        }
        var isEmpty = !await RetryAsync(() => gateway.AnybodyAsync(stop), stop);
        var state = isEmpty ? [] : ReadState();
        if (state is null)
        {
            Report.Say("There are researchers already, and not from the sample: it is left out.");
            return;
        }
        var missing = files.Where(file => state.GetValueOrDefault(file.Name) is not { Done: true }).ToList();
        if (missing.Count == 0)
            return;

        Report.Say(state.Count == 0 ? "Importing the sample works." : "Completing the import of the sample works, which was interrupted.");
        await RetryAsync(async () => { await gateway.SignInAsCuratorAsync(stop); return true; }, stop);
        await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async progress =>
            {
                var bars = missing.ToDictionary(file => file, file => progress.AddTask(Markup.Escape(file.Name), autoStart: false, maxValue: file.CountRecords()));
                var catchingUp = progress.AddTask("cards, trust and graph", autoStart: false, maxValue: 1);
                foreach (var file in missing)
                {
                    bars[file].StartTask();
                    await ImportAsync(file, bars[file], state, stop);
                }
                catchingUp.StartTask();
                await WaitUntilCaughtUpAsync(catchingUp, stop);
            });
    }

    private async Task ImportAsync(SampleFile file, ProgressTask bar, Dictionary<string, FileState> state, CancellationToken stop)
    {
        var before = state.GetValueOrDefault(file.Name);
        // An import goes on by itself after a crash; only one that is unknown, or failed, is handed in again. Records that
        // are in already make no new events.
        var import = before?.Import is { } known && await RetryAsync(() => gateway.StatusAsync(known, stop), stop) is { State: not "failed" }
            ? known
            : await RetryAsync(() => gateway.ImportAsync(file, stop), stop);
        Write(state, file, new FileState(import, Done: false));

        while (true)
        {
            var status = await RetryAsync(() => gateway.StatusAsync(import, stop), stop)
                ?? throw new ProvisioningException($"The import of {file.Name} is not known any more at {import}.");
            bar.Value = Math.Min(status.Received, bar.MaxValue);
            if (status.State == "completed")
            {
                bar.Value = bar.MaxValue;
                bar.StopTask();
                Write(state, file, new FileState(import, Done: true));
                Report.Say($"{file.Name}: {status.Created} created, {status.Updated} updated, {status.Unchanged} unchanged, {status.Rejected} rejected.");
                return;
            }
            if (status.State == "failed")
                throw new ProvisioningException($"The import of {file.Name} failed. {import} says why.");
            await Task.Delay(200, stop);
        }
    }

    /// <remarks>The services follow what was imported by events; the page of a researcher is right when they have caught up.</remarks>
    private async Task WaitUntilCaughtUpAsync(ProgressTask bar, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            long most = 1;
            for (var idle = 0; idle < 3; await Task.Delay(500, limit.Token))
            {
                var behind = await BacklogAsync(limit.Token);
                most = Math.Max(most, behind ?? 0);
                bar.Value = 1 - ((double)(behind ?? most) / most);
                // Between one service's work and the next one's there is a moment at which nobody has anything to do.
                idle = behind == 0 && await gateway.FindSeedAsync(limit.Token) is { Trust: SeedTrust } ? idle + 1 : 0;
            }
            bar.Value = 1;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            Report.Warn($"The services have not caught up with the sample in {Patience.TotalMinutes:0} minutes. Their logs say what holds them up; the site can be used meanwhile.");
        }
    }

    /// <summary>How many events the services have yet to handle, as their health says it; null while one of them is not well.</summary>
    private async Task<long?> BacklogAsync(CancellationToken stop)
    {
        using var http = new HttpClient();
        long behind = 0;
        foreach (var service in services)
        {
            try
            {
                using var health = JsonDocument.Parse(await http.GetStringAsync(new Uri(service, "/health"), stop));
                if (health.RootElement.TryGetProperty("checks", out var checks) && checks.TryGetProperty("daemon", out var daemon)
                    && daemon.TryGetProperty("data", out var lag) && lag.ValueKind == JsonValueKind.Object)
                    behind += lag.EnumerateObject().Sum(shard => shard.Value.GetInt64());
            }
            catch (HttpRequestException)
            {
                return null;
            }
        }
        return behind;
    }

    /// <remarks>A service may be down for a moment; the supervisor brings it back.</remarks>
    private static async Task<T> RetryAsync<T>(Func<Task<T>> call, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (HttpRequestException e) when (attempt < 30 && e.StatusCode is null or >= System.Net.HttpStatusCode.InternalServerError)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), stop);
            }
            catch (HttpRequestException e)
            {
                throw new ProvisioningException($"The sample could not be imported: {e.Message}", e);
            }
        }
    }

    private Dictionary<string, FileState>? ReadState() => File.Exists(stateFile)
        ? JsonSerializer.Deserialize<Dictionary<string, FileState>>(File.ReadAllText(stateFile))
        : null;

    private void Write(Dictionary<string, FileState> state, SampleFile file, FileState now)
    {
        state[file.Name] = now;
        File.WriteAllText(stateFile + ".new", JsonSerializer.Serialize(state));
        File.Move(stateFile + ".new", stateFile, overwrite: true);
    }

    private sealed record FileState(Uri Import, bool Done);
}
