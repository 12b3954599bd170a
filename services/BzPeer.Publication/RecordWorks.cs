using System.Diagnostics;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>What became of one record; the first of these that is true of a part of it is true of it.</summary>
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
internal sealed class RecordWorks(NpgsqlDataSource database, Namesakes namesakes, TimeProvider clock, ILogger<RecordWorks> log)
{
    /// <summary>Authors that are recorded together. Those of a larger record become known ahead of it, in portions (<see cref="IdentifyAheadAsync"/>).</summary>
    internal const int Large = 250;

    /// <summary>Researchers who become known together ahead of their record.</summary>
    private const int Portion = 100;

    /// <summary>After a portion: 400 researchers a second, as <see cref="Bibliographies"/> tells them.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(250);

    /// <summary>All large records share one pace; and of two that name the same people, the second finds them known.</summary>
    private readonly SemaphoreSlim ahead = new(1);

    /// <summary>
    /// To be called, where records have more than <see cref="Large"/> authors, before <see cref="AddAsync"/>: commits what becomes known of these, a
    /// portion after the other. Messages go first in, first out, here and in the services that follow, and thousands at once would keep everybody
    /// else's waiting for seconds. Whoever is known by then is found by their keys when the records are added, also after an interruption.
    /// </summary>
    public async Task IdentifyAheadAsync(IDocumentStore store, IReadOnlyList<Heard> records, CancellationToken cancellation)
    {
        if (records.OfType<Assertion>().Sum(record => record.Work.Authors.Count) <= Large) return;
        await ahead.WaitAsync(cancellation);
        try
        {
            await EventStore.DecideAsync(async () =>
            {
                await using var reading = store.QuerySession();
                var batch = await ReadAsync(reading, records, [], cancellation);
                foreach (var record in records) batch.Record(record);
                foreach (var researchers in batch.Portions())
                {
                    await using var session = store.LightweightSession();
                    await batch.WriteAsync(session, researchers, cancellation);
                    await session.SaveChangesAsync(cancellation);
                    await Task.Delay(Breath, clock, cancellation);
                }

                return true;
            }, cancellation);
        }
        finally
        {
            ahead.Release();
        }
    }

    /// <summary>Adds the events of all the records, of works and of authors, to the session, and says what became of each, in their order.</summary>
    public async Task<(IReadOnlyList<Recorded> Works, IReadOnlyList<Outcome> Authors)> AddAsync(
        IDocumentSession session, IReadOnlyList<Heard> records, IReadOnlyList<AuthorRecord> authors, CancellationToken cancellation)
    {
        var batch = await ReadAsync(session, records, authors, cancellation);
        var (works, people) = (records.Select(batch.Record).ToList(), authors.Select(batch.Record).ToList());
        await batch.WriteAsync(session, cancellation);
        return (works, people);
    }

    /// <summary>The work that a record is about, or null.</summary>
    public async Task<Work?> FindAsync(IQuerySession session, Assertion record, CancellationToken cancellation) =>
        (await ReadAsync(session, [record], [], cancellation)).Find(record);

    /// <summary>Reads everything the decisions need, in a few round trips however many records there are.</summary>
    private async Task<Batch> ReadAsync(IQuerySession session, IReadOnlyList<Heard> records, IReadOnlyList<AuthorRecord> authors, CancellationToken cancellation)
    {
        var workKeys = await LoadWorkKeysAsync([.. records.SelectMany(record => record.Keys()).Distinct()], cancellation);
        var works = await Work.LoadAsync(session, [.. workKeys.Values.Distinct()], cancellation);
        var said = records.OfType<Assertion>().ToList();

        // What no id finds may be found by its title.
        var titles = await WorkTitles.LoadAsync(database, [.. said.Where(record => !Named(record).Any(work => work.IsThere)).Select(record => WorkTitles.Key(record.Work)).OfType<string>().Distinct()], cancellation);
        foreach (var (id, work) in await Work.LoadAsync(session, [.. titles.Values.Where(ids => ids.Count <= WorkTitles.MostHomonyms).SelectMany(ids => ids).Except(works.Keys).Distinct()], cancellation)) works[id] = work;

        // Most records of a file that comes again are known: their authors need no look.
        var batch = new Batch(workKeys, works, titles, new(namesakes), database, clock.GetUtcNow(), log);
        var news = said.Where(record => !Named(record).Any(work => work.Knows(record))).Select(record => (record, batch.Find(record))).ToList();
        batch.Resolution = await Resolution.LoadAsync(database, session.DocumentStore.Options.Serializer(), namesakes, news, authors, cancellation);
        return batch;

        IEnumerable<Work> Named(Assertion record) => record.Keys().Where(workKeys.ContainsKey).Select(key => Work.Survivor(works, workKeys[key]));
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
        WorkTitles.Configure(store);
    }

