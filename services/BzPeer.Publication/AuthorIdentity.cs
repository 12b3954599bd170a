using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>An affiliation and where it was read.</summary>
public sealed record SeenAffiliation(string Institution, string? InstitutionId, string Source, DateOnly? AsOf);

/// <summary>
/// Stream event: an author is this researcher, or more became known about them. Carries all that is known, so the last one of
/// a stream is the state of it.
/// </summary>
public sealed record Identified(
    Guid ResearcherId, string Name, string RegisteredFrom, string? Orcid, string? OpenAlex, IReadOnlyList<string> Keys,
    SeenAffiliation? Affiliation, DateTimeOffset At);

/// <summary>
/// Which source's author is which researcher. The keys, in order: ORCID, OpenAlex id, else the source with the letters of
/// the name. A key names one researcher for good; its row is written in the transaction of the event. Who is meant where no key
/// tells is settled by <see cref="Resolution"/>.
/// </summary>
public static class AuthorIdentity
{
    /// <summary>The keys this author goes by; none when nothing tells who it is.</summary>
    public static IReadOnlyList<string> Keys(string source, PrintedAuthor author) => Keys(source, author, AuthorName.Of);

    internal static IReadOnlyList<string> Keys(string source, PrintedAuthor author, Func<string, AuthorName> read)
    {
        List<string> keys = [];
        if (author.Orcid is not null) keys.Add($"orcid:{author.Orcid}");
        if (author.OpenAlex is not null) keys.Add($"openalex:{author.OpenAlex}");
        // arXiv gives names only, Crossref mostly, OpenAlex has no id for some authors.
        if (keys.Count == 0 && WorkSource.KnowsByName(source) && !author.Unlinked && read(author.Name).Letters is { Length: > 0 } letters)
            keys.Add($"name:{source}:{letters}");
        return keys;
    }

    /// <summary>
    /// Whom the keys name. Keys that name two follow the first of them, the ORCID before the OpenAlex id; then
    /// <paramref name="other"/> is whom the other names, for a curator to look at. Null where they name nobody.
    /// </summary>
    public static Guid? Resolve(IReadOnlyList<string> keys, IReadOnlyDictionary<string, Guid> known, out Guid? other)
    {
        var named = keys.Where(known.ContainsKey).Select(key => known[key]).Distinct().ToList();
        other = named.Count > 1 ? named[1] : null;
        return named.Count > 0 ? named[0] : null;
    }

    /// <summary>What becomes known about a researcher from an author of a work; null when all of it is known already.</summary>
    public static Identified? Decide(Identified? known, Guid researcherId, string source, PrintedAuthor author, DateOnly? published, DateTimeOffset now)
    {
        var affiliation = author.Institutions is [var at, ..] ? new SeenAffiliation(at.Name, at.Id, source, published) : null;
        // Names are not for search by id.
        var keys = Keys(source, author).Where(key => !key.StartsWith("name:", StringComparison.Ordinal)).ToList();
        if (known is null) return new(researcherId, author.Name, WorkSource.Registry(source), author.Orcid, author.OpenAlex, keys, affiliation, now);

        var now_known = known with
        {
            Name = IsStandIn(known) ? author.Name : known.Name,
            Orcid = known.Orcid ?? author.Orcid,
            OpenAlex = known.OpenAlex ?? author.OpenAlex,
            Keys = [.. known.Keys.Union(keys)],
            Affiliation = IsLater(affiliation, known.Affiliation) ? affiliation : known.Affiliation,
        };
        var nothingNew = now_known.Name == known.Name && now_known.Keys.Count == known.Keys.Count && now_known.Affiliation == known.Affiliation;
        return nothingNew ? null : now_known with { At = now };
    }

    /// <summary>An author with an id but no name goes by the id until a source prints a name.</summary>
    private static bool IsStandIn(Identified known) => known.Name == known.OpenAlex || known.Name == known.Orcid;

    /// <summary>The affiliation of the latest work stands; of the same day, that of the source believed first, then by name: never by order of arrival.</summary>
    private static bool IsLater(SeenAffiliation? one, SeenAffiliation? other)
    {
        if (one is null || other is null) return one is not null;
        var byDate = (one.AsOf ?? DateOnly.MinValue).CompareTo(other.AsOf ?? DateOnly.MinValue);
        if (byDate != 0) return byDate > 0;
        var bySource = WorkSource.PrecedenceOnPeople(other.Source).CompareTo(WorkSource.PrecedenceOnPeople(one.Source));
        if (bySource != 0) return bySource > 0;
        var byName = string.CompareOrdinal(other.Institution, one.Institution);
        return (byName != 0 ? byName : string.CompareOrdinal(other.InstitutionId, one.InstitutionId)) > 0;
    }

    /// <summary>The researchers that these keys name.</summary>
    internal static async Task<Dictionary<string, Guid>> LoadKeysAsync(NpgsqlDataSource database, string[] keys, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select key, researcher_id from author_keys where key = any($1)");
        command.Parameters.Add(new() { Value = keys });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var known = new Dictionary<string, Guid>();
        while (await row.ReadAsync(cancellation)) known[row.GetString(0)] = row.GetGuid(1);
        return known;
    }

    /// <summary>What is known of these researchers, from the last event of each, and the version of its stream.</summary>
    internal static async Task<Dictionary<Guid, (Identified State, long Version)>> LoadAsync(
        NpgsqlDataSource database, ISerializer serializer, Guid[] researchers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select s.id, s.version, e.data from mt_streams s join mt_events e on e.stream_id = s.id and e.version = s.version
            where s.id = any($1) and e.type = 'author_identified'
            """);
        command.Parameters.Add(new() { Value = researchers });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var known = new Dictionary<Guid, (Identified, long)>();
        while (await row.ReadAsync(cancellation))
            known[row.GetGuid(0)] = (await serializer.FromJsonAsync<Identified>(row, 2, cancellation), row.GetInt64(1));
        return known;
    }

    /// <summary>The row per key: its uniqueness is what keeps two transactions from registering one person twice.</summary>
    internal static void Claim(IDocumentSession session, IReadOnlyDictionary<string, Guid> keys)
    {
        if (keys.Count == 0) return;
        // In one order everywhere, so that two transactions cannot lock each other out.
        var ordered = keys.OrderBy(key => key.Key, StringComparer.Ordinal).ToList();
        session.QueueSqlCommand("insert into author_keys (key, researcher_id) select * from unnest(?, ?)",
            ordered.Select(key => key.Key).ToArray(), ordered.Select(key => key.Value).ToArray());
    }

    internal static void Configure(StoreOptions store)
    {
        var keys = new Table("author_keys");
        keys.AddColumn<string>("key").AsPrimaryKey();
        keys.AddColumn<Guid>("researcher_id").NotNull();
        store.Storage.ExtendedSchemaObjects.Add(keys);
        store.Events.MapEventType<Identified>("author_identified");
    }
}
