using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Profile;

/// <summary>
/// The researcher card: one row read for the header and snapshot of a page. Each source owns a section with a version of its
/// own. This projection writes the profile's section in the transaction of its events; <see cref="CardSections"/> the others. An event of
/// what the profile says carries all of it, so the last one of a batch is what is written, and a rebuild leaves the same section. What is
/// claimed and validated is in tables of its own, since it counts for whom a profile is merged into too.
/// </summary>
public sealed class ResearcherCards : IProjection
{
    private static readonly JsonSerializerOptions Json = JsonSerializerOptions.Web;

    /// <inheritdoc />
    public Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        var said = new Dictionary<Guid, (ResearcherProfile Profile, long Imported)>();
        var last = new Dictionary<Guid, Guid>();
        foreach (var e in events)
        {
            switch (e.Data)
            {
                case Registered registered: said[e.StreamId] = (registered.Profile, registered.ImportedVersion); break;
                case Changed changed: said[e.StreamId] = (changed.Profile, changed.ImportedVersion); break;
                case IPersonChanged: break;
                default: continue;
            }

            last[e.StreamId] = e.Id;
        }

        if (said.Count > 0) Write(operations, said, last);
        if (last.Count > said.Count) MoveOn(operations, last.Where(researcher => !said.ContainsKey(researcher.Key)).ToArray());
        Claims.Write(operations, events);
        Validations.Write(operations, events);
        return Task.CompletedTask;
    }

    private static void Write(IDocumentOperations operations, Dictionary<Guid, (ResearcherProfile Profile, long Imported)> said, Dictionary<Guid, Guid> last)
    {
        var rows = said.Values.ToArray();
        // Rows are written in id order, like the sections of the others, so that the two cannot lock each other out.
        operations.QueueSqlCommand(
            """
            insert into researcher_cards (id, name, folded_name, name_words, keys, profile, imported_version, stream_version, profile_version)
            select c.id, c.name, c.folded, array_to_tsvector(string_to_array(c.words, ' ')), string_to_array(c.keys, ' '), c.profile::jsonb, c.imported, e.version, e.seq_id
            from unnest(?, ?, ?, ?, ?, ?, ?, ?) as c(id, name, folded, words, keys, profile, imported, event) join mt_events e on e.id = c.event order by c.id
            on conflict (id) do update set name = excluded.name, folded_name = excluded.folded_name, name_words = excluded.name_words, keys = excluded.keys,
              profile = excluded.profile, imported_version = excluded.imported_version, stream_version = excluded.stream_version, profile_version = excluded.profile_version
            """,
            Array.ConvertAll(rows, r => r.Profile.ResearcherId), Array.ConvertAll(rows, r => r.Profile.Name), Array.ConvertAll(rows, r => SearchWords.Fold(r.Profile.Name)),
            Array.ConvertAll(rows, r => SearchWords.Of(r.Profile.Name)), Array.ConvertAll(rows, r => string.Join(' ', r.Profile.Keys)),
            Array.ConvertAll(rows, r => JsonSerializer.Serialize(r.Profile, Json)), Array.ConvertAll(rows, r => r.Imported), Array.ConvertAll(rows, r => last[r.Profile.ResearcherId]));
    }

    /// <summary>For profiles that say what they said: how many events they have now, and up to which. In id order, as above.</summary>
    private static void MoveOn(IDocumentOperations operations, KeyValuePair<Guid, Guid>[] last) => operations.QueueSqlCommand(
        """
        insert into researcher_cards (id, stream_version, profile_version)
        select c.id, e.version, e.seq_id from unnest(?, ?) as c(id, event) join mt_events e on e.id = c.event order by c.id
        on conflict (id) do update set stream_version = excluded.stream_version, profile_version = excluded.profile_version
        """,
        Array.ConvertAll(last, researcher => researcher.Key), Array.ConvertAll(last, researcher => researcher.Value));

    /// <summary>The profiles behind <paramref name="ids"/>; those nobody registered are left out.</summary>
    internal static async Task<Dictionary<Guid, StoredProfile>> LoadProfilesAsync(NpgsqlDataSource database, Guid[] ids, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select id, profile, imported_version, stream_version from researcher_cards where id = any($1) and name is not null");
        command.Parameters.Add(new() { Value = ids });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var profiles = new Dictionary<Guid, StoredProfile>(ids.Length);
        while (await row.ReadAsync(cancellation))
            profiles[row.GetGuid(0)] = new(JsonSerializer.Deserialize<ResearcherProfile>(row.GetString(1), Json)!, row.GetInt64(2), row.GetInt64(3));
        return profiles;
    }

    /// <summary>The cards behind <paramref name="ids"/>, in that order, of the survivor for who was merged; those nobody registered are left out.</summary>
    internal static async Task<List<ResearcherCard>> LoadAsync(NpgsqlDataSource database, Guid[] ids, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            select {ResearcherCard.Columns} from (
              select coalesce(s.survivor, a.id) as researcher, min(a.place) as place from unnest({FewIds.Array("$1")}) with ordinality as a(id, place) left join survivors s on s.id = a.id group by 1) asked
            join researcher_cards on id = researcher where name is not null order by place
            """);
        command.Parameters.Add(new() { Value = ids });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var cards = new List<ResearcherCard>(ids.Length);
        while (await row.ReadAsync(cancellation)) cards.Add(ResearcherCard.Read(row, Json));
        return cards;
    }

    internal static ResearcherCard Read(NpgsqlDataReader row) => ResearcherCard.Read(row, Json);

    internal static void Configure(StoreOptions store)
    {
        var table = new Table("researcher_cards");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn("name", "text");
        table.AddColumn("folded_name", "text");
        table.AddColumn("name_words", "tsvector");
        table.AddColumn("keys", "text[]");
        table.AddColumn("profile", "jsonb");
        table.AddColumn("imported_version", "bigint").NotNull().DefaultValueByExpression("0");
        table.AddColumn("stream_version", "bigint").NotNull().DefaultValueByExpression("0");
        foreach (var section in new[] { "profile_version", "followers", "following", "follow_version", "publication_version", "trust_version" })
            table.AddColumn(section, "bigint").NotNull().DefaultValueByExpression("0");
        foreach (var number in new[] { "works", "topics", "close_collaborators", "score" })
            table.AddColumn(number, "integer").NotNull().DefaultValueByExpression("0");
        table.AddColumn("counts_hidden", "boolean").NotNull().DefaultValueByExpression("false");
        table.AddColumn("level", "text").NotNull().DefaultValueByExpression("'Baseline'");
        table.Indexes.Add(new IndexDefinition("researcher_cards_by_name") { Columns = ["name_words"], Method = IndexMethod.gin });
        table.Indexes.Add(new IndexDefinition("researcher_cards_by_key") { Columns = ["keys"], Method = IndexMethod.gin });
        table.Indexes.Add(new IndexDefinition("researcher_cards_by_works") { Columns = ["works", "id"] });

        store.Storage.ExtendedSchemaObjects.Add(table);
        store.Events.MapEventType<Registered>("researcher_registered");
        store.Events.MapEventType<Changed>("profile_changed");
        string[] own = [Claims.Configure(store), Validations.Configure(store)];
        // The cards themselves stay: what other services say of them is not in these events.
        store.Projections.Add(new ResearcherCards(), ProjectionLifecycle.Inline, nameof(ResearcherCards), options =>
        {
            foreach (var rows in own) options.DeleteDataInTableOnTeardown(rows);
        });
    }
}
