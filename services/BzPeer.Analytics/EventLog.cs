using System.Data;
using BzPeer.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace BzPeer.Analytics;

/// <summary>
/// The log of every event there is: appended once, in one order for everybody. A position has no gap to the one before it, and is never
/// given twice. In partitions of <paramref name="partitionSize"/> positions, so that what is old is dropped without a trace.
/// </summary>
/// <remarks>Written by one <see cref="LogAppender"/>; a second one would fail on the row of <c>log_head</c>, which each append expects as it left it.</remarks>
internal sealed class EventLog(NpgsqlDataSource database, long partitionSize = EventLog.PartitionSize)
{
    private long roomUpTo;

    /// <summary>Positions in a partition of this log.</summary>
    public long PositionsInPartition => partitionSize;

    /// <summary>Positions in a partition of the table when nothing else is said. A log that exists keeps the size it began with.</summary>
    public const long PartitionSize = 2_000_000;

    /// <summary>Channel of the notification that an append sends.</summary>
    public const string Appended = "log_appended";

    /// <summary>
    /// <c>log.appended</c>: when it came here, which is about the way it took and not about the event. <c>log_marks</c>: up to where each source is in the log without a gap. <c>log_held</c>: what came before its predecessor.
    /// <c>log_hidden</c>: who hides what; what they hide is for those only who may read everything. <c>log_rejected</c>: messages in the history that are no events of BZPEER.
    /// <c>log_days</c>: see <see cref="LogDays"/>. <c>log_states</c>: see <see cref="LogUpkeep"/>. <c>log_erasures</c>: see <see cref="Erasures"/>.
    /// </summary>
    private const string Schema =
        """
        create table if not exists log (
          position bigint not null primary key, source text not null, sequence bigint not null, id uuid not null, type text not null,
          subject uuid not null, actor uuid, time timestamptz not null, event text not null) partition by range (position);
        alter table log add column if not exists appended timestamptz not null default clock_timestamp();
        alter table log add column if not exists day date;
        create index if not exists log_by_subject on log (subject, position);
        create index if not exists log_by_actor on log (actor, position) where actor is not null;
        create index if not exists log_by_type on log (type, position);
        create index if not exists log_by_day on log (day, position);
        create index if not exists log_by_state on log (subject, type, position) where type in ('FollowerCountChanged', 'BibliographyChanged', 'TrustRecalculated');
        create table if not exists log_head (one boolean primary key default true check (one), position bigint not null, history bigint not null, history_id uuid, floor bigint not null, hidden bigint not null);
        alter table log_head add column if not exists erased bigint not null default 0, add column if not exists compacted bigint not null default 0, add column if not exists id uuid not null default gen_random_uuid();
        insert into log_head values (true, 0, -1, null, 1, 0) on conflict do nothing;
        create table if not exists log_marks (source text primary key, sequence bigint not null);
        create table if not exists log_held (source text not null, sequence bigint not null, previous bigint not null, id uuid not null, type text not null,
          subject uuid not null, actor uuid, time timestamptz not null, event text not null, since timestamptz not null default now(), primary key (source, sequence));
        create table if not exists log_hidden (researcher uuid primary key, lists boolean not null, counts boolean not null);
        create table if not exists log_rejected (history bigint primary key, at timestamptz not null default now(), reason text not null, body bytea not null);
        create table if not exists log_days (day date primary key, events bigint not null, first bigint not null, last bigint not null, revision bigint not null default 0, changed timestamptz not null);
        update log set day = (time at time zone 'utc')::date where day is null;
        insert into log_days (day, events, first, last, changed) select day, count(*), min(position), max(position), now() from log where not exists (select from log_days) group by day;
        create table if not exists log_states (type text not null, subject uuid not null, position bigint not null, primary key (type, subject));
        create table if not exists log_erasures (researcher uuid primary key, position bigint not null, masked bigint not null default 0);
        """;

