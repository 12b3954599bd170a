using System.Globalization;
using BzPeer.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace BzPeer.Analytics;

/// <summary>An event on its way to a receiver.</summary>
/// <param name="Position">Where it stands in the log.</param>
/// <param name="Event">Its id, and the <c>webhook-id</c> it is sent with.</param>
/// <param name="Type">Last part of its CloudEvents type.</param>
/// <param name="Subject">Whom or what it is about: those of one subject are sent one after the other.</param>
/// <param name="State">See <see cref="DeliveryState"/>.</param>
/// <param name="Attempts">How often it was sent.</param>
/// <param name="Since">When it was first sent; null before.</param>
/// <param name="TriedAt">When it was last sent.</param>
/// <param name="Status">The status of the last answer; null when there was none.</param>
/// <param name="DurationMs">How long the last attempt took.</param>
/// <param name="Error">Why the last attempt failed.</param>
/// <param name="NextAt">Not before; null for as soon as those of its subject before it are done.</param>
internal sealed record Delivery(
    long Position, Guid Event, string Type, Guid Subject, DeliveryState State, int Attempts, DateTimeOffset? Since, DateTimeOffset? TriedAt, int? Status, int? DurationMs, string? Error, DateTimeOffset? NextAt)
{
    /// <summary>How long it waits after its first attempt, its second and so on; after the last of these always as long.</summary>
    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1), TimeSpan.FromHours(3), TimeSpan.FromHours(6),
    ];

    /// <summary>A receiver that asks for more is asked again all the same.</summary>
    private static readonly TimeSpan LongestAsked = TimeSpan.FromHours(24);

    /// <summary>For how long an event is sent again, and a receiver that takes nothing is tried.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(3);

    /// <summary>How long to wait after that many failures, at least as long as the receiver asks for.</summary>
    public static TimeSpan Wait(int failures, TimeSpan? asked = null)
    {
        var wait = Waits[Math.Clamp(failures, 1, Waits.Length) - 1];
        if (!(asked > wait)) return wait;
        return asked < LongestAsked ? asked.Value : LongestAsked;
    }

    /// <summary>What is to be sent for the first time.</summary>
    public static Delivery Of(LogEntry entry) =>
        new(entry.Position, entry.Id(), entry.Type, entry.Subject, DeliveryState.Pending, 0, Since: null, TriedAt: null, Status: null, DurationMs: null, Error: null, NextAt: null);

    /// <summary>
    /// After an attempt: delivered, to be tried again, or given up. Nothing is given up before it was tried as often as a receiver that is
    /// there has to be, however long it waited for its turn.
    /// </summary>
    public Delivery After(Answer answer, DateTimeOffset now)
    {
        var tried = this with { Attempts = Attempts + 1, Since = Since ?? now, TriedAt = now, Status = answer.Status, DurationMs = (int)answer.Duration.TotalMilliseconds, Error = answer.Error, NextAt = null };
        if (answer.Taken) return tried with { State = DeliveryState.Delivered };
        return now - tried.Since >= Patience && tried.Attempts >= Waits.Length
            ? tried with { State = DeliveryState.Failed }
            : tried with { NextAt = now + Wait(tried.Attempts, answer.RetryAfter) };
    }
}

/// <summary>What became of a delivery so far.</summary>
internal enum DeliveryState
{
    /// <summary>It will be sent, for the first time or again.</summary>
    Pending,

    /// <summary>The receiver has taken it.</summary>
    Delivered,

    /// <summary>It was given up.</summary>
    Failed,
}

/// <summary>A delivery as the owner of the webhook sees it.</summary>
/// <param name="Id">Of the event, and the <c>webhook-id</c> it is sent with.</param>
/// <param name="Answer">What the receiver said to a redelivery just now.</param>
internal sealed record ListedDelivery(
    Guid Id, long Position, string Type, Guid Subject, string State, int Attempts, DateTimeOffset? LastAttempt, int? LastStatus, int? DurationMs, string? Error, DateTimeOffset? NextAttempt,
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)] ReceiverAnswer? Answer = null)
{
    public static ListedDelivery Of(Delivery one, ReceiverAnswer? answer = null) => new(
        one.Event, one.Position, one.Type, one.Subject, Deliveries.Text(one.State), one.Attempts, one.TriedAt, one.Status, one.DurationMs, one.Error, one.NextAt, answer);
}