    /// <summary>A source that says so knows more than any co-authors tell.</summary>
    private const int SameRecord = 100;

    /// <summary>Works and researchers as they are and as they become, record by record.</summary>
    private sealed class Batch(
        Dictionary<string, Guid> workKeys, Dictionary<Guid, Work> works, Dictionary<string, HashSet<Guid>> titles,
        Resolution resolution, NpgsqlDataSource database, DateTimeOffset now, ILogger log)
    {
        private readonly Dictionary<string, Guid> newWorkKeys = [];
        private readonly HashSet<(string Key, Guid Work)> newTitles = [];
        private readonly SortedDictionary<Guid, List<object>> workEvents = [];
        private readonly SortedDictionary<Guid, Identified> identified = [];
        private readonly List<SuspectedPairs.Finding> suspected = [];

        /// <summary>Who the authors are; read once it is known which works the records are about.</summary>
        public Resolution Resolution { private get; set; } = resolution;

        public Recorded Record(Heard heard)
        {
            var one = Unite(heard, out var united);
            var recorded = heard switch
            {
                Assertion record => Record(record, one),
                Notice notice => Record(notice, one, id => NoticeRetractions.Decide(one, id, notice, now)),
                Withdrawal withdrawal => Record(withdrawal, one, _ => one is null ? [] : WithdrawRecords.Decide(one, withdrawal, $"{withdrawal.Source} deleted its record {withdrawal.SourceId}.", now)),
                _ => throw new ArgumentException($"{heard.GetType().Name} says nothing of a work.", nameof(heard)),
            };
            return united && recorded.Outcome == Outcome.Unchanged ? recorded with { Outcome = Outcome.Updated } : recorded;
        }

        /// <summary>The work that a record is about, by its ids, else by its title; null when there is none.</summary>
        public Work? Find(Assertion record) => Named(record).FirstOrDefault() is { IsThere: true } known ? known : ByTitle(record, known: null);

        /// <summary>The works that the keys name, each where it goes on, in the order of the keys.</summary>
        private List<Work> Named(Heard heard) => [.. heard.Keys().Where(workKeys.ContainsKey).Select(key => Work.Survivor(works, workKeys[key])).DistinctBy(work => work.Id)];

        /// <summary>
        /// The work that something is said of, by its keys: that of which the same record spoke before, else the first that is named. All
        /// others that the keys name are the same work and become one with it, but for those that a curator has taken apart.
        /// </summary>
        private Work? Unite(Heard heard, out bool united)
        {
            united = false;
            var named = Named(heard);
            if (named.Count < 2) return named.FirstOrDefault();
            var about = named.Find(work => work.Said.Any(said => said.Key == heard.Key)) ?? named.Find(work => work.IsThere) ?? named[0];
            List<Work> same = [about];
            foreach (var other in named)
            {
                if (other.Id == about.Id) continue;
                if (same.Exists(work => work.Testimony.IsApartFrom(other.Testimony)))
                    log.LogInformation("{Record} names {WorkId} and {Other}, which a curator has taken apart; it is taken as the first", heard.Key, about.Id, other.Id);
                else same.Add(other);
            }

            // Nobody has spoken of any of them: the notices wait for a word, and become one with the work then.
            var stands = MergeWorks.InOrder(same).First();
            if (!stands.IsThere) return stands;
            united = same.Count > 1;
            foreach (var other in MergeWorks.InOrder(same).Skip(1)) stands = Merge(stands, other, $"{heard.Key} names both.");
            return stands;
        }

        private Work Merge(Work stands, Work other, string reason)
        {
            var (onOne, onOther) = MergeWorks.Merge(stands, other, reason, now);
            Add(other.Id, [onOther]);
            return Add(stands.Id, onOne)!;
        }

        private Recorded Record(Assertion record, Work? named)
        {
            if (named?.Knows(record) == true) return new(named, Outcome.Unchanged);
            var same = named?.IsThere == true ? null : ByTitle(record, named);
            var who = Resolution.Resolve(record, same ?? named);
            var resolved = record with { At = now, Work = record.Work with { Authors = [.. record.Work.Authors.Select((author, place) => who[place] is { } one ? author with { ResearcherId = one.Id } : author)] } };
            foreach (var (place, one) in who.Index())
                if (one is { Keys.Count: > 0 } && WorkSource.Introduces(record.Source)) Identify(record.Source, record.Work.Authors[place], one, record.Work.PublicationDate);
            var id = named?.Id ?? IdOf(record);
            if (same is not null)
            {
                // It has ids of its own: by them it is a work that goes on in the other one from the beginning, and can be taken out of it.
                var own = named ?? Work.Unknown(id);
                var merged = Merge(same, own with { Testimony = own.Testimony.Hear(resolved) }, $"{record.Key} has the title, the first author and the year of it.");
                Claim(record, merged);
                return new(merged, Outcome.Updated);
            }

            var outcome = named?.IsThere == true ? Outcome.Updated : Outcome.Created;
            var after = Add(id, Work.Decide(named, id, resolved, now))!;
            Claim(record, after);
            // What waited for the work without a word of its own is now the same.
            return new(Unite(record, out _) ?? after, outcome);
        }

        private Recorded Record(Heard heard, Work? named, Func<Guid, IReadOnlyList<object>> decide)
        {
            var id = named?.Id ?? IdOf(heard);
            var decided = decide(id);
            if (decided.Count == 0) return new(named ?? Work.Unknown(id), Outcome.Unchanged);
            var after = Add(id, decided)!;
            Claim(heard, after);
            return new(after, Outcome.Updated);
        }

        private static Guid IdOf(Heard heard) => heard.Keys().FirstOrDefault() is { } key ? StableId.Of(key) : Guid.CreateVersion7();

        /// <summary>The one work that has the title, the first author and the year, where nothing else speaks against it; of several, none.</summary>
        private Work? ByTitle(Assertion record, Work? known)
        {
            if (WorkTitles.Key(record.Work) is not { } key || !titles.TryGetValue(key, out var ids) || ids.Count > WorkTitles.MostHomonyms) return null;
            var same = ids.Select(id => Work.Survivor(works, id)).DistinctBy(work => work.Id)
                .Where(work => work.IsThere && WorkTitles.IsSame(work, record) && known?.Testimony.IsApartFrom(work.Testimony) != true).Take(2).ToList();
            return same is [var one] ? one : null;
        }

        /// <summary>By these keys and this title the work is found from now on; by those of a work in it, that one.</summary>
        private void Claim(Heard heard, Work work)
        {
            var holder = work.Testimony.HolderOf(heard);
            foreach (var key in heard.Keys())
                if (workKeys.TryAdd(key, holder)) newWorkKeys[key] = holder;
            if (heard is not Assertion record || WorkTitles.Key(record.Work) is not { } title) return;
            if (!titles.TryGetValue(title, out var ids)) titles[title] = ids = [];
            ids.Add(holder);
            newTitles.Add((title, holder));
        }

        private Work? Add(Guid id, IReadOnlyList<object> decided)
        {
            if (decided.Count == 0) return works.GetValueOrDefault(id);
            if (!workEvents.TryGetValue(id, out var events)) workEvents[id] = events = [];
            events.AddRange(decided);
            return works[id] = decided.Aggregate(works.GetValueOrDefault(id), Work.Apply)!;
        }

        public Outcome Record(AuthorRecord record)
        {
            var one = Resolution.Resolve(record);
            var isKnown = Resolution.Researchers.ContainsKey(one.Id);
            var isNews = Identify(record.Source, record.Author, one, record.AsOf);
            return !isKnown ? Outcome.Created : isNews ? Outcome.Updated : Outcome.Unchanged;
        }

        /// <summary>What becomes known about a researcher; true where anything does.</summary>
        private bool Identify(string source, PrintedAuthor author, Resolved one, DateOnly? published)
        {
            // An OpenAlex id that names somebody else stays theirs.
            var theirs = author;
            if (one.Other is { } other)
            {
                theirs = author with { OpenAlex = null };
                suspected.Add(new(one.Id, other, [new("sameRecord", $"{source} names {string.Join(" and ", one.Keys)} as one author", SameRecord)]));
            }

            var (known, version) = Resolution.Researchers.GetValueOrDefault(one.Id);
            if (AuthorIdentity.Decide(known, one.Id, source, theirs, published, now) is not { } news) return false;
            Resolution.Researchers[one.Id] = (news, version);
            Resolution.Know(news, isNew: known is null);
            identified[one.Id] = news;
            return true;
        }

        /// <summary>Those of whom anything becomes known, in portions; none where they are few enough for one.</summary>
        public IEnumerable<Guid[]> Portions() => identified.Count > Portion ? identified.Keys.Chunk(Portion) : [];

        /// <summary>What becomes known of these researchers and nothing else.</summary>
        public Task WriteAsync(IDocumentSession session, Guid[] researchers, CancellationToken cancellation)
        {
            AuthorIdentity.Claim(session, Resolution.NewKeys.Where(key => researchers.Contains(key.Value)).ToDictionary());
            var append = new Append();
            Identify(append, researchers, Activity.Current?.Id);
            return append.WriteAsync(session, new WorkTables(), cancellation);
        }

        private void Identify(Append append, IEnumerable<Guid> researchers, string? trace)
        {
            foreach (var id in researchers) append.Add(id, Resolution.Researchers[id].Version + 1, [EventStore.Traced(identified[id], trace)]);
        }

        /// <summary>Researchers before the works that name them.</summary>
        public async Task WriteAsync(IDocumentSession session, CancellationToken cancellation)
        {
            var trace = Activity.Current?.Id;
            AuthorIdentity.Claim(session, Resolution.NewKeys);
            if (newWorkKeys.Count > 0)
            {
                var ordered = newWorkKeys.OrderBy(key => key.Key, StringComparer.Ordinal).ToList();
                session.QueueSqlCommand("insert into work_keys (key, work_id) select * from unnest(?, ?)",
                    ordered.Select(key => key.Key).ToArray(), ordered.Select(key => key.Value).ToArray());
            }

            WorkTitles.Write(session, newTitles);
            var append = new Append();
            Identify(append, identified.Keys, trace);
            foreach (var (id, events) in workEvents) append.Add(id, works[id].Version, [.. events.Select(e => Traced(e, trace))]);
            await SuspectedPairs.AddAsync(database, append, suspected, now, trace, cancellation);
            await append.WriteAsync(session, new WorkTables(), cancellation);
        }

        private static IEvent Traced(object e, string? trace) => e switch
        {
            Published published => EventStore.Traced(published, trace),
            Corrected corrected => EventStore.Traced(corrected, trace),
            Retracted retracted => EventStore.Traced(retracted, trace),
            Reinstated reinstated => EventStore.Traced(reinstated, trace),
            Noticed noticed => EventStore.Traced(noticed, trace),
            TookOver tookOver => EventStore.Traced(tookOver, trace),
            MergedInto merged => EventStore.Traced(merged, trace),
            Withdrawn withdrawn => EventStore.Traced(withdrawn, trace),
            Removed removed => EventStore.Traced(removed, trace),
            _ => throw new ArgumentException($"{e.GetType().Name} is no event of what a source says.", nameof(e)),
        };
    }
}
