using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace BzPeer.Provisioning;

/// <summary>The PostgreSQL programs of this machine, run as a private instance of the data folder's.</summary>
internal sealed class InstalledPostgres(ServersOptions options, ServerRecords records)
{
    public const string Name = "postgres";

    private string Folder => Path.Combine(options.DataFolder, "postgres");

    /// <summary>The folder with <c>initdb</c> and <c>postgres</c>, or null with a word on where was looked.</summary>
    public static string? FindPrograms(int? major = null)
    {
        string[] roots = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt"];
        var versioned = Directory.Exists("/usr")
            ? Directory.GetDirectories("/usr", "pgsql-*").Concat(roots.Where(Directory.Exists).SelectMany(Directory.GetDirectories))
            : [];
        var onPath = Commands.Find("initdb") is { } initdb ? Path.GetDirectoryName(initdb) : null;
        return versioned
            .Select(folder => Path.Combine(folder, "bin"))
            .Append(onPath)
            .OfType<string>()
            .Where(bin => File.Exists(Path.Combine(bin, "initdb")) && File.Exists(Path.Combine(bin, "postgres")))
            .Select(bin => (bin, major: MajorOf(bin)))
            .Where(found => major is null || found.major == major)
            .OrderByDescending(found => found.major)
            .Select(found => found.bin)
            .FirstOrDefault();
    }

    public async Task<ServerRecord> StartAsync(CancellationToken ct)
    {
        var user = UnprivilegedUser.Find();
        var folder = await user.FolderAsync(Folder, options.Say, ct);
        var data = Path.Combine(folder, "data");
        await StopLeftoverAsync(data);

        var programs = ProgramsFor(data);
        if (!File.Exists(Path.Combine(data, "PG_VERSION")))
            await CreateClusterAsync(user, programs, folder, data, ct);

        var port = FreePort.Next(records[Name]?.Ports.FirstOrDefault() ?? 0);
        var origin = $"PostgreSQL {MajorOf(programs)} of this machine";
        options.Say($"Starting {origin} on port {port}, data in {data}.");

        var log = Path.Combine(options.DataFolder, "logs", "postgres.log");
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        var process = Commands.StartServer(
            user.Run([Path.Combine(programs, "postgres"), "-D", data, "-p", port.ToString(CultureInfo.InvariantCulture), .. Settings()]), log, folder);
        var address = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = port, Username = "bzpeer", Database = "postgres" }.ConnectionString;

        try
        {
            await WaitUntilReadyAsync(process, address, origin, log, ct);
        }
        catch
        {
            // Not ready is not recorded yet, and what nobody knows of nobody would stop.
            await StopAsync(PostmasterOf(data));
            throw;
        }
        return new ServerRecord
        {
            Origin = origin,
            Address = address,
            Log = log,
            Ports = [port],
            Processes = [PostmasterOf(data) ?? throw new ProvisioningException($"{origin} answers on port {port}, but {data} names no process.")],
            FolderElsewhere = folder == Folder ? null : folder,
        };
    }

    private static async Task WaitUntilReadyAsync(Process process, string address, string origin, string log, CancellationToken ct)
    {
        var watch = Stopwatch.StartNew();
        while (await PostgresServer.WhyUnusableAsync(address, ct) is { } why)
        {
            if (process.HasExited)
                throw new ProvisioningException($"{origin} ended while starting. The end of its log:\n{Commands.Tail(log)}");
            if (watch.Elapsed > TimeSpan.FromMinutes(2))
                throw new ProvisioningException($"{origin} did not get ready in two minutes ({why}). The end of its log:\n{Commands.Tail(log)}");
            await Task.Delay(50, ct);
        }
    }

    private IEnumerable<string> Settings()
    {
        string[] settings =
        [
            "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=400",
            .. options.Durable ? Array.Empty<string>() : ["fsync=off", "synchronous_commit=off", "full_page_writes=off"],
        ];
        return settings.SelectMany(setting => new[] { "-c", setting });
    }

    private static string ProgramsFor(string data)
    {
        var version = Path.Combine(data, "PG_VERSION");
        int? major = File.Exists(version) ? int.Parse(File.ReadAllText(version), CultureInfo.InvariantCulture) : null;
        return FindPrograms(major) ?? throw new ProvisioningException(
            $"The data in {data} was written by PostgreSQL {major}, which is not on this machine any more. Install it, or start again with --reset.");
    }

    private async Task CreateClusterAsync(UnprivilegedUser user, string programs, string folder, string data, CancellationToken ct)
    {
        options.Say($"Creating a PostgreSQL {MajorOf(programs)} cluster in {data}.");
        // Made beside its place and moved there when complete: a half-made cluster is never taken for one.
        var unfinished = Path.Combine(folder, "data.unfinished");
        if (Directory.Exists(unfinished))
            Directory.Delete(unfinished, recursive: true);
        var initdb = await Commands.RunAsync(
            user.Run([Path.Combine(programs, "initdb"), "-D", unfinished, "-U", "bzpeer", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]),
            ct, folder);
        if (initdb.ExitCode != 0)
            throw new ProvisioningException($"initdb failed: {initdb.StandardError.Trim()}");
        Directory.Move(unfinished, data);
    }

    /// <remarks>One data folder takes one server, so whatever its pid file names, if it still runs, is a crash's leftover.</remarks>
    private async Task StopLeftoverAsync(string data)
    {
        if (PostmasterOf(data) is not { } leftover)
            return;
        options.Say($"Stopping a PostgreSQL (process {leftover.Pid}) that an earlier run left behind.");
        await StopAsync(leftover);
    }

    private static Task StopAsync(ProcessMark? postmaster) => postmaster?.StopAsync(TimeSpan.FromSeconds(30)) ?? Task.CompletedTask;

    private static ProcessMark? PostmasterOf(string data)
    {
        var file = Path.Combine(data, "postmaster.pid");
        if (!File.Exists(file))
            return null;
        var lines = File.ReadAllLines(file);
        // The id may have been given to another process since: it is ours only if it works on this very folder.
        return lines.Length > 1 && int.TryParse(lines[0], CultureInfo.InvariantCulture, out var pid) && WorksOn(pid, data)
            ? ProcessMark.Of("PostgreSQL", pid, Signal.Interrupt, Signal.Quit)
            : null;
    }

    private static bool WorksOn(int pid, string data)
    {
        var commandLine = $"/proc/{pid}/cmdline";
        if (!OperatingSystem.IsLinux())
            return true;
        try
        {
            return File.ReadAllText(commandLine).Split('\0').Contains(data);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static int MajorOf(string programs)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(programs, "postgres"), "--version") { RedirectStandardOutput = true })!;
        var version = process.StandardOutput.ReadToEnd().Split(' ').First(word => char.IsAsciiDigit(word[0]));
        return int.Parse(new string([.. version.TakeWhile(char.IsAsciiDigit)]), CultureInfo.InvariantCulture);
    }
}
