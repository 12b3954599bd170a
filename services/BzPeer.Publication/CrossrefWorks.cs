using System.Text.Json;
using System.Text.RegularExpressions;

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

        var (year, day) = Dates.Select(name => record.Member(name).DateParts()).FirstOrDefault(date => date.Year is not null);
        return ReadRecord.Of(doi, new(
            title,
            PlainText.Clean(record.Member("type").Text()) ?? "other",
            // When the DOI was made tells at most the year.
            year ?? record.Member("created").DateParts().Year,
            day,
            PlainText.FromMarkup(record.Member("container-title").FirstText()),
            doi,
            Identifiers.ArxivOfDoi(doi),
            OpenAlex: null,
            Abstract(record.Member("abstract").Text()),
            [.. record.Member("subject").Items().Select(subject => PlainText.FromMarkup(((JsonElement?)subject).Text())).OfType<string>().DistinctBy(PlainText.Fold)],
            [.. record.Member("author").Items().Select(Author)],
            IsRetracted(record)));
    }

    /// <summary>With its subtitle, which is what tells the parts of a standard apart; some publishers repeat the title in it, or have all of it there.</summary>
    private static string? Title(JsonElement record)
    {
        var title = PlainText.FromMarkup(record.Member("title").FirstText());
        var subtitle = PlainText.FromMarkup(record.Member("subtitle").FirstText());
        if (title is null || subtitle is null) return title ?? subtitle;
        return title.Contains(subtitle, StringComparison.OrdinalIgnoreCase) ? title
            : subtitle.StartsWith(title, StringComparison.OrdinalIgnoreCase) ? subtitle
            : $"{title}: {subtitle}";
    }

    private static PrintedAuthor Author(JsonElement author)
    {
        var institutions = author.Member("affiliation").Items().Select(at => PlainText.FromMarkup(at.Member("name").Text())).OfType<string>()
            .Select(name => new Institution(name, null)).ToList();
        var at = institutions.Count > 0 ? institutions : null;
        // A group is printed, and is nobody's profile.
        if (PlainText.FromMarkup(author.Member("name").Text()) is { } group) return PrintedAuthor.Of(group, null, null, at) with { Unlinked = true };
        var name = PlainText.FromMarkup(string.Join(' ', new[] { "given", "family", "suffix" }.Select(part => author.Member(part).Text())));
        return PrintedAuthor.Of(name, Identifiers.Orcid(author.Member("ORCID").Text()), null, at);
    }

    private static string? Abstract(string? jats) => jats is null ? null : PlainText.FromMarkup(OwnHeading().Replace(jats, ""));

    /// <summary>
    /// Crossref writes on a retracted work which notice says so (<c>updated-by</c>), also where Retraction Watch found it. The
    /// notice itself (<c>update-to</c>) is a work of its own, and not retracted.
    /// </summary>
    private static bool IsRetracted(JsonElement record) =>
        record.Member("updated-by").Items().Any(update => update.Member("type").Text() is "retraction" or "removal" or "withdrawal");

    /// <summary>Most abstracts begin with a title that says that this is the abstract.</summary>
    [GeneratedRegex(@"^\s*<(?:jats:)?title>\s*(?:Abstract|Summary)\.?\s*</(?:jats:)?title>", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OwnHeading();
}
