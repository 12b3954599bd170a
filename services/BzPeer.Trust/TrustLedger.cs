using System.Globalization;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Marten.Events;
using Marten.Linq;
using Npgsql;

namespace BzPeer.Trust;

/// <summary>A score and its level at one time.</summary>
public sealed record ScoreAndLevel(int Score, string Level);

/// <summary>One change of a researcher's score and what led to it.</summary>
/// <param name="Restated">Whether it fell because evidence was taken back or the model is another, not by what anybody chose to do.</param>
public sealed record TrustChange(DateTimeOffset At, ScoreAndLevel From, ScoreAndLevel To, int ModelVersion, Cause Cause, bool Restated);

/// <summary>Evidence as it arrived.</summary>
/// <param name="Position">In the trust service's events: what <c>asOf</c> takes.</param>
/// <param name="At">When it was taken in.</param>
/// <param name="Factors">The factors whose evidence it moved.</param>
/// <param name="Causes">The events that brought it.</param>
public sealed record EvidenceEntry(long Position, DateTimeOffset At, IReadOnlyList<string> Factors, IReadOnlyList<Cause> Causes);

/// <summary>
/// GET /api/researchers/{id}/trust/changes: every change of the score with its cause; and .../trust/evidence: everything that was taken in, of one
/// factor or all. Newest first, read from the events themselves.
/// </summary>
public static class TrustLedger
{
    private static readonly string[] Known = [Factors.Record, Factors.Works, Factors.Identity, Factors.Topics, Factors.Collaborators, Factors.Followers];

    internal static void MapTrustLedger(this WebApplication app)
    {
        app.MapGet("/api/researchers/{id}/trust/changes", ChangesAsync).AllowAnonymous().WithName("TrustChanges").WithTags("Trust").Produces<Page<TrustChange>>().ProducesProblem(404);
        app.MapGet("/api/researchers/{id}/trust/evidence", EvidenceAsync).AllowAnonymous().WithName("TrustEvidence").WithTags("Trust").Produces<Page<EvidenceEntry>>().ProducesProblem(404);
    }

    private static Task<IResult> ChangesAsync(
        Guid id, int? limit, string? cursor, HttpContext http, IQuerySession session, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation) =>
        ListAsync<Recalculated, TrustChange>(id, limit, cursor, http, session, database, clock, Change, _ => true, cancellation);

    private static async Task<IResult> EvidenceAsync(
        Guid id, string? factor, int? limit, string? cursor, HttpContext http, IQuerySession session, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (factor is not null && !Known.Contains(factor)) return Problems.Malformed("factor", $"'{factor}' is no factor; there are {string.Join(", ", Known)}.");
        return await ListAsync<EvidenceReceived, EvidenceEntry>(id, limit, cursor, http, session, database, clock, Entry, received => factor is null || received.Factors?.Contains(factor) == true, cancellation);
    }

    private static async Task<IResult> ListAsync<TEvent, TItem>(
        Guid id, int? limit, string? cursor, HttpContext http, IQuerySession session, NpgsqlDataSource database, TimeProvider clock,
        Func<IEvent, TEvent, bool, TItem> read, Func<TEvent, bool> wanted, CancellationToken cancellation)
        where TEvent : notnull
    {
        if (!Paging.TryDecodeNumber(http, cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        if (await TrustStatementEndpoint.FindAsync(id, http, database, clock, cancellation) is { Problem: { } problem }) return problem;
        var (size, followers) = (Paging.Clamp(limit), TrustStatementEndpoint.SeesFollowers(http, id));
        var found = new List<IEvent>();
        for (var last = false; found.Count <= size && !last;)
        {
            var floor = before;
            var events = await session.Events.QueryAllRawEvents()
                .Where(e => e.StreamId == id && e.Version < floor && e.EventTypesAre(typeof(TEvent)))
                .OrderByDescending(e => e.Version).Take(size + 1).ToListAsync(cancellation);
            found.AddRange(events.Where(e => wanted((TEvent)e.Data)));
            last = events.Count <= size;
            if (!last) before = events[^1].Version;
        }

        var page = http.PageOf(found.GetRange(0, Math.Min(found.Count, size + 1)), size, e => e.Version.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<TItem>([.. page.Items.Select(e => read(e, (TEvent)e.Data, followers))], page.Next));
    }

    private static TrustChange Change(IEvent at, Recalculated e, bool followers) => new(
        e.At, new(e.PreviousScore, e.PreviousLevel), new(e.Score, e.Level), e.ModelVersion, Shown(e.Cause, followers), e.Score < e.PreviousScore && !RecalculateTrust.IsByFollowing(e.Cause));

    private static EvidenceEntry Entry(IEvent at, EvidenceReceived e, bool followers) => new(
        at.Sequence, e.At == default ? at.Timestamp : e.At, e.Factors ?? [], [.. (e.Causes ?? [e.Cause]).Select(cause => Shown(cause, followers))]);

    private static Cause Shown(Cause cause, bool followers) => followers ? cause : cause with { FollowerId = null };
}
