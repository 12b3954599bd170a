using System.Globalization;
using System.Runtime.CompilerServices;

namespace BzPeer.Publication;

/// <summary>The Retraction Watch data as Crossref publishes them: a row for each notice about a work.</summary>
internal static class RetractionWatch
{
    /// <summary>Whose notices they are.</summary>
    public const string Source = "retraction-watch";

    private const int MaxReason = 2_000;
    private const int MaxId = 200;

    private static readonly string[] Columns = ["RecordID", "RetractionDate", "OriginalPaperDOI", "RetractionNature", "Reason"];

    private static readonly string[] Dates = ["M/d/yyyy", "M/d/yyyy H:mm", "yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss"];

    /// <summary>The notices of a file.</summary>
    public static async IAsyncEnumerable<ReadRecord> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var row in CsvRecords.ReadAsync(stream, Columns, cancellation)) yield return Read(row);
    }

    private static ReadRecord Read(CsvRow row)
    {
        if (row.Broken is not null) return ReadRecord.Rejected(null, row.Broken) with { BreaksOff = row.BreaksOff };
        if (PlainText.Shorten(row.Text("RecordID"), MaxId) is not { } id) return ReadRecord.Rejected(null, "The notice has no Record ID.");
        if (Identifiers.Doi(row.Text("OriginalPaperDOI")) is not { } doi) return ReadRecord.Rejected(id, "The notice names no DOI of the work that it is about.");
        bool? reinstates = row.Text("RetractionNature")?.ToLowerInvariant() switch { "retraction" => false, "reinstatement" => true, _ => null };
        if (reinstates is null) return ReadRecord.Rejected(id, $"A notice of the nature '{row.Text("RetractionNature")}' retracts nothing and takes no retraction back: the work stands as it is.");
        if (!DateTime.TryParseExact(row.Text("RetractionDate"), Dates, CultureInfo.InvariantCulture, DateTimeStyles.None, out var on))
            return ReadRecord.Rejected(id, "The notice has no date, without which nobody knows which of several is the last.");
        // +Error in Data;+Retract and Replace;
        var reasons = (row.Text("Reason") ?? "").Split([';', '+'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var reason = PlainText.Shorten(string.Join("; ", reasons), MaxReason) ?? (reinstates.Value ? "Reinstatement" : "Retraction");
        return ReadRecord.Telling(id, new Notice(Source, id, doi, reinstates.Value, DateOnly.FromDateTime(on), reason));
    }
}
