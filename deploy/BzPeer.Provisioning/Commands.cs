using System.Diagnostics;
using CliWrap;
using CliWrap.Buffered;

namespace BzPeer.Provisioning;

/// <summary>Commands of the machine: found, run to their end, or started as servers that outlive their starter.</summary>
internal static class Commands
{
    /// <summary>The full path of a program on PATH, or null.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            // A service manager's PATH, and a plain user's, often lack these.
            .Concat(OperatingSystem.IsWindows() ? [] : ["/usr/local/sbin", "/usr/sbin", "/sbin"])
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    /// <summary>Runs a command to its end; its output and exit code are the caller's to judge.</summary>
    public static async Task<BufferedCommandResult> RunAsync(
        IReadOnlyList<string> command, CancellationToken ct, string? folder = null, IReadOnlyDictionary<string, string?>? environment = null) =>
        await Cli.Wrap(command[0])
            .WithArguments(command.Skip(1))
            .WithWorkingDirectory(folder ?? Path.GetTempPath())
            .WithEnvironmentVariables(environment ?? new Dictionary<string, string?>())
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(ct);

    /// <summary>
    /// Starts a server that writes to a log file itself (a pipe would end with the process that reads it), in a session
    /// of its own where the machine has <c>setsid</c>, so that a Ctrl-C at the terminal reaches only the launcher, which
    /// then stops everything in order.
    /// </summary>
    public static Process StartServer(
        IReadOnlyList<string> command, string log, string folder, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = folder, UseShellExecute = false };
        foreach (var argument in (string[])["-c", """exec "$@" >>"$0" 2>&1 </dev/null""", log, .. OwnSession(command)])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>The command, led by <c>setsid</c> where the machine has it. It keeps the process id.</summary>
    public static IReadOnlyList<string> OwnSession(IReadOnlyList<string> command) =>
        Find("setsid") is { } setsid ? [setsid, .. command] : command;

    /// <summary>The last lines of a log, indented, for a message.</summary>
    public static string Tail(string log, int lines = 12)
    {
        if (!File.Exists(log))
            return $"  (there is no {log})";
        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        var last = new Queue<string>();
        while (reader.ReadLine() is { } line)
        {
            last.Enqueue(line);
            if (last.Count > lines)
                last.Dequeue();
        }
        return string.Join('\n', last.Select(line => "  " + (line.Length > 300 ? line[..300] + "…" : line)).Append($"  (the whole log: {log})"));
    }
}
