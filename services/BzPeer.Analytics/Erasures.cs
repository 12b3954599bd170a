using BzPeer.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace BzPeer.Analytics;

/// <summary>
/// Takes out of the log what names a researcher who was erased. <c>log_erasures</c> is written with the <see cref="ResearcherErased"/> and says up
/// to where the log is masked; what is appended later is masked before (<see cref="Mask"/>). In transactions of some ten thousand
/// positions, each of which moves that mark: whatever is killed in between, the next one goes on there. Any instance may do the next one.
/// </summary>
internal sealed class Erasures(NpgsqlDataSource database, ExportFiles files, TimeProvider clock, ILogger<Erasures> logger) : BackgroundService
{
    /// <summary>Positions looked through in a transaction.</summary>
    private const int Step = 50_000;

    /// <summary>Advisory lock of the transaction that masks.</summary>
    private const long Lock = 5102031;

    /// <summary>Notes the erasures among what is appended after a position, in the same transaction.</summary>
    public static async Task AddAsync(NpgsqlConnection connection, long after, IReadOnlyList<Arrived> appended, CancellationToken cancellation)
    {
        foreach (var (n, one) in appended.Index().Where(one => one.Item.Type == nameof(ResearcherErased)))
        {
            await using var command = new NpgsqlCommand("insert into log_erasures (researcher, position) values ($1, $2) on conflict do nothing", connection)
            { Parameters = { new() { Value = one.Subject }, new() { Value = after + 1 + n } } };
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await MaskNextAsync(stoppingToken)) { }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning("Masking goes on in a second: {Reason}", e.Message);
            }

            await Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken);
        }
    }

    /// <summary>One transaction; false when there is nothing to do, or another instance does it.</summary>
    private async Task<bool> MaskNextAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var take = new NpgsqlCommand("select pg_try_advisory_xact_lock($1)", connection) { Parameters = { new() { Value = Lock } } })
            if (await take.ExecuteScalarAsync(cancellation) is not true) return false;
        if (await NextAsync(connection, cancellation) is not { } next) return false;

        HashSet<DateOnly> days = [];
        if (next.Masked == 0)
        {
            days.UnionWith(await MaskAsync(connection, "subject = any($1) and type = any($2)", next.Researchers, Mask.OwnTypes, cancellation));
            await MaskHeldAsync(connection, next.Researchers, cancellation);
            await EmptyRejectedAsync(connection, next.Researchers, cancellation);
        }

        var to = Math.Min(next.UpTo, next.Masked + Step);
        days.UnionWith(await MaskAsync(connection, $"position > {next.Masked} and position <= {to} and type = any($2) and event like any($3)", next.Researchers, Mask.WorkTypes, cancellation));
        if (days.Count > 0)
        {
            // The head before the days, as whoever appends takes them.
            await Statements.ExecuteAsync(connection, $"update log_head set erased = erased + 1; notify {EventLog.Appended}", cancellation);
            await LogDays.ReviseAsync(connection, days, cancellation);
        }

        await Statements.ExecuteAsync(connection, "update log_erasures set masked = least($2, position) where researcher = any($1)", cancellation, next.Researchers, to);
        await transaction.CommitAsync(cancellation);
        if (days.Count > 0) await files.SweepAsync(cancellation);
        return true;
    }

    /// <summary>Those whose masking goes on next, together: whoever is furthest, so that it ends; those who came meanwhile begin together after that.</summary>
    private static async Task<(Guid[] Researchers, long Masked, long UpTo)?> NextAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select array_agg(researcher), masked, max(position) from (select * from log_erasures where masked < position order by masked desc, position limit 100) e
            group by masked order by masked desc limit 1
            """, connection);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) ? (row.GetFieldValue<Guid[]>(0), row.GetInt64(1), row.GetInt64(2)) : null;
    }

    /// <summary>Masks those events of the log that the condition finds and that name one of these; the days they count to.</summary>
    private static async Task<HashSet<DateOnly>> MaskAsync(NpgsqlConnection connection, string condition, Guid[] researchers, string[] types, CancellationToken cancellation)
    {
        var (erased, masked, days) = (researchers.ToHashSet(), new List<(long Position, byte[] Event)>(), new HashSet<DateOnly>());
        await using (var command = new NpgsqlCommand($"select position, day, type, subject, event from log where {condition}", connection)
        { Parameters = { new() { Value = researchers }, new() { Value = types }, new() { Value = researchers.Select(id => $"%{id}%").ToArray() } } })
        {
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                var before = row.GetFieldValue<byte[]>(4);
                var after = Mask.Of(row.GetString(2), row.GetGuid(3), before, erased);
                if (ReferenceEquals(after, before)) continue;
                masked.Add((row.GetInt64(0), after));
                days.Add(row.GetFieldValue<DateOnly>(1));
            }
        }

        foreach (var (position, after) in masked) await Statements.ExecuteAsync(connection, "update log set event = convert_from($2, 'UTF8') where position = $1", cancellation, position, after);
        return days;
    }

    private static async Task MaskHeldAsync(NpgsqlConnection connection, Guid[] researchers, CancellationToken cancellation)
    {
        var (erased, masked) = (researchers.ToHashSet(), new List<(Guid Id, byte[] Event)>());
        await using (var command = new NpgsqlCommand("select id, type, subject, event from log_held", connection))
        {
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                var before = row.GetFieldValue<byte[]>(3);
                var after = Mask.Of(row.GetString(1), row.GetGuid(2), before, erased);
                if (!ReferenceEquals(after, before)) masked.Add((row.GetGuid(0), after));
            }
        }

        foreach (var (id, after) in masked) await Statements.ExecuteAsync(connection, "update log_held set event = convert_from($2, 'UTF8') where id = $1", cancellation, id, after);
    }

    private static async Task EmptyRejectedAsync(NpgsqlConnection connection, Guid[] researchers, CancellationToken cancellation)
    {
        var (erased, emptied) = (researchers.ToHashSet(), new List<Rejected>());
        await using (var command = new NpgsqlCommand("select history, reason, body from log_rejected", connection))
        {
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                var before = new Rejected(row.GetInt64(0), row.GetString(1), row.GetFieldValue<byte[]>(2));
                var after = Mask.Of(before, erased);
                if (after != before) emptied.Add(after);
            }
        }

        foreach (var one in emptied) await Statements.ExecuteAsync(connection, "update log_rejected set reason = $2, body = $3 where history = $1", cancellation, one.History, one.Reason, one.Body);
    }
}
