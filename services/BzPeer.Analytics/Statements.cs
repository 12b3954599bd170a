using Npgsql;

namespace BzPeer.Analytics;

/// <summary>Statements without an answer, within whatever transaction their connection is in.</summary>
internal static class Statements
{
    /// <summary>Executes a statement with its parameters in order; how many rows it touched.</summary>
    public static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        return await command.ExecuteNonQueryAsync(cancellation);
    }
}
