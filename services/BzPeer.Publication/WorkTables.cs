using System.Text.Json;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>
/// The tables everything is read from and found in (works with their authors, topics and institutions, and the researchers), written in the transaction
/// of the events. Each event carries the whole of its work or researcher, so the last one of a batch is what is written,
/// and a rebuild leaves the same rows.
/// </summary>
public sealed class WorkTables : IProjection
{
    /// <summary>Where works entered the record: the sequence of the event by which each did. What follows does not move it: feeds are in its order.</summary>
    private const string Entered =
        """
        with entered as materialized (select w.id work_id, e.seq_id published from unnest(?) w(id) cross join lateral (
          select seq_id from mt_events where stream_id = w.id and type in ('work_published', 'work_restored') order by version limit 1) e)
        """;

    private sealed record Row(Guid EventId, SourceWork Work, bool Validated, string Versions);

    /// <inheritdoc />
    public Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        var works = new Dictionary<Guid, Row>();
        var retracted = new Dictionary<Guid, Guid>();
        var gone = new HashSet<Guid>();
        var researchers = new Dictionary<Guid, (Guid EventId, Identified Researcher)>();
        var (merges, pairs) = (new List<IEvent>(), new List<IEvent>());
        foreach (var e in events)
        {
            switch (e.Data)
            {
                case IWorkStands stands:
                    works[stands.WorkId] = new(e.Id, stands.Work, stands.Validated, JsonSerializer.Serialize(stands.Versions ?? [], JsonSerializerOptions.Web));
                    retracted.Remove(stands.WorkId);
                    gone.Remove(stands.WorkId);
                    break;
                case MergedInto or Removed:
                    works.Remove(e.StreamId);
                    retracted.Remove(e.StreamId);
                    gone.Add(e.StreamId);
                    break;
                case Retracted when works.TryGetValue(e.StreamId, out var row):
                    works[e.StreamId] = row with { EventId = e.Id, Work = row.Work with { Retracted = true } };
                    break;
                case Retracted:
                    retracted[e.StreamId] = e.Id;
                    break;
                case Identified researcher:
                    researchers[researcher.ResearcherId] = (e.Id, researcher);
                    break;
                case IKinChanged:
                    merges.Add(e);
                    break;
                case PairSuspected or PairDistinguished or DistinctionWithdrawn:
                    pairs.Add(e);
                    break;
            }
        }

