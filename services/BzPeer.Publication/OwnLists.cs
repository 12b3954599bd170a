using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication;

/// <summary>
/// Lists that a person keeps of their works, as BibTeX and as CSL-JSON. They are the word of that person: whatever is in them
/// is <see cref="WorkSource.List"/>, validates nothing and brings nobody into being.
/// </summary>
internal static partial class OwnLists
{
    private const int MaxTopics = 10;
    private const int MaxTopic = 300;
    private const int MaxKey = 200;

    /// <summary>The works of a BibTeX file, as BibTeX and biblatex write it.</summary>
    public static async IAsyncEnumerable<ReadRecord> ReadBibtexAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var entry in BibtexEntries.ReadAsync(stream, cancellation)) yield return Read(entry);
    }

    private static ReadRecord Read(BibtexEntry entry)
    {
        if (entry.Broken is not null) return ReadRecord.Rejected(entry.Key, entry.Broken) with { BreaksOff = entry.BreaksOff };
        if (entry.Fields.Values.Append(entry.Key).Any(text => text?.Contains('\uFFFD', StringComparison.Ordinal) == true))
            return ReadRecord.Rejected(entry.Key, "The entry holds characters that are no UTF-8. Save the file as UTF-8.");
        if (Text("title") is not { } title) return ReadRecord.Rejected(entry.Key, "The record has no title.");

        var (year, day) = Date(entry);
        var doi = Identifiers.Doi(Text("doi")) ?? Identifiers.Doi(Text("url"));
        return ListedWork(entry.Key, new(
            Text("subtitle") is { } subtitle ? $"{title}: {subtitle}" : title,
            entry.Type, year, day, Text("journal") ?? Text("journaltitle") ?? Text("booktitle"), doi,
            Arxiv(entry) ?? Identifiers.ArxivOfDoi(doi), OpenAlex: null, Text("abstract"), Topics(Text("keywords")), [.. Names(entry.Fields.GetValueOrDefault("author"))]));

        string? Text(string field) => entry.Fields.GetValueOrDefault(field) is { } tex && Tex.ToText(tex) is { Length: > 0 } text ? text : null;
    }

    private static (int? Year, DateOnly? Day) Date(BibtexEntry entry)
    {
        var date = WrittenDate(entry.Fields.GetValueOrDefault("date"));
        if (date.Year is not null) return date;
        var month = Tex.ToText(entry.Fields.GetValueOrDefault("month") ?? "");
        // A number, the abbreviation of a month, or its name.
        var named = DateTime.TryParseExact(month.Length >= 3 ? month[..3] : "", "MMM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) ? at.Month : (int?)null;
        return LooseJson.Date(Number(Tex.ToText(entry.Fields.GetValueOrDefault("year") ?? "")), Number(month) ?? named, Number(Tex.ToText(entry.Fields.GetValueOrDefault("day") ?? "")));
    }

    /// <summary>A date as <c>2019</c>, <c>2019-05</c> or <c>2019-05-03</c>, also where another one or a time follows.</summary>
    private static (int? Year, DateOnly? Day) WrittenDate(string? text)
    {
        var parts = Tex.ToText(text ?? "").Split('/', 'T')[0].Split('-');
        return LooseJson.Date(parts[0].Length == 4 ? Number(parts[0]) : null, Number(parts.ElementAtOrDefault(1)), Number(parts.ElementAtOrDefault(2)));
    }

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>As <c>eprint</c>, or named as the journal (<c>arXiv preprint arXiv:1706.03762</c>), or as the address.</summary>
    private static string? Arxiv(BibtexEntry entry)
    {
        var archive = entry.Fields.GetValueOrDefault("archiveprefix") ?? entry.Fields.GetValueOrDefault("eprinttype");
        var eprint = archive is null || archive.Contains("arxiv", StringComparison.OrdinalIgnoreCase) ? entry.Fields.GetValueOrDefault("eprint") : null;
        return Identifiers.Arxiv(eprint)
            ?? Identifiers.Arxiv(NamedArxiv().Match(entry.Fields.GetValueOrDefault("journal") ?? "").Value)
            ?? Identifiers.Arxiv(entry.Fields.GetValueOrDefault("url"));
    }

    /// <summary>Names parted by "and" outside braces. In braces as a whole stands a group, whose commas part nothing.</summary>
    private static IEnumerable<PrintedAuthor> Names(string? tex)
    {
        foreach (var name in OutsideBraces(Whitespace().Replace(tex ?? "", " "), " and "))
        {
            if (name.Equals("others", StringComparison.OrdinalIgnoreCase)) yield break;
            var natural = OutsideBraces(name, ",") is { Count: 2 or 3 } parts ? PersonName.Natural([.. parts.Select(Tex.ToText)]) : Tex.ToText(name);
            if (PlainText.Clean(natural) is { } text) yield return PrintedAuthor.Of(text, null, null, null);
        }
    }

    private static List<string> OutsideBraces(string text, string mark)
    {
        List<string> parts = [];
        var (from, depth) = (0, 0);
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '{') depth++;
            else if (text[at] == '}') depth--;
            else if (depth == 0 && string.Compare(text, at, mark, 0, mark.Length, StringComparison.OrdinalIgnoreCase) == 0)
            {
                parts.Add(text[Math.Min(from, at)..at]);
                from = at + mark.Length;
                // The space after one "and" may be the one before the next.
                at = from - 1 - (mark[^1] == ' ' ? 1 : 0);
            }
        }

        parts.Add(text[from..]);
        return [.. parts.Select(part => part.Trim()).Where(part => part.Length > 0)];
    }

    /// <summary>A work of a list in CSL-JSON, as Zotero and others export it and DOI registries give it.</summary>
    public static ReadRecord ReadCsl(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object) return ReadRecord.Rejected(null, "The record is not a JSON object.");
        var id = record.Member("id") is { ValueKind: JsonValueKind.Number } number ? number.GetRawText() : record.Member("id").Text();
        if (ImportedText.Line(record.Member("title").FirstText()) is not { } title) return ReadRecord.Rejected(id, "The record has no title.");
        var (year, day) = record.Member("issued").DateParts();
        if (year is null) (year, day) = WrittenDate(record.Member("issued").Member("raw").Text() ?? record.Member("issued").Member("literal").Text());
        var doi = Identifiers.Doi(record.Member("DOI").Text()) ?? Identifiers.Doi(record.Member("URL").Text());
        var summary = ImportedText.Paragraphs(record.Member("abstract").Text());
        return ListedWork(id, new(
            title.Plain, PlainText.Clean(record.Member("type").Text()) ?? "other", year, day,
            PlainText.FromMarkup(record.Member("container-title").FirstText()), doi,
            Identifiers.Arxiv(record.Member("number").Text()) ?? Identifiers.ArxivOfDoi(doi) ?? Identifiers.Arxiv(record.Member("URL").Text()), OpenAlex: null,
            summary?.Plain, Topics(PlainText.FromMarkup(record.Member("keyword").Text())),
            [.. record.Member("author").Items().Select(CslAuthor)], TitleMarkup: title.Marked, AbstractMarkup: summary?.Marked));
    }

    private static PrintedAuthor CslAuthor(JsonElement author)
    {
        var name = author.Member("literal").Text()
            ?? string.Join(' ', new[] { "given", "dropping-particle", "non-dropping-particle", "family", "suffix" }.Select(part => author.Member(part).Text()));
        return PrintedAuthor.Of(PlainText.FromMarkup(name), OrcidId.Read(author.Member("ORCID").Text()), null, null);
    }

    private static ReadRecord ListedWork(string? key, SourceWork work) =>
        ReadRecord.Of(PlainText.Shorten(key, MaxKey) ?? work.Keys().FirstOrDefault() ?? PlainText.Fold(work.Title), work) with { Source = WorkSource.List };

    private static List<string> Topics(string? keywords) =>
        [.. (keywords ?? "").Split([',', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(topic => topic.Length <= MaxTopic).DistinctBy(PlainText.Fold).Take(MaxTopics)];

    [GeneratedRegex(@"arxiv:\s*[a-z0-9./-]+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NamedArxiv();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
