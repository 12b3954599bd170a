using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace BzPeer.Local;

/// <summary>
/// Picks out of what the services log what somebody at the console should look at. Everything else is in the log files.
/// </summary>
internal sealed partial class Warnings
{
    private static readonly TimeSpan SaidRecently = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, long> said = new();

    /// <summary>Off while services start and stop: that the others are not there is no news then.</summary>
    public bool On { get; set; }

    /// <summary>The warning in a line of a service's log, or null when there is none, or it was shown a moment ago.</summary>
    public string? Pick(string service, string line)
    {
        if (!On || WarningLine().Match(line) is not { Success: true } warning)
            return null;
        // The log has the stack trace.
        var text = warning.Groups["text"].Value.Split("   at ")[0];
        text = text.Length > 300 ? text[..300] + "…" : text;
        // The same complaint comes with other numbers every time, and from many places at once.
        var kind = service + Numbers().Replace(text[..Math.Min(100, text.Length)], "#");
        if (said.TryGetValue(kind, out var when) && Stopwatch.GetElapsedTime(when) < SaidRecently)
            return null;
        said[kind] = Stopwatch.GetTimestamp();
        return $"{service}: {text}";
    }

    [GeneratedRegex(@"^[\d-]+ [\d:.]+ (?<text>(warn|fail|crit): .*)$")]
    private static partial Regex WarningLine();

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex Numbers();
}
