using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BzPeer.Provisioning;

/// <summary>The RabbitMQ programs of this machine, run as a private node of the data folder's.</summary>
internal sealed class InstalledRabbitMq(ServersOptions options, ServerRecords records)
{
    public const string Name = "broker";

    private string Folder => Path.Combine(options.DataFolder, "rabbitmq");

    private string Data => Path.Combine(Folder, "mnesia");

    private string Logs => Path.Combine(options.DataFolder, "logs");

    private string Log => Path.Combine(Logs, "rabbitmq.log");

    private string PidFile => Path.Combine(Folder, "rabbitmq.pid");

    private string EpmdPidFile => Path.Combine(Folder, "epmd.pid");

    /// <summary>Unique to the folder, so that it never meets another node of this machine.</summary>
    private string NodeName => $"bzpeer-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Folder)))[..10]}@localhost";

    /// <summary>
    /// The folder with <c>rabbitmq-server</c> and <c>rabbitmqctl</c>. The scripts that Debian puts on PATH switch the
    /// user and so cannot run a private node; the real ones come first.
    /// </summary>
    public static string? FindPrograms()
    {
        string?[] folders =
        [
            "/usr/lib/rabbitmq/bin",
            "/opt/homebrew/opt/rabbitmq/sbin",
            "/usr/local/opt/rabbitmq/sbin",
            Commands.Find("rabbitmq-server") is { } onPath ? Path.GetDirectoryName(onPath) : null,
        ];
        return folders.FirstOrDefault(folder => folder is not null && File.Exists(Path.Combine(folder, "rabbitmq-server")));
    }

    public async Task<ServerRecord> StartAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(Folder);
        Directory.CreateDirectory(Logs);
        await StopLeftoverAsync();
        if (!options.Durable && Directory.Exists(Data))
            Directory.Delete(Data, recursive: true);

        var programs = FindPrograms()!;
        var recorded = records[Name]?.Ports ?? [];
        int[] ports = [.. Enumerable.Range(0, 4).Select(i => FreePort.Next(recorded.ElementAtOrDefault(i)))];
        var (amqp, distribution, epmdPort, management) = (ports[0], ports[1], ports[2], ports[3]);
        var environment = Environment(amqp, distribution, epmdPort);
        var hasManagement = WriteConfiguration(programs, management);

        var origin = "RabbitMQ of this machine";
        options.Say($"Starting {origin} on port {amqp}, data in {Folder}. This takes up to half a minute.");
        var epmd = StartEpmd(epmdPort, environment);
        var process = Commands.StartServer([Path.Combine(programs, "rabbitmq-server")], Path.Combine(Logs, "rabbitmq-console.log"), Folder, environment);

