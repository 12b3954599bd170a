using System.Diagnostics;

namespace BzPeer.Provisioning;

/// <summary>Locks between processes, held by an open file: the system frees them when a process ends, however it ends.</summary>
public static class FolderLock
{
    /// <summary>The lock alone, or null when somebody holds it.</summary>
    public static IDisposable? TryAlone(string file) => TryOpen(file, FileAccess.ReadWrite, FileShare.None);

    /// <summary>The lock together with others, or null when somebody holds it alone.</summary>
    public static IDisposable? TryTogether(string file) => TryOpen(file, FileAccess.Read, FileShare.Read);

    /// <summary>The lock alone, as soon as nobody else holds it.</summary>
    public static async Task<IDisposable> AloneAsync(string file, TimeSpan limit, CancellationToken ct = default)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (TryAlone(file) is { } held)
                return held;
            if (watch.Elapsed > limit)
                throw new ProvisioningException($"Another process has held {file} for {limit.TotalMinutes:0} minutes. End it, and try again.");
            await Task.Delay(100, ct);
        }
    }

    private static FileStream? TryOpen(string file, FileAccess access, FileShare share)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, access, share);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
