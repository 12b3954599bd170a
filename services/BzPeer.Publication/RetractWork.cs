using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>Why a work is retracted or a retraction taken back, and where the notice stands.</summary>
public sealed record Retraction(string? Reason, string? Source);

/// <summary>
/// POST /api/works/{id}/retraction: a curator retracts a work. It stays listed, marked, and counts for nothing. POST
/// /api/works/{id}/reinstatement takes that back: it counts again. Repeating either changes nothing.
/// </summary>
internal static class RetractWork
{
    private const int MaxReason = 2_000;
    private const int MaxSource = 1_000;

    private delegate IReadOnlyList<object> Decision(Work work, string reason, string noticedBy, DateTimeOffset now);

    internal static void MapRetractWork(this WebApplication app)
    {
        Map("retraction", "RetractWork", Work.Retract);
        Map("reinstatement", "ReinstateWork", Work.Reinstate);

        void Map(string what, string name, Decision decide) => app
            .MapPost($"/api/works/{{id}}/{what}", (Guid id, Retraction body, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation) =>
                HandleAsync(what, decide, id, body, http, store, database, clock, cancellation))
            .RequireAuthorization(Authentication.Curator)
            .WithName(name).WithTags("Publication").Produces<ListedWork>().Produces(308).ProducesProblem(403).ProducesProblem(404).ProducesProblem(410).ProducesProblem(422);
    }

    private static async Task<IResult> HandleAsync(
        string what, Decision decide, Guid id, Retraction body, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (PlainText.Clean(body.Reason) is not { } reason || PlainText.Length(reason) > MaxReason)
            return Problems.Refused($"{what}-reason", $"A {what} needs a reason", $"Give the 'reason' in the notice's words, up to {MaxReason} characters.");
        if (PlainText.Clean(body.Source) is not { } source || PlainText.Length(source) > MaxSource)
            return Problems.Refused($"{what}-source", $"A {what} needs a source", $"Say in 'source' where the notice stands, up to {MaxSource} characters.");

        return await EventStore.DecideAsync<IResult>(async () =>
        {
            await using var session = store.TracedSession();
            var works = await Work.LoadAsync(session, [id], cancellation);
            if (works.TryGetValue(id, out var work) && work.MergedInto is not null) return Works.Moved(http, id, Work.Survivor(works, id).Id);
            if (work?.IsThere != true) return Works.Gone(id, work);
            var decided = decide(work, reason, source, clock.GetUtcNow());
            var position = work.Position;
            if (decided.Count > 0)
            {
                session.Events.Append(id, work.Version + decided.Count, decided);
                await session.SaveChangesAsync(cancellation);
                position = await Append.LastAsync(database, id, cancellation);
            }

            Position.Write(http, Sources.Publication, position);
            return TypedResults.Ok(await Works.FindAsync(database, id, cancellation));
        }, cancellation);
    }
}
