using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace BzPeer.Publication;

/// <summary>arXiv papers: entries of its Atom feeds, and the same as JSON. Their topics are the codes of their categories, the primary one first.</summary>
internal static partial class ArxivWorks
{
    private const string Venue = "arXiv";
    private const string Type = "preprint";

    public static readonly XNamespace Atom = "http://www.w3.org/2005/Atom";
    private static readonly XNamespace Own = "http://arxiv.org/schemas/atom";

    public static ReadRecord Read(XElement entry)
    {
        var address = entry.Element(Atom + "id")?.Value;
        // arXiv answers a bad query with an entry that says so.
        if (address?.Contains("/api/errors", StringComparison.OrdinalIgnoreCase) == true)
            return ReadRecord.Rejected(address, $"arXiv answered with an error: {PlainText.Clean(entry.Element(Atom + "summary")?.Value)}");
        var categories = entry.Elements(Own + "primary_category").Concat(entry.Elements(Atom + "category")).Select(category => (string?)category.Attribute("term"));
        return Read(address, entry.Element(Atom + "title")?.Value, entry.Element(Atom + "summary")?.Value, entry.Element(Atom + "published")?.Value,
            entry.Element(Own + "doi")?.Value, categories, entry.Elements(Atom + "author").Select(Author));
    }

    public static ReadRecord Read(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object) return ReadRecord.Rejected(null, "The record is not a JSON object.");
        var categories = record.Member("categories").Items().Select(category => ((JsonElement?)category).Text()).Prepend(record.Member("primary_category").Text());
        return Read(record.Member("arxiv_id").Text() ?? record.Member("id").Text(), record.Member("title").Text(),
            record.Member("abstract").Text() ?? record.Member("summary").Text(), record.Member("created").Text() ?? record.Member("published").Text(),
            record.Member("doi").Text(), categories, record.Member("authors").Items().Select(Author));
    }

    private static ReadRecord Read(
        string? address, string? title, string? summary, string? published, string? doi, IEnumerable<string?> categories, IEnumerable<PrintedAuthor> authors)
    {
        if (Identifiers.Arxiv(address) is not { } id) return ReadRecord.Rejected(address, "The record has no arXiv id.");
        // arXiv sends plain text: a "<" in it is a "<".
        if (PlainText.Clean(title) is not { } text) return ReadRecord.Rejected(id, "The record has no title.");
        var date = LooseJson.Day(published?.Trim());
        return ReadRecord.Of(id, new(text, Type, date?.Year, date, Venue, Identifiers.Doi(doi), id, OpenAlex: null, PlainText.Clean(summary),
            [.. categories.OfType<string>().Where(code => Category().IsMatch(code)).Distinct()], [.. authors]));
    }

    private static PrintedAuthor Author(XElement author)
    {
        var uri = author.Element(Atom + "uri")?.Value;
        var affiliation = PlainText.Clean(author.Element(Own + "affiliation")?.Value);
        return Author(author.Element(Atom + "name")?.Value, uri, uri, affiliation);
    }

    private static PrintedAuthor Author(JsonElement author) => author.ValueKind == JsonValueKind.String
        ? Author(author.GetString(), null, null, null)
        : Author(author.Member("name").Text(), author.Member("orcid").Text(), author.Member("openAlex").Text(), PlainText.Clean(author.Member("affiliation").Text()));

    private static PrintedAuthor Author(string? name, string? orcid, string? openAlex, string? affiliation)
    {
        var (iD, id) = (Identifiers.Orcid(orcid), Identifiers.OpenAlex('A', openAlex));
        return PrintedAuthor.Of(PlainText.Clean(name), iD, id, affiliation is null ? null : [new(affiliation, null)]);
    }

    /// <summary>Some feeds also list codes of other classifications (<c>68T05</c>, <c>I.2.6</c>) as categories.</summary>
    [GeneratedRegex(@"^[a-z][a-z-]{1,14}(\.[A-Za-z-]{2,10})?$")]
    private static partial Regex Category();
}
