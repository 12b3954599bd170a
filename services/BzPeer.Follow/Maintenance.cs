using Npgsql;

namespace BzPeer.Follow;

/// <summary>What an operator does with the service's store, with the service's own settings: <c>dotnet BzPeer.Follow.dll reconcile</c>.</summary>
public static class Maintenance
{
    internal static async Task<int> MaintainOrServeAsync(this WebApplication app, string[] args)
    {
        var database = app.Services.GetRequiredService<NpgsqlDataSource>();
        switch (args)
        {
            case ["reconcile", ..]:
                return await Reconcile.RunAsync(database);
            case ["rebuild", ..]:
                return await Rebuild.RunAsync(database);
            case ["import", .. var arguments]:
                return await ImportEdges.RunAsync(arguments, app.Services.GetRequiredService<FollowLog>(), app.Services.GetRequiredService<TimeProvider>());
            default:
                await app.RunAsync();
                return 0;
        }
    }
}
