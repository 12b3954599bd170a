using System.Text;

namespace BzPeer.Provisioning;

/// <summary>Installs packages on Debian and its children, where we are root or sudo asks for no password.</summary>
public static class DebianPackages
{
    private static readonly SemaphoreSlim OneAtATime = new(1);
    private static bool updated;

    /// <summary>Null when packages can be installed here, else why not.</summary>
    public static async Task<string?> WhyNotAsync(CancellationToken ct = default)
    {
        const string release = "/etc/os-release";
        if (!File.Exists(release) || !File.ReadLines(release).Any(IsDebian) || Commands.Find("apt-get") is null)
            return "this is neither Debian nor Ubuntu";
        if (Environment.IsPrivilegedProcess)
            return null;
        return Commands.Find("sudo") is { } sudo && (await Commands.RunAsync([sudo, "-n", "true"], ct)).ExitCode == 0
            ? null
            : "that needs root, or sudo without a password";
    }

    /// <summary>Installs the packages.</summary>
    public static async Task InstallAsync(IReadOnlyList<string> packages, Action<string> say, CancellationToken ct = default)
    {
        await OneAtATime.WaitAsync(ct);
        try
        {
            say($"Installing {string.Join(" and ", packages)} with apt-get. This takes a minute or two. Should the packages start services of their own: those are left alone.");
            if (!updated)
                await AptGetAsync(["update"], ct);
            updated = true;
            await AptGetAsync(["install", "-y", "--no-install-recommends", .. packages], ct);
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    private static async Task AptGetAsync(IReadOnlyList<string> arguments, CancellationToken ct)
    {
        // Another process may be installing too: wait for it instead of failing on its lock.
        string[] command = [Commands.Find("apt-get")!, "-q", "-o", "DPkg::Lock::Timeout=600", .. arguments];
        string[] asRoot = Environment.IsPrivilegedProcess
            ? command
            : [Commands.Find("sudo")!, "-n", "--preserve-env=DEBIAN_FRONTEND", .. command];
        var result = await Commands.RunAsync(asRoot, ct, "/", new Dictionary<string, string?> { ["DEBIAN_FRONTEND"] = "noninteractive" });
        if (result.ExitCode != 0)
            throw new ProvisioningException($"apt-get {string.Join(' ', arguments)} failed: {LastLines(result.StandardError)}");
    }

    private static string LastLines(string text) =>
        string.Join(" | ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(3));

    private static bool IsDebian(string line) =>
        (line.StartsWith("ID=", StringComparison.Ordinal) || line.StartsWith("ID_LIKE=", StringComparison.Ordinal))
        && (line.Contains("debian", StringComparison.Ordinal) || line.Contains("ubuntu", StringComparison.Ordinal));
}
