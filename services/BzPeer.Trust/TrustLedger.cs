using System.Globalization;
using BzPeer.Contracts;
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
public sealed record TrustChange(DateTimeOffset At, ScoreAndLevel From, ScoreAndLevel To, int ModelVersion, TrustCause Cause);

/// <summary>GET /api/researchers/{id}/trust/changes: every change of the score with its cause, newest first, read from the events themselves.</summary>
public static class TrustLedger
{
    internal static void MapTrustLedger(this WebApplication app) =>
        app.MapGet("/api/researchers/{id}/trust/changes", HandleAsync).AllowAnonymous().WithName("TrustChanges").WithTags("Trust").Produces<Page<TrustChange>>().ProducesProblem(404);

    private static async Task<IResult> HandleAsync(
        Guid id, int? limit, string? cursor, HttpContext http, IQuerySession session, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (!Paging.TryDecodeNumber(cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        if (await TrustStatementEndpoint.FindAsync(id, http, database, clock, cancellation) is { Problem: { } problem }) return problem;
        var size = Paging.Clamp(limit);
        var events = await session.Events.QueryAllRawEvents()
            .Where(e => e.StreamId == id && e.Version < before && e.EventTypesAre(typeof(Recalculated)))
            .OrderByDescending(e => e.Version).Take(size + 1).ToListAsync(cancellation);
        var page = http.PageOf([.. events], size, e => e.Version.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<TrustChange>([.. page.Items.Select(e => Entry((Recalculated)e.Data))], page.Next));
    }

    private static TrustChange Entry(Recalculated e) => new(e.At, new(e.PreviousScore, e.PreviousLevel), new(e.Score, e.Level), e.ModelVersion, e.Cause);
}
