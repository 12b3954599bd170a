using System.Text.Json.Serialization;
using Marten;

namespace BzPeer.Publication;

/// <summary>What the record says of a work after an event: the contracts, the tables and the graph are made of it.</summary>
public interface IWorkStands
{
    /// <summary>The work.</summary>
    Guid WorkId { get; }

    /// <summary>What stands, settled over all sources.</summary>
    SourceWork Work { get; }

    /// <summary>Whether somebody other than its authors vouches for it.</summary>
    bool Validated { get; }

    /// <summary>The versions of it; null in events from before they were told.</summary>
    IReadOnlyList<WorkVersion>? Versions { get; }
}

/// <summary>An event by which researchers may cease to be authors of a work.</summary>
public interface IResearchersLeft
{
    /// <summary>The researchers who were authors before.</summary>
    IReadOnlyList<Guid> Left { get; }
}

/// <summary>Stream event: a work entered the record. <paramref name="Stands"/> is null where it is just what the source said.</summary>
public sealed record Published(Guid WorkId, string Source, string SourceId, SourceWork Said, SourceWork? Stands, bool Validated, DateTimeOffset At) : IWorkStands
{
    /// <inheritdoc />
    [JsonIgnore]
    public SourceWork Work => Stands ?? Said;

    /// <summary>The one that the source describes.</summary>
    [JsonIgnore]
    public IReadOnlyList<WorkVersion> Versions => WorkVersion.Of([new(Source, SourceId, Said)]);
}

/// <summary>Stream event: a source said something else of a work, or another source spoke. <paramref name="Left"/> are the researchers who were authors before.</summary>
public sealed record Corrected(
    Guid WorkId, string Source, string SourceId, SourceWork Said, SourceWork? Stands, bool Validated, IReadOnlyList<Guid> Left, DateTimeOffset At,
    IReadOnlyList<WorkVersion>? Versions = null) : IWorkStands, IResearchersLeft
{
    /// <inheritdoc />
    [JsonIgnore]
    public SourceWork Work => Stands ?? Said;
}

/// <summary>Stream event: a work was retracted, by a curator where <paramref name="Notice"/> is null, else because that record or notice says so.</summary>
public sealed record Retracted(Guid WorkId, string Title, string Reason, string NoticedBy, DateTimeOffset At, string? Notice = null);

/// <summary>Stream event: a retraction was taken back, by a curator who found it wrong where <paramref name="Notice"/> is null, else by that notice.</summary>
public sealed record Reinstated(
    Guid WorkId, SourceWork Work, bool Validated, string Reason, string NoticedBy, DateTimeOffset At, IReadOnlyList<WorkVersion>? Versions = null, string? Notice = null) : IWorkStands;

/// <summary>
/// A work: one stream, in which every source has its own word, so that the same records leave the same work whatever order
/// they come in and however often. What stands is settled field by field, by who is believed first (<see cref="WorkSource"/>).
/// </summary>
/// <param name="Id">The work.</param>
/// <param name="Testimony">All that has been said of it.</param>
/// <param name="MergedInto">The work it went into, or null.</param>
/// <param name="Entered">Sequence of the event with which it entered the record: 0 when it never did, <see cref="long.MaxValue"/> when that is not stored yet.</param>
/// <param name="Version">Events in the stream.</param>
/// <param name="Position">Sequence of the last event, 0 when it is not stored yet.</param>
public sealed record Work(Guid Id, Testimony Testimony, Guid? MergedInto, long Entered, long Version, long Position)
{
    /// <summary>The last word of each source's record.</summary>
    public IReadOnlyList<Assertion> Said => Testimony.Words();

    /// <summary>Whether it can be read: somebody speaks of it, and under this id.</summary>
    public bool IsThere => MergedInto is null && Said.Count > 0;

    /// <summary>Whether a retraction stands.</summary>
    public bool Retracted => Testimony.Retracted();

    /// <summary>What stands.</summary>
    public SourceWork Stands => Settle(Said, Retracted);

    /// <summary>Its versions, the published one first.</summary>
    public IReadOnlyList<WorkVersion> Versions => WorkVersion.Of(Ranked(Said));

    /// <summary>Whether a source of record or a curator vouches for it.</summary>
    public bool Validated => Testimony.Validated();

    /// <summary>A work of which nothing is known yet.</summary>
    public static Work Unknown(Guid id) => new(id, Testimony.None(id), MergedInto: null, 0, 0, 0);