/// <summary>Rows of <c>webhook_deliveries</c>: of what was sent, and of what waits behind something of its subject that has not been taken yet.</summary>
internal sealed class Deliveries(NpgsqlDataSource database)
{
    private const string Columns = "position, event, type, subject, state, attempts, since, tried_at, status, duration_ms, error, next_at";

    /// <summary>How long one can look up what became of a delivery.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    /// <summary>How many of those delivered are kept of a busy webhook.</summary>
    private const int MostDelivered = 10_000;

    public static string Text(DeliveryState state) => state.ToString().ToLowerInvariant();

    /// <summary>Those the SQL after <c>where webhook = $1</c> finds.</summary>
    public async Task<List<Delivery>> FindAsync(Guid webhook, string which, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = database.CreateCommand($"select {Columns} from webhook_deliveries where webhook = $1 {which}");
        command.Parameters.Add(new() { Value = webhook });
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var found = new List<Delivery>();
        while (await row.ReadAsync(cancellation))
            found.Add(new(
                row.GetInt64(0), row.GetGuid(1), row.GetString(2), row.GetGuid(3), Enum.Parse<DeliveryState>(row.GetString(4), ignoreCase: true), row.GetInt32(5),
                row.GetFieldValue<DateTimeOffset?>(6), row.GetFieldValue<DateTimeOffset?>(7), row.GetFieldValue<int?>(8), row.GetFieldValue<int?>(9),
                row.IsDBNull(10) ? null : row.GetString(10), row.GetFieldValue<DateTimeOffset?>(11)));
        return found;
    }

