namespace BzPeer.Provisioning;

/// <summary>A Chromium for browser tests: this machine's, or installed on it.</summary>
public static class Chromium
{
    /// <summary>Flags for a run without a screen, a sandbox (root has none) and calls to the outside.</summary>
    public static readonly IReadOnlyList<string> Flags =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    /// <summary>The path of the browser. Throws, saying what was tried, where there is none to be had.</summary>
    public static async Task<string> EnsureAsync(string lockFolder, Action<string> say, CancellationToken ct = default)
    {
        if (Find() is { } found)
            return found;
        // Several test processes may find it missing at once.
        using var installing = await FolderLock.AloneAsync(Path.Combine(lockFolder, "chromium.lock"), TimeSpan.FromMinutes(15), ct);
        if (Find() is { } meanwhile)
            return meanwhile;
        if (await DebianPackages.WhyNotAsync(ct) is { } why)
            throw new ProvisioningException(
                $"No Chromium or Chrome on PATH, and apt-get install chromium is not possible: {why}. Install one, or set BZPEER_CHROMIUM to its path.");
        await DebianPackages.InstallAsync(["chromium"], say, ct);
        return Find() ?? throw new ProvisioningException("apt-get installed chromium, but there is no chromium on PATH.");
    }

    private static string? Find() =>
        Environment.GetEnvironmentVariable("BZPEER_CHROMIUM") is { Length: > 0 } named
            ? named
            : ((string[])["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]).Select(Commands.Find).OfType<string>().FirstOrDefault();
}
