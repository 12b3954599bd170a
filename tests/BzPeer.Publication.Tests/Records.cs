using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication.Tests;

/// <summary>Records of sources, and what they say, as short as a test can say it.</summary>
internal static class Records
{
    private static long last = 4_000_000_000;

    /// <summary>A number that no other test uses: ids made of it are its own.</summary>
    public static long Number() => Interlocked.Increment(ref last);

    /// <summary>An ORCID iD that no other test uses.</summary>
    public static string Orcid()
    {
        var digits = Number().ToString("D15", CultureInfo.InvariantCulture);
        return "0123456789X".Select(check => OrcidId.Read(digits + check)).First(orcid => orcid is not null)!;
    }

    public static SourceWork Work(string title = "Title", string? doi = null, params IReadOnlyList<PrintedAuthor> authors) =>
        new(title, "article", 2024, new(2024, 5, 17), "Venue", doi, ArxivId: null, OpenAlex: null, Abstract: null, [], authors);

    /// <summary>An OpenAlex record; <paramref name="authors"/> are ids, each author named after it.</summary>
    public static JsonObject OpenAlex(long number, params IEnumerable<string> authors) => OpenAlexBy(number, authors.Select(id => Author($"Author {id}", id)));

    public static JsonObject OpenAlexBy(long number, params IEnumerable<JsonObject> authors) => new()
    {
        ["id"] = $"https://openalex.org/W{number}",
        ["title"] = $"On the number {number}",
        ["type"] = "article",
        ["publication_date"] = "2024-05-17",
        ["authorships"] = new JsonArray([.. authors]),
    };

    public static JsonObject Author(string? name, string? id = null, string? orcid = null, string? institution = null) => new()
    {
        ["author"] = new JsonObject { ["id"] = id, ["display_name"] = name, ["orcid"] = orcid },
        ["institutions"] = institution is null ? [] : new JsonArray(new JsonObject { ["display_name"] = institution }),
    };

    public static string Lines(this IEnumerable<JsonObject> records) => string.Join('\n', records.Select(record => record.ToJsonString()));

    public static string Lines(params JsonObject[] records) => records.AsEnumerable().Lines();

    /// <summary>An Atom entry of arXiv.</summary>
    public static string Entry(string arxivId, string title, params IEnumerable<string> authors) =>
        $"""
        <entry xmlns="http://www.w3.org/2005/Atom"><id>http://arxiv.org/abs/{arxivId}v1</id><title>{title}</title><published>2024-05-17T00:00:00Z</published>
        {string.Concat(authors.Select(author => $"<author><name>{author}</name></author>"))}</entry>
        """;

    public static string Feed(params IEnumerable<string> entries) => $"""<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">{string.Concat(entries)}</feed>""";

    /// <summary>An arXiv id that no other test uses.</summary>
    public static string ArxivId()
    {
        var number = Number() % 10_000_000;
        return string.Create(CultureInfo.InvariantCulture, $"{1000 + (number / 100_000):D4}.{number % 100_000:D5}");
    }
}
