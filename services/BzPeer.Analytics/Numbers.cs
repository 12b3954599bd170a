using System.Data;
using System.Text.Json;
using BzPeer.Contracts;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>An event of the log as the numbers are made of it.</summary>
/// <param name="Type">The last part of its CloudEvents type.</param>
/// <param name="Subject">Whom or what it is about; of a follow the followee.</param>
/// <param name="Actor">Of a follow the follower, else null.</param>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Event">The CloudEvent in structured form, JSON in UTF-8.</param>
internal sealed record Logged(string Type, Guid Subject, Guid? Actor, DateTime Time, byte[] Event)
{
    private sealed record Structured<T>(T Data);

    /// <summary>What it says, as its contract.</summary>
    public T Data<T>() where T : IIntegrationEvent => JsonSerializer.Deserialize<Structured<T>>(Event, JsonSerializerOptions.Web)!.Data;

    /// <summary>The hour of <paramref name="time"/>, UTC.</summary>
    public static DateTime HourOf(DateTime time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerHour), DateTimeKind.Utc);
}

/// <summary>
/// Numbers made of the log and of nothing else, in a schema of their own with the mark up to where they hold. Each is folded from one
/// source's events, whose order the log keeps, so they are the same whatever the sources' interleaving; rows that were touched stay even
/// when they come to nothing, so they are the same whatever the batches.
/// </summary>
internal sealed class Numbers(NpgsqlDataSource database)
{
    /// <summary>The schema that is read.</summary>
    public const string Schema = "numbers";

    private const string Rebuilt = "numbers_rebuilt";

    /// <summary>Positions of the log folded in one transaction.</summary>
    public const int BatchSize = 5_000;

    private static readonly string[] Types =
    [
        nameof(ResearcherFollowed), nameof(ResearcherUnfollowed), nameof(TrustRecalculated), nameof(ResearchersMerged), nameof(ResearchersSplit),
        nameof(WorkPublished), nameof(WorkCorrected), nameof(WorkRetracted), nameof(WorkRemoved),
    ];

    /// <summary>Every table with its key.</summary>
    public static IReadOnlyList<(string Table, string Key)> Tables { get; } =
    [
        ("follows", "followee, follower"), ("follower_hours", "researcher, hour"),
        ("works", "work"), ("topic_months", "topic, year, month"),
        ("trust", "researcher"), ("trust_hours", "researcher, hour"), ("trust_days", "day, level, score"),
        ("merged", "researcher"),
    ];

    /// <summary>Makes the tables where they are missing.</summary>
    public Task CreateAsync(CancellationToken cancellation) => CreateAsync(Schema, cancellation);

    /// <summary>Folds the next batch of the log in, in one transaction with the mark; 0 when there was none. Instances that do it at once take turns.</summary>
    public Task<long> FoldAsync(int most, CancellationToken cancellation) => FoldAsync(Schema, most, upTo: long.MaxValue, cancellation);

    /// <summary>
    /// Makes all numbers anew from position 1 beside those that are read, while they go on; then puts right what differs, in one transaction.
    /// </summary>
    /// <param name="batch">Positions folded in one transaction.</param>
    /// <param name="cancellation">Ends it; the numbers stay as they were.</param>
    /// <returns>Up to which position, and how many rows had to be put right: none, unless what is counted has changed.</returns>
    /// <exception cref="DataException">The log does not begin at position 1 any more.</exception>
    public async Task<(long UpTo, long Differed)> RebuildAsync(int batch, CancellationToken cancellation)
    {
        await using var session = await database.OpenConnectionAsync(cancellation);
        // One rebuilds at a time.
        await Statements.ExecuteAsync(session, "select pg_advisory_lock(5102026)", cancellation);
        try
        {
            return await RebuildAsync(session, batch, cancellation);
        }
        finally
        {
            await Statements.ExecuteAsync(session, "select pg_advisory_unlock(5102026)", CancellationToken.None);
        }
    }