    /// <summary>Whether it would change nothing to hear this.</summary>
    public bool Knows(Assertion assertion) => Said.Any(said => said.Key == assertion.Key && said.Work.SaysTheSameAs(assertion.Work));

    /// <summary>The researchers who are no authors any more when it becomes <paramref name="after"/>.</summary>
    public IReadOnlyList<Guid> LeftBy(Work after) => [.. Stands.Researchers().Except(after.IsThere ? after.Stands.Researchers() : [])];

    /// <summary>What to record when a source says something of a work: nothing, if it said so before.</summary>
    public static IReadOnlyList<object> Decide(Work? work, Guid workId, Assertion assertion, DateTimeOffset now)
    {
        var before = work ?? Unknown(workId);
        if (before.Knows(assertion)) return [];
        var (source, sourceId, said) = assertion;
        var after = before with { Testimony = before.Testimony.Hear(assertion) };
        var stands = after.Stands;
        var news = ReferenceEquals(stands, said) ? null : stands;
        if (!before.IsThere) return [new Published(workId, source, sourceId, said, news, after.Validated, now)];
        var corrected = new Corrected(workId, source, sourceId, said, news, after.Validated, before.LeftBy(after), now, after.Versions);
        return after.Retracted && !before.Retracted
            ? [corrected, new Retracted(workId, stands.Title, $"Listed as retracted by {source}.", source, now, assertion.Key)]
            : [corrected];
    }

    /// <summary>What to record when a curator retracts it: nothing, if it is retracted.</summary>
    public static IReadOnlyList<object> Retract(Work work, string reason, string noticedBy, DateTimeOffset now) =>
        work.Retracted ? [] : [new Retracted(work.Id, work.Stands.Title, reason, noticedBy, now)];

    /// <summary>What to record when a curator takes a retraction back: nothing, if none stands.</summary>
    public static IReadOnlyList<object> Reinstate(Work work, string reason, string noticedBy, DateTimeOffset now) =>
        work.Retracted ? [new Reinstated(work.Id, Settle(work.Said, retracted: false), work.Validated, reason, noticedBy, now, work.Versions)] : [];

    /// <summary>The state after one more event; null before the first.</summary>
    public static Work? Apply(Work? work, object e) => e switch
    {
        Published published => (work ?? Unknown(published.WorkId)).Enter().Next(all => all.Hear(new Assertion(published.Source, published.SourceId, published.Said) { At = published.At })),
        Corrected corrected => work?.Next(all => all.Hear(new Assertion(corrected.Source, corrected.SourceId, corrected.Said) { At = corrected.At })),
        Publication.Retracted retracted => work!.Next(all => retracted.Notice is null ? all with { RetractedByCurator = true, Retraction = new(retracted.Reason, retracted.NoticedBy, retracted.At) } : all),
        Reinstated reinstated => work!.Next(all => reinstated.Notice is null ? all.Overrule() : all),
        Noticed noticed => (work ?? Unknown(noticed.WorkId)).Next(all => all.Hear(noticed.Notice)),
        TookOver took => work!.Next(all => all with { Merged = [.. all.Merged, took.From] }),
        Publication.MergedInto merged => (work ?? Unknown(merged.WorkId)).Next(all => Testimony.None(all.WorkId)) with { MergedInto = merged.Into },
        GaveBack gave => work!.Next(all => all.GiveBack(gave.To)),
        Restored restored => work!.Enter().Next(_ => restored.Testimony) with { MergedInto = null },
        Withdrawn withdrawn => work!.Next(all => all.Without(withdrawn.Key)),
        Removed removed => work!.Next(all => removed.Key is null ? all : all.Without(removed.Key)),
        _ => work,
    };

    private Work Enter() => this with { Entered = Entered == 0 ? long.MaxValue : Entered };

    private Work Next(Func<Testimony, Testimony> change) => this with { Testimony = change(Testimony), Version = Version + 1 };

    /// <summary>
    /// The words in the order in which they are believed: those of who validates the work before those of who does not, the published version before the
    /// preprint, then by source. A curator comes before all.
    /// </summary>
    internal static IReadOnlyList<Assertion> Ranked(IReadOnlyList<Assertion> said) => said.Count == 1 ? said :
        [.. said.OrderBy(a => a.Source == WorkSource.Curator ? 0 : WorkSource.Validates(a.Source) ? 1 : 2).ThenBy(a => a.Work.IsPreprint ? 1 : 0)
            .ThenBy(a => WorkSource.Precedence(a.Source)).ThenBy(a => a.SourceId, StringComparer.Ordinal)];

