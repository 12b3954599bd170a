using System.Text.Json;
using System.Text.RegularExpressions;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication;

/// <summary>Crossref works, as its REST API gives them.</summary>
internal static partial class CrossrefWorks
{
    /// <summary>
    /// Where a date of publication stands, the first that is there. <c>published</c> is Crossref's own choice of the earlier of print and online,
    /// <c>issued</c> the same in older answers; <c>posted</c> is what preprints have.
    /// </summary>
    private static readonly string[] Dates = ["published", "issued", "published-print", "published-online", "posted"];

    public static ReadRecord Read(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object) return ReadRecord.Rejected(null, "The record is not a JSON object.");
        // An answer of one work wraps it.
        if (record.Member("message-type").Text() is { } kind)
        {
            if (kind != "work") return ReadRecord.Rejected(null, $"The record is Crossref's answer '{kind}', which is no work.");
            if (record.Member("message") is not { ValueKind: JsonValueKind.Object } message) return ReadRecord.Rejected(null, "Crossref's answer holds no work.");
            record = message;
        }

        var doi = Identifiers.Doi(record.Member("DOI").Text());
        if (doi is null) return ReadRecord.Rejected(record.Member("DOI").Text(), "The record has no DOI.");
        if (Title(record) is not { } title) return ReadRecord.Rejected(doi, "The record has no title.");

        var summary = Abstract(record.Member("abstract").Text());
        var (year, day) = Dates.Select(name => record.Member(name).DateParts()).FirstOrDefault(date => date.Year is not null);
        return ReadRecord.Of(doi, new(
            title.Plain,
            PlainText.Clean(record.Member("type").Text()) ?? "other",
            // When the DOI was made tells at most the year.
            year ?? record.Member("created").DateParts().Year,
            day,
            PlainText.FromMarkup(record.Member("container-title").FirstText()),
            doi,
            Identifiers.ArxivOfDoi(doi),
            OpenAlex: null,
            summary?.Plain,
            [.. record.Member("subject").Items().Select(subject => PlainText.FromMarkup(((JsonElement?)subject).Text())).OfType<string>().DistinctBy(PlainText.Fold)],
            [.. record.Member("author").Items().Select(Author)],
            TitleMarkup: title.Marked,
            AbstractMarkup: summary?.Marked)) with
        { Also = [.. Notices(record, doi)] };
    }

    /// <summary>With its subtitle, which is what tells the parts of a standard apart; some publishers repeat the title in it, or have all of it there.</summary>
    private static ImportedText? Title(JsonElement record)
    {
        var title = ImportedText.Line(record.Member("title").FirstText());
        var subtitle = ImportedText.Line(record.Member("subtitle").FirstText());
        if (title is null || subtitle is null) return title ?? subtitle;
        return title.Plain.Contains(subtitle.Plain, StringComparison.OrdinalIgnoreCase) ? title
            : subtitle.Plain.StartsWith(title.Plain, StringComparison.OrdinalIgnoreCase) ? subtitle
            : ImportedText.Join(title, ": ", subtitle);
    }

    private static PrintedAuthor Author(JsonElement author)
    {
        var institutions = author.Member("affiliation").Items().Select(at => PlainText.FromMarkup(at.Member("name").Text())).OfType<string>()
            .Select(name => new Institution(name, null)).ToList();
        var at = institutions.Count > 0 ? institutions : null;
        // A group is printed, and is nobody's profile.
        if (PlainText.FromMarkup(author.Member("name").Text()) is { } group) return PrintedAuthor.Of(group, null, null, at) with { Unlinked = true };
        var name = PlainText.FromMarkup(string.Join(' ', new[] { "given", "family", "suffix" }.Select(part => author.Member(part).Text())));
        return PrintedAuthor.Of(name, OrcidId.Read(author.Member("ORCID").Text()), null, at);
    }

    private static ImportedText? Abstract(string? jats) => jats is null ? null : ImportedText.Paragraphs(OwnHeading().Replace(jats, ""));

    /// <summary>
    /// A notice says which work it retracts (<c>update-to</c>), and Crossref writes on that work which notice does (<c>updated-by</c>), also where
    /// Retraction Watch found it: it is the same notice, wherever it is read. The notice itself is a work of its own, and not retracted.
    /// </summary>
    private static IEnumerable<Notice> Notices(JsonElement record, string doi)
    {
        var told = record.Member("update-to").Items().Select(update => (Update: update, About: Identifiers.Doi(update.Member("DOI").Text()), By: (string?)doi))
            .Concat(record.Member("updated-by").Items().Select(update => (Update: update, About: (string?)doi, By: Identifiers.Doi(update.Member("DOI").Text()))));
        foreach (var (update, about, by) in told)
        {
            if (about is null || about == by || update.Member("type").Text() is not ("retraction" or "removal" or "withdrawal")) continue;
            var on = update.Member("updated").DateParts().Day ?? DateOnly.MinValue;
            var reason = $"{PlainText.Shorten(update.Member("label").Text(), 100) ?? "Retraction"}: {by ?? about}";
            yield return update.Member("source").Text() == RetractionWatch.Source && PlainText.Clean(update.Member("record-id")?.ToString()) is { Length: <= 200 } id
                ? new(RetractionWatch.Source, id, about, Reinstates: false, on, reason)
                : new(WorkSource.Crossref, by ?? about, about, Reinstates: false, on, reason);
        }
    }

    /// <summary>Most abstracts begin with a title that says that this is the abstract.</summary>
    [GeneratedRegex(@"^\s*<(?:jats:)?title>\s*(?:Abstract|Summary)\.?\s*</(?:jats:)?title>", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OwnHeading();
}
