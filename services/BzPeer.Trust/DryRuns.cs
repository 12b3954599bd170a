using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Trust;

/// <summary>Researchers who would go from one level to another, or stay.</summary>
public sealed record LevelMove(string From, string To, int Researchers);

/// <summary>A researcher whose score would move.</summary>
public sealed record Mover(Guid ResearcherId, ScoreAndLevel From, ScoreAndLevel To);

/// <summary>What a model would state of everybody, beside the one in force. Nothing is changed by it.</summary>
/// <param name="Model">The model tried.</param>
/// <param name="Against">The model in force.</param>
/// <param name="AsOf">Position of the evidence.</param>
/// <param name="Researchers">Of whom something is stated.</param>
/// <param name="Unchanged">Whose score stays.</param>
/// <param name="Rises">Whose score would rise.</param>
/// <param name="Falls">Whose score would fall.</param>
/// <param name="Levels">From which level to which, those who stay included.</param>
/// <param name="Largest">Who would move most, in order.</param>
/// <param name="Calibration">The six profiles that the first model was calibrated by.</param>
public sealed record DryRun(
    int Model, int Against, long AsOf, int Researchers, int Unchanged, int Rises, int Falls, IReadOnlyList<LevelMove> Levels, IReadOnlyList<Mover> Largest, IReadOnlyList<Calibration> Calibration);

/// <summary>POST /api/trust/models/{version}/dry-run: all evidence there is, stated by another model.</summary>
internal static class DryRuns
{
    private const int Page = 1_000;
    private const int Movers = 50;

    /// <summary>One at a time in a process: each reads all evidence.</summary>
    private static readonly SemaphoreSlim Turn = new(1);

    internal static void MapDryRuns(this WebApplication app) =>
        app.MapPost("/api/trust/models/{version}/dry-run", HandleAsync).RequireAuthorization(Authentication.Curator)
            .WithName("DryRunTrustModel").WithTags("Trust").Produces<DryRun>().ProducesProblem(403).ProducesProblem(404).ProducesProblem(503);

    private static async Task<IResult> HandleAsync(int version, NpgsqlDataSource database, TrustModels models, CancellationToken cancellation)
    {
        if (await models.FindAsync(version, cancellation) is not { } candidate) return TrustModels.Unknown(version);
        if (!await Turn.WaitAsync(0, cancellation)) return Problems.Of(503, "dry-run-under-way", "Another dry run is under way", "It reads all evidence, so one runs at a time. Repeat the request in a moment.");
        try
        {
            return TypedResults.Ok(await RunAsync(database, await models.InForceAsync(cancellation), candidate, cancellation));
        }
        finally
        {
            Turn.Release();
        }
    }

    private static async Task<DryRun> RunAsync(NpgsqlDataSource database, TrustModel inForce, TrustModel candidate, CancellationToken cancellation)
    {
        // A flow of its own, or other seeds, are computed as they would be; the same one stands in the evidence.
        var network = candidate.Flow == inForce.Flow && candidate.SeedWorks == inForce.SeedWorks ? null : await FlowNetwork.ReadAsync(database, candidate, null, cancellation);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
        var levels = new Dictionary<(string, string), int>();
        var (rises, falls, researchers, asOf) = (0, 0, 0, 0L);
        var largest = new PriorityQueue<Mover, (int Moved, Guid Researcher)>(Comparer<(int Moved, Guid Researcher)>.Create((a, b) => a.Moved != b.Moved ? a.Moved.CompareTo(b.Moved) : b.Researcher.CompareTo(a.Researcher)));
        for (var after = Guid.Empty; ;)
        {
            var page = await TrustRecords.PageAsync(connection, after, Page, cancellation);
            foreach (var (researcher, record) in page.Where(row => row.Record.Evidence.RegisteredFrom is not null))
            {
                var now = inForce.Evaluate(record.Evidence);
                var then = candidate.Evaluate(network is null ? record.Evidence : record.Evidence with { Flow = network.FlowOf(researcher, null), FlowBefore = null });
                researchers++;
                asOf = Math.Max(asOf, record.Position);
                levels[(now.Level, then.Level)] = levels.GetValueOrDefault((now.Level, then.Level)) + 1;
                if (then.Score == now.Score) continue;
                if (then.Score > now.Score) rises++;
                else falls++;
                largest.Enqueue(new(researcher, new(now.Score, now.Level), new(then.Score, then.Level)), (Math.Abs(then.Score - now.Score), researcher));
                if (largest.Count > Movers) largest.Dequeue();
            }

            if (page.Count < Page) break;
            after = page[^1].Researcher;
        }

        await snapshot.CommitAsync(cancellation);
        return new(candidate.Version, inForce.Version, asOf, researchers, researchers - rises - falls, rises, falls,
            [.. levels.OrderBy(level => level.Key.Item1, StringComparer.Ordinal).ThenBy(level => level.Key.Item2, StringComparer.Ordinal).Select(level => new LevelMove(level.Key.Item1, level.Key.Item2, level.Value))],
            [.. largest.UnorderedItems.OrderByDescending(item => item.Priority.Moved).ThenBy(item => item.Priority.Researcher).Select(item => item.Element)], Calibration.Of(candidate));
    }
}
