using System.Text;
using System.Text.Json;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication;

/// <summary>OpenAlex works, in today's schema and in that of 2023.</summary>
internal static class OpenAlexWorks
{
    private const int MaxTopics = 3;

    // Before topics there were concepts, in six levels and dozens a work. Those of the first three levels that fit say about
    // as much as topics do.
    private const int MaxConcepts = 5;
    private const int DeepestConcept = 2;
    private const double LeastConceptScore = 0.3;

    /// <summary>Further than this no word of an abstract stands; a position beyond it would only cost memory.</summary>
    private const int MaxAbstractWords = 100_000;

    public static ReadRecord Read(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object) return ReadRecord.Rejected(null, "The record is not a JSON object.");
        var id = Identifiers.OpenAlex('W', record.Member("id").Text());
        var doi = Identifiers.Doi(record.Member("doi").Text() ?? record.Member("ids").Member("doi").Text());
        var sourceId = id ?? record.Member("id").Text() ?? doi;
        if (id is null && doi is null) return ReadRecord.Rejected(sourceId, "The record has neither an OpenAlex work id nor a DOI.");
        if (ImportedText.Line(record.Member("title").Text() ?? record.Member("display_name").Text()) is not { } title)
            return ReadRecord.Rejected(sourceId, "The record has no title.");

        var date = LooseJson.Day(record.Member("publication_date").Text());
        var primary = record.Member("primary_location");
        var summary = ImportedText.Paragraphs(Abstract(record.Member("abstract_inverted_index")) ?? record.Member("abstract").Text());
        return ReadRecord.Of(id ?? doi!, new(
            title.Plain,
            PlainText.Clean(record.Member("type").Text()) ?? "other",
            date?.Year ?? (record.Member("publication_year").Whole() is > 0 and <= 9999 and var year ? year : null),
            date,
            PlainText.FromMarkup(primary.Member("source").Member("display_name").Text() ?? record.Member("host_venue").Member("display_name").Text() ?? primary.Member("raw_source_name").Text()),
            doi,
            Identifiers.ArxivOfDoi(doi) ?? ArxivLocation(record),
            id,
            summary?.Plain,
            Topics(record),
            [.. record.Member("authorships").Items().Select(Author)],
            record.Member("is_retracted").IsTrue(),
            title.Marked,
            summary?.Marked));
    }

    private static PrintedAuthor Author(JsonElement authorship)
    {
        var author = authorship.Member("author");
        var name = PlainText.FromMarkup(author.Member("display_name").Text());
        var raw = PlainText.FromMarkup(authorship.Member("raw_author_name").Text());
        var id = Identifiers.OpenAlex('A', author.Member("id").Text());
        // Taken down: whoever is printed on the work stays printed, but is nobody's profile.
        if (OpenAlexAuthors.IsDeleted(id, name)) return PrintedAuthor.Of(raw ?? name, null, null, null) with { Unlinked = true };

        var orcid = OrcidId.Read(author.Member("orcid").Text());
        var institutions = authorship.Member("institutions").Items()
            .Select(at => (Name: PlainText.FromMarkup(at.Member("display_name").Text()), Id: Identifiers.OpenAlex('I', at.Member("id").Text())))
            .Where(at => at.Name is not null).Select(at => new Institution(at.Name!, at.Id)).ToList();
        return PrintedAuthor.Of(name ?? raw, orcid, id, institutions.Count > 0 ? institutions : null);
    }

    private static List<string> Topics(JsonElement record)
    {
        var topics = record.Member("topics").Items().Append(record.Member("primary_topic") ?? default).Select(topic => topic.Member("display_name").Text());
        var concepts = record.Member("concepts").Items()
            .Select(concept => (Name: concept.Member("display_name").Text(), Level: concept.Member("level").Whole(), Score: concept.Member("score").Number()))
            .Where(concept => concept.Level <= DeepestConcept && concept.Score >= LeastConceptScore)
            .OrderByDescending(concept => concept.Score).ThenBy(concept => concept.Name, StringComparer.Ordinal).Select(concept => concept.Name);
        var found = Labels(topics, MaxTopics);
        return found.Count > 0 ? found : Labels(concepts, MaxConcepts);
    }

    private static List<string> Labels(IEnumerable<string?> labels, int most) =>
        [.. labels.Select(PlainText.FromMarkup).OfType<string>().DistinctBy(PlainText.Fold).Take(most)];

    private static string? ArxivLocation(JsonElement record) =>
        record.Member("locations").Items().Prepend(record.Member("primary_location") ?? default)
            .Select(location => location.Member("landing_page_url").Text())
            .Where(address => address?.Contains("arxiv.org/", StringComparison.OrdinalIgnoreCase) == true)
            .Select(Identifiers.Arxiv).FirstOrDefault(id => id is not null);

    /// <summary>The abstract from its inverted index: each word with the places it stands at.</summary>
    private static string? Abstract(JsonElement? index)
    {
        if (index is not { ValueKind: JsonValueKind.Object } words) return null;
        var placed = new SortedDictionary<int, string>();
        foreach (var word in words.EnumerateObject())
            foreach (var place in ((JsonElement?)word.Value).Items())
                if (((JsonElement?)place).Whole() is >= 0 and < MaxAbstractWords and var at) placed[at] = word.Name;
        return placed.Values.Aggregate(new StringBuilder(), (text, word) => text.Append(word).Append(' ')).ToString();
    }
}
