using System.Data;
using JasperFx.Events.Daemon;
using Marten;
using Marten.Events.Daemon.Coordination;
using Marten.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;
using Polly;
using IProjectionCoordinator = Marten.Events.Daemon.Coordination.IProjectionCoordinator;

namespace BzPeer.ServiceDefaults;

/// <summary>
/// Runs the daemon of a service, all of its projections and its relay, on the one instance that holds the <see cref="LeaderLock"/>.
/// Marten's own election watches its lock with a statement that sleeps for a minute, and the snapshot of that statement keeps
/// PostgreSQL from tidying anything away that was written meanwhile (docs/decisions/012-the-leader-waits-without-a-snapshot.md).
/// </summary>
internal sealed class DaemonLeader(IDocumentStore store, LeaderLock leader, TimeProvider clock, ILogger<DaemonLeader> log)
    : ProjectionCoordinatorBase(
        Distribute((DocumentStore)store, leader), log, ResiliencePipeline.Empty, clock, leadershipPollingTime: TimeSpan.FromSeconds(1),
        agentPauseTime: TimeSpan.FromSeconds(1), healthCheckPollingTime: TimeSpan.FromSeconds(5)), IProjectionCoordinator
{
    private readonly Lock gate = new();
    private IProjectionDaemon? daemon;

    private static MultiTenantedProjectionDistributor Distribute(DocumentStore store, LeaderLock leader) => new(
        () => new([(IProjectionDatabase)store.Storage.Database]),
        () => store.Options.Projections.AllShards().Select(shard => shard.Name),
        _ => leader,
        (database, shards, id) => new ProjectionSet(id, (MartenDatabase)database, shards),
        store.Options.Projections.DaemonLockId);

    /// <inheritdoc />
    public override IProjectionDaemon DaemonForMainDatabase()
    {
        lock (gate) return daemon ??= ((DocumentStore)store).BuildProjectionDaemon(logger: log);
    }

    /// <inheritdoc />
    public override ValueTask<IProjectionDaemon> DaemonForDatabase(string databaseIdentifier) => new(DaemonForMainDatabase());

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<IProjectionDaemon>> AllDaemonsAsync() => new([DaemonForMainDatabase()]);

    /// <inheritdoc />
    protected override IProjectionDaemon ResolveDaemon(IProjectionSet set) => DaemonForMainDatabase();

    /// <inheritdoc />
    protected override IReadOnlyList<IProjectionDaemon> ResolvedDaemons()
    {
        lock (gate) return daemon is null ? [] : [daemon];
    }

    /// <inheritdoc />
    protected override void ClearResolvedDaemons()
    {
        lock (gate) daemon = null;
    }
}

/// <summary>
/// An advisory lock of PostgreSQL, held by a session of its own that does nothing else: it ends, and the lock with it, when either side
/// is killed. Used by the daemon's one loop, and after that has ended.
/// </summary>
internal sealed class LeaderLock : IAdvisoryLock
{
    private readonly string connectionString;
    private readonly HashSet<int> held = [];
    private NpgsqlConnection? session;

    /// <summary>A lock in the database of <paramref name="store"/>. The session is asked every two seconds whether it is alive.</summary>
    public LeaderLock(NpgsqlConnectionStringBuilder store) =>
        connectionString = new NpgsqlConnectionStringBuilder(store.ConnectionString) { Pooling = false, KeepAlive = 2, ApplicationName = store.ApplicationName + "-leader" }.ConnectionString;

    /// <inheritdoc />
    public bool HasLock(int lockId) => session?.State == ConnectionState.Open && held.Contains(lockId);

    /// <inheritdoc />
    public async Task<bool> TryAttainLockAsync(int lockId, CancellationToken token)
    {
        if (HasLock(lockId)) return true;
        if (session?.State != ConnectionState.Open)
        {
            await DisposeAsync();
            session = new(connectionString);
            await session.OpenAsync(token);
        }

        await using var command = new NpgsqlCommand("select pg_try_advisory_lock($1)", session) { Parameters = { new() { Value = (long)lockId } } };
        return await command.ExecuteScalarAsync(token) is true && held.Add(lockId);
    }

    /// <inheritdoc />
    public async Task ReleaseLockAsync(int lockId)
    {
        if (!held.Remove(lockId) || session?.State != ConnectionState.Open) return;
        await using var command = new NpgsqlCommand("select pg_advisory_unlock($1)", session) { Parameters = { new() { Value = (long)lockId } } };
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        held.Clear();
        if (session is { } ended) await ended.DisposeAsync();
        session = null;
    }
}
