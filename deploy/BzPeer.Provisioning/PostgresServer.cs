using Npgsql;

namespace BzPeer.Provisioning;

/// <summary>A PostgreSQL server whose user may create databases.</summary>
public sealed class PostgresServer(ServerRecord record)
{
    /// <summary>Where it came from and what was started for it.</summary>
    public ServerRecord Record { get; } = record;

    /// <summary>The connection string of the maintenance database.</summary>
    public string ConnectionString => Record.Address;

    /// <summary>The connection string of another database of this server.</summary>
    public string ConnectionStringTo(string database) =>
        new NpgsqlConnectionStringBuilder(ConnectionString) { Database = database }.ConnectionString;

    /// <summary>Makes the database if it is not there, and answers its connection string.</summary>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken ct = default)
    {
        if (!(await DatabasesAsync(name, ct)).Contains(name))
            await ExecuteAsync($"create database {Quoted(name)}", ct);
        return ConnectionStringTo(name);
    }

    /// <summary>Drops the database, also while somebody is connected to it.</summary>
    public async Task DropDatabaseAsync(string name, CancellationToken ct = default)
    {
        // Pooled connections of this process would be found broken later, by whoever takes them.
        await using (var pooled = new NpgsqlConnection(ConnectionStringTo(name)))
            NpgsqlConnection.ClearPool(pooled);
        await ExecuteAsync($"drop database if exists {Quoted(name)} with (force)", ct);
    }

    /// <summary>The databases whose names start so.</summary>
    public async Task<IReadOnlyList<string>> DatabasesAsync(string prefix, CancellationToken ct = default)
    {
        await using var connection = await OpenAsync(ct);
        await using var command = new NpgsqlCommand("select datname from pg_database where starts_with(datname, $1)", connection);
        command.Parameters.AddWithValue(prefix);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var names = new List<string>();
        while (await reader.ReadAsync(ct))
            names.Add(reader.GetString(0));
        return names;
    }

    /// <summary>Null when the server answers, else why not.</summary>
    internal static async Task<string?> WhyUnusableAsync(string connectionString, CancellationToken ct)
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 5 };
            await using var connection = new NpgsqlConnection(settings.ConnectionString);
            await connection.OpenAsync(ct);
            await using var command = new NpgsqlCommand(
                "select rolcreatedb or rolsuper from pg_roles where rolname = current_user", connection);
            return await command.ExecuteScalarAsync(ct) is true ? null : $"its user {settings.Username} may not create databases";
        }
        catch (Exception e) when (e is NpgsqlException or ArgumentException or TimeoutException)
        {
            return e.InnerException is { } inner ? $"{e.Message}: {inner.Message}" : e.Message;
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <remarks>Not pooled: one idle connection per test process would be held for nothing.</remarks>
    private async Task<NpgsqlConnection> OpenAsync(CancellationToken ct)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(ct);
        return connection;
    }

    private static string Quoted(string name) => '"' + name.Replace("\"", "\"\"") + '"';
}
