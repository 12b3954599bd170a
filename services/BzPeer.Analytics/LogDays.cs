using Npgsql;
using NpgsqlTypes;

namespace BzPeer.Analytics;

/// <summary>A day of the log, UTC.</summary>
/// <param name="Day">The day.</param>
/// <param name="Events">How many events of it are in the log.</param>
/// <param name="First">Position of its first one.</param>
/// <param name="Last">Position of its last one; events of other days may lie in between.</param>
/// <param name="Revision">Rises when events of it are masked or removed.</param>
/// <param name="Closed">No event comes to it any more.</param>
internal sealed record LogDay(DateOnly Day, long Events, long First, long Last, long Revision, bool Closed);

/// <summary>
/// Which day an event counts to: the one it happened on, UTC, as long as that is open. A day is closed once it is over and nothing has come
/// to it for an hour; what comes later still, after a service was cut off for longer, counts to the day it comes on. So a closed day never
/// grows, and a log that is filled anew has the days that were. The clock is the database's: one for all instances.
/// </summary>
internal static class LogDays
{
    /// <summary>Said to be closed a little after nothing is added any more: what is under way when it closes is in it.</summary>
    private const string ClosedToReaders = "(day < ((now() - interval '65 minutes') at time zone 'utc')::date and changed < now() - interval '65 minutes')";
    private const string ClosedToEvents = "(day < ((now() - interval '60 minutes') at time zone 'utc')::date and changed < now() - interval '60 minutes')";

    /// <summary>The days the events count to, in their order.</summary>
    public static async Task<IReadOnlyList<DateOnly>> OfAsync(NpgsqlConnection connection, IReadOnlyList<Arrived> appended, CancellationToken cancellation)
    {
        if (appended.Count == 0) return [];
        DateOnly[] days = [.. appended.Select(one => DateOnly.FromDateTime(one.Time))];
        await using var command = new NpgsqlCommand($"select (now() at time zone 'utc')::date, array(select day from log_days where day = any($1) and {ClosedToEvents})", connection)
        { Parameters = { new() { Value = days.Distinct().ToArray() } } };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        var (today, closed) = (row.GetFieldValue<DateOnly>(0), row.GetFieldValue<DateOnly[]>(1));
        return closed.Length == 0 ? days : [.. days.Select(day => closed.Contains(day) ? today : day)];
    }

    /// <summary>Counts what is appended after a position to its days.</summary>
    public static async Task CountAsync(NpgsqlConnection connection, long after, IReadOnlyList<DateOnly> days, CancellationToken cancellation)
    {
        if (days.Count == 0) return;
        var counted = days.Index().GroupBy(one => one.Item).Select(day => (Day: day.Key, Events: day.LongCount(), First: after + 1 + day.First().Index, Last: after + 1 + day.Last().Index)).ToList();
        await using var command = new NpgsqlCommand(
            """
            insert into log_days (day, events, first, last, changed) select day, events, first, last, now() from unnest($1, $2, $3, $4) d (day, events, first, last)
            on conflict (day) do update set events = log_days.events + excluded.events, last = excluded.last, changed = excluded.changed
            """, connection)
        {
            Parameters =
            {
                new() { Value = counted.Select(day => day.Day).ToArray() }, new() { Value = counted.Select(day => day.Events).ToArray() },
                new() { Value = counted.Select(day => day.First).ToArray() }, new() { Value = counted.Select(day => day.Last).ToArray() },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Every day there is, oldest first; or one of them.</summary>
    public static async Task<List<LogDay>> ReadAsync(NpgsqlConnection connection, DateOnly? only, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select day, events, first, last, revision, {ClosedToReaders} from log_days where events > 0 and ($1 is null or day = $1) order by day", connection)
        { Parameters = { new() { Value = (object?)only ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Date } } };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var days = new List<LogDay>();
        while (await row.ReadAsync(cancellation))
            days.Add(new(row.GetFieldValue<DateOnly>(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetBoolean(5)));
        return days;
    }

    /// <summary>Events of these days were masked: what was made of the days is not to be used any more.</summary>
    public static async Task ReviseAsync(NpgsqlConnection connection, IEnumerable<DateOnly> days, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("update log_days set revision = revision + 1 where day = any($1)", connection) { Parameters = { new() { Value = days.Distinct().ToArray() } } };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
