using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>A webhook as it is stored.</summary>
/// <param name="Number">Order of creation.</param>
/// <param name="Revision">Rises with every change its owner makes: whoever sends takes notice.</param>
/// <param name="Everything">Whether its owner may read every event (<see cref="Authentication.Analytics"/>).</param>
/// <param name="Key">What is signed with.</param>
/// <param name="OldKey">What is signed with as well until <paramref name="OldKeyUntil"/>.</param>
/// <param name="Position">Up to where the log was dealt with: what is wanted of it was sent, or is a row of <c>webhook_deliveries</c>.</param>
/// <param name="Reason">Why it is not active: <c>owner</c>, <c>gone</c>, <c>failing</c>.</param>
/// <param name="Notice">What the owner should know.</param>
/// <param name="FailingSince">Since when nothing was taken.</param>
/// <param name="Failures">How many times in a row nothing was taken.</param>
/// <param name="ResumeAt">Nothing is sent before.</param>
internal sealed record Subscription(
    Guid Id, long Number, Guid Owner, DateTimeOffset CreatedAt, long Revision, Uri Url, string[] Types, Guid? Subject, string? Description, bool Everything,
    byte[] Key, byte[]? OldKey, DateTimeOffset? OldKeyUntil, long Position, bool Active, DateTimeOffset? DisabledAt, string? Reason, string? Notice,
    DateTimeOffset? FailingSince, int Failures, DateTimeOffset? ResumeAt)
{
    public EventFilter Filter => new(Types, Subject);

    /// <summary>What to sign with, the newest first.</summary>
    public IEnumerable<byte[]> Keys(DateTimeOffset now) => OldKey is { } old && OldKeyUntil > now ? [Key, old] : [Key];
}

/// <summary>The tables of webhooks, and how they are read.</summary>
internal sealed class Subscriptions(NpgsqlDataSource database)
{
    /// <summary>Channel of the notification that a webhook was changed by its owner.</summary>
    public const string Changed = "webhook_changed";

    private const string Schema =
        """
        create table if not exists webhooks (
          id uuid primary key, number bigint generated always as identity, owner uuid not null, created_at timestamptz not null, revision bigint not null default 0,
          url text not null, types text[] not null, subject uuid, description text, everything boolean not null,
          key bytea not null, old_key bytea, old_key_until timestamptz, position bigint not null,
          active boolean not null default true, disabled_at timestamptz, reason text, notice text, failing_since timestamptz, failures int not null default 0, resume_at timestamptz);
        create index if not exists webhooks_of_owner on webhooks (owner, number);
        create table if not exists webhook_deliveries (
          webhook uuid not null references webhooks on delete cascade, position bigint not null, event uuid not null, type text not null, subject uuid not null, state text not null,
          attempts int not null, since timestamptz, tried_at timestamptz, status int, duration_ms int, error text, next_at timestamptz, primary key (webhook, position));
        create unique index if not exists webhook_deliveries_by_event on webhook_deliveries (webhook, event);
        create index if not exists webhook_deliveries_pending on webhook_deliveries (webhook, position) where state = 'pending';
        create index if not exists webhook_deliveries_by_age on webhook_deliveries (tried_at) where state <> 'pending';
        """;

    private const string Columns =
        """
        id, number, owner, created_at, revision, url, types, subject, description, everything, key, old_key, old_key_until, position, active, disabled_at, reason, notice,
        failing_since, failures, resume_at
        """;

    public async Task CreateTablesAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // Instances that start together take turns.
        await using (var turn = new NpgsqlCommand("select pg_advisory_xact_lock(5102028)", connection)) await turn.ExecuteNonQueryAsync(cancellation);
        await using (var create = new NpgsqlCommand(Schema, connection)) await create.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Those the SQL after <c>where</c> finds.</summary>
    public async Task<List<Subscription>> FindAsync(string which, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = database.CreateCommand($"select {Columns} from webhooks where {which}");
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var found = new List<Subscription>();
        while (await row.ReadAsync(cancellation))
            found.Add(new(
                row.GetGuid(0), row.GetInt64(1), row.GetGuid(2), row.GetFieldValue<DateTimeOffset>(3), row.GetInt64(4), new(row.GetString(5)), row.GetFieldValue<string[]>(6),
                row.GetFieldValue<Guid?>(7), row.IsDBNull(8) ? null : row.GetString(8), row.GetBoolean(9), row.GetFieldValue<byte[]>(10), row.IsDBNull(11) ? null : row.GetFieldValue<byte[]>(11),
                row.GetFieldValue<DateTimeOffset?>(12), row.GetInt64(13), row.GetBoolean(14), row.GetFieldValue<DateTimeOffset?>(15), row.IsDBNull(16) ? null : row.GetString(16),
                row.IsDBNull(17) ? null : row.GetString(17), row.GetFieldValue<DateTimeOffset?>(18), row.GetInt32(19), row.GetFieldValue<DateTimeOffset?>(20)));
        return found;
    }

    /// <summary>
    /// A change by the owner: SQL that sets columns, its parameters from <c>$2</c> on. Whoever sends is told. False when the webhook is not there any more.
    /// </summary>
    public Task<bool> ChangeAsync(Guid id, string set, CancellationToken cancellation, params NpgsqlParameter[] parameters) =>
        ExecuteAsync($"update webhooks set {set}, revision = revision + 1 where id = $1", id, cancellation, parameters);

    public Task<bool> DeleteAsync(Guid id, CancellationToken cancellation) => ExecuteAsync("delete from webhooks where id = $1", id, cancellation);

    /// <summary>Forgets failures, and what waits for its next attempt has its turn at once, with all its time before it.</summary>
    public async Task ResumeAsync(Guid id, CancellationToken cancellation)
    {
        await using (var pending = database.CreateCommand("update webhook_deliveries set next_at = null, since = null where webhook = $1 and state = 'pending'"))
        {
            pending.Parameters.Add(new() { Value = id });
            await pending.ExecuteNonQueryAsync(cancellation);
        }

        await ChangeAsync(id, "failing_since = null, failures = 0, resume_at = null", cancellation);
    }

    private async Task<bool> ExecuteAsync(string sql, Guid id, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand($"with changed as ({sql} returning id) select pg_notify('{Changed}', ''), count(*) from changed");
        command.Parameters.Add(new() { Value = id });
        command.Parameters.AddRange(parameters);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return row.GetInt64(1) > 0;
    }
}
