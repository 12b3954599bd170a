using Npgsql;

namespace BzPeer.Analytics;

/// <summary>
/// Work that one instance does at a time. Whoever holds the lock holds it by a session of its own, outside the pool: it ends, and the lock
/// with it, when either side is killed, and it is not kept when the work fails.
/// </summary>
internal sealed class Leadership(NpgsqlConnectionStringBuilder store, TimeProvider clock)
{
    private readonly string connectionString =
        new NpgsqlConnectionStringBuilder(store.ConnectionString) { Pooling = false, KeepAlive = 2, ApplicationName = store.ApplicationName + "-leader" }.ConnectionString;

    /// <summary>Waits until nobody else does this work, and keeps it until the session that is returned ends. Who works may listen on it.</summary>
    /// <param name="work">Number of the work, one for each kind.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task<NpgsqlConnection> WaitAsync(long work, CancellationToken cancellation)
    {
        var session = new NpgsqlConnection(connectionString);
        try
        {
            await session.OpenAsync(cancellation);
            while (!await TryAsync(session, work, cancellation)) await Task.Delay(TimeSpan.FromSeconds(1), clock, cancellation);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    private static async Task<bool> TryAsync(NpgsqlConnection session, long work, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pg_try_advisory_lock($1)", session) { Parameters = { new() { Value = work } } };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }
}
