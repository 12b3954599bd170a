using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>Stream event: a work took over what was said of another one, which is the same.</summary>
public sealed record TookOver(
    Guid WorkId, Testimony From, string Reason, SourceWork Work, bool Validated, IReadOnlyList<WorkVersion>? Versions, IReadOnlyList<Guid> Left, DateTimeOffset At) : IWorkStands, IResearchersLeft;

/// <summary>Stream event: a work is the same as another one, and goes on there. <paramref name="Left"/> are the researchers on it.</summary>
public sealed record MergedInto(Guid WorkId, Guid Into, string Title, string Reason, IReadOnlyList<Guid> Left, DateTimeOffset At) : IResearchersLeft;

/// <summary>Stream event: a work gave back what it had taken over from another one, and what came since for that one.</summary>
public sealed record GaveBack(
    Guid WorkId, Guid To, SourceWork Work, bool Validated, IReadOnlyList<WorkVersion>? Versions, IReadOnlyList<Guid> Left, DateTimeOffset At) : IWorkStands, IResearchersLeft;

/// <summary>Stream event: a work that had been merged into another one is by itself again.</summary>
public sealed record Restored(
    Guid WorkId, Testimony Testimony, SourceWork Work, bool Validated, IReadOnlyList<WorkVersion>? Versions, DateTimeOffset At) : IWorkStands;

/// <summary>
/// Two works that turn out to be one become one: the older stream stands and takes over what was said of the other, which ends with
/// the name of where it went. What is said of either from then on is kept with the one it is said of. DELETE /api/works/{id}/merge: a
/// curator takes that back. Both are what they were before, with what came since for each; no record makes them one again.
/// </summary>
internal static class MergeWorks
{
    /// <summary>Of two works the one that stands: one that is there, then the older stream.</summary>
    public static IEnumerable<Work> InOrder(IEnumerable<Work> works) => works.OrderBy(work => work.IsThere ? 0 : 1).ThenBy(work => work.Entered).ThenBy(work => work.Id);

    /// <summary>What to record when <paramref name="other"/> is found to be <paramref name="stands"/>: on its stream, and on that of the other.</summary>
    public static (IReadOnlyList<object> OnOne, object OnOther) Merge(Work stands, Work other, string reason, DateTimeOffset now)
    {
        var after = stands with { Testimony = stands.Testimony with { Merged = [.. stands.Testimony.Merged, other.Testimony] } };
        var tookOver = new TookOver(stands.Id, other.Testimony, reason, after.Stands, after.Validated, after.Versions, stands.LeftBy(after), now);
        var ends = new MergedInto(other.Id, stands.Id, other.IsThere ? other.Stands.Title : after.Stands.Title, reason, other.IsThere ? [.. other.Stands.Researchers()] : [], now);
        return (after.Retracted && !stands.Retracted
            ? [tookOver, new Retracted(stands.Id, after.Stands.Title, "The same work is retracted under another id.", $"{other.Id}", now, $"work:{other.Id}")]
            : [tookOver], ends);
    }

    /// <summary>What to record when a curator finds that <paramref name="other"/> is not <paramref name="merged"/>, into which it was merged.</summary>
    public static (IReadOnlyList<object> OnOne, object OnOther) TakeBack(Work merged, Guid other, string reason, DateTimeOffset now)
    {
        var after = merged with { Testimony = merged.Testimony.GiveBack(other) };
        var restored = new Work(other, merged.Testimony.All().First(part => part.WorkId == other), MergedInto: null, 0, 0, 0);
        // Without a word of its own left, it goes when the other does.
        var stands = after.IsThere ? after : merged;
        var gaveBack = new GaveBack(merged.Id, other, stands.Stands, stands.Validated, stands.Versions, merged.LeftBy(after), now);
        return (after.IsThere ? [gaveBack] : [gaveBack, new Removed(merged.Id, Key: null, merged.Stands.Title, reason, [], now)],
            new Restored(other, restored.Testimony, restored.Stands, restored.Validated, restored.Versions, now));
    }

    internal static void MapMergeWorks(this WebApplication app) => app.MapDelete("/api/works/{id}/merge", TakeBackAsync).RequireAuthorization(Authentication.Curator)
        .WithName("TakeBackMerge").WithTags("Publication").Produces<ListedWork>().ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).ProducesProblem(410);

    private static async Task<IResult> TakeBackAsync(Guid id, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        return await EventStore.DecideAsync<IResult>(async () =>
        {
            await using var session = store.TracedSession();
            var works = await Work.LoadAsync(session, [id], cancellation);
            if (!works.TryGetValue(id, out var work) || (work.MergedInto is null && !work.IsThere)) return Works.Gone(id, work);
            var position = work.Position;
            if (work.MergedInto is not null)
            {
                var merged = Work.Survivor(works, id);
                if (!merged.Testimony.All().First(part => part.WorkId == id).Words().Any())
                    return Problems.Of(409, "nothing-to-restore", "Nothing to restore", $"No source speaks of {id}: there is nothing to take out of {merged.Id}.");
                var (onOne, onOther) = TakeBack(merged, id, $"Its words were those of {id}.", clock.GetUtcNow());
                session.Events.Append(merged.Id, merged.Version + onOne.Count, onOne);
                session.Events.Append(id, work.Version + 1, onOther);
                await session.SaveChangesAsync(cancellation);
                position = await Append.LastAsync(database, id, cancellation);
            }

            Position.Write(http, Sources.Publication, position);
            return TypedResults.Ok(await Works.FindAsync(database, id, cancellation));
        }, cancellation);
    }

    internal static void Configure(StoreOptions store)
    {
        store.Events.MapEventType<TookOver>("work_took_over");
        store.Events.MapEventType<MergedInto>("work_merged");
        store.Events.MapEventType<GaveBack>("work_gave_back");
        store.Events.MapEventType<Restored>("work_restored");
    }
}
