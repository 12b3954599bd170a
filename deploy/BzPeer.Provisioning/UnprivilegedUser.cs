using System.Security.Cryptography;
using System.Text;

namespace BzPeer.Provisioning;

/// <summary>Who runs PostgreSQL: it refuses to run as root, so root hands it to somebody with fewer rights.</summary>
internal sealed record UnprivilegedUser(string? Name)
{
    public static UnprivilegedUser Find()
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
            return new UnprivilegedUser((string?)null);
        var known = File.ReadLines("/etc/passwd").Select(line => line.Split(':')[0]).ToHashSet();
        return new UnprivilegedUser(known.Contains("postgres") ? "postgres" : "nobody");
    }

    /// <summary>The command, to be run as this user.</summary>
    public IReadOnlyList<string> Run(params IReadOnlyList<string> command)
    {
        if (Name is null)
            return command;
        if (Commands.Find("setpriv") is { } setpriv)
            return [setpriv, $"--reuid={Name}", $"--regid={GroupOf(Name)}", "--init-groups", "--reset-env", "--", .. command];
        if (Commands.Find("runuser") is { } runuser)
            return [runuser, "-u", Name, "--", .. command];
        throw new ProvisioningException(
            "PostgreSQL will not run as root, and neither setpriv nor runuser (package util-linux) is here to run it as somebody else.");
    }

    /// <summary>
    /// The wanted folder, or one elsewhere when this user cannot reach it (a clone under /root). Made, and given to the user.
    /// </summary>
    public async Task<string> FolderAsync(string wanted, Action<string> say, CancellationToken ct)
    {
        if (Name is null)
            return Directory.CreateDirectory(wanted).FullName;

        var parent = Directory.CreateDirectory(Path.GetDirectoryName(wanted)!).FullName;
        var folder = wanted;
        if ((await Commands.RunAsync(Run("test", "-x", parent), ct, "/")).ExitCode != 0)
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(wanted)))[..12];
            folder = $"/var/lib/bzpeer/{hash}";
            say($"PostgreSQL runs as the user {Name}, who cannot enter {parent}, so its data goes to {folder}.");
        }
        Directory.CreateDirectory(folder);
        var chown = await Commands.RunAsync(["chown", $"{Name}:", folder], ct);
        return chown.ExitCode == 0
            ? folder
            : throw new ProvisioningException($"{folder} could not be given to the user {Name}: {chown.StandardError.Trim()}");
    }

    private static string GroupOf(string user) =>
        File.ReadLines("/etc/passwd").Select(line => line.Split(':')).First(fields => fields[0] == user)[3];
}
