using System.Buffers;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>The body of an import, in rows: stored as it arrives, read as it is needed, never whole in memory.</summary>
internal static class ImportChunks
{
    private const int ChunkBytes = 1_000_000;

    /// <summary>Stores a body, up to <paramref name="most"/> bytes; the number stored, or null when there are more.</summary>
    public static async Task<long?> StoreAsync(NpgsqlDataSource database, Guid import, Stream body, long most, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            long total = 0;
            for (var number = 0; ; number++)
            {
                var read = await body.ReadAtLeastAsync(buffer.AsMemory(0, ChunkBytes), ChunkBytes, throwOnEndOfStream: false, cancellation);
                if (read == 0) return total;
                if ((total += read) > most) return null;
                await using var command = database.CreateCommand("insert into import_chunks (import_id, number, data) values ($1, $2, $3)");
                command.Parameters.Add(new() { Value = import });
                command.Parameters.Add(new() { Value = number });
                command.Parameters.Add(new() { Value = buffer.AsMemory(0, read), NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea });
                await command.ExecuteNonQueryAsync(cancellation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The body again.</summary>
    public static Stream Open(NpgsqlDataSource database, Guid import) => new ChunkStream(database, import);

    private sealed class ChunkStream(NpgsqlDataSource database, Guid import) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> chunk;
        private int next;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (chunk.IsEmpty)
            {
                await using var command = database.CreateCommand("select data from import_chunks where import_id = $1 and number = $2");
                command.Parameters.Add(new() { Value = import });
                command.Parameters.Add(new() { Value = next++ });
                chunk = (byte[]?)await command.ExecuteScalarAsync(cancellationToken);
            }

            var length = Math.Min(buffer.Length, chunk.Length);
            chunk[..length].CopyTo(buffer);
            chunk = chunk[length..];
            return length;
        }
    }
}
