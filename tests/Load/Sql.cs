using Npgsql;

namespace BzPeer.Load;

/// <summary>What the reports ask of a store, however long it takes.</summary>
internal static class Sql
{
    /// <summary>The first value of the answer; null where the statement has none.</summary>
    public static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = 0;
        return await command.ExecuteScalarAsync();
    }

    /// <summary>The number that is the answer.</summary>
    public static async Task<long> NumberAsync(NpgsqlDataSource database, string sql) => (long)(await ScalarAsync(database, sql))!;
}
