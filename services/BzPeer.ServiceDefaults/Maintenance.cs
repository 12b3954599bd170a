using JasperFx.Events.Projections;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BzPeer.ServiceDefaults;

/// <summary>One thing an operator does with a service's store: its name, and what it does with the arguments after it; 0 when it went well.</summary>
public sealed record MaintenanceCommand(string Name, Func<IServiceProvider, string[], Task<int>> RunAsync);

/// <summary>
/// What an operator does with a service's store, with the service's own settings: <c>dotnet BzPeer.Publication.dll rebuild</c>. Every service has
/// <c>rebuild</c>, which makes its tables anew from its events, and <c>republish</c>, after which it publishes all its events once more, for
/// others to fill theirs. <c>announce</c> does the same for consumers: <c>bzpeer.events</c> and its history. All need the service stopped, and say so when it is not.
/// </summary>
public static class Maintenance
{
    private const int Usage = 64;

    /// <summary>Serves; or, with the name of a command as its first argument, does that and ends.</summary>
    /// <param name="app">The service.</param>
    /// <param name="args">As the process got them.</param>
    /// <param name="own">Commands of this service, which come before those that all have.</param>
    public static Task<int> MaintainOrServeAsync(this WebApplication app, string[] args, params MaintenanceCommand[] own) => app.CommandOrServeAsync(
        args, [.. own, new("rebuild", (services, _) => WhileStoppedAsync(services, RebuildAsync)), new("republish", (services, _) => WhileStoppedAsync(services, RepublishAsync)),
            new("announce", (services, _) => WhileStoppedAsync(services, AnnounceAsync))]);

    /// <summary>The same for a service without an event store, which has these commands and no other.</summary>
    public static async Task<int> CommandOrServeAsync(this WebApplication app, string[] args, params MaintenanceCommand[] all)
    {
        if (args is not [var name, .. var arguments] || name.StartsWith('-'))
        {
            await app.RunAsync();
            return 0;
        }

        if (all.FirstOrDefault(command => command.Name == name) is { } asked) return await asked.RunAsync(app.Services, arguments);
        Console.Error.WriteLine($"There is no command '{name}'. There are: {string.Join(", ", all.Select(command => command.Name).Distinct())}. Without one the service starts.");
        return Usage;
    }

    private static async Task<int> WhileStoppedAsync(IServiceProvider services, Func<IDocumentStore, NpgsqlDataSource, Task<string>> run)
    {
        var store = services.GetRequiredService<IDocumentStore>();
        var leader = services.GetRequiredService<LeaderLock>();
        if (!await leader.TryAttainLockAsync(((DocumentStore)store).Options.Projections.DaemonLockId, CancellationToken.None))
        {
            Console.Error.WriteLine("An instance of this service is running. Stop all of them, run this, and start them again.");
            return 1;
        }

        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
        Console.WriteLine(await run(store, services.GetRequiredService<NpgsqlDataSource>()));
        return 0;
    }

    /// <summary>Makes what is written with the events anew, each table as a whole.</summary>
    private static async Task<string> RebuildAsync(IDocumentStore store, NpgsqlDataSource database)
    {
        var projections = ((DocumentStore)store).Options.Projections.All.Where(projection => projection.Lifecycle == ProjectionLifecycle.Inline).Select(projection => projection.Name).ToList();
        using var daemon = await store.BuildProjectionDaemonAsync();
        foreach (var projection in projections) await daemon.RebuildProjectionAsync(projection, Timeout.InfiniteTimeSpan, CancellationToken.None);
        return $"Rebuilt {string.Join(", ", projections)} from {await NumberAsync(database, "select count(*) from mt_events")} events.";
    }

    private static async Task<string> RepublishAsync(IDocumentStore store, NpgsqlDataSource database) =>
        $"The next start publishes everything up to event {await RewindAsync(database, "Relay:All")} once more.";

    private static async Task<string> AnnounceAsync(IDocumentStore store, NpgsqlDataSource database) =>
        $"The next start publishes everything up to event {await RewindAsync(database, "Consumers:All")} to consumers once more.";

    private static Task<long> RewindAsync(NpgsqlDataSource database, string subscription) =>
        NumberAsync(database, $"with rewound as (delete from mt_event_progression where name = '{subscription}' returning last_seq_id) select coalesce(max(last_seq_id), 0) from rewound");

    private static async Task<long> NumberAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