    /// <summary>Keeps what became of deliveries. One that was settled meanwhile, by hand, stays so.</summary>
    public static async Task SaveAsync(NpgsqlConnection connection, Guid webhook, IReadOnlyList<Delivery> deliveries, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            insert into webhook_deliveries (webhook, {Columns}) select $1, * from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (webhook, position) do update set
              state = excluded.state, attempts = excluded.attempts, since = excluded.since, tried_at = excluded.tried_at, status = excluded.status, duration_ms = excluded.duration_ms,
              error = excluded.error, next_at = excluded.next_at
            where webhook_deliveries.state = 'pending'
            """, connection)
        {
            Parameters =
            {
                new() { Value = webhook },
                Of(NpgsqlDbType.Bigint, one => one.Position), Of(NpgsqlDbType.Uuid, one => one.Event), Of(NpgsqlDbType.Text, one => one.Type), Of(NpgsqlDbType.Uuid, one => one.Subject),
                Of(NpgsqlDbType.Text, one => Text(one.State)), Of(NpgsqlDbType.Integer, one => one.Attempts), Of(NpgsqlDbType.TimestampTz, one => one.Since),
                Of(NpgsqlDbType.TimestampTz, one => one.TriedAt), Of(NpgsqlDbType.Integer, one => one.Status), Of(NpgsqlDbType.Integer, one => one.DurationMs),
                Of(NpgsqlDbType.Text, one => one.Error), Of(NpgsqlDbType.TimestampTz, one => one.NextAt),
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);

        NpgsqlParameter Of<T>(NpgsqlDbType type, Func<Delivery, T> column) => new() { Value = deliveries.Select(column).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
    }

    /// <summary>Forgets deliveries that are settled and old, and of a busy webhook the oldest that were taken.</summary>
    public async Task ForgetAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await using var old = database.CreateCommand("delete from webhook_deliveries where state <> 'pending' and tried_at < $1");
        old.Parameters.Add(new() { Value = now - Kept });
        await old.ExecuteNonQueryAsync(cancellation);
        await using var many = database.CreateCommand(
            $"""
            delete from webhook_deliveries d using webhooks w
            cross join lateral (select position from webhook_deliveries where webhook = w.id order by position desc offset {MostDelivered} limit 1) beyond
            where d.webhook = w.id and d.position <= beyond.position and d.state = 'delivered'
            """);
        await many.ExecuteNonQueryAsync(cancellation);
    }
}

/// <summary><c>/api/webhooks/{id}/deliveries</c>: what was sent, what became of it, and sending it once more.</summary>
internal static class WebhookDeliveries
{
    private static readonly string[] States = [.. Enum.GetValues<DeliveryState>().Select(Deliveries.Text)];

    internal static void MapDeliveries(this RouteGroupBuilder webhooks)
    {
        webhooks.MapGet("/{id}/deliveries", ListAsync).WaitsForLog().WithName("ListWebhookDeliveries").Produces<Page<ListedDelivery>>().ProducesProblem(404);
        webhooks.MapPost("/{id}/deliveries/{deliveryId}/redelivery", RedeliverAsync).WithName("RedeliverWebhook").Produces<ListedDelivery>().ProducesProblem(404).ProducesProblem(410).ProducesProblem(422);
    }

    private static async Task<IResult> ListAsync(
        Guid id, int? limit, string? cursor, string? state, HttpContext http, Subscriptions subscriptions, Deliveries deliveries, CancellationToken cancellation)
    {
        if (!Paging.TryDecodeNumber(http, cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        if (state is not null && !States.Contains(state)) return Problems.Malformed("state", $"A delivery's state is one of {string.Join(", ", States)}.");
        if (await Webhooks.OwnAsync(id, http, subscriptions, cancellation) is null) return Webhooks.Unknown(id);
        var size = Paging.Clamp(limit);
        var rows = await deliveries.FindAsync(id, "and position < $2 and ($3 = '' or state = $3) order by position desc limit $4", cancellation, before, state ?? "", size + 1);
        var page = http.PageOf(rows, size, row => row.Position.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<ListedDelivery>([.. page.Items.Select(row => ListedDelivery.Of(row))], page.Next));
    }

    /// <summary>Sends it at once, whatever became of it before, and says what the receiver said.</summary>
    private static async Task<IResult> RedeliverAsync(
        Guid id, Guid deliveryId, HttpContext http, Subscriptions subscriptions, Deliveries deliveries, NpgsqlDataSource database, LogTail tail, WebhookSender sender, TimeProvider clock,
        CancellationToken cancellation)
    {
        if (await Webhooks.OwnAsync(id, http, subscriptions, cancellation) is not { } own) return Webhooks.Unknown(id);
        if (await deliveries.FindAsync(id, "and event = $2", cancellation, deliveryId) is not [var delivery])
            return Problems.Of(404, "unknown-delivery", "Unknown delivery", $"No event {deliveryId} is on its way to this webhook, or was in the last 30 days.");
        if (await LogRows.AtAsync(database, delivery.Position, cancellation) is not { } entry)
            return Problems.Of(410, "event-not-kept", "No longer kept", "The event is so old that the log does not keep it any more.");
        await tail.LookAsync(cancellation);
        if (!own.Everything && !tail.Hidden.Shows(entry))
            return Problems.Refused("event-hidden", "Hidden meanwhile", "Whom the event is about hides it from others now.");

        var answer = await sender.SendAsync(own.Url, own.Keys(clock.GetUtcNow()), delivery.Event, entry.Item, cancellation);
        var after = delivery.After(answer, clock.Now());
        // By hand changes nothing for the worse: what was taken stays taken, and what waits is sent when it would have been.
        if (!answer.Taken) after = after with { State = delivery.State, Since = delivery.Since, NextAt = delivery.NextAt };
        await using (var connection = await database.OpenConnectionAsync(cancellation))
        {
            await using var save = new NpgsqlCommand("update webhook_deliveries set state = $3, attempts = attempts + 1, tried_at = $4, status = $5, duration_ms = $6, error = $7 where webhook = $1 and position = $2", connection)
            {
                Parameters =
                {
                    new() { Value = id }, new() { Value = delivery.Position }, new() { Value = Deliveries.Text(after.State) }, new() { Value = after.TriedAt!.Value },
                    new() { Value = (object?)after.Status ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer }, new() { Value = after.DurationMs!.Value },
                    new() { Value = (object?)after.Error ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                },
            };
            await save.ExecuteNonQueryAsync(cancellation);
        }

        // The receiver is there: what waits behind this one, or for the receiver, need not wait any longer.
        if (answer.Taken) await subscriptions.ResumeAsync(id, cancellation);
        return TypedResults.Ok(ListedDelivery.Of(after, ReceiverAnswer.Of(answer)));
    }
}
