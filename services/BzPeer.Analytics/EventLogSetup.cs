using BzPeer.ServiceDefaults;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>The log, who appends to it and who follows its end.</summary>
internal static class EventLogSetup
{
    internal static void AddEventLog(this WebApplicationBuilder builder)
    {
        var connection = EventStore.ReadConnection(builder);
        // A statement of a process that was killed does not outlive it.
        connection.Options = $"{connection.Options} -c client_connection_check_interval=2000 -c jit=off".Trim();
        connection.ApplicationName ??= "bzpeer-analytics";
        connection.MaxAutoPrepare = 50;
        var broker = MessageBus.ReadBroker(builder);
        // Made by the container, so that it ends with it, and with its sessions whatever locks they have.
        builder.Services.AddSingleton(_ => new NpgsqlDataSourceBuilder(connection.ConnectionString).Build());
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<Leadership>(services, connection));
        var partitionSize = builder.Configuration.Number("Events:PartitionSize", EventLog.PartitionSize, least: 1);
        builder.Services.AddSingleton(services => new EventLog(services.GetRequiredService<NpgsqlDataSource>(), partitionSize));
        builder.Services.AddSingleton(new KeptPast(builder.Configuration.Number("Events:KeepDays", 0), builder.Configuration.Number("Events:CompactAfterDays", 0)));
        builder.Services.AddSingleton(ReadExportFolder(builder.Configuration));
        builder.Services.AddHostedService<EventLogTables>();
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<LogAppender>(services, broker));
        builder.Services.AddHostedService(services => services.GetRequiredService<LogAppender>());
        builder.Services.AddSingleton<LogTail>();
        builder.Services.AddHostedService(services => services.GetRequiredService<LogTail>());
        builder.Services.AddSingleton<ExportFiles>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ExportFiles>());
        builder.Services.AddHostedService<Erasures>();
        builder.Services.AddHostedService<LogUpkeep>();
        builder.Services.AddHealthChecks().AddCheck<EventLogHealth>("log", tags: ["ready"]);
    }

    private static ExportFolder ReadExportFolder(IConfiguration configuration)
    {
        const string key = "Events:ExportFolder";
        var path = configuration[key] is { Length: > 0 } set ? set : Path.Combine(Path.GetTempPath(), "bzpeer-exports");
        try
        {
            return new(Directory.CreateDirectory(path).FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InvalidSetting($"The setting '{key}' is '{path}', where no files can be kept: {e.Message}");
        }
    }
}

/// <summary>Makes the tables before anything else starts.</summary>
internal sealed class EventLogTables(EventLog log, Numbers numbers) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await log.CreateAsync(cancellationToken);
        await numbers.CreateAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Unhealthy without the store; degraded while an event is missing or a message was put aside, and says which.</summary>
internal sealed class EventLogHealth(LogAppender appender, NpgsqlDataSource database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var command = database.CreateCommand("select (select count(*) from log_rejected)");
        command.CommandTimeout = 5;
        var rejected = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        string[] wrong = [.. appender.Gaps, .. rejected > 0 ? [$"{rejected} message(s) of the history are no events of BZPEER (log_rejected)"] : (string[])[]];
        return wrong.Length == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded(string.Join("; ", wrong));
    }
}
