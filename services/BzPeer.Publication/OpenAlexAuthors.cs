using System.Text.Json;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication;

/// <summary>What a source says of an author, apart from any work.</summary>
/// <param name="Source">One of <see cref="WorkSource"/>.</param>
/// <param name="Author">Their name, ids and institution.</param>
/// <param name="AsOf">When they were there, as far as that is known.</param>
internal sealed record AuthorRecord(string Source, PrintedAuthor Author, DateOnly? AsOf);

/// <summary>OpenAlex authors: who they are, whether or not a work of theirs was imported.</summary>
internal static class OpenAlexAuthors
{
    /// <summary>Authors that OpenAlex took down all have this id and name.</summary>
    private const string DeletedId = "A9999999999";
    private const string DeletedName = "Deleted Author";

    /// <summary>Whether this is what OpenAlex took down, and so nobody.</summary>
    public static bool IsDeleted(string? id, string? name) => id == DeletedId || name == DeletedName;

    /// <summary>Reads a record if it is an author; works and authors come in the same format.</summary>
    public static ReadRecord? Read(JsonElement record)
    {
        if (Identifiers.OpenAlex('A', record.Member("id").Text()) is not { } id) return null;
        var name = PlainText.FromMarkup(record.Member("display_name").Text());
        if (IsDeleted(id, name)) return ReadRecord.Rejected(id, "OpenAlex has deleted this author.");
        if (name is null) return ReadRecord.Rejected(id, "The author has no name.");

        // Today several institutions may be the last known ones; the first is the one that most of the latest works name.
        var at = record.Member("last_known_institutions").Items().Select(one => (JsonElement?)one).FirstOrDefault() ?? record.Member("last_known_institution");
        var (institution, institutionId) = (PlainText.FromMarkup(at.Member("display_name").Text()), Identifiers.OpenAlex('I', at.Member("id").Text()));
        var latest = record.Member("affiliations").Items().Where(one => Identifiers.OpenAlex('I', one.Member("institution").Member("id").Text()) == institutionId)
            .SelectMany(one => one.Member("years").Items()).Select(year => ((JsonElement?)year).Whole()).Where(year => year is > 0 and <= 9999).Max();
        var orcid = OrcidId.Read(record.Member("orcid").Text() ?? record.Member("ids").Member("orcid").Text());
        return ReadRecord.OfAuthor(id, new(WorkSource.OpenAlex, PrintedAuthor.Of(name, orcid, id, institution is null ? null : [new(institution, institutionId)]), latest is { } year ? new DateOnly(year, 1, 1) : null));
    }
}
