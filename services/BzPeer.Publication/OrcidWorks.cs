using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication;

/// <summary>
/// Works of ORCID records (API 2.0 and 3.0 as JSON and XML, 1.2 as JSON): a whole record, its works, or single works. Each entry
/// of the list of works is one record, and its word on who wrote the work is that the record's owner did.
/// <para>
/// An ORCID record is its owner's own list. An entry is the word of a source of record only where an organisation (Crossref,
/// DataCite, a publisher) added it in its own name: it has a <c>source-client-id</c> and no <c>assertion-origin-orcid</c>, by
/// which ORCID marks what people picked themselves in somebody's search. The API 1.2 could not tell the two apart
/// ("CrossRef Metadata Search" had an ORCID iD like people have), so of its records nothing is validated.
/// </para>
/// </summary>
internal static class OrcidWorks
{
    private const string Namespaces = "http://www.orcid.org/ns/";
    private const string WorkNamespace = Namespaces + "work";

    /// <summary>The answers of ORCID in which works are listed, and in which they would be.</summary>
    private static readonly string[] Roots = ["record", "activities-summary", "works", "work", "bulk", "error"];

    /// <summary>A put-code is a number; whatever else it is has to be stored all the same.</summary>
    private const int MaxPutCode = 50;

    /// <summary>Whose record it is.</summary>
    private sealed record Owner(string? Orcid, string? Name);

