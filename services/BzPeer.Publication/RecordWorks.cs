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

            var resolved = record with { Work = record.Work with { Authors = [.. record.Work.Authors.Select(author => Resolve(record, author, before))] } };
            var decided = Work.Decide(before, id, resolved, now);
            var after = decided.Aggregate(before, Work.Apply)!;
            works[id] = after;
            if (!workEvents.TryGetValue(id, out var events)) workEvents[id] = events = [];
            events.AddRange(decided);
            foreach (var key in keys)
                if (workKeys.TryAdd(key, id)) newWorkKeys[key] = id;
            return new(after, before is null ? Outcome.Created : Outcome.Updated);
        }

        private PrintedAuthor Resolve(Assertion record, PrintedAuthor author, Work? before)
        {
            if (author.ResearcherId is not null) return author;
            if (AuthorIdentity.OnTheWork(before, record.Work.Authors, author) is { } same) return author with { ResearcherId = same };
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
            AuthorIdentity.Claim(session, newAuthorKeys);
            if (newWorkKeys.Count > 0)
            {
                var ordered = newWorkKeys.OrderBy(key => key.Key, StringComparer.Ordinal).ToList();
                session.QueueSqlCommand("insert into work_keys (key, work_id) select * from unnest(?, ?)",
                    ordered.Select(key => key.Key).ToArray(), ordered.Select(key => key.Value).ToArray());
            }

            var append = new Append();
            foreach (var (id, news) in identified) append.Add(id, researchers[id].Version + 1, [news]);
            foreach (var (id, events) in workEvents) append.Add(id, works[id].Version, events);
            await append.WriteAsync(session, cancellation);
        }
    }
}

/// <summary>
/// Events of many streams, appended in one statement. It writes Marten's own tables, as Marten's append function does one stream at a
/// time: an import has hundreds of streams in a transaction, and one call each is most of what it costs
/// (docs/performance/publication.md). Everything else reads and projects these events through Marten.
/// </summary>
internal sealed class Append
{
    /// <summary>
    /// A stream that has moved since it was read already has an event of that version, or a row: either is a unique violation, which
    /// ends the transaction. Streams are taken in the order of their ids, so that two batches cannot lock each other out. The
    /// notification wakes the daemon.
    /// </summary>
    private const string Statement =
        """
        with born as (
          insert into mt_streams (id, version, timestamp, created, tenant_id, is_archived)
          select id, version, now(), now(), '*DEFAULT*', false from unnest(?, ?) as s(id, version) order by id),
        grown as (
          update mt_streams set version = s.version, timestamp = now() from unnest(?, ?) as s(id, version) where mt_streams.id = s.id),
        appended as (
          insert into mt_events (seq_id, id, stream_id, version, type, mt_dotnet_type, data, headers, timestamp, tenant_id, is_archived)
          select nextval('mt_events_sequence'), e.id, e.stream, e.version, e.type, e.dotnet_type, e.data::jsonb, ?::jsonb, now(), '*DEFAULT*', false
          from unnest(?, ?, ?, ?, ?, ?) with ordinality as e(id, stream, version, type, dotnet_type, data, place) order by e.place)
        select pg_notify('mt_events_appended', '')
        """;

    private readonly List<IEvent> events = [];

    /// <summary>The position of the last event of a stream.</summary>
    public static async Task<long> LastAsync(NpgsqlDataSource database, Guid stream, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select coalesce(max(seq_id), 0) from mt_events where stream_id = $1");
        command.Parameters.Add(new() { Value = stream });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Adds the last events of a stream, after which it has so many.</summary>
    public void Add(Guid stream, long versionAfter, IReadOnlyList<object> news)
    {
        foreach (var (n, data) in news.Index())
        {
            var e = Wrap(data);
            (e.Id, e.StreamId, e.Version) = (Guid.CreateVersion7(), stream, versionAfter - news.Count + n + 1);
            events.Add(e);
        }
    }

    private static IEvent Wrap(object data) => data switch
    {
        Identified identified => new Event<Identified>(identified),
        Published published => new Event<Published>(published),
        Corrected corrected => new Event<Corrected>(corrected),
        Retracted retracted => new Event<Retracted>(retracted),
        _ => throw new ArgumentException($"{data.GetType().Name} is no event of a work or an author."),
    };

    /// <summary>Adds the events, and the rows that are written in their transaction, to the session.</summary>
    public async Task WriteAsync(IDocumentSession session, CancellationToken cancellation)
    {
        if (events.Count == 0) return;
        var options = session.DocumentStore.Options;
        var (serializer, types) = (options.Serializer(), options.Events.AllKnownEventTypes().DistinctBy(type => type.EventType).ToDictionary(type => type.EventType));
        var streams = events.GroupBy(e => e.StreamId).OrderBy(stream => stream.Key).Select(stream => (Id: stream.Key, First: stream.First().Version, Last: stream.Last().Version)).ToList();
        var (born, grown) = (streams.FindAll(stream => stream.First == 1), streams.FindAll(stream => stream.First > 1));
        session.QueueSqlCommand(
            Statement,
            born.ConvertAll(stream => stream.Id).ToArray(), born.ConvertAll(stream => stream.Last).ToArray(),
            grown.ConvertAll(stream => stream.Id).ToArray(), grown.ConvertAll(stream => stream.Last).ToArray(),
            Activity.Current?.Id is { } trace ? $$"""{"{{EventStore.TraceHeader}}":"{{trace}}"}""" : "null",
            events.ConvertAll(e => e.Id).ToArray(), events.ConvertAll(e => e.StreamId).ToArray(), events.ConvertAll(e => e.Version).ToArray(),
            events.ConvertAll(e => types[e.EventType].EventTypeName).ToArray(), events.ConvertAll(e => types[e.EventType].DotNetTypeName).ToArray(),
            events.ConvertAll(e => serializer.ToJson(e.Data)).ToArray());
        await new WorkTables().ApplyAsync(session, events, cancellation);
    }
}
