using System.Diagnostics.Metrics;
using JasperFx;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BzPeer.ServiceDefaults;

/// <summary>Looks at the store: a query answers.</summary>
internal sealed class StoreHealth(NpgsqlDataSource store) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var command = store.CreateCommand("select 1");
        command.CommandTimeout = 5;
        await command.ExecuteScalarAsync(cancellationToken);
        return HealthCheckResult.Healthy();
    }
}

/// <summary>
/// Looks at every projection and subscription, the relay among them: unhealthy when one is behind the last committed event
/// and has not moved for <see cref="Patience"/>. Read from the store, so it holds on whichever node the daemon runs.
/// </summary>
internal sealed class DaemonHealth : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly NpgsqlDataSource store;
    private readonly TimeProvider clock;
    private readonly Dictionary<string, (long Position, long Since)> seen = [];
    private readonly Lock gate = new();
    private Dictionary<string, long> lag = [];

    public DaemonHealth(NpgsqlDataSource store, TimeProvider clock, IMeterFactory meters)
    {
        (this.store, this.clock) = (store, clock);
        meters.Create(RelayMetrics.MeterName).CreateObservableGauge("bzpeer.daemon.lag",
            () => lag.Select(shard => new Measurement<long>(shard.Value, new KeyValuePair<string, object?>("shard", shard.Key))),
            "{event}", "Committed events a projection or the relay has yet to handle");
    }

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (last, shards) = await ReadAsync(cancellationToken);
        lag = shards.ToDictionary(shard => shard.Key, shard => Math.Max(0, last - shard.Value));
        var stuck = new List<string>();
        lock (gate)
        {
            foreach (var (shard, position) in shards)
            {
                if (position >= last || !seen.TryGetValue(shard, out var before) || before.Position != position)
                    seen[shard] = (position, clock.GetTimestamp());
                else if (clock.GetElapsedTime(before.Since) > Patience)
                    stuck.Add($"{shard} stands at {position} of {last}");
            }
        }

        var data = lag.ToDictionary(shard => shard.Key, shard => (object)shard.Value);
        return stuck.Count == 0 ? HealthCheckResult.Healthy(data: data) : HealthCheckResult.Unhealthy(string.Join("; ", stuck), data: data);
    }

    private async Task<(long Last, Dictionary<string, long> Shards)> ReadAsync(CancellationToken cancellation)
    {
        await using var command = store.CreateCommand(
            "select name, last_seq_id from mt_event_progression where name not like 'HighWater%' union all select '', coalesce(max(seq_id), 0) from mt_events");
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var shards = new Dictionary<string, long>();
        while (await rows.ReadAsync(cancellation)) shards[rows.GetString(0)] = rows.GetInt64(1);
        shards.Remove("", out var last);
        return (last, shards);
    }
}

/// <summary>
/// Starts a daemon agent again that has stopped without being asked to. The daemon itself only resumes agents it paused;
/// one that stopped would otherwise stay so until the process ends.
/// </summary>
internal sealed class DaemonWatch(Marten.Events.Daemon.Coordination.IProjectionCoordinator coordinator, TimeProvider clock, ILogger<DaemonWatch> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(5), clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var daemon = coordinator.DaemonForMainDatabase();
                foreach (var agent in daemon.CurrentAgents().Where(agent => agent.Status == AgentStatus.Stopped))
                {
                    log.LogError("{Shard} had stopped at {Position} of {HighWaterMark} and is started again", agent.Name.Identity, agent.Position, agent.HighWaterMark);
                    await daemon.StartAgentAsync(agent.Name.Identity, stoppingToken);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning(e, "The daemon's agents could not be looked at; trying again");
            }
        }
    }
}