    /// <summary>The works in a JSON answer.</summary>
    public static IEnumerable<ReadRecord> Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object) return [ReadRecord.Rejected(null, "The record is not a JSON object.")];
        var answer = Node.Of(json)!;
        var root = answer["orcid-profile"] ?? answer;
        if (IsError(root) || answer["error-desc"] is not null) return [Error(answer["error-desc"] is { } told ? told.Text : Said(root))];

        var owner = new Owner(OrcidId.Read(root["orcid-identifier"]?["path"]?.Text) ?? OrcidIn(root["path"]), Name(root));
        if (root["orcid-activities"] is not null || answer != root)
            return (root["orcid-activities"]?["orcid-works"]).Items("orcid-work").Select(work => ReadWork(work, owner));
        if ((root["activities-summary"]?["works"] ?? root["works"] ?? (root["group"] is null ? null : root)) is { } works)
            return works.Items("group").SelectMany(group => group.Items("work-summary")).Select(work => ReadWork(work, owner));
        if (root["bulk"] is not null) return root.Items("bulk").Select(item => item["work"] is { } work ? ReadWork(work, owner) : Error(Said(item["error"])));
        if (root["title"] is not null || root["put-code"] is not null) return [ReadWork(root, owner)];
        return root["orcid-identifier"] is not null ? [] : [ReadRecord.Rejected(root["path"]?.Text, "This is no ORCID record, no list of its works and no work.")];
    }

    /// <summary>The works in an XML answer, as they come.</summary>
    public static async IAsyncEnumerable<ReadRecord> ReadAsync(XmlReader xml, PeekStream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await xml.MoveToContentAsync();
        if (!xml.NamespaceURI.StartsWith(Namespaces, StringComparison.Ordinal)) throw new XmlException("This is no answer of ORCID.");
        if (!Roots.Contains(xml.LocalName))
        {
            yield return ReadRecord.Broken($"This is ORCID's '{xml.LocalName}', which lists no works. Send a record, its works, or a work.");
            yield break;
        }

        var owner = new Owner(OrcidIn(xml.GetAttribute("path")), null);
        while (!xml.EOF)
        {
            stream.BeginRecord();
            switch (xml.NodeType == XmlNodeType.Element && xml.NamespaceURI.StartsWith(Namespaces, StringComparison.Ordinal) ? xml.LocalName : "")
            {
                case "orcid-identifier":
                    owner = owner with { Orcid = OrcidId.Read((await NextAsync())["path"]?.Text) ?? owner.Orcid };
                    break;
                case "name" when xml.NamespaceURI == Namespaces + "person":
                    owner = owner with { Name = NameOf(await NextAsync()) };
                    break;
                case "work-summary" or "work" when xml.NamespaceURI == WorkNamespace:
                    yield return ReadWork(await NextAsync(), owner);
                    break;
                case "error":
                    yield return Error(Said(await NextAsync()));
                    break;
            }

            await xml.ReadAsync();
        }

        async Task<Node> NextAsync() => Node.Of(await ImportReader.ReadElementAsync(xml, cancellation));
    }

    private static bool IsError(Node root) => root["developer-message"] is not null || root["user-message"] is not null || root["response-code"] is not null;

    private static ReadRecord Error(string? said) => ReadRecord.Rejected(null, $"ORCID answered with an error: {said ?? "it says nothing about it"}");

    private static string? Said(Node? error) => error?["developer-message"]?.Text ?? error?["user-message"]?.Text;

    /// <summary>The iD at the beginning of a path such as <c>/0000-0002-1825-0097/work/7</c>.</summary>
    private static string? OrcidIn(Node? path) => OrcidIn(path?.Text);

    private static string? OrcidIn(string? path) => OrcidId.Read(path?.TrimStart('/').Split('/')[0]);

    private static string? Name(Node root) => NameOf(root["person"]?["name"]) ?? NameOf(root["orcid-bio"]?["personal-details"]);

    private static string? NameOf(Node? name) =>
        PlainText.Clean(name?["credit-name"]?.Text) ?? PlainText.Clean($"{name?["given-names"]?.Text} {name?["family-name"]?.Text}");

    private static ReadRecord ReadWork(Node work, Owner owner)
    {
        try
        {
            return Read(work, owner);
        }
        catch (InvalidOperationException e)
        {
            // A string with half a surrogate pair: that one work, and not all the others of its owner.
            return ReadRecord.Rejected(null, $"The record holds text that cannot be read: {e.Message}");
        }
    }

    private static ReadRecord Read(Node work, Owner owner)
    {
        var orcid = owner.Orcid ?? OrcidIn(work["path"]);
        var source = work["source"];
        // The name a person goes by stands with what they added, also where the record does not show it.
        var isOwn = orcid is not null && OrcidId.Read(source?["source-orcid"]?["path"]?.Text) == orcid;
        owner = new(orcid, owner.Name ?? (isOwn ? PlainText.Clean(source?["source-name"]?.Text) : null));

        var doi = OwnIds(work, "doi").Select(Identifiers.Doi).FirstOrDefault(id => id is not null);
        var arxiv = OwnIds(work, "arxiv").Select(Identifiers.Arxiv).FirstOrDefault(id => id is not null) ?? Identifiers.ArxivOfDoi(doi);
        var entry = PlainText.Shorten(work["put-code"]?.Text, MaxPutCode) is { } code ? orcid is null ? $"work/{code}" : $"{orcid}/work/{code}" : null;
        var sourceId = entry ?? doi ?? arxiv;
        if (sourceId is null) return ReadRecord.Rejected(null, "The work has neither a put-code nor a DOI.");
        if (ImportedText.Line((work["title"] ?? work["work-title"])?["title"]?.Text) is not { } title) return ReadRecord.Rejected(sourceId, "The record has no title.");

        var summary = ImportedText.Paragraphs(work["short-description"]?.Text);
        var date = work["publication-date"];
        var (year, day) = LooseJson.Date(Number(date?["year"]), Number(date?["month"]), Number(date?["day"]));
        var deposited = source?["source-client-id"]?["path"] is not null && source["assertion-origin-orcid"]?["path"] is null;
        return ReadRecord.Of(sourceId, new(
            title.Plain,
            // In the API 1.2 JOURNAL_ARTICLE is what later is journal-article.
            PlainText.Clean((work["type"] ?? work["work-type"])?.Text)?.ToLowerInvariant().Replace('_', '-') ?? "other",
            year, day, PlainText.FromMarkup(work["journal-title"]?.Text), doi, arxiv, OpenAlex: null, summary?.Plain, [],
            Authors((work["contributors"] ?? work["work-contributors"]).Items("contributor"), owner, deposited), TitleMarkup: title.Marked, AbstractMarkup: summary?.Marked)) with
        { Source = deposited ? WorkSource.Orcid : WorkSource.OrcidOwn };
    }

    /// <summary>Ids of the work itself, not of what it is part or a version of.</summary>
    private static IEnumerable<string?> OwnIds(Node work, string type) =>
        work["external-ids"].Items("external-id")
            .Where(id => Is(id["external-id-type"], type) && (id["external-id-relationship"] is null || Is(id["external-id-relationship"], "self")))
            .Select(id => id["external-id-value"]?.Text)
            .Concat(work["work-external-identifiers"].Items("work-external-identifier")
                .Where(id => Is(id["work-external-identifier-type"], type)).Select(id => id["work-external-identifier-id"]?.Text));

    private static bool Is(Node? node, string text) => string.Equals(node?.Text, text, StringComparison.OrdinalIgnoreCase);

    private static int? Number(Node? node) => int.TryParse(node?.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>
    /// Those who are named as authors, and in any case the owner. Nobody can vouch for the iD of another person: what an owner
    /// wrote themselves names others without theirs.
    /// </summary>
    private static List<PrintedAuthor> Authors(IEnumerable<Node> contributors, Owner owner, bool deposited)
    {
        List<PrintedAuthor> authors = [];
        foreach (var contributor in contributors.Where(IsAuthor))
        {
            var (name, orcid) = (PlainText.Clean(contributor["credit-name"]?.Text), OrcidId.Read(contributor["contributor-orcid"]?["path"]?.Text));
            if (name is null && orcid is null) continue;
            if (orcid == owner.Orcid) name ??= owner.Name;
            authors.Add(PrintedAuthor.Of(name, deposited || orcid == owner.Orcid ? orcid : null, null, null));
        }

        if (owner.Orcid is null || authors.Any(author => author.Orcid == owner.Orcid)) return authors;
        var same = authors.Where(author => author.Orcid is null && owner.Name is not null && MayBe(author.Name, owner.Name)).ToList();
        if (same is [var found]) authors[authors.IndexOf(found)] = found with { Orcid = owner.Orcid };
        else authors.Add(PrintedAuthor.Of(owner.Name, owner.Orcid, null, null));
        return authors;
    }

    /// <summary>Contributors without a role, authors, and the roles of CRediT, which are those of authors; not editors, translators, supervisors.</summary>
    private static bool IsAuthor(Node contributor) =>
        contributor["contributor-attributes"]?["contributor-role"]?.Text is not { } role
        || role.StartsWith("author", StringComparison.OrdinalIgnoreCase) || role.Contains("credit.niso.org", StringComparison.OrdinalIgnoreCase);

    /// <summary>The same family name and the same initial. Only asked of those who are on one work, of whom one is the owner.</summary>
    private static bool MayBe(string one, string other)
    {
        var (a, b) = (PlainText.Fold(PersonName.Natural(one)), PlainText.Fold(PersonName.Natural(other)));
        return a.Length > 0 && b.Length > 0 && a[0] == b[0] && a.Split(' ')[^1] == b.Split(' ')[^1];
    }

    /// <summary>A place in an answer of ORCID, which says the same as JSON and as XML: elements and attributes are members, and a text may be wrapped as <c>{"value": …}</c>.</summary>
    private sealed class Node
    {
        private readonly JsonElement json;
        private readonly XElement? xml;

        private Node(JsonElement json) => this.json = json;

        private Node(XElement xml) => this.xml = xml;

        public static Node? Of(JsonElement? json) => json is { ValueKind: not JsonValueKind.Undefined and not JsonValueKind.Null } found ? new(found) : null;

        public static Node Of(XElement xml) => new(xml);

        public Node? this[string name] => xml is null
            ? Of(json.Member(name))
            : xml.Elements().FirstOrDefault(element => element.Name.LocalName == name) is { } element ? new(element)
            : xml.Attribute(name) is { } attribute ? new(new XElement(name, attribute.Value))
            : null;

        public string? Text => xml is not null
            ? (string.IsNullOrWhiteSpace(xml.Value) ? null : xml.Value.Trim())
            : json.ValueKind switch
            {
                JsonValueKind.Number => json.GetRawText(),
                JsonValueKind.Object => Of(json.Member("value"))?.Text,
                _ => string.IsNullOrWhiteSpace(((JsonElement?)json).Text()) ? null : json.GetString()!.Trim(),
            };

        public IEnumerable<Node> Members(string name) => xml is not null
            ? xml.Elements().Where(element => element.Name.LocalName == name).Select(element => new Node(element))
            : json.Member(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().Select(item => Of(item)).OfType<Node>()
            : Of(json.Member(name)) is { } one ? [one] : [];
    }

    /// <summary>The members of this name; none where there is nothing.</summary>
    private static IEnumerable<Node> Items(this Node? node, string name) => node?.Members(name) ?? [];
}