    private async Task<(long UpTo, long Differed)> RebuildAsync(NpgsqlConnection session, int batch, CancellationToken cancellation)
    {
        await CreateAsync(Schema, cancellation);
        await Statements.ExecuteAsync(session, $"drop schema if exists {Rebuilt} cascade", cancellation);
        await CreateAsync(Rebuilt, cancellation);
        while (await FoldAsync(Rebuilt, batch, long.MaxValue, cancellation) > 0) { }
        // The service may be stopped, or not be as far: what it has not counted yet is no difference.
        while (await FoldAsync(Schema, batch, long.MaxValue, cancellation) > 0) { }

        await using var transaction = await session.BeginTransactionAsync(cancellation);
        // From here on it waits, and both can come to the same position.
        var upTo = await MarkAsync(session, Schema, cancellation);
        while (await FoldAsync(Rebuilt, batch, upTo, cancellation) > 0) { }
        var differed = 0L;
        foreach (var (table, key) in Tables)
        {
            differed += await Statements.ExecuteAsync(session, $"delete from {Schema}.{table} where ({key}) in (select {key} from (select * from {Schema}.{table} except select * from {Rebuilt}.{table}) gone)", cancellation);
            differed += await Statements.ExecuteAsync(session, $"insert into {Schema}.{table} select * from {Rebuilt}.{table} except select * from {Schema}.{table}", cancellation);
        }

        await Statements.ExecuteAsync(session, $"drop schema {Rebuilt} cascade", cancellation);
        await transaction.CommitAsync(cancellation);
        return (upTo, differed);
    }

    /// <summary>Looks at the numbers as they are at one moment.</summary>
    public async Task<Moment> LookAsync(CancellationToken cancellation)
    {
        var connection = await database.OpenConnectionAsync(cancellation);
        try
        {
            await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
            await using var mark = new NpgsqlCommand($"select position from {Schema}.mark", connection);
            return new(connection, (long)(await mark.ExecuteScalarAsync(cancellation))!);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task CreateAsync(string schema, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await Statements.ExecuteAsync(connection, "select pg_advisory_xact_lock(5102024)", cancellation);
        await Statements.ExecuteAsync(
            connection,
            $"""
            create schema if not exists {schema};
            set local search_path to {schema};
            create table if not exists mark (one boolean primary key default true check (one), position bigint not null);
            insert into mark values (true, 0) on conflict do nothing;
            {FollowerGrowth.Schema}
            {TopicMonths.Schema}
            {TrustLevels.Schema}
            {Merged.Schema}
            """, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private async Task<long> FoldAsync(string schema, int most, long upTo, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await Statements.ExecuteAsync(connection, $"set local search_path to {schema}, public", cancellation);
        var from = await MarkAsync(connection, schema, cancellation);
        var (to, floor) = await HeadAsync(connection, cancellation);
        to = Math.Min(Math.Min(to, upTo), from + most);
        if (to <= from) return 0;
        if (from + 1 < floor) throw new DataException($"The numbers hold up to position {from}, and the log begins at {floor}: what is between is gone.");

        var events = await ReadAsync(connection, from, to, cancellation);
        await FollowerGrowth.FoldAsync(connection, events, cancellation);
        await TopicMonths.FoldAsync(connection, events, cancellation);
        await TrustLevels.FoldAsync(connection, events, cancellation);
        await Merged.FoldAsync(connection, events, cancellation);
        await Statements.ExecuteAsync(connection, $"update mark set position = {to}", cancellation);
        await transaction.CommitAsync(cancellation);
        return to - from;
    }

    private static async Task<List<Logged>> ReadAsync(NpgsqlConnection connection, long from, long to, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select type, subject, actor, time, event from public.log where position > $1 and position <= $2 and type = any($3) order by position", connection)
        { Parameters = { new() { Value = from }, new() { Value = to }, new() { Value = Types } } };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var events = new List<Logged>();
        while (await row.ReadAsync(cancellation))
            events.Add(new(row.GetString(0), row.GetGuid(1), row.IsDBNull(2) ? null : row.GetGuid(2), row.GetFieldValue<DateTime>(3), row.GetFieldValue<byte[]>(4)));
        return events;
    }

    private static async Task<long> MarkAsync(NpgsqlConnection connection, string schema, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select position from {schema}.mark for update", connection);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task<(long Position, long Floor)> HeadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select position, floor from public.log_head", connection);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return (row.GetInt64(0), row.GetInt64(1));
    }
}

/// <summary>The numbers as they are at one moment; later changes are not seen.</summary>
/// <param name="connection">In the transaction that sees them.</param>
/// <param name="upTo">Position of the log up to which they hold, exactly.</param>
internal sealed class Moment(NpgsqlConnection connection, long upTo) : IAsyncDisposable
{
    /// <summary>Position of the log up to which the numbers hold, exactly.</summary>
    public long UpTo => upTo;

    /// <summary>Asks something; what <paramref name="read"/> makes of each row.</summary>
    public async Task<List<T>> AskAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<T>();
        while (await row.ReadAsync(cancellation)) rows.Add(read(row));
        return rows;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
