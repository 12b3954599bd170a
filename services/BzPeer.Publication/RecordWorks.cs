using System.Diagnostics;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>What became of one record.</summary>
internal enum Outcome
{
    Created,
    Updated,
    Unchanged,
}

/// <summary>What became of one record, and the work it is about.</summary>
internal sealed record Recorded(Work Work, Outcome Outcome);

/// <summary>
/// Takes what sources say into the record: finds the work each record is about and the researchers its authors are, decides,
/// and adds the events and the rows of new keys to the session. The caller commits; a conflict means that somebody else
/// recorded one of these works or authors at the same time.
/// </summary>
internal sealed class RecordWorks(NpgsqlDataSource database, TimeProvider clock, ILogger<RecordWorks> log)
{
    /// <summary>Adds the events of all the records to the session, and says what became of each, in their order.</summary>
    public async Task<IReadOnlyList<Recorded>> AddAsync(IDocumentSession session, IReadOnlyList<Assertion> records, CancellationToken cancellation)
    {
        var batch = await ReadAsync(session, records, cancellation);
        var recorded = records.Select(batch.Record).ToList();
        await batch.WriteAsync(session, cancellation);
        return recorded;
    }

    /// <summary>The work that a record is about, or null.</summary>
    public async Task<Work?> FindAsync(IDocumentSession session, SourceWork record, CancellationToken cancellation)
    {
        var known = await LoadWorkKeysAsync([.. record.Keys()], cancellation);
        var works = await Work.LoadAsync(session, [.. known.Values.Distinct()], cancellation);
        return record.Keys().Where(known.ContainsKey).Select(key => works.GetValueOrDefault(known[key])).FirstOrDefault();
    }

    /// <summary>Reads everything the decisions need, in four round trips however many records there are.</summary>
    private async Task<Batch> ReadAsync(IDocumentSession session, IReadOnlyList<Assertion> records, CancellationToken cancellation)
    {
        var workKeys = await LoadWorkKeysAsync([.. records.SelectMany(record => record.Keys()).Distinct()], cancellation);
        var works = await Work.LoadAsync(session, [.. workKeys.Values.Distinct()], cancellation);

        // Most records of a file that comes again are known: their authors need no look.
        var news = records.Where(record => !record.Keys().Any(key => workKeys.TryGetValue(key, out var id) && works.GetValueOrDefault(id)?.Knows(record) == true));
        var names = news.SelectMany(record => record.Work.Authors.SelectMany(author => AuthorIdentity.Keys(record.Source, author))).Distinct().ToArray();
        var authorKeys = names.Length == 0 ? [] : await AuthorIdentity.LoadKeysAsync(database, names, cancellation);
        var researchers = authorKeys.Count == 0
            ? []
            : await AuthorIdentity.LoadAsync(database, session.DocumentStore.Options.Serializer(), [.. authorKeys.Values.Distinct()], cancellation);
        return new Batch(workKeys, works, authorKeys, researchers, clock.GetUtcNow(), log);
    }

    private async Task<Dictionary<string, Guid>> LoadWorkKeysAsync(string[] keys, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select key, work_id from work_keys where key = any($1)");
        command.Parameters.Add(new() { Value = keys });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var known = new Dictionary<string, Guid>();
        while (await row.ReadAsync(cancellation)) known[row.GetString(0)] = row.GetGuid(1);
        return known;
    }

    internal static void Configure(StoreOptions store)
    {
        var keys = new Table("work_keys");
        keys.AddColumn<string>("key").AsPrimaryKey();
        keys.AddColumn<Guid>("work_id").NotNull();
        store.Storage.ExtendedSchemaObjects.Add(keys);
    }

