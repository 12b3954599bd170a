using System.Globalization;
using Spectre.Console;

namespace BzPeer.Local;

/// <summary>What the person at the console reads.</summary>
internal static class Report
{
    static Report()
    {
        // Into a file or a pipe lines go whole, not wrapped at the width of a terminal that is not there.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 10_000;
    }

    public static void Say(string line) => Line($"{line}");

    public static void Warn(string line) => Line($"[yellow]{line}[/]");

    public static void Fail(string line) => Line($"[red]{line}[/]");

    /// <remarks>Addresses go to the terminal as they are: wrapped ones can be neither clicked nor copied.</remarks>
    public static void Urls(params IReadOnlyList<(string What, Uri? Where)> urls)
    {
        var width = urls.Max(url => url.What.Length);
        AnsiConsole.WriteLine();
        foreach (var (what, where) in urls)
        {
            if (where is not null)
                Console.WriteLine($"  {what.PadRight(width)}  {where}");
        }
        AnsiConsole.WriteLine();
        Say("Ctrl-C stops everything.");
    }

    private static void Line(FormattableString line) => AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, line);
}
