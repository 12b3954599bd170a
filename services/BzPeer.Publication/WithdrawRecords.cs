using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>A source takes down its record of a work.</summary>
/// <param name="Source">One of <see cref="WorkSource"/>.</param>
/// <param name="SourceId">Its own id of the record.</param>
/// <param name="WorkKeys">The keys by which that names a work.</param>
public sealed record Withdrawal(string Source, string SourceId, IReadOnlyList<string> WorkKeys) : Heard
{
    /// <inheritdoc />
    public override string Key => $"{Source}:{SourceId}";

    /// <inheritdoc />
    public override IEnumerable<string> Keys() => WorkKeys;
}

/// <summary>Stream event: a source took its word back; what the others say stands. <paramref name="Key"/> is that of its <see cref="Assertion"/>.</summary>
public sealed record Withdrawn(
    Guid WorkId, string Key, string Reason, SourceWork Work, bool Validated, IReadOnlyList<WorkVersion>? Versions, IReadOnlyList<Guid> Left, DateTimeOffset At) : IWorkStands, IResearchersLeft;

/// <summary>Stream event: nobody speaks of the work any more. It comes back when a source does.</summary>
public sealed record Removed(Guid WorkId, string? Key, string Title, string Reason, IReadOnlyList<Guid> Left, DateTimeOffset At) : IResearchersLeft;

/// <summary>
/// Words that are taken back: by a source that deletes its record, and by DELETE /api/works/{id}/assertions?source=&amp;sourceId=, with which a
/// curator enters that an organisation took a record down.
/// </summary>
internal static class WithdrawRecords
{
    /// <summary>What to record when the word of a record is taken back: nothing, if there is none.</summary>
    public static IReadOnlyList<object> Decide(Work work, Heard record, string reason, DateTimeOffset now)
    {
        if (work.Said.All(said => said.Key != record.Key)) return [];
        var after = work with { Testimony = work.Testimony.Without(record.Key) };
        return after.IsThere
            ? [new Withdrawn(work.Id, record.Key, reason, after.Stands, after.Validated, after.Versions, work.LeftBy(after), now)]
            : [new Removed(work.Id, record.Key, work.Stands.Title, reason, work.LeftBy(after), now)];
    }

    internal static void MapWithdrawRecords(this WebApplication app) => app.MapDelete("/api/works/{id}/assertions", WithdrawAsync).RequireAuthorization(Authentication.Curator)
        .WithName("WithdrawAssertion").WithTags("Publication").Produces(204).ProducesProblem(400).ProducesProblem(403).ProducesProblem(404).ProducesProblem(410);

    private static async Task<IResult> WithdrawAsync(
        Guid id, string? source, string? sourceId, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(source) || string.IsNullOrEmpty(sourceId))
            return Problems.Malformed("assertion", "Name the record by 'source' and 'sourceId', as GET /api/works/{id}/assertions gives them.");
        return await EventStore.DecideAsync<IResult>(async () =>
        {
            await using var session = store.TracedSession();
            var works = await Work.LoadAsync(session, [id], cancellation);
            if (!works.TryGetValue(id, out var work) || (!work.IsThere && work.MergedInto is null)) return Works.Gone(id, work);
            if (work.MergedInto is not null) return Works.Moved(http, id, Work.Survivor(works, id).Id);
            var decided = Decide(work, new Withdrawal(source, sourceId, []), $"{source} took its record {sourceId} down.", clock.GetUtcNow());
            if (decided.Count == 0) return TypedResults.NoContent();
            session.Events.Append(id, work.Version + decided.Count, decided);
            await session.SaveChangesAsync(cancellation);
            Position.Write(http, Sources.Publication, await Append.LastAsync(database, id, cancellation));
            return TypedResults.NoContent();
        }, cancellation);
    }

    internal static void Configure(StoreOptions store)
    {
        store.Events.MapEventType<Withdrawn>("work_word_withdrawn");
        store.Events.MapEventType<Removed>("work_removed");
    }
}