    /// <summary>Works and researchers as they are and as they become, record by record.</summary>
    private sealed class Batch(
        Dictionary<string, Guid> workKeys, Dictionary<Guid, Work> works,
        Dictionary<string, Guid> authorKeys, Dictionary<Guid, (Identified State, long Version)> researchers, DateTimeOffset now, ILogger log)
    {
        private readonly Dictionary<string, Guid> newWorkKeys = [], newAuthorKeys = [];
        private readonly SortedDictionary<Guid, List<object>> workEvents = [];
        private readonly SortedDictionary<Guid, Identified> identified = [];

        public Recorded Record(Assertion record)
        {
            var keys = record.Keys().ToList();
            var named = keys.Where(workKeys.ContainsKey).Select(key => workKeys[key]).ToList();
            if (named.Distinct().Count() > 1)
                log.LogWarning("{Source} record {SourceId} names {Count} works; it is taken as {WorkId}. They should be merged", record.Source, record.SourceId, named.Distinct().Count(), named[0]);
            var id = named.Count > 0 ? named[0] : keys.Count > 0 ? StableId.Of(keys[0]) : Guid.CreateVersion7();
            var before = works.GetValueOrDefault(id);
            if (before?.Knows(record) == true) return new(before, Outcome.Unchanged);

            var onTheWork = AuthorIdentity.OnTheWork(before, record.Work.Authors);
            var resolved = record with { Work = record.Work with { Authors = [.. record.Work.Authors.Select(author => Resolve(record, author, onTheWork))] } };
            var decided = Work.Decide(before, id, resolved, now);
            var after = decided.Aggregate(before, Work.Apply)!;
            works[id] = after;
            if (!workEvents.TryGetValue(id, out var events)) workEvents[id] = events = [];
            events.AddRange(decided);
            foreach (var key in keys)
                if (workKeys.TryAdd(key, id)) newWorkKeys[key] = id;
            return new(after, before is null ? Outcome.Created : Outcome.Updated);
        }

        private PrintedAuthor Resolve(Assertion record, PrintedAuthor author, IReadOnlyDictionary<string, Guid> onTheWork)
        {
            if (author.ResearcherId is not null) return author;
            if (!author.Unlinked && (author.Orcid ?? author.OpenAlex) is null && onTheWork.TryGetValue(PlainText.Fold(author.Name), out var same)) return author with { ResearcherId = same };
            var keys = AuthorIdentity.Keys(record.Source, author);
            if (keys.Count == 0) return author;
            var id = AuthorIdentity.Resolve(keys, authorKeys, out var ambiguous);
            if (ambiguous)
                log.LogWarning("The keys {Keys} name two researchers; they are taken as {ResearcherId}. They should be merged", string.Join(", ", keys), id);
            var known = researchers.TryGetValue(id, out var state) ? state.State : null;
            if (!WorkSource.Introduces(record.Source)) return known is null ? author : author with { ResearcherId = id };

            // An OpenAlex id that names somebody else stays theirs.
            var theirs = ambiguous ? author with { OpenAlex = null } : author;
            if (AuthorIdentity.Decide(known, id, record.Source, theirs, record.Work.PublicationDate, now) is { } news)
            {
                researchers[id] = (news, state.Version);
                identified[id] = news;
            }

            foreach (var key in keys)
                if (authorKeys.TryAdd(key, id)) newAuthorKeys[key] = id;
            return author with { ResearcherId = id };
        }

        /// <summary>Researchers before the works that name them.</summary>
        public async Task WriteAsync(IDocumentSession session, CancellationToken cancellation)
        {
            var trace = Activity.Current?.Id;
            AuthorIdentity.Claim(session, newAuthorKeys);
            if (newWorkKeys.Count > 0)
            {
                var ordered = newWorkKeys.OrderBy(key => key.Key, StringComparer.Ordinal).ToList();
                session.QueueSqlCommand("insert into work_keys (key, work_id) select * from unnest(?, ?)",
                    ordered.Select(key => key.Key).ToArray(), ordered.Select(key => key.Value).ToArray());
            }

            var append = new Append();
            foreach (var (id, news) in identified) append.Add(id, researchers[id].Version + 1, [EventStore.Traced(news, trace)]);
            foreach (var (id, events) in workEvents) append.Add(id, works[id].Version, [.. events.Select(e => Traced(e, trace))]);
            await append.WriteAsync(session, new WorkTables(), cancellation);
        }

        private static IEvent Traced(object e, string? trace) => e switch
        {
            Published published => EventStore.Traced(published, trace),
            Corrected corrected => EventStore.Traced(corrected, trace),
            Retracted retracted => EventStore.Traced(retracted, trace),
            _ => throw new ArgumentException($"{e.GetType().Name} is no event of what a source says.", nameof(e)),
        };
    }
}
