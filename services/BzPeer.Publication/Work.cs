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
}

/// <summary>Stream event: a work entered the record. <paramref name="Stands"/> is null where it is just what the source said.</summary>
public sealed record Published(Guid WorkId, string Source, string SourceId, SourceWork Said, SourceWork? Stands, bool Validated, DateTimeOffset At) : IWorkStands
{
    /// <inheritdoc />
    [JsonIgnore]
    public SourceWork Work => Stands ?? Said;
}

/// <summary>Stream event: a source said something else of a work, or another source spoke. <paramref name="Left"/> are the researchers who were authors before.</summary>
public sealed record Corrected(
    Guid WorkId, string Source, string SourceId, SourceWork Said, SourceWork? Stands, bool Validated, IReadOnlyList<Guid> Left, DateTimeOffset At) : IWorkStands
{
    /// <inheritdoc />
    [JsonIgnore]
    public SourceWork Work => Stands ?? Said;
}

/// <summary>Stream event: a work was retracted.</summary>
public sealed record Retracted(Guid WorkId, string Title, string Reason, string NoticedBy, DateTimeOffset At);

/// <summary>Stream event: a retraction was taken back, by the notice of whoever made it or by a curator who found it wrong.</summary>
public sealed record Reinstated(Guid WorkId, SourceWork Work, bool Validated, string Reason, string NoticedBy, DateTimeOffset At) : IWorkStands;

/// <summary>
/// A work: one stream, in which every source has its own word, so that the same records leave the same work whatever order
/// they come in and however often. What stands is settled field by field, by who is believed first (<see cref="WorkSource"/>).
/// </summary>
/// <param name="Id">The work.</param>
/// <param name="Said">The last word of each source's record.</param>
/// <param name="Retracted">Whether a retraction stands. Only a curator takes one back; what said so before says nothing new by saying it again.</param>
/// <param name="Version">Events in the stream.</param>
/// <param name="Position">Sequence of the last event, 0 when it is not stored yet.</param>
public sealed record Work(Guid Id, IReadOnlyList<Assertion> Said, bool Retracted, long Version, long Position)
{
    /// <summary>What stands.</summary>
    public SourceWork Stands => Settle(Said, Retracted);

    /// <summary>Whether a source of record or a curator vouches for it.</summary>
    public bool Validated => Said.Any(said => WorkSource.Validates(said.Source));

    /// <summary>Whether it would change nothing to hear this.</summary>
    public bool Knows(Assertion assertion) =>
        Said.FirstOrDefault(said => (said.Source, said.SourceId) == (assertion.Source, assertion.SourceId))?.Work.SaysTheSameAs(assertion.Work) == true;

    /// <summary>What to record when a source says something of a work: nothing, if it said so before.</summary>
    public static IReadOnlyList<object> Decide(Work? work, Guid workId, Assertion assertion, DateTimeOffset now)
    {
        var (source, sourceId, said) = assertion;
        if (work is null) return [new Published(workId, source, sourceId, said, Stands: null, WorkSource.Validates(source), now)];
        if (work.Knows(assertion)) return [];

        var heard = work.Hear(assertion);
        var stands = Settle(heard.Said, heard.Retracted);
        var left = work.Stands.Researchers().Except(stands.Researchers()).ToList();
        var corrected = new Corrected(workId, source, sourceId, said, ReferenceEquals(stands, said) ? null : stands, heard.Validated, left, now);
        return heard.Retracted && !work.Retracted
            ? [corrected, new Retracted(workId, stands.Title, $"Listed as retracted by {source}.", source, now)]
            : [corrected];
    }

    /// <summary>What to record when a curator retracts it: nothing, if it is retracted.</summary>
    public static IReadOnlyList<object> Retract(Work work, string reason, string noticedBy, DateTimeOffset now) =>
        work.Retracted ? [] : [new Retracted(work.Id, work.Stands.Title, reason, noticedBy, now)];

    /// <summary>What to record when a curator takes a retraction back: nothing, if none stands.</summary>
    public static IReadOnlyList<object> Reinstate(Work work, string reason, string noticedBy, DateTimeOffset now) =>
        work.Retracted ? [new Reinstated(work.Id, Settle(work.Said, retracted: false), work.Validated, reason, noticedBy, now)] : [];

