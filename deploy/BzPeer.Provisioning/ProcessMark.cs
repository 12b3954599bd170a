using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace BzPeer.Provisioning;

/// <summary>The signals that ask a process to end; each server has its own idea of "soon, but cleanly".</summary>
public enum Signal
{
    /// <summary>Ctrl-C; to PostgreSQL, a fast shutdown.</summary>
    Interrupt = 2,

    /// <summary>To PostgreSQL, an immediate shutdown: it recovers at the next start.</summary>
    Quit = 3,

    /// <summary>Cannot be refused.</summary>
    Kill = 9,

    /// <summary>Please end.</summary>
    Terminate = 15,
}

/// <summary>
/// A process that survives its starter in a file: the id alone would be reused, so the moment it started goes with it.
/// </summary>
public sealed record ProcessMark(string Name, int Pid, string Started, Signal StopWith)
{
    /// <summary>What a power cut would do to it. A killed postmaster would leave its children behind; they end on Quit.</summary>
    public Signal StopAbruptlyWith { get; init; } = Signal.Kill;

    /// <summary>The mark of a running process, or null when there is none of that id.</summary>
    public static ProcessMark? Of(string name, int pid, Signal stopWith, Signal stopAbruptlyWith = Signal.Kill) =>
        StartOf(pid) is { } started ? new ProcessMark(name, pid, started, stopWith) { StopAbruptlyWith = stopAbruptlyWith } : null;

    /// <summary>Whether this very process, and not a later one of the same id, still runs.</summary>
    [JsonIgnore]
    public bool IsRunning => StartOf(Pid) == Started;

    /// <summary>Sends a signal, if the process is still there to receive it.</summary>
    public void Send(Signal signal)
    {
        if (!IsRunning)
            return;
        if (OperatingSystem.IsWindows())
            KillTree();
        else if (kill(Pid, (int)signal) != 0 && IsRunning)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{Name} (process {Pid}) did not take the signal {signal}.");
    }

    /// <summary>Asks the process to end and, when it has not after <paramref name="grace"/>, ends it.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        Send(StopWith);
        if (await EndsWithinAsync(grace))
            return;
        Send(Signal.Kill);
        if (!await EndsWithinAsync(TimeSpan.FromSeconds(10)))
            throw new TimeoutException($"{Name} (process {Pid}) did not end, even when killed.");
    }

    private async Task<bool> EndsWithinAsync(TimeSpan limit)
    {
        var watch = Stopwatch.StartNew();
        while (IsRunning)
        {
            if (watch.Elapsed > limit)
                return false;
            await Task.Delay(25);
        }
        return true;
    }

    private void KillTree()
    {
        using var process = Process.GetProcessById(Pid);
        process.Kill(entireProcessTree: true);
    }

    private static string? StartOf(int pid)
    {
        if (OperatingSystem.IsLinux())
            return LinuxStartOf(pid);
        try
        {
            using var process = Process.GetProcessById(pid);
            return process.HasExited ? null : process.StartTime.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }

    /// <remarks>Ticks since boot, exact, where Process.StartTime is derived from a clock that may be set.</remarks>
    private static string? LinuxStartOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            // A zombie has ended, and only its parent has not looked yet; unless threads of it are left, as for a moment after
            // a kill: until they are gone, so are not the ports it listens on.
            var hasEnded = fields[0] is "Z" or "X" && int.Parse(fields[17], CultureInfo.InvariantCulture) <= 1;
            return hasEnded ? null : $"{BootId}:{fields[19]}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static readonly string BootId = OperatingSystem.IsLinux() && File.Exists("/proc/sys/kernel/random/boot_id")
        ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()
        : "";

    [DllImport("libc", SetLastError = true)]
    private
#pragma warning disable IDE1006 // the name of the C function
    static extern int kill(int pid, int signal);
#pragma warning restore IDE1006
}
