using Marten;

namespace BzPeer.Publication;

/// <summary>What somebody published about a work: that it is retracted, or that a retraction no longer stands.</summary>
/// <param name="Source">Who published the notice, or keeps a list of such notices.</param>
/// <param name="SourceId">Its own id of the notice.</param>
/// <param name="Doi">The work that it is about.</param>
/// <param name="Reinstates">Whether it takes a retraction back.</param>
/// <param name="On">The day of the notice; the first of all days where it has none.</param>
/// <param name="Reason">Why, in the notice's words.</param>
public sealed record Notice(string Source, string SourceId, string Doi, bool Reinstates, DateOnly On, string Reason) : Heard
{
    /// <inheritdoc />
    public override string Key => $"{Source}:{SourceId}";

    /// <inheritdoc />
    public override IEnumerable<string> Keys() => Identifiers.ArxivOfDoi(Doi) is { } arxiv ? [$"doi:{Doi}", $"arxiv:{arxiv}"] : [$"doi:{Doi}"];
}

/// <summary>
/// Stream event: a notice about a work was read. It may be the first event of a stream: then it waits for the work, and is applied when a
/// source speaks of it, so that it does not matter which of the two comes first.
/// </summary>
public sealed record Noticed(Guid WorkId, Notice Notice, DateTimeOffset At);

/// <summary>Retractions and reinstatements by the notices of others, in whatever order they and the works come.</summary>
internal static class NoticeRetractions
{
    /// <summary>What to record when a notice about a work is read: nothing, if it said so before; besides, what it changes of the work, if that is there.</summary>
    public static IReadOnlyList<object> Decide(Work? work, Guid workId, Notice notice, DateTimeOffset now)
    {
        var before = work ?? Work.Unknown(workId);
        if (before.Testimony.All().Any(part => part.Notices.Contains(notice))) return [];
        var noticed = new Noticed(workId, notice, now);
        if (!before.IsThere) return [noticed];
        var after = before with { Testimony = before.Testimony.Hear(notice) };
        return (before.Retracted, after.Retracted) switch
        {
            (false, true) => [noticed, new Retracted(workId, after.Stands.Title, notice.Reason, notice.Source, now, notice.Key)],
            (true, false) => [noticed, new Reinstated(workId, after.Stands, after.Validated, notice.Reason, notice.Source, now, after.Versions, notice.Key)],
            _ => [noticed],
        };
    }

    internal static void Configure(StoreOptions store) => store.Events.MapEventType<Noticed>("work_noticed");
}
