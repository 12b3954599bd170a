using BzPeer.Contracts;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>How much of the past is kept. 0 for everything.</summary>
/// <param name="Days">Events of older days are dropped, a partition at a time, and the floor rises.</param>
/// <param name="CompactAfter">Of the events of older days, those that carry a state which a later one of them replaces are removed.</param>
internal sealed record KeptPast(long Days, long CompactAfter);

/// <summary>
/// Once an hour drops and compacts what is old. Old is everything before the first event of a day that is not, so the log is always
/// shortened at its beginning only, and reads the same from any point after it. Each step is one transaction that says how far it came, under a lock that any instance may
/// get: killed in between, the next one goes on there.
/// </summary>
/// <remarks><c>log_states</c> is the newest event of each state and subject in what was compacted: the one that the next one replaces.</remarks>
internal sealed class LogUpkeep(NpgsqlDataSource database, EventLog log, KeptPast kept, TimeProvider clock, ILogger<LogUpkeep> logger) : BackgroundService
{
    /// <summary>Positions compacted in a transaction.</summary>
    private const int Step = 20_000;

    /// <summary>Advisory lock of the transaction that drops or compacts.</summary>
    private const long Lock = 5102032;

    /// <summary>Events that say the whole of something, so that the newest of a subject replaces those before.</summary>
    public static readonly string[] States =
        [nameof(FollowerCountChanged), nameof(BibliographyChanged), nameof(TrustRecalculated), nameof(ProfileChanged), nameof(AuthorIdentified)];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (kept is { Days: 0, CompactAfter: 0 }) return;
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = TimeSpan.FromHours(1);
            try
            {
                while (kept.Days > 0 && await DropNextAsync(stoppingToken)) { }
                while (kept.CompactAfter > 0 && await CompactNextAsync(stoppingToken)) { }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                pause = TimeSpan.FromMinutes(1);
                logger.LogWarning("The old part of the log is looked after again in a minute: {Reason}", e.Message);
            }

            await Task.Delay(pause, clock, stoppingToken);
        }
    }

    /// <summary>Drops the oldest partition, when all of it is old; false when it is not, or another instance is at it.</summary>
    private Task<bool> DropNextAsync(CancellationToken cancellation) => AloneAsync(kept.Days, async (connection, young, floor) =>
    {
        var next = ((floor / log.PositionsInPartition) + 1) * log.PositionsInPartition;
        var drops = next <= young;
        // The head before the days and the table, as whoever appends takes them.
        if (drops) await Statements.ExecuteAsync(connection, "update log_head set floor = $1", cancellation, next);
        // Days go whole, when they are old; their positions, when all of the partition is.
        await Statements.ExecuteAsync(connection, "delete from log_days where day < (now() at time zone 'utc')::date - $1::int", cancellation, kept.Days);
        // Readers come before it: it is tried again when one is in the way for long.
        if (drops) await Statements.ExecuteAsync(connection, $"set local lock_timeout = '2s'; drop table log_p{(next / log.PositionsInPartition) - 1}", cancellation);
        return drops;
    }, cancellation);

    /// <summary>Compacts the next positions that are old; false when there are none, or another instance is at it.</summary>
    private Task<bool> CompactNextAsync(CancellationToken cancellation) => AloneAsync(kept.CompactAfter, async (connection, young, _) =>
    {
        await using var compacted = new NpgsqlCommand("select compacted from log_head", connection);
        var from = (long)(await compacted.ExecuteScalarAsync(cancellation))!;
        var to = Math.Min(from + Step, young - 1);
        if (to <= from) return false;
        await using var find = new NpgsqlCommand(
            """
            with states as (select position, type, subject, lead(position) over (partition by type, subject order by position) as later from log where position > $1 and position <= $2 and type = any($3))
            select array(select s.position from log_states s join states n on n.type = s.type and n.subject = s.subject where n.later is null and s.position < n.position
              union all select position from states where later is not null)
            """, connection)
        { Parameters = { new() { Value = from }, new() { Value = to }, new() { Value = States } } };
        var replaced = (long[])(await find.ExecuteScalarAsync(cancellation))!;
        await Statements.ExecuteAsync(connection,
            """
            insert into log_states (type, subject, position)
            select type, subject, max(position) from log where position > $1 and position <= $2 and type = any($3) group by type, subject
            on conflict (type, subject) do update set position = excluded.position
            """, cancellation, from, to, States);
        List<DateOnly> removed = [];
        await using (var remove = new NpgsqlCommand("delete from log where position = any($1) returning day", connection) { Parameters = { new() { Value = replaced } } })
        {
            await using var row = await remove.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) removed.Add(row.GetFieldValue<DateOnly>(0));
        }

        // The head before the days, as whoever appends takes them.
        await Statements.ExecuteAsync(connection, "update log_head set compacted = $1", cancellation, to);
        foreach (var day in removed.CountBy(day => day))
            await Statements.ExecuteAsync(connection, "update log_days set events = events - $2, revision = revision + 1 where day = $1", cancellation, day.Key, day.Value);
        return true;
    }, cancellation);

    /// <summary>A transaction that no other instance is in. It is told the first position that is not old, and the floor.</summary>
    private async Task<bool> AloneAsync(long days, Func<NpgsqlConnection, long, long, Task<bool>> step, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var take = new NpgsqlCommand("select pg_try_advisory_xact_lock($1)", connection) { Parameters = { new() { Value = Lock } } })
            if (await take.ExecuteScalarAsync(cancellation) is not true) return false;

        long young, floor;
        await using (var read = new NpgsqlCommand(
            "select coalesce((select min(first) from log_days where day >= (now() at time zone 'utc')::date - $1::int), position + 1), floor from log_head", connection)
        { Parameters = { new() { Value = days } } })
        {
            await using var row = await read.ExecuteReaderAsync(cancellation);
            await row.ReadAsync(cancellation);
            (young, floor) = (row.GetInt64(0), row.GetInt64(1));
        }

        var more = await step(connection, young, floor);
        await transaction.CommitAsync(cancellation);
        return more;
    }
}
