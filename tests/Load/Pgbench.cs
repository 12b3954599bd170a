using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace BzPeer.Load;

/// <summary>PostgreSQL's own benchmark program, for what plain SQL does on the same server.</summary>
internal static partial class Pgbench
{
    /// <summary>Runs a script with prepared statements, and answers its transactions per second.</summary>
    public static async Task<double> RunAsync(string connection, string script, int clients, TimeSpan duration)
    {
        var settings = new NpgsqlConnectionStringBuilder(connection);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, script);
            var start = new ProcessStartInfo(Find()) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var argument in (string[])[
                "-h", settings.Host!, "-p", settings.Port.ToString(CultureInfo.InvariantCulture), "-U", settings.Username!, "-n", "-M", "prepared",
                "-c", clients.ToString(CultureInfo.InvariantCulture), "-j", "2", "-T", duration.TotalSeconds.ToString("0", CultureInfo.InvariantCulture), "-f", file, settings.Database!])
                start.ArgumentList.Add(argument);
            using var process = Process.Start(start)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return process.ExitCode == 0 && Rate().Match(await output) is { Success: true } rate
                ? double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture)
                : throw new InvalidOperationException($"pgbench failed: {await errors}");
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Find()
    {
        string[] debian = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        return debian.OrderDescending().Select(folder => Path.Combine(folder, "bin", "pgbench")).FirstOrDefault(File.Exists) ?? "pgbench";
    }

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Rate();
}
