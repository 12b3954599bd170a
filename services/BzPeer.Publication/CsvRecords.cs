using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace BzPeer.Publication;

/// <summary>A row of a CSV file by the names of its columns, without regard to case and spaces; or why it could not be read.</summary>
internal sealed record CsvRow(IReadOnlyDictionary<string, string> Fields, string? Broken = null, bool BreaksOff = false)
{
    /// <summary>What stands in a column, or null where nothing does.</summary>
    public string? Text(string column) => PlainText.Clean(Fields.GetValueOrDefault(column));
}

/// <summary>
/// Reads CSV row by row, with a few of them in memory. A row has as many fields as the first one has names; a line that is none, also
/// together with those after it where a quote is open, is rejected alone, so that no quote that is missing hides the rows behind it.
/// </summary>
internal static class CsvRecords
{
    private static readonly CsvConfiguration Rules = new(CultureInfo.InvariantCulture) { HasHeaderRecord = false, BadDataFound = null, LineBreakInQuotedFieldIsBadData = false };

    /// <summary>Lines in which an open quote is closed, in any text that people write into a field.</summary>
    private const int MostLines = 200;

    private static readonly Dictionary<string, string> Nothing = [];

    /// <summary>The rows after the one with the names, which are those of <paramref name="columns"/> and any others in any order.</summary>
    public static async IAsyncEnumerable<CsvRow> ReadAsync(Stream stream, IReadOnlyList<string> columns, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var lines = new Lines(reader);
        while (await lines.PeekAsync(0, cancellation) is { } blank && string.IsNullOrWhiteSpace(blank)) lines.Take(1);
        if (await lines.PeekAsync(0, cancellation) is not { } first) yield break;
        var names = Split(first)?.Select(Plain).ToArray();
        if (names is null || columns.Any(column => !names.Contains(Plain(column))))
        {
            yield return new(Nothing, $"The first line does not name the columns {string.Join(", ", columns)}.", BreaksOff: true);
            yield break;
        }

        lines.Take(1);
        while (await lines.PeekAsync(0, cancellation) is { } line)
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                lines.Take(1);
                continue;
            }

            var (fields, took) = await TakeAsync(lines, names.Length, cancellation);
            lines.Take(took);
            if (fields is null)
                yield return new(Nothing, "The row does not have a field for every column, or a quote in it is not closed.");
            else
                yield return new(names.Zip(fields).DistinctBy(field => field.First).ToDictionary(field => columns.FirstOrDefault(column => Plain(column) == field.First) ?? field.First, field => field.Second));
        }
    }

    /// <summary>The fields of the row that begins with the next line, and how many lines it has; one line where it is none.</summary>
    private static async Task<(string[]? Fields, int Lines)> TakeAsync(Lines lines, int columns, CancellationToken cancellation)
    {
        var row = new StringBuilder();
        var quotes = 0;
        for (var n = 0; n < MostLines && await lines.PeekAsync(n, cancellation) is { } line; n++)
        {
            if (n > 0) row.Append('\n');
            row.Append(line);
            quotes += line.Count(c => c == '"');
            if (quotes % 2 == 0) return Split(row.ToString()) is { } fields && fields.Length == columns ? (fields, n + 1) : (null, 1);
            if (row.Length > JsonRecords.MaxRecordBytes) break;
        }

        return (null, 1);
    }

    private static string[]? Split(string row)
    {
        var bad = false;
        using var text = new StringReader(row);
        using var parser = new CsvParser(text, Rules with { BadDataFound = _ => bad = true });
        if (!parser.Read()) return null;
        var fields = parser.Record;
        return bad || parser.Read() ? null : fields;
    }

    private static string Plain(string name) => name.Replace(" ", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).Trim('\uFEFF').ToLowerInvariant();

    /// <summary>The lines from here on, as far ahead as somebody looked.</summary>
    private sealed class Lines(StreamReader reader)
    {
        private readonly List<string> ahead = [];
        private readonly char[] buffer = new char[16_384];
        private readonly StringBuilder rest = new();
        private bool ended;

        public async Task<string?> PeekAsync(int n, CancellationToken cancellation)
        {
            while (ahead.Count <= n && !ended) await ReadAsync(cancellation);
            return n < ahead.Count ? ahead[n] : null;
        }

        public void Take(int count) => ahead.RemoveRange(0, count);

        private async Task ReadAsync(CancellationToken cancellation)
        {
            var read = await reader.ReadAsync(buffer, cancellation);
            ended = read == 0;
            foreach (var c in buffer.AsSpan(0, read))
            {
                if (c == '\n') Complete();
                // A line that never ends is no line.
                else if (rest.Length < JsonRecords.MaxRecordBytes) rest.Append(c);
            }

            if (ended && rest.Length > 0) Complete();
        }

        private void Complete()
        {
            ahead.Add(rest.ToString().TrimEnd('\r'));
            rest.Clear();
        }
    }
}