        var address = $"amqp://guest:guest@127.0.0.1:{amqp}/";
        var console = hasManagement ? new Uri($"http://guest:guest@127.0.0.1:{management}/") : null;
        var node = ProcessMark.Of("RabbitMQ", process.Id, Signal.Terminate);
        try
        {
            await WaitUntilReadyAsync(process, address, console, origin, ct);
            // The script that was started has the virtual machine, which is what is to be stopped, as its child.
            node = NodeOf(PidFile) ?? node ?? throw new ProvisioningException($"{origin} answered and then ended. The end of its log:\n{Tail()}");
        }
        catch
        {
            // Not ready is not recorded yet, and what nobody knows of nobody would stop.
            foreach (var started in (ProcessMark?[])[NodeOf(PidFile), node, epmd])
                await (started?.StopAsync(TimeSpan.FromSeconds(10)) ?? Task.CompletedTask);
            throw;
        }
        return new ServerRecord
        {
            Origin = origin,
            Address = address,
            Management = console,
            Log = Log,
            Ports = ports,
            Processes = epmd is null ? [node] : [node, epmd],
        };
    }

    private async Task WaitUntilReadyAsync(Process process, string address, Uri? console, string origin, CancellationToken ct)
    {
        var watch = Stopwatch.StartNew();
        while (await WhyNotReadyAsync(address, console, ct) is { } why)
        {
            if (process.HasExited)
                throw new ProvisioningException($"{origin} ended while starting. The end of its log:\n{Tail()}");
            if (watch.Elapsed > TimeSpan.FromMinutes(3))
                throw new ProvisioningException($"{origin} did not get ready in three minutes ({why}). The end of its log:\n{Tail()}");
            await Task.Delay(200, ct);
        }
    }

    /// <summary>Runs <c>rabbitmqctl</c> against the node; only needed where the management plugin is not installed.</summary>
    public async Task ControlAsync(IReadOnlyList<string> arguments, CancellationToken ct)
    {
        var ports = records[Name]!.Ports;
        var control = await Commands.RunAsync(
            [Path.Combine(FindPrograms()!, "rabbitmqctl"), "-q", .. arguments], ct, Folder, Environment(ports[0], ports[1], ports[2]));
        if (control.ExitCode != 0)
            throw new ProvisioningException($"rabbitmqctl {string.Join(' ', arguments)} failed: {control.StandardError.Trim()}");
    }

    private Dictionary<string, string?> Environment(int amqp, int distribution, int epmd) => new()
    {
        ["HOME"] = Folder,
        ["RABBITMQ_NODENAME"] = NodeName,
        ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
        ["RABBITMQ_NODE_PORT"] = amqp.ToString(CultureInfo.InvariantCulture),
        ["RABBITMQ_DIST_PORT"] = distribution.ToString(CultureInfo.InvariantCulture),
        ["RABBITMQ_MNESIA_BASE"] = Data,
        ["RABBITMQ_LOG_BASE"] = Logs,
        ["RABBITMQ_LOGS"] = Log,
        ["RABBITMQ_PID_FILE"] = PidFile,
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(Folder, "enabled_plugins"),
        ["RABBITMQ_CONFIG_FILE"] = Path.Combine(Folder, "rabbitmq.conf"),
        // The machine's own /etc/rabbitmq is for the machine's own broker.
        ["RABBITMQ_CONF_ENV_FILE"] = Path.Combine(Folder, "rabbitmq-env.conf"),
        ["RABBITMQ_ADVANCED_CONFIG_FILE"] = Path.Combine(Folder, "advanced.config"),
        ["ERL_EPMD_PORT"] = epmd.ToString(CultureInfo.InvariantCulture),
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        // Distribution on loopback only; idle schedulers sleep instead of spinning on a machine shared with everything else.
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] =
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
    };

    private bool WriteConfiguration(string programs, int management)
    {
        File.WriteAllText(Path.Combine(Folder, "rabbitmq-env.conf"), "");
        File.WriteAllText(Path.Combine(Folder, "advanced.config"), "[].\n");
        // Debian keeps the plugins beside the programs' folder's real place, others beside the programs.
        var real = new FileInfo(Path.Combine(programs, "rabbitmq-server")).ResolveLinkTarget(returnFinalTarget: true)?.FullName
            ?? Path.Combine(programs, "rabbitmq-server");
        string[] homes = [Path.Combine(programs, ".."), Path.Combine(Path.GetDirectoryName(real)!, "..")];
        var hasManagement = Directory.Exists("/usr/lib/rabbitmq")
            && Directory.EnumerateFileSystemEntries("/usr/lib/rabbitmq", "rabbitmq_management-*", SearchOption.AllDirectories).Any()
            || homes.Select(home => Path.Combine(home, "plugins")).Where(Directory.Exists)
                .Any(plugins => Directory.EnumerateFileSystemEntries(plugins, "rabbitmq_management-*").Any());
        File.WriteAllText(Path.Combine(Folder, "enabled_plugins"), hasManagement ? "[rabbitmq_management].\n" : "[].\n");
        File.WriteAllText(Path.Combine(Folder, "rabbitmq.conf"), hasManagement
            ? $"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n"
            : "");
        return hasManagement;
    }

    /// <remarks>
    /// Erlang's port mapper as a process of our own: the daemon that RabbitMQ would start by itself outlives the node, and
    /// nobody would know whose it is.
    /// </remarks>
    private ProcessMark? StartEpmd(int port, Dictionary<string, string?> environment)
    {
        var program = Commands.Find("epmd")
            ?? (Directory.Exists("/usr/lib/erlang")
                ? Directory.EnumerateFiles("/usr/lib/erlang", "epmd", SearchOption.AllDirectories).FirstOrDefault()
                : null);
        if (program is null)
            return null;
        var process = Commands.StartServer(
            [program, "-port", port.ToString(CultureInfo.InvariantCulture)], Path.Combine(Logs, "epmd.log"), Folder, environment);
        File.WriteAllText(EpmdPidFile, process.Id.ToString(CultureInfo.InvariantCulture));
        return ProcessMark.Of("epmd", process.Id, Signal.Terminate);
    }

    private async Task StopLeftoverAsync()
    {
        if (NodeOf(PidFile) is { } node)
        {
            options.Say($"Stopping a RabbitMQ (process {node.Pid}) that an earlier run left behind.");
            await node.StopAsync(TimeSpan.FromSeconds(30));
        }
        if (records[Name]?.Processes.FirstOrDefault(process => process.Name == "epmd") is { IsRunning: true } epmd)
            await epmd.StopAsync(TimeSpan.FromSeconds(5));
    }

    private ProcessMark? NodeOf(string pidFile) =>
        File.Exists(pidFile)
        && int.TryParse(File.ReadAllText(pidFile).Trim(), CultureInfo.InvariantCulture, out var pid)
        && IsThisNode(pid)
            ? ProcessMark.Of("RabbitMQ", pid, Signal.Terminate)
            : null;

    private bool IsThisNode(int pid)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        try
        {
            // The node's name and folder stand in the virtual machine's command line or environment.
            return File.ReadAllText($"/proc/{pid}/cmdline").Contains(NodeName)
                || File.ReadAllText($"/proc/{pid}/environ").Contains($"RABBITMQ_NODENAME={NodeName}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static async Task<string?> WhyNotReadyAsync(string address, Uri? management, CancellationToken ct) =>
        await BrokerServer.WhyUnusableAsync(address, ct)
        ?? (management is null || await BrokerServer.IsManagementAsync(management, ct) ? null : "its management API does not answer yet");

    private string Tail() => Commands.Tail(File.Exists(Log) ? Log : Path.Combine(Logs, "rabbitmq-console.log"));
}