    /// <summary>Makes the tables, and room for what comes next.</summary>
    public async Task CreateAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // Instances that start together take turns.
        await Statements.ExecuteAsync(connection, "select pg_advisory_xact_lock(5102024)", cancellation);
        await Statements.ExecuteAsync(connection, Schema, cancellation);
        await transaction.CommitAsync(cancellation);
        var head = await HeadAsync(cancellation);
        await MakeRoomAsync(head.Position, head.Position, cancellation);
    }

    /// <summary>Where the log stands.</summary>
    public async Task<LogHead> HeadAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select position, history, history_id, floor, hidden, erased from log_head");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return new(row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetGuid(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5));
    }

    /// <summary>Up to where each source is in the log without a gap.</summary>
    public async Task<Dictionary<string, long>> MarksAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select source, sequence from log_marks");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var marks = new Dictionary<string, long>();
        while (await row.ReadAsync(cancellation)) marks[row.GetString(0)] = row.GetInt64(1);
        return marks;
    }

    /// <summary>What came before its predecessor and waits for it, in the order of each source.</summary>
    public async Task<List<Arrived>> HeldAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select source, sequence, previous, id, type, subject, actor, time, event from log_held order by source, sequence");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var held = new List<Arrived>();
        while (await row.ReadAsync(cancellation))
            held.Add(new(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetGuid(3), row.GetString(4), row.GetGuid(5), row.IsDBNull(6) ? null : row.GetGuid(6),
                row.GetFieldValue<DateTime>(7), row.GetFieldValue<byte[]>(8)));
        return held;
    }

    /// <summary>Everybody who was erased.</summary>
    public async Task<HashSet<Guid>> ErasedAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select researcher from log_erasures");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var erased = new HashSet<Guid>();
        while (await row.ReadAsync(cancellation)) erased.Add(row.GetGuid(0));
        return erased;
    }

    /// <summary>
    /// One transaction: what is appended, what is held from now on, and up to where the history was read. All of it or nothing, and nothing
    /// when the log has moved since <paramref name="head"/> was read.
    /// </summary>
    /// <exception cref="DBConcurrencyException">Somebody else appended.</exception>
    public async Task<LogHead> AppendAsync(LogHead head, Placement placed, IReadOnlyList<Rejected> rejected, long history, Guid? historyId, CancellationToken cancellation)
    {
        await MakeRoomAsync(head.Position, head.Position + placed.Appended.Count, cancellation);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var hidden = await HideAsync(connection, placed.Appended, cancellation);
        var next = head with { Position = head.Position + placed.Appended.Count, History = history, HistoryId = historyId, Hidden = head.Hidden + hidden };
        await using (var move = new NpgsqlCommand(
            "update log_head set position = $1, history = $2, history_id = $3, hidden = $4 where position = $5 and history = $6", connection)
        { Parameters = { new() { Value = next.Position }, new() { Value = history }, new() { Value = (object?)historyId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid }, new() { Value = next.Hidden }, new() { Value = head.Position }, new() { Value = head.History } } })
            if (await move.ExecuteNonQueryAsync(cancellation) == 0) throw new DBConcurrencyException("Somebody else appends to the log.");

        var days = await LogDays.OfAsync(connection, placed.Appended, cancellation);
        await CopyAsync(connection, head.Position, placed.Appended, days, cancellation);
        await LogDays.CountAsync(connection, head.Position, days, cancellation);
        await Erasures.AddAsync(connection, head.Position, placed.Appended, cancellation);
        await MarkAsync(connection, placed.Appended, cancellation);
        if (placed.Held.Count > 0) await HoldAsync(connection, placed.Held, cancellation);
        if (placed.Released > 0)
            await Statements.ExecuteAsync(connection, "delete from log_held h using log_marks m where m.source = h.source and h.sequence <= m.sequence", cancellation);
        if (rejected.Count > 0) await RejectAsync(connection, rejected, cancellation);
        if (placed.Appended.Count > 0) await Statements.ExecuteAsync(connection, $"notify {Appended}", cancellation);
        await transaction.CommitAsync(cancellation);
        return next;
    }

    private static async Task CopyAsync(NpgsqlConnection connection, long after, IReadOnlyList<Arrived> appended, IReadOnlyList<DateOnly> days, CancellationToken cancellation)
    {
        if (appended.Count == 0) return;
        await using var rows = await connection.BeginBinaryImportAsync("copy log (position, source, sequence, id, type, subject, actor, time, day, event) from stdin (format binary)", cancellation);
        foreach (var (n, one) in appended.Index())
        {
            await rows.StartRowAsync(cancellation);
            await rows.WriteAsync(++after, NpgsqlDbType.Bigint, cancellation);
            await rows.WriteAsync(one.Source, NpgsqlDbType.Text, cancellation);
            await rows.WriteAsync(one.Sequence, NpgsqlDbType.Bigint, cancellation);
            await rows.WriteAsync(one.Id, NpgsqlDbType.Uuid, cancellation);
            await rows.WriteAsync(one.Type, NpgsqlDbType.Text, cancellation);
            await rows.WriteAsync(one.Subject, NpgsqlDbType.Uuid, cancellation);
            if (one.Actor is { } actor) await rows.WriteAsync(actor, NpgsqlDbType.Uuid, cancellation);
            else await rows.WriteNullAsync(cancellation);
            await rows.WriteAsync(one.Time, NpgsqlDbType.TimestampTz, cancellation);
            await rows.WriteAsync(days[n], NpgsqlDbType.Date, cancellation);
            await rows.WriteAsync(one.Event, NpgsqlDbType.Text, cancellation);
        }

        await rows.CompleteAsync(cancellation);
    }

    private static async Task MarkAsync(NpgsqlConnection connection, IReadOnlyList<Arrived> appended, CancellationToken cancellation)
    {
        var marks = appended.GroupBy(one => one.Source).Select(source => (Source: source.Key, Sequence: source.Max(one => one.Sequence))).ToList();
        if (marks.Count == 0) return;
        await using var command = new NpgsqlCommand(
            "insert into log_marks (source, sequence) select * from unnest($1, $2) on conflict (source) do update set sequence = excluded.sequence", connection)
        { Parameters = { new() { Value = marks.Select(mark => mark.Source).ToArray() }, new() { Value = marks.Select(mark => mark.Sequence).ToArray() } } };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task HoldAsync(NpgsqlConnection connection, IReadOnlyList<Arrived> held, CancellationToken cancellation)
    {
        foreach (var one in held)
        {
            await using var command = new NpgsqlCommand(
                """
                insert into log_held (source, sequence, previous, id, type, subject, actor, time, event) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                on conflict (source, sequence) do nothing
                """, connection)
            {
                Parameters =
                {
                    new() { Value = one.Source }, new() { Value = one.Sequence }, new() { Value = one.Previous }, new() { Value = one.Id }, new() { Value = one.Type },
                    new() { Value = one.Subject }, new() { Value = (object?)one.Actor ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid },
                    new() { Value = one.Time }, new() { Value = one.Event, NpgsqlDbType = NpgsqlDbType.Text },
                },
            };
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    /// <summary>Takes over what the newest of these say about what is hidden; how many researchers hide more or less than before.</summary>
    private static async Task<int> HideAsync(NpgsqlConnection connection, IReadOnlyList<Arrived> appended, CancellationToken cancellation)
    {
        var newest = appended.Select(one => one.Hides()).OfType<Hides>().GroupBy(one => one.Researcher).Select(same => same.Last()).ToLookup(one => one.Lists || one.Counts);
        var changed = 0;
        if (newest[false].Any())
        {
            await using var shown = new NpgsqlCommand("delete from log_hidden where researcher = any($1)", connection) { Parameters = { new() { Value = newest[false].Select(one => one.Researcher).ToArray() } } };
            changed += await shown.ExecuteNonQueryAsync(cancellation);
        }

        foreach (var one in newest[true])
        {
            await using var command = new NpgsqlCommand(
                """
                insert into log_hidden (researcher, lists, counts) values ($1, $2, $3)
                on conflict (researcher) do update set lists = excluded.lists, counts = excluded.counts where (log_hidden.lists, log_hidden.counts) <> (excluded.lists, excluded.counts)
                """, connection)
            { Parameters = { new() { Value = one.Researcher }, new() { Value = one.Lists }, new() { Value = one.Counts } } };
            changed += await command.ExecuteNonQueryAsync(cancellation);
        }

        return changed;
    }

    private static async Task RejectAsync(NpgsqlConnection connection, IReadOnlyList<Rejected> rejected, CancellationToken cancellation)
    {
        foreach (var one in rejected)
        {
            await using var command = new NpgsqlCommand("insert into log_rejected (history, reason, body) values ($1, $2, $3) on conflict do nothing", connection)
            { Parameters = { new() { Value = one.History }, new() { Value = one.Reason }, new() { Value = one.Body } } };
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    /// <summary>The partitions of these positions, and the next one well before it is needed.</summary>
    private async Task MakeRoomAsync(long from, long upTo, CancellationToken cancellation)
    {
        if (upTo + (partitionSize / 2) < roomUpTo) return;
        var last = (upTo / partitionSize) + 1;
        for (var n = from / partitionSize; n <= last; n++)
        {
            await using var command = database.CreateCommand($"create table if not exists log_p{n} partition of log for values from ({n * partitionSize}) to ({(n + 1) * partitionSize})");
            await command.ExecuteNonQueryAsync(cancellation);
        }

        roomUpTo = (last + 1) * partitionSize;
    }
}

/// <summary>A message of the history that is no event of BZPEER.</summary>
internal sealed record Rejected(long History, string Reason, byte[] Body);

/// <summary>Where the log stands.</summary>
/// <param name="Position">The last position given, 0 when the log is empty.</param>
/// <param name="History">Offset in <c>bzpeer.history</c> up to where it was read, -1 for nowhere.</param>
/// <param name="HistoryId">The event there: tells whether it is still the same stream.</param>
/// <param name="Floor">The first position that is still kept.</param>
/// <param name="Hidden">Rises with every choice of what to show.</param>
/// <param name="Erased">Rises whenever events of the past were masked: what was read before is not to be shown any more.</param>
internal sealed record LogHead(long Position, long History, Guid? HistoryId, long Floor, long Hidden, long Erased = 0);
