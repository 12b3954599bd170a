using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication;

/// <summary>
/// arXiv papers: entries of its Atom feeds, the same as JSON, and records harvested by OAI-PMH in the formats <c>arXiv</c>,
/// <c>arXivRaw</c> and <c>oai_dc</c>. Their topics are the codes of their categories, the primary one first.
/// </summary>
internal static partial class ArxivWorks
{
    private const string Venue = "arXiv";
    private const string Type = "preprint";

    public static readonly XNamespace Atom = "http://www.w3.org/2005/Atom";
    private static readonly XNamespace Own = "http://arxiv.org/schemas/atom";
    private static readonly XNamespace Oai = "http://www.openarchives.org/OAI/2.0/";

    /// <summary>What an answer to an OAI-PMH request may have as its root, also when it was cut out of one.</summary>
    private static readonly string[] HarvestRoots = ["OAI-PMH", "ListRecords", "GetRecord", "record"];

    /// <summary>The entries of a feed, or the records of a harvest.</summary>
    public static async IAsyncEnumerable<ReadRecord> ReadAsync(XmlReader xml, PeekStream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await xml.MoveToContentAsync();
        if (!(xml.NamespaceURI == Atom && xml.LocalName is "feed" or "entry") && !(xml.NamespaceURI == Oai && HarvestRoots.Contains(xml.LocalName)))
            throw new XmlException("This is neither an Atom feed nor an answer to an OAI-PMH request.");
        while (!xml.EOF)
        {
            stream.BeginRecord();
            if (xml is { NodeType: XmlNodeType.Element, LocalName: "entry" } && xml.NamespaceURI == Atom) yield return Read(await NextAsync());
            else if (xml is { NodeType: XmlNodeType.Element, LocalName: "record" } && xml.NamespaceURI == Oai) yield return ReadHarvested(await NextAsync());
            else if (xml is { NodeType: XmlNodeType.Element, LocalName: "error" } && xml.NamespaceURI == Oai)
            {
                var error = await NextAsync();
                yield return ReadRecord.Rejected(null, $"arXiv answered with an error: {(string?)error.Attribute("code")} {error.Value}");
            }

            await xml.ReadAsync();
        }

        Task<XElement> NextAsync() => ImportReader.ReadElementAsync(xml, cancellation);
    }

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

    /// <summary>A record, or an object of records by their ids.</summary>
    public static IEnumerable<ReadRecord> ReadAny(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.EnumerateObject().All(member => member.Value.ValueKind == JsonValueKind.Object && Identifiers.Arxiv(member.Name) is not null)
            ? json.EnumerateObject().Select(member => Read(member.Value))
            : [Read(json)];

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

    private static ReadRecord ReadHarvested(XElement record)
    {
        var header = record.Element(Oai + "header");
        // oai:arXiv.org:2301.01178
        var id = header?.Element(Oai + "identifier")?.Value.Split(':')[^1];
        if ((string?)header?.Attribute("status") == "deleted")
            return Identifiers.Arxiv(id) is { } gone ? ReadRecord.Telling(gone, new Withdrawal(WorkSource.Arxiv, gone, [$"arxiv:{gone}"])) : ReadRecord.Rejected(id, "The record has no arXiv id.");
        if (record.Element(Oai + "metadata")?.Elements().FirstOrDefault() is not { } metadata) return ReadRecord.Rejected(id, "The record has no metadata.");

        var codes = Text("categories")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return metadata.Name.LocalName switch
        {
            "arXiv" => Read(Text("id") ?? id, Text("title"), Text("abstract"), Text("created"), Text("doi"), codes, All("authors").Elements().Select(HarvestedAuthor)),
            "arXivRaw" => Read(Text("id") ?? id, Text("title"), Text("abstract"), FirstVersion(), Text("doi"), codes,
                AuthorLine.Split(Text("authors")).Select(name => Author(name, null, null, null))),
            // The abstract comes before the comments; the dates are those of the versions.
            "dc" => Read(id, Text("title"), Text("description"), All("date").Select(date => date.Value.Trim()).Order(StringComparer.Ordinal).FirstOrDefault(),
                All("identifier").Select(address => address.Value).FirstOrDefault(address => Identifiers.Doi(address) is not null),
                header!.Elements(Oai + "setSpec").Select(set => CategoryOf(set.Value)), All("creator").Select(name => Author(PersonName.Natural(Tex.ToText(name.Value)), null, null, null))),
            var format => ReadRecord.Rejected(id, $"The record is written in '{format}'. Harvest arXiv with metadataPrefix arXiv, arXivRaw or oai_dc."),
        };

        IEnumerable<XElement> All(string name) => metadata.Elements().Where(element => element.Name.LocalName == name);

        string? Text(string name) => All(name).FirstOrDefault()?.Value;

        string? FirstVersion() => All("version").Elements().FirstOrDefault(element => element.Name.LocalName == "date")?.Value is { } date
            && DateTimeOffset.TryParse(date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : null;
    }

    /// <summary>The code of the category that a set is: <c>cs:cs:NI</c>, <c>physics:hep-th</c>; a set of one word is a whole archive.</summary>
    private static string? CategoryOf(string set) => set.Split(':') switch
    {
        [_, var archive, var subject] => $"{archive}.{subject}",
        [_, var archive] => archive,
        _ => null,
    };

    private static PrintedAuthor HarvestedAuthor(XElement author)
    {
        var affiliation = PlainText.Clean(Part("affiliation"));
        return Author(Tex.ToText($"{Part("forenames")} {Part("keyname")} {Part("suffix")}"), null, null, affiliation);

        string? Part(string name) => author.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;
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
        var (iD, id) = (OrcidId.Read(orcid), Identifiers.OpenAlex('A', openAlex));
        return PrintedAuthor.Of(PlainText.Clean(name), iD, id, affiliation is null ? null : [new(affiliation, null)]);
    }

    /// <summary>Some feeds also list codes of other classifications (<c>68T05</c>, <c>I.2.6</c>) as categories.</summary>
    [GeneratedRegex(@"^[a-z][a-z-]{1,14}(\.[A-Za-z-]{2,10})?$")]
    private static partial Regex Category();
}