    /// <summary>
    /// Each field from the first word that has it, the date only where it is of the year that stands; the authors from the first that
    /// validates the work, where one does: nobody becomes the author of a validated work by listing it. The very record of a source
    /// where that is what comes out.
    /// </summary>
    private static SourceWork Settle(IReadOnlyList<Assertion> said, bool retracted)
    {
        var ranked = Ranked(said).Select(a => a.Work).ToList();
        if (ranked is [var only] && only.Retracted == retracted) return only;
        var year = Years(said)?.Work.Year;
        var summary = ranked.Find(work => work.Abstract is not null);
        return new(
            ranked[0].Title, ranked[0].Type, year, Dates(said)?.Work.PublicationDate, First(work => work.Venue), First(work => work.Doi),
            First(work => work.ArxivId), First(work => work.OpenAlex), summary?.Abstract,
            ranked.Select(work => work.Topics).FirstOrDefault(topics => topics.Count > 0) ?? [],
            Authors(said)?.Work.Authors ?? [], retracted, ranked[0].TitleMarkup, summary?.AbstractMarkup);

        string? First(Func<SourceWork, string?> field) => ranked.Select(field).FirstOrDefault(value => value is not null);
    }

    /// <summary>Whose year stands.</summary>
    internal static Assertion? Years(IReadOnlyList<Assertion> said) => Ranked(said).FirstOrDefault(a => a.Work.Year is not null);

    /// <summary>Whose date stands: that of a preprint says nothing about the day on which the article of another year came out.</summary>
    internal static Assertion? Dates(IReadOnlyList<Assertion> said)
    {
        var year = Years(said)?.Work.Year;
        return Ranked(said).FirstOrDefault(a => a.Work.PublicationDate is not null && a.Work.Year == year);
    }

    /// <summary>Whose authors stand.</summary>
    internal static Assertion? Authors(IReadOnlyList<Assertion> said)
    {
        var validated = said.Any(a => WorkSource.Validates(a.Source));
        var lists = said.Where(a => a.Work.Authors.Count > 0 && WorkSource.Validates(a.Source) == validated)
            .OrderBy(a => WorkSource.PrecedenceOnPeople(a.Source)).ThenBy(a => a.SourceId, StringComparer.Ordinal).ToList();
        var isLonger = lists.Any(a => a.Work.Authors.Count > OpenAlexAuthors);
        return lists.FirstOrDefault(a => !(isLonger && a.Source == WorkSource.OpenAlex && a.Work.Authors.Count == OpenAlexAuthors));
    }

    /// <summary>In its lists of works OpenAlex names no more authors than these; where another source names more, it named not all.</summary>
    private const int OpenAlexAuthors = 100;

    /// <summary>Where a work goes on: itself, or the last of those it was merged into. All of them were loaded with it.</summary>
    internal static Work Survivor(IReadOnlyDictionary<Guid, Work> works, Guid id)
    {
        var work = works[id];
        while (work.MergedInto is { } into) work = works[into];
        return work;
    }

    /// <summary>The works with these ids as the store has them, and those they were merged into.</summary>
    internal static async Task<Dictionary<Guid, Work>> LoadAsync(IQuerySession session, Guid[] ids, CancellationToken cancellation)
    {
        var works = new Dictionary<Guid, Work>();
        for (var missing = ids; missing.Length > 0;)
        {
            var events = await session.Events.QueryAllRawEvents().Where(e => missing.Contains(e.StreamId)).OrderBy(e => e.Sequence).ToListAsync(cancellation);
            foreach (var e in events)
            {
                if (Apply(works.GetValueOrDefault(e.StreamId), e.Data) is not { } work) continue;
                works[e.StreamId] = work with { Position = e.Sequence, Entered = work.Entered == long.MaxValue ? e.Sequence : work.Entered };
            }

            missing = [.. works.Values.Select(work => work.MergedInto).OfType<Guid>().Where(into => !works.ContainsKey(into)).Distinct()];
        }

        // A merge that was taken back between two reads: where a work went, it is not any more.
        return works.Values.All(work => work.MergedInto is null || Survivor(works, work.Id).Testimony.All().Any(part => part.WorkId == work.Id))
            ? works
            : await LoadAsync(session, ids, cancellation);
    }

    internal static void Configure(StoreOptions store)
    {
        store.Events.MapEventType<Published>("work_published");
        store.Events.MapEventType<Corrected>("work_corrected");
        store.Events.MapEventType<Retracted>("work_retracted");
        store.Events.MapEventType<Reinstated>("work_reinstated");
    }
}
