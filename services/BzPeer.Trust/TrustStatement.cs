using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Trust;

/// <summary>How far a researcher can be trusted and why; the contributions' points sum to the score.</summary>
/// <param name="AsOf">Position of the last evidence, in the trust service's events.</param>
public sealed record TrustStatement(Guid ResearcherId, int Score, string Level, int ModelVersion, long AsOf, IReadOnlyList<TrustContribution> Contributions);

/// <summary>GET /api/researchers/{id}/trust: computed from the evidence as it stands; asking twice gives the same answer.</summary>
public static class TrustStatementEndpoint
{
    internal static void MapTrustStatement(this WebApplication app) =>
        app.MapGet("/api/researchers/{id}/trust", HandleAsync).AllowAnonymous().WithName("TrustStatement").WithTags("Trust").Produces<TrustStatement>().ProducesProblem(404);

    private static async Task<IResult> HandleAsync(Guid id, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        var (record, problem) = await FindAsync(id, http, database, clock, cancellation);
        if (record is null) return problem!;
        var result = TrustModel.Evaluate(record.Evidence);
        return TypedResults.Ok(new TrustStatement(id, result.Score, result.Level, TrustModel.Version, record.Position, result.Contributions));
    }

    /// <summary>The record of a registered researcher, as new as the caller asks for, or the problem that keeps them from it.</summary>
    internal static async Task<(TrustRecord? Record, IResult? Problem)> FindAsync(
        Guid id, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        TrustRecord? record = null;
        if (await Position.WaitAsync(http, async token =>
            {
                record = (await TrustRecords.LoadAsync(database, [id], token)).GetValueOrDefault(id, TrustRecord.Unknown);
                return source => source switch { Sources.Trust => record.Position, Sources.Publication => record.BibliographyVersion, _ => 0 };
            }, clock) is { } problem) return (null, problem);

        record ??= (await TrustRecords.LoadAsync(database, [id], cancellation)).GetValueOrDefault(id, TrustRecord.Unknown);
        return record.Evidence.RegisteredFrom is null ? (null, Problems.UnknownResearcher(id)) : (record, null);
    }
}
