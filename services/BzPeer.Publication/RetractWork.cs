using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>Why a work is retracted, and where the notice stands.</summary>
public sealed record Retraction(string? Reason, string? Source);

/// <summary>POST /api/works/{id}/retraction: a curator retracts a work. It stays listed, marked, and counts for nothing. Repeating it changes nothing.</summary>
internal static class RetractWork
{
    private const int Attempts = 10;
    private const int MaxReason = 2_000;
    private const int MaxSource = 1_000;

    internal static void MapRetractWork(this WebApplication app) => app.MapPost("/api/works/{id}/retraction", HandleAsync).RequireAuthorization(Authentication.Curator)
        .WithName("RetractWork").WithTags("Publication").Produces<ListedWork>().ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);

    private static async Task<IResult> HandleAsync(
        Guid id, Retraction body, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (PlainText.Clean(body.Reason) is not { } reason || PlainText.Length(reason) > MaxReason)
            return Problems.Refused("retraction-reason", "A retraction needs a reason", $"Give the 'reason' in the notice's words, up to {MaxReason} characters.");
        if (PlainText.Clean(body.Source) is not { } source || PlainText.Length(source) > MaxSource)
            return Problems.Refused("retraction-source", "A retraction needs a source", $"Say in 'source' where the notice stands, up to {MaxSource} characters.");

        for (var attempt = 1; ; attempt++)
        {
            await using var session = store.TracedSession();
            if (!(await Work.LoadAsync(session, [id], cancellation)).TryGetValue(id, out var work)) return Works.Unknown(id);
            var decided = Work.Retract(work, reason, source, clock.GetUtcNow());
            var position = work.Position;
            try
            {
                if (decided.Count > 0)
                {
                    session.Events.Append(id, work.Version + decided.Count, decided);
                    await session.SaveChangesAsync(cancellation);
                    position = await Append.LastAsync(database, id, cancellation);
                }

                Position.Write(http, Sources.Publication, position);
                return TypedResults.Ok(await Works.FindAsync(database, id, cancellation));
            }
            catch (Exception e) when (attempt < Attempts && EventStore.IsConflict(e))
            {
                await Task.Delay(Random.Shared.Next(1, 5 * attempt), cancellation);
            }
        }
    }
}
