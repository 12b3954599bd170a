using System.Security.Cryptography;

namespace BzPeer.Provisioning;

/// <summary>Node.js for what other languages do with our events: this machine's, or installed on it.</summary>
public static class Node
{
    /// <summary>The path of node, with npm beside it. Throws, saying what was tried, where there is none to be had.</summary>
    public static async Task<string> EnsureAsync(string lockFolder, Action<string> say, CancellationToken ct = default)
    {
        if (Find() is { } found)
            return found;
        // Several test processes may find it missing at once.
        using var installing = await FolderLock.AloneAsync(Path.Combine(lockFolder, "node.lock"), TimeSpan.FromMinutes(15), ct);
        if (Find() is { } meanwhile)
            return meanwhile;
        if (await DebianPackages.WhyNotAsync(ct) is { } why)
            throw new ProvisioningException($"No node and npm on PATH, and apt-get install nodejs npm is not possible: {why}. Install Node.js 18 or later.");
        await DebianPackages.InstallAsync(["nodejs", "npm"], say, ct);
        return Find() ?? throw new ProvisioningException("apt-get installed nodejs and npm, but they are not on PATH.");
    }

    /// <summary>Installs what the folder's <c>package-lock.json</c> names, exactly, unless that has been done. Throws with what npm said where it fails.</summary>
    public static async Task InstallPackagesAsync(string folder, string lockFolder, CancellationToken ct = default)
    {
        var wanted = Convert.ToHexString(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(folder, "package-lock.json"), ct)));
        // npm ci begins by removing the folder with the mark in it: what was left half done is done again.
        var mark = Path.Combine(folder, "node_modules", ".installed");
        using var installing = await FolderLock.AloneAsync(Path.Combine(lockFolder, "npm.lock"), TimeSpan.FromMinutes(15), ct);
        if (File.Exists(mark) && await File.ReadAllTextAsync(mark, ct) == wanted)
            return;
        var result = await Commands.RunAsync([Commands.Find("npm")!, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], ct, folder);
        if (result.ExitCode != 0)
            throw new ProvisioningException($"npm ci in {folder} failed: {result.StandardError.Trim()}");
        await File.WriteAllTextAsync(mark, wanted, ct);
    }

    /// <summary>Runs a script to its end. Throws with what it said where it ends with anything but 0; else that is what it printed.</summary>
    public static async Task<string> RunAsync(string node, string script, IReadOnlyList<string> arguments, CancellationToken ct = default)
    {
        var result = await Commands.RunAsync([node, script, .. arguments], ct, Path.GetDirectoryName(script));
        return result.ExitCode == 0 ? result.StandardOutput : throw new ProvisioningException($"{Path.GetFileName(script)} failed:\n{result.StandardOutput}{result.StandardError}");
    }

    private static string? Find() => Commands.Find("npm") is null ? null : Commands.Find("node");
}