    /// <summary>The state after one more event; null before the first.</summary>
    public static Work? Apply(Work? work, object e) => e switch
    {
        Published published => new Work(published.WorkId, [], Retracted: false, 0, 0).Hear(new(published.Source, published.SourceId, published.Said)).Next(),
        Corrected corrected => work?.Hear(new(corrected.Source, corrected.SourceId, corrected.Said)).Next(),
        Publication.Retracted => (work! with { Retracted = true }).Next(),
        Reinstated => (work! with { Retracted = false }).Next(),
        _ => work,
    };

    private Work Next() => this with { Version = Version + 1 };

    private Work Hear(Assertion assertion) => this with
    {
        Said = [.. Said.Where(said => (said.Source, said.SourceId) != (assertion.Source, assertion.SourceId)), assertion],
        Retracted = Retracted || (assertion.Work.Retracted && !Said.Any(said => (said.Source, said.SourceId) == (assertion.Source, assertion.SourceId) && said.Work.Retracted)),
    };

    /// <summary>
    /// Each field from the first source that has it; the authors from the first that validates the work, where one does: nobody
    /// becomes the author of a validated work by listing it. The very record of a source where that is what comes out.
    /// </summary>
    private static SourceWork Settle(IReadOnlyList<Assertion> said, bool retracted)
    {
        var ranked = said.OrderBy(a => WorkSource.Precedence(a.Source)).ThenBy(a => a.SourceId, StringComparer.Ordinal).Select(a => a.Work).ToList();
        if (ranked is [var only] && only.Retracted == retracted) return only;
        var date = ranked.Select(work => work.PublicationDate).FirstOrDefault(value => value is not null);
        return new(
            ranked[0].Title, ranked[0].Type,
            date?.Year ?? ranked.Select(work => work.Year).FirstOrDefault(value => value is not null), date, First(work => work.Venue), First(work => work.Doi),
            First(work => work.ArxivId), First(work => work.OpenAlex), First(work => work.Abstract),
            ranked.Select(work => work.Topics).FirstOrDefault(topics => topics.Count > 0) ?? [],
            Authors(said), retracted);

        string? First(Func<SourceWork, string?> field) => ranked.Select(field).FirstOrDefault(value => value is not null);
    }

    private static IReadOnlyList<PrintedAuthor> Authors(IReadOnlyList<Assertion> said)
    {
        var validated = said.Any(a => WorkSource.Validates(a.Source));
        var lists = said.Where(a => a.Work.Authors.Count > 0 && WorkSource.Validates(a.Source) == validated)
            .OrderBy(a => WorkSource.PrecedenceOnPeople(a.Source)).ThenBy(a => a.SourceId, StringComparer.Ordinal).ToList();
        var isLonger = lists.Any(a => a.Work.Authors.Count > OpenAlexAuthors);
        return lists.FirstOrDefault(a => !(isLonger && a.Source == WorkSource.OpenAlex && a.Work.Authors.Count == OpenAlexAuthors))?.Work.Authors ?? [];
    }

    /// <summary>In its lists of works OpenAlex names no more authors than these; where another source names more, it named not all.</summary>
    private const int OpenAlexAuthors = 100;

    /// <summary>The works with these ids as the store has them.</summary>
    internal static async Task<Dictionary<Guid, Work>> LoadAsync(IQuerySession session, Guid[] ids, CancellationToken cancellation)
    {
        var works = new Dictionary<Guid, Work>();
        if (ids.Length == 0) return works;
        var events = await session.Events.QueryAllRawEvents().Where(e => ids.Contains(e.StreamId)).OrderBy(e => e.Sequence).ToListAsync(cancellation);
        foreach (var e in events)
        {
            if (Apply(works.GetValueOrDefault(e.StreamId), e.Data) is { } work) works[e.StreamId] = work with { Position = e.Sequence };
        }

        return works;
    }

    internal static void Configure(StoreOptions store)
    {
        store.Events.MapEventType<Published>("work_published");
        store.Events.MapEventType<Corrected>("work_corrected");
        store.Events.MapEventType<Retracted>("work_retracted");
        store.Events.MapEventType<Reinstated>("work_reinstated");
    }
}
