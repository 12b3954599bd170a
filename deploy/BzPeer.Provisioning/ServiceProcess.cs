using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BzPeer.Provisioning;

/// <summary>What a service is started with.</summary>
public sealed record ServiceDefinition(string Name, string Project, Uri Url)
{
    /// <summary>Settings, by the names that environment variables have.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }
}

/// <summary>A service as a process of its own, built beside us: started, asked for its health, killed, stopped.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly ServiceDefinition definition;
    private readonly Action<string> onLine;
    private readonly ProcessRecords records;
    private readonly Lock writing = new();

    private Process? process;
    private ProcessMark? mark;
    private StreamWriter? log;

    /// <summary>A service that has not been started yet.</summary>
    /// <param name="definition">What it is started with.</param>
    /// <param name="folder">The data folder: its log goes to <c>logs</c> there, and its process is recorded there.</param>
    /// <param name="records">Where the process is remembered, in case we are killed.</param>
    /// <param name="onLine">Given every line it logs.</param>
    public ServiceProcess(ServiceDefinition definition, string folder, ProcessRecords records, Action<string>? onLine = null)
    {
        this.definition = definition;
        this.records = records;
        this.onLine = onLine ?? (_ => { });
        Log = Path.Combine(folder, "logs", $"{definition.Name}.log");
    }

    /// <summary>The name by which people know it: <c>follow</c>.</summary>
    public string Name => definition.Name;

    /// <summary>Where it listens.</summary>
    public Uri Url => definition.Url;

    /// <summary>The log of all its runs.</summary>
    public string Log { get; }

    /// <summary>The id of its process; null before the first start.</summary>
    public int? Id => mark?.Pid;

    /// <summary>Whether it runs now.</summary>
    public bool IsRunning => mark?.IsRunning ?? false;

    /// <summary>Completes with the exit code when the present run ends, however it ends.</summary>
    public Task<int> Ended { get; private set; } = Task.FromResult(0);

    /// <summary>The end of its log, for a message.</summary>
    public string LogTail(int lines = 20) => Commands.Tail(Log, lines);

    /// <summary>Starts the process; <see cref="WaitUntilHealthyAsync"/> says when it can be used.</summary>
    public void Start()
    {
        if (IsRunning)
            throw new InvalidOperationException($"{Name} is running already.");
        if (!FreePort.IsFree(Url.Port))
            throw new ProvisioningException($"Port {Url.Port}, which {Name} is to listen on, is in use.");

        process = Run([]);
        mark = ProcessMark.Of(Name, process.Id, Signal.Terminate);
        if (mark is not null)
            records.Add(mark);
        Ended = EndedAsync(process);
    }

    /// <summary>Runs one of the service's maintenance commands, with its settings, and waits for its end. What it says goes to the log.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(string maintenance)
    {
        using var run = Run([maintenance]);
        return await EndedAsync(run);
    }

    private Process Run(string[] first)
    {
        var project = Path.Combine(Repository.Root, "services", definition.Project);
        string[] command = [DotnetHost, Assembly(), .. first, "--contentRoot", project];
        var start = new ProcessStartInfo { WorkingDirectory = project, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        var all = Commands.OwnSession(command);
        start.FileName = all[0];
        foreach (var argument in all.Skip(1))
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in definition.Settings)
            start.Environment[name] = value;
        start.Environment["ASPNETCORE_URLS"] = definition.Url.ToString();
        // A service is nobody's child but ours: what the tool that started us told us is not for it.
        start.Environment.Remove("DOTNET_LAUNCH_PROFILE");
        foreach (var (name, value) in ConsoleFormat)
            start.Environment.TryAdd(name, value);

        Directory.CreateDirectory(Path.GetDirectoryName(Log)!);
        lock (writing)
            log ??= new StreamWriter(new FileStream(Log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)) { AutoFlush = true };
        var run = new Process { StartInfo = start };
        run.OutputDataReceived += OnLine;
        run.ErrorDataReceived += OnLine;
        run.Start();
        run.BeginOutputReadLine();
        run.BeginErrorReadLine();
        return run;
    }

    /// <summary>Waits until <c>/health</c> says so. Throws, with the end of the log, when the process dies before that.</summary>
    public async Task WaitUntilHealthyAsync(TimeSpan limit, CancellationToken ct = default)
    {
        var watch = Stopwatch.StartNew();
        var last = "no answer";
        while (true)
        {
            if (Ended.IsCompleted)
                throw new ProvisioningException($"{Name} ended with code {await Ended} instead of getting ready. The end of its log:\n{LogTail()}");
            try
            {
                using var answer = await Http.GetAsync(new Uri(Url, "/health"), ct);
                if (answer.IsSuccessStatusCode)
                    return;
                last = $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(ct)}";
            }
            catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !ct.IsCancellationRequested))
            {
                last = e.Message;
            }
            if (watch.Elapsed > limit)
                throw new ProvisioningException($"{Name} did not get healthy in {limit.TotalSeconds:0} s ({last}). The end of its log:\n{LogTail()}");
            await Task.Delay(100, ct);
        }
    }

    /// <summary>Ends it as a crash would (SIGKILL).</summary>
    public async Task KillAsync()
    {
        mark?.Send(Signal.Kill);
        await Ended;
    }

    /// <summary>Asks it to end, waits for what it has in hand, and kills it only when it takes longer than that.</summary>
    public async Task StopAsync(TimeSpan? grace = null)
    {
        if (mark is not null)
            await mark.StopAsync(grace ?? TimeSpan.FromSeconds(30));
        await Ended;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        process?.Dispose();
        log?.Dispose();
    }

    private static async Task<int> EndedAsync(Process process)
    {
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    private void OnLine(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
            return;
        lock (writing)
            log!.WriteLine(line.Data);
        onLine(line.Data);
    }

    /// <remarks>Services are built into the same configuration's folder as whoever starts them.</remarks>
    private string Assembly()
    {
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var assembly = Path.Combine(Repository.Root, "artifacts", "bin", definition.Project, configuration, definition.Project + ".dll");
        return File.Exists(assembly)
            ? assembly
            : throw new ProvisioningException($"{assembly} is not there. Build the solution first: dotnet build.");
    }

    // The host that runs us, not whichever dotnet PATH has first.
    private static string DotnetHost { get; } = Path.GetFullPath(Path.Combine(
        RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));

    /// <remarks>One line per entry, with its time and level in front: so a log can be searched, and warnings picked out.</remarks>
    private static readonly Dictionary<string, string> ConsoleFormat = new()
    {
        ["Logging__Console__FormatterName"] = "simple",
        ["Logging__Console__FormatterOptions__SingleLine"] = "true",
        ["Logging__Console__FormatterOptions__ColorBehavior"] = "Disabled",
        ["Logging__Console__FormatterOptions__TimestampFormat"] = "yyyy-MM-dd HH:mm:ss.fff ",
    };
}
