using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Trust;

/// <summary>A full computation of the trust flow, as a curator asked for it.</summary>
/// <param name="Id">Names it.</param>
/// <param name="State"><c>waiting</c>, <c>running</c> or <c>completed</c>.</param>
/// <param name="Phase">What it is at: <c>reading</c>, <c>computing</c> or <c>writing</c>; null before and after.</param>
/// <param name="Done">How far that is: follows read, or a share between 0 and 1.</param>
/// <param name="RequestedAt">When it was asked for.</param>
/// <param name="FinishedAt">When it was done.</param>
/// <param name="Researchers">Who follow or are followed.</param>
/// <param name="Edges">Follows that count.</param>
/// <param name="Seeds">Where trust starts.</param>
/// <param name="Changed">Researchers whose effective followers were others than what had been computed change by change: 0 unless something was mended.</param>
public sealed record FlowRun(Guid Id, string State, string? Phase, double? Done, DateTimeOffset RequestedAt, DateTimeOffset? FinishedAt, int? Researchers, long? Edges, int? Seeds, int? Changed);

/// <summary>
/// POST /api/trust/flow: computes the whole flow of trust anew, from a snapshot, as a job with progress. What changes is taken in as it comes, exactly;
/// a full computation proves it.
/// </summary>
internal static class FlowRuns
{
    internal static void MapFlowRuns(this WebApplication app)
    {
        app.MapPost("/api/trust/flow", StartAsync).RequireAuthorization(Authentication.Curator).WithName("ComputeTrustFlow").WithTags("Trust").Produces<FlowRun>(202).ProducesProblem(403);
        app.MapGet("/api/trust/flow/{id}", ReadAsync).AllowAnonymous().WaitsForPosition(Sources.Trust).WithName("TrustFlowRun").WithTags("Trust").Produces<FlowRun>().ProducesProblem(404);
    }

    private static async Task<IResult> StartAsync(NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        var id = Guid.CreateVersion7();
        await using var command = database.CreateCommand($"with asked as (insert into trust_flow_runs (id, requested_at) values ($1, $2) returning 1) select pg_notify('{FlowWorker.Channel}', '') from asked");
        foreach (var value in (object[])[id, clock.Now()]) command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(cancellation);
        return TypedResults.Accepted($"/api/trust/flow/{id}", await FindAsync(database, id, cancellation));
    }

    private static async Task<IResult> ReadAsync(Guid id, NpgsqlDataSource database, CancellationToken cancellation) =>
        await FindAsync(database, id, cancellation) is { } run ? TypedResults.Ok(run) : Problems.Of(404, "unknown-flow-run", "Unknown run", $"No computation of the trust flow has the id {id}.");

    private static async Task<FlowRun?> FindAsync(NpgsqlDataSource database, Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select phase, done, requested_at, finished_at, researchers, edges, seeds, changed from trust_flow_runs where id = $1");
        command.Parameters.Add(new() { Value = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation)) return null;
        var (phase, finished) = (Optional<string>(0), Value<DateTimeOffset>(3));
        return new(id, finished is not null ? "completed" : phase is not null ? "running" : "waiting", phase, Value<double>(1), row.GetFieldValue<DateTimeOffset>(2), finished, Value<int>(4), Value<long>(5), Value<int>(6), Value<int>(7));

        T? Value<T>(int column)
            where T : struct => row.IsDBNull(column) ? null : row.GetFieldValue<T>(column);
        T? Optional<T>(int column)
            where T : class => row.IsDBNull(column) ? null : row.GetFieldValue<T>(column);
    }

    /// <summary>The oldest that is not done, also one that a killed instance had begun; null when there is none.</summary>
    internal static async Task<Guid?> NextAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select id from trust_flow_runs where finished_at is null order by id limit 1");
        return (Guid?)await command.ExecuteScalarAsync(cancellation);
    }

    internal static void Configure(StoreOptions store)
    {
        // What was asked for, and how far it is: no read model, and untouched by a rebuild.
        var table = new Table("trust_flow_runs");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn<DateTimeOffset>("requested_at").NotNull();
        table.AddColumn<DateTimeOffset>("finished_at");
        table.AddColumn("phase", "text");
        table.AddColumn("done", "double precision");
        table.AddColumn("researchers", "integer");
        table.AddColumn("edges", "bigint");
        table.AddColumn("seeds", "integer");
        table.AddColumn("changed", "integer");
        table.Indexes.Add(new IndexDefinition("trust_flow_runs_open") { Columns = ["id"], Predicate = "finished_at is null" });
        store.Storage.ExtendedSchemaObjects.Add(table);
    }

    /// <summary>How far a run is, for who asked for it.</summary>
    internal sealed class Progress(NpgsqlDataSource database, Guid run)
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

        private readonly Lock gate = new();
        private (string? Phase, DateTimeOffset At) told;

        /// <summary>Tells it: a new phase at once, how far it is a few times a second at most.</summary>
        public void Report(string phase, double done)
        {
            lock (gate)
            {
                if (told.Phase == phase && TimeProvider.System.GetUtcNow() - told.At < Pause) return;
                told = (phase, TimeProvider.System.GetUtcNow());
                using var command = database.CreateCommand("update trust_flow_runs set phase = $2, done = $3 where id = $1 and finished_at is null");
                foreach (var value in (object[])[run, phase, done]) command.Parameters.Add(new() { Value = value });
                command.ExecuteNonQuery();
            }
        }

        /// <summary>Tells that it is done.</summary>
        public async Task FinishAsync(FlowComputed computed, CancellationToken cancellation)
        {
            await using var command = database.CreateCommand("update trust_flow_runs set phase = null, done = null, finished_at = $2, researchers = $3, edges = $4, seeds = $5, changed = $6 where id = $1");
            foreach (var value in (object[])[run, computed.At, computed.Researchers, computed.Edges, computed.Seeds, computed.Changed]) command.Parameters.Add(new() { Value = value });
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }
}
