using System.Globalization;
using System.Text.Json.Nodes;

namespace BzPeer.Web;

/// <summary>Researchers, works, topics and institutions in the words of schema.org.</summary>
internal static class StructuredData
{
    /// <summary>Enough to know a work by; one has thousands of authors.</summary>
    private const int MostAuthors = 100;

    public static JsonObject Person(Card card, string site)
    {
        var orcid = Shown.OrcidAddress(card.ExternalIds?.Orcid);
        var elsewhere = new[] { orcid, Shown.OpenAlexAddress(card.ExternalIds?.OpenAlex) }.OfType<string>().ToArray();
        return Thing("Person", $"{site}/researchers/{card.Id}", new()
        {
            ["name"] = card.Name,
            ["description"] = card.Headline,
            ["affiliation"] = card.Affiliation is { } place ? new JsonObject { ["@type"] = "Organization", ["name"] = place } : null,
            ["identifier"] = orcid is null ? null : Identifier("ORCID", card.ExternalIds!.Orcid!),
            ["sameAs"] = elsewhere.Length == 0 ? null : new JsonArray([.. elsewhere.Select(address => JsonValue.Create(address))]),
        });
    }

    public static JsonObject Article(Work work, string site)
    {
        var identifiers = new[]
        {
            Shown.DoiAddress(work.Doi) is null ? null : Identifier("DOI", work.Doi!),
            Shown.ArxivAddress(work.ArxivId) is null ? null : Identifier("arXiv", work.ArxivId!),
        }.OfType<JsonNode>().ToArray();
        var elsewhere = new[] { Shown.DoiAddress(work.Doi), Shown.ArxivAddress(work.ArxivId) }.OfType<string>().ToArray();
        return Thing("ScholarlyArticle", $"{site}/works/{work.Id}", new()
        {
            ["name"] = work.Title,
            ["headline"] = work.Title,
            ["abstract"] = work.Abstract,
            ["datePublished"] = work.PublicationDate?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? work.Year?.ToString(CultureInfo.InvariantCulture),
            ["isPartOf"] = work.Venue is { } venue ? new JsonObject { ["@type"] = "Periodical", ["name"] = venue } : null,
            ["author"] = new JsonArray([.. (work.Authors ?? []).OrderBy(author => author.Position).Take(MostAuthors).Select(author => Author(author, site))]),
            ["about"] = work.Topics is { Count: > 0 } topics ? new JsonArray([.. topics.Select(topic => JsonValue.Create(topic))]) : null,
            ["creativeWorkStatus"] = work.Retracted ? "Retracted" : null,
            ["identifier"] = identifiers.Length == 0 ? null : new JsonArray(identifiers),
            ["sameAs"] = elsewhere.Length == 0 ? null : new JsonArray([.. elsewhere.Select(address => JsonValue.Create(address))]),
        });
    }

    public static JsonObject Topic(TopicOrInstitution topic, string site) => Thing("DefinedTerm", $"{site}/topics/{topic.Id}", new() { ["name"] = topic.Label });

    public static JsonObject Institution(TopicOrInstitution institution, string site) => Thing("Organization", $"{site}/institutions/{institution.Id}", new() { ["name"] = institution.Label });

    private static JsonObject Author(Author author, string site)
    {
        var person = new JsonObject { ["@type"] = "Person", ["name"] = author.Name };
        if (author.ResearcherId is { } id)
            person["url"] = $"{site}/researchers/{id}";
        return person;
    }

    private static JsonObject Identifier(string kind, string value) =>
        new() { ["@type"] = "PropertyValue", ["propertyID"] = kind, ["value"] = value };

    /// <summary>Without the members that nothing is known of.</summary>
    private static JsonObject Thing(string type, string address, JsonObject members)
    {
        var thing = new JsonObject { ["@context"] = "https://schema.org", ["@type"] = type, ["@id"] = address, ["url"] = address };
        foreach (var (name, value) in members)
        {
            if (value is not null)
                thing[name] = value.DeepClone();
        }
        return thing;
    }
}
