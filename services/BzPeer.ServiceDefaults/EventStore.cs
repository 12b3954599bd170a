using System.Diagnostics;
using BzPeer.Contracts;
using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Services;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Weasel.Core;
using IProjectionCoordinator = Marten.Events.Daemon.Coordination.IProjectionCoordinator;

namespace BzPeer.ServiceDefaults;

/// <summary>Each service's own event store: Marten on a PostgreSQL database that nobody else reads.</summary>
public static class EventStore
{
    private const int Attempts = 20;

    /// <summary>Header of an event that names the trace it was made in (W3C Trace Context).</summary>
    public const string TraceHeader = "traceparent";

    /// <summary>
    /// Adds the store of <paramref name="source"/>, its daemon and the relay that publishes its events, and what it knows of merged researchers.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="source">One of <see cref="Sources"/>: names the position of its events.</param>
    /// <param name="publications">Which stream events become which integration events.</param>
    /// <param name="configure">Event types, tables and projections of the service.</param>
    /// <param name="planOnce">
    /// Whether the server keeps one plan of each statement for whatever it is asked with. Else it may plan anew each time, which takes longer than
    /// most of these statements do; only a service whose statements hang on their parameters (the beginning of a name) needs that.
    /// </param>
    /// <returns>Takes subscriptions of the service's own.</returns>
    public static MartenServiceCollectionExtensions.MartenConfigurationExpression AddEventStore(this IHostApplicationBuilder builder, string source, Publications publications, Action<StoreOptions, NpgsqlDataSource> configure, bool planOnce = false)
    {
        var connection = ReadConnection(builder);
        // A statement of a process that was killed does not outlive it, with its locks, for as long as it waits for others.
        connection.Options = $"{connection.Options} -c client_connection_check_interval=2000 -c jit=off -c enable_seqscan=off -c enable_bitmapscan=off{(planOnce ? " -c plan_cache_mode=force_generic_plan" : "")}".Trim();
        // The same few statements run all the time: the server reads each of them once.
        connection.MaxAutoPrepare = 50;
        connection.ApplicationName ??= $"bzpeer-{source}";
        var dataSource = new NpgsqlDataSourceBuilder(connection.ConnectionString).Build();

        builder.Services.AddSingleton(dataSource);
        builder.Services.AddSingleton(publications);
        builder.Services.AddSingleton<RelayMetrics>();
        builder.Services.AddSingleton<Foreground>();
        builder.Services.AddHostedService<DaemonWatch>();
        builder.Services.AddHealthChecks()
            .AddCheck<StoreHealth>("store", tags: ["ready"])
            .AddCheck<DaemonHealth>("daemon", tags: ["ready"]);

        var marten = builder.Services
            .AddMarten(options =>
            {
                options.Connection(dataSource);
                options.AutoCreateSchemaObjects = AutoCreate.CreateOrUpdate;
                options.UseSystemTextJsonForSerialization(EnumStorage.AsString, Casing.CamelCase);
                options.DisableNpgsqlLogging = true;

                options.Events.StreamIdentity = StreamIdentity.AsGuid;
                options.Events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
                options.Events.EnableUniqueIndexOnEventId = true;
                options.Events.MetadataConfig.HeadersEnabled = true;
                options.Events.MetadataConfig.CorrelationIdEnabled = true;
                options.Events.MetadataConfig.CausationIdEnabled = true;

                // By default a running daemon skips what it cannot apply, read or name, while a rebuild fails on it: live and
                // rebuilt would disagree. Nothing is skipped here; a shard that cannot go on stops and health says so.
                options.Projections.Errors.SkipApplyErrors = false;
                options.Projections.Errors.SkipSerializationErrors = false;
                options.Projections.Errors.SkipUnknownEvents = false;

                // New events are seen within milliseconds. NOTIFY takes a global lock at commit; commits are few, since what comes
                // together is committed together. Polling finds what a lost notification leaves (docs/decisions/006-notify-wakes-the-daemon.md).
                options.Events.UseListenNotifyForEventAppends = true;
                options.Projections.SlowPollingTime = TimeSpan.FromMilliseconds(50);
                options.Projections.FastPollingTime = TimeSpan.FromMilliseconds(25);
                // An append that loses a race leaves a hole in the sequence, and the daemon waits at a hole for whoever might
                // still fill it. Losers find out before they take a number where they can; a hole that is left is passed after
                // this time, and only once PostgreSQL shows that no transaction from before it is alive: late, never lossy.
                options.Events.UseExclusiveLockOnConcurrentAppends = true;
                options.Projections.StaleSequenceThreshold = TimeSpan.FromMilliseconds(200);
                Survivors.Configure(options);
                configure(options, dataSource);
            })
            .UseLightweightSessions()
            .BuildSessionsWith<TracedSessions>()
            .ApplyAllDatabaseChangesOnStartup()
            .AddAsyncDaemon(DaemonMode.ExternallyManaged)
            .AddSubscriptionWithServices<ServicesRelay>(ServiceLifetime.Singleton, _ => { })
            .AddSubscriptionWithServices<ConsumersRelay>(ServiceLifetime.Singleton, _ => { });
        // In place of the coordinator that HotCold would bring, and like it after the store has its tables.
        builder.Services.AddSingleton(new LeaderLock(connection));
        builder.Services.AddSingleton<IProjectionCoordinator, DaemonLeader>();
        builder.Services.AddHostedService(services => services.GetRequiredService<IProjectionCoordinator>());
        builder.Services.AddSingleton<Survivors>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Survivors>());
        return marten;
    }

    /// <summary>The SQL of the position of the last event; 0 where there is none.</summary>
    public const string LastPosition = "select coalesce(max(seq_id), 0) from mt_events";

    /// <summary>The position of the last event, which is how far everything is that is written with the events; 0 where there is none.</summary>
    public static async Task<long> LastPositionAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(LastPosition);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>A session whose events carry the trace they were made in.</summary>
    public static IDocumentSession TracedSession(this IDocumentStore store)
    {
        var session = store.LightweightSession();
        if (Activity.Current?.Id is { } trace) session.SetHeader(TraceHeader, trace);
        return session;
    }

    /// <summary>The trace an event was made in, or null.</summary>
    public static string? Trace(this IEvent e) => e.Headers?.TryGetValue(TraceHeader, out var trace) == true ? trace?.ToString() : null;

    /// <summary>The event to append for <paramref name="data"/>, made in <paramref name="trace"/> (that of its cause).</summary>
    public static IEvent Traced<T>(T data, string? trace) where T : notnull
    {
        var e = new Event<T>(data) { Id = Guid.CreateVersion7() };
        if (trace is not null) e.SetHeader(TraceHeader, trace);
        return e;
    }

    /// <summary>
    /// To be called first for every page of a subscription. Marten inserts the progress of a first page, and where that page failed once,
    /// a row may stand there that says 0: every attempt after it would fail too, for good.
    /// </summary>
    public static async Task BeginAsync(this EventRange page, IDocumentOperations operations, CancellationToken cancellation)
    {
        if (page.SequenceFloor > 0) return;
        await using var connection = operations.DocumentStore.Storage.Database.CreateConnection();
        await connection.OpenAsync(cancellation);
        await using var forget = new NpgsqlCommand("delete from mt_event_progression where name = $1 and last_seq_id = 0", connection) { Parameters = { new() { Value = page.ShardName.Identity } } };
        await forget.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// Reads, decides and writes; and, when somebody else wrote first, all of it again, on what is so by then. Whoever loses every time is
    /// answered 409.
    /// </summary>
    public static async Task<T> DecideAsync<T>(Func<Task<T>> decide, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await decide();
            }
            catch (Exception e) when (attempt < Attempts && IsConflict(e))
            {
                await Task.Delay(Random.Shared.Next(1, 5 * attempt), cancellation);
            }
        }
    }

    /// <summary>Whether a write lost against another one of the same stream or key: read again and decide anew.</summary>
    public static bool IsConflict(Exception? exception) => exception switch
    {
        null => false,
        ConcurrencyException or ExistingStreamIdCollisionException => true,
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected } => true,
        AggregateException many => many.InnerExceptions.All(IsConflict),
        _ => IsConflict(exception.InnerException),
    };

    /// <summary>Whether the store, not what was asked of it, is at fault: try again later.</summary>
    public static bool IsOutage(Exception? exception) => ExceptionToProblem.IsStoreOutage(exception);

    /// <summary>The connection of a service's own database, or an end of the process that says what is wrong with the setting.</summary>
    public static NpgsqlConnectionStringBuilder ReadConnection(IHostApplicationBuilder builder)
    {
        const string key = "ConnectionStrings:Store";
        var text = builder.Configuration.Required(key, "the PostgreSQL connection string of this service's own database");
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(text);
            if (connection.Host is { Length: > 0 } && connection.Database is { Length: > 0 }) return connection;
            throw new InvalidSetting($"The setting '{key}' names no host or no database.");
        }
        catch (ArgumentException e)
        {
            throw new InvalidSetting($"The setting '{key}' is not a PostgreSQL connection string: {e.Message}");
        }
    }
}

internal sealed class TracedSessions(IDocumentStore store) : ISessionFactory
{
    public IQuerySession QuerySession() => store.QuerySession();

    public IDocumentSession OpenSession() => store.TracedSession();
}