        if (researchers.Count > 0) WriteResearchers(operations, [.. researchers.Values.OrderBy(r => r.Researcher.ResearcherId)]);
        if (gone.Count > 0)
            foreach (var (table, id) in new[] { ("works", "id"), ("work_authors", "work_id"), ("work_topics", "work_id"), ("work_institutions", "work_id") })
                operations.QueueSqlCommand($"delete from {table} where {id} = any(?)", gone.Order().ToArray());
        // Who is whose first: works are written for the survivors of these.
        if (merges.Count > 0) Merges.Write(operations, merges);
        if (works.Count > 0) WriteWorks(operations, [.. works.OrderBy(work => work.Key)]);
        foreach (var (work, e) in retracted.OrderBy(r => r.Key))
            operations.QueueSqlCommand("update works set retracted = true, position = (select seq_id from mt_events where id = ?) where id = ?", e, work);
        if (pairs.Count > 0) SuspectedPairs.Write(operations, pairs);
        return Task.CompletedTask;
    }

    // The sequence is given by the store while the event is inserted, which happens before these statements run.
    private static void WriteResearchers(IDocumentOperations operations, (Guid EventId, Identified Researcher)[] rows)
    {
        var names = Array.ConvertAll(rows, row => AuthorName.Of(row.Researcher.Name));
        operations.QueueSqlCommand(
            """
            insert into researchers (id, name, letters, family, given, initial, orcid, open_alex, position)
            select r.id, r.name, r.letters, r.family, r.given, r.initial, r.orcid, r.open_alex, e.seq_id
            from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?) r(id, name, letters, family, given, initial, orcid, open_alex, event_id) join mt_events e on e.id = r.event_id
            on conflict (id) do update set name = excluded.name, letters = excluded.letters, family = excluded.family, given = excluded.given, initial = excluded.initial,
              orcid = excluded.orcid, open_alex = excluded.open_alex, position = excluded.position
            """,
            rows.Select(r => r.Researcher.ResearcherId).ToArray(), rows.Select(r => r.Researcher.Name).ToArray(),
            names.Select(name => name.Letters).ToArray(), names.Select(name => name.Family).ToArray(), names.Select(name => name.Given).ToArray(), names.Select(name => name.Initial).ToArray(),
            rows.Select(r => r.Researcher.Orcid).ToArray(), rows.Select(r => r.Researcher.OpenAlex).ToArray(), rows.Select(r => r.EventId).ToArray());
    }

    private static void WriteWorks(IDocumentOperations operations, KeyValuePair<Guid, Row>[] rows)
    {
        var works = rows.Select(row => row.Value.Work).ToArray();
        Merges.LockOut(operations);
        operations.QueueSqlCommand(
            """
            insert into works (id, title, folded_title, title_words, type, year, publication_date, venue, doi, arxiv_id, abstract, title_markup, abstract_markup, validated, retracted, people, listed_on, versions, position)
            select w.id, w.title, w.folded, array_to_tsvector(string_to_array(w.words, ' ')), w.type, w.year, w.date, w.venue, w.doi, w.arxiv_id, w.abstract, w.title_markup, w.abstract_markup, w.validated, w.retracted, w.people, w.listed_on,
              w.versions::jsonb, e.seq_id
            from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) w(id, title, folded, words, type, year, date, venue, doi, arxiv_id, abstract, title_markup, abstract_markup, validated, retracted, people, listed_on, versions, event_id)
            join mt_events e on e.id = w.event_id
            on conflict (id) do update set title = excluded.title, folded_title = excluded.folded_title, title_words = excluded.title_words, type = excluded.type, year = excluded.year, publication_date = excluded.publication_date,
              venue = excluded.venue, doi = excluded.doi, arxiv_id = excluded.arxiv_id, abstract = excluded.abstract, title_markup = excluded.title_markup, abstract_markup = excluded.abstract_markup, validated = excluded.validated,
              retracted = excluded.retracted, people = excluded.people, listed_on = excluded.listed_on, versions = excluded.versions, position = excluded.position
            """,
            Ids(rows), works.Select(w => w.Title).ToArray(), works.Select(w => FindWorks.Folded(w.Title)).ToArray(), works.Select(w => SearchWords.Of(w.Title)).ToArray(), works.Select(w => w.Type).ToArray(), works.Select(w => w.Year).ToArray(),
            works.Select(w => w.PublicationDate).ToArray(), works.Select(w => w.Venue).ToArray(), works.Select(w => w.Doi).ToArray(),
            works.Select(w => w.ArxivId).ToArray(), works.Select(w => w.Abstract).ToArray(), works.Select(w => w.TitleMarkup).ToArray(), works.Select(w => w.AbstractMarkup).ToArray(), rows.Select(row => row.Value.Validated).ToArray(),
            works.Select(w => w.Retracted).ToArray(), works.Select(w => w.People()).ToArray(), works.Select(ListedOn).ToArray(),
            rows.Select(row => row.Value.Versions).ToArray(), rows.Select(row => row.Value.EventId).ToArray());

        foreach (var table in new[] { "work_authors", "work_topics", "work_institutions" })
            operations.QueueSqlCommand($"delete from {table} where work_id = any(?)", Ids(rows));

        var authors = rows.SelectMany(row => row.Value.Work.Authors.Select((author, n) => (Work: row.Key, Position: n + 1, Author: author))).ToArray();
        if (authors.Length > 0)
            operations.QueueSqlCommand(
                $"""
                {Entered} insert into work_authors (work_id, position, identified, researcher_id, name, published)
                select a.work_id, a.position, a.identified, coalesce(s.survivor, a.identified), a.name, e.published
                from unnest(?, ?, ?, ?) a(work_id, position, identified, name) join entered e using (work_id) left join survivors s on s.id = a.identified
                """,
                Ids(rows), authors.Select(a => a.Work).ToArray(), authors.Select(a => a.Position).ToArray(),
                authors.Select(a => a.Author.ResearcherId).ToArray(), authors.Select(a => a.Author.Name).ToArray());
        Merges.CountPeople(operations, "select distinct work_id from work_authors where work_id = any(?) and researcher_id <> identified", Ids(rows));

        var topics = rows.SelectMany(row => row.Value.Work.Topics.DistinctBy(TopicId).Select((topic, n) => (Work: row.Key, Rank: n + 1, Topic: topic))).ToArray();
        if (topics.Length > 0)
        {
            WriteNames(operations, "topics", [.. topics.Select(t => (TopicId(t.Topic), t.Topic))]);
            operations.QueueSqlCommand(
                $"{Entered} insert into work_topics (work_id, rank, topic_id, label, published) select t.*, e.published from unnest(?, ?, ?, ?) t(work_id, rank, topic_id, label) join entered e using (work_id)",
                Ids(rows), topics.Select(t => t.Work).ToArray(), topics.Select(t => t.Rank).ToArray(), topics.Select(t => TopicId(t.Topic)).ToArray(), topics.Select(t => t.Topic).ToArray());
        }

        var places = authors.SelectMany(a => (a.Author.Institutions ?? []).DistinctBy(at => at.StableId()).Select(at => (a.Work, a.Position, At: at))).ToArray();
        if (places.Length > 0)
        {
            WriteNames(operations, "institutions", [.. places.Select(p => (p.At.StableId(), p.At.Name))]);
            operations.QueueSqlCommand("insert into work_institutions (work_id, position, institution_id, name) select * from unnest(?, ?, ?, ?)",
                places.Select(p => p.Work).ToArray(), places.Select(p => p.Position).ToArray(), places.Select(p => p.At.StableId()).ToArray(), places.Select(p => p.At.Name).ToArray());
        }
    }

    /// <summary>
    /// What topics or institutions are found by. Of the spellings of one, the first in the order of characters, whatever order they come in.
    /// Whatever is known is only read: many works share a topic, and none waits for another because of it.
    /// </summary>
    private static void WriteNames(IDocumentOperations operations, string table, (Guid Id, string Name)[] named)
    {
        var names = named.Distinct().ToArray();
        operations.QueueSqlCommand(
            $"""
            insert into {table} (id, name, folded, words)
            select distinct on (n.id) n.id, n.name, n.folded, array_to_tsvector(string_to_array(n.words, ' ')) from unnest(?, ?, ?, ?) n(id, name, folded, words)
            where not exists (select from {table} known where known.id = n.id and known.name collate "C" <= n.name)
            order by n.id, n.name collate "C"
            on conflict (id) do update set name = excluded.name, folded = excluded.folded, words = excluded.words where excluded.name < {table}.name collate "C"
            """,
            Array.ConvertAll(names, n => n.Id), Array.ConvertAll(names, n => n.Name), Array.ConvertAll(names, n => FindWorks.Folded(n.Name)), Array.ConvertAll(names, n => SearchWords.Of(n.Name)));
    }

    private static Guid[] Ids(KeyValuePair<Guid, Row>[] rows) => [.. rows.Select(row => row.Key)];

    /// <summary>Topics with the same label are the same, whichever source has it.</summary>
    internal static Guid TopicId(string label) => StableId.Of($"topic:{PlainText.Fold(label)}");

    /// <summary>What lists are ordered by, newest first: a work of which only the year is known stands at its beginning, one without any last.</summary>
    private static DateOnly ListedOn(SourceWork work) => work.PublicationDate ?? (work.Year is { } year ? new DateOnly(year, 1, 1) : DateOnly.MinValue);

    internal static void Configure(StoreOptions store)
    {
        Table[] tables = [Works(), Authors(), Topics(), Institutions(), Names("topics"), Names("institutions"), Researchers()];
        foreach (var table in tables) store.Storage.ExtendedSchemaObjects.Add(table);
        string[] others = [.. Merges.Configure(store), SuspectedPairs.Configure(store)];
        store.Projections.Add(new WorkTables(), ProjectionLifecycle.Inline, nameof(WorkTables), options =>
        {
            foreach (var table in (string[])[.. tables.Select(table => table.Identifier.QualifiedName), .. others]) options.DeleteDataInTableOnTeardown(table);
        });
    }

    private static Table Works()
    {
        var table = new Table("works");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn("title", "text").NotNull();
        // What it is found by. Null only in rows from before there were these columns, until they are rebuilt.
        table.AddColumn("folded_title", "text");
        table.AddColumn("title_words", "tsvector");
        table.AddColumn("type", "text").NotNull();
        table.AddColumn("year", "integer");
        table.AddColumn("publication_date", "date");
        table.AddColumn("venue", "text");
        table.AddColumn("doi", "text");
        table.AddColumn("arxiv_id", "text");
        table.AddColumn("abstract", "text");
        // Null where there is none, and in rows from before there were these columns.
        table.AddColumn("title_markup", "text");
        table.AddColumn("abstract_markup", "text");
        table.AddColumn("validated", "boolean").NotNull();
        table.AddColumn("retracted", "boolean").NotNull();
        table.AddColumn("people", "integer").NotNull();
        table.AddColumn("listed_on", "date").NotNull();
        // Null only in rows from before there was this column, until they are rebuilt.
        table.AddColumn("versions", "jsonb");
        table.AddColumn("position", "bigint").NotNull();
        table.Indexes.Add(new IndexDefinition("works_by_words") { Columns = ["title_words"], Method = IndexMethod.gin });
        table.Indexes.Add(new IndexDefinition("works_by_title") { Columns = ["folded_title"] });
        table.Indexes.Add(new IndexDefinition("works_newest") { Columns = ["listed_on", "id"] });
        return table;
    }

    private static Table Authors()
    {
        var table = new Table("work_authors");
        table.AddColumn<Guid>("work_id").AsPrimaryKey();
        table.AddColumn("position", "integer").AsPrimaryKey();
        // Whom the record names, and who that is: the same, unless they were merged into somebody.
        table.AddColumn<Guid>("identified");
        table.AddColumn<Guid>("researcher_id");
        table.AddColumn("name", "text").NotNull();
        // Null only in rows from before there was this column, until they are rebuilt.
        table.AddColumn("published", "bigint");
        table.Indexes.Add(new IndexDefinition("work_authors_by_identified") { Columns = ["identified"] });
        table.Indexes.Add(new IndexDefinition("work_authors_by_researcher") { Columns = ["researcher_id", "work_id"] });
        table.Indexes.Add(new IndexDefinition("work_authors_newest") { Columns = ["researcher_id", "published", "work_id"] });
        return table;
    }

    private static Table Topics()
    {
        var table = new Table("work_topics");
        table.AddColumn<Guid>("work_id").AsPrimaryKey();
        table.AddColumn("rank", "integer").AsPrimaryKey();
        table.AddColumn<Guid>("topic_id").NotNull();
        table.AddColumn("label", "text").NotNull();
        // As of the authors.
        table.AddColumn("published", "bigint");
        table.Indexes.Add(new IndexDefinition("work_topics_by_topic") { Columns = ["topic_id", "work_id"] });
        table.Indexes.Add(new IndexDefinition("work_topics_newest") { Columns = ["topic_id", "published", "work_id"] });
        return table;
    }

    private static Table Institutions()
    {
        var table = new Table("work_institutions");
        table.AddColumn<Guid>("work_id").AsPrimaryKey();
        table.AddColumn("position", "integer").AsPrimaryKey();
        table.AddColumn<Guid>("institution_id").AsPrimaryKey();
        table.AddColumn("name", "text").NotNull();
        table.Indexes.Add(new IndexDefinition("work_institutions_by_institution") { Columns = ["institution_id", "work_id"] });
        return table;
    }

    /// <summary>Every topic or institution that a work ever had, once, to find it by its name.</summary>
    private static Table Names(string name)
    {
        var table = new Table(name);
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn("name", "text").NotNull();
        table.AddColumn("folded", "text").NotNull();
        table.AddColumn("words", "tsvector").NotNull();
        table.Indexes.Add(new IndexDefinition($"{name}_by_words") { Columns = ["words"], Method = IndexMethod.gin });
        return table;
    }

    private static Table Researchers()
    {
        var table = new Table("researchers");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn("name", "text").NotNull();
        // The name in the form in which two are compared (AuthorName). Null only in rows from before there were these columns, until they are rebuilt.
        foreach (var column in new[] { "letters", "family", "given", "initial" }) table.AddColumn(column, "text");
        table.AddColumn("orcid", "text");
        table.AddColumn("open_alex", "text");
        table.AddColumn("position", "bigint").NotNull();
        table.Indexes.Add(new IndexDefinition("researchers_by_letters") { Columns = ["letters"] });
        table.Indexes.Add(new IndexDefinition("researchers_by_family") { Columns = ["family", "initial", "given"] });
        return table;
    }
}
