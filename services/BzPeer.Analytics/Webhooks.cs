using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using NpgsqlTypes;

namespace BzPeer.Analytics;

/// <summary>A webhook as its owner sees it.</summary>
/// <param name="Url">Where events are posted to.</param>
/// <param name="Types">Which types of event; empty for all.</param>
/// <param name="Subject">About or by whom; null for anybody.</param>
/// <param name="Sees"><c>everything</c> when the token that made or last changed it had the role <c>analytics</c>, else <c>public</c>.</param>
/// <param name="State"><c>active</c> or <c>disabled</c>.</param>
/// <param name="Reason">Why it is disabled: <c>owner</c> (you did), <c>gone</c> (the receiver answered 410), <c>failing</c> (three days of nothing but failures).</param>
/// <param name="Notice">In words what you should know.</param>
/// <param name="Position">Up to where the log was dealt with.</param>
/// <param name="FailingSince">Since when the receiver has taken nothing; null when all is well.</param>
/// <param name="NextAttempt">When it is tried again, while it is failing.</param>
/// <param name="OldSecretUntil">Until when what is sent is also signed with the secret before this one.</param>
/// <param name="Secret">What signatures are verified with; said once, when it is made.</param>
internal sealed record Webhook(
    Guid Id, Uri Url, IReadOnlyList<string> Types, Guid? Subject, string? Description, string Sees, string State, string? Reason, DateTimeOffset? DisabledSince, string? Notice,
    long Position, DateTimeOffset? FailingSince, DateTimeOffset? NextAttempt, DateTimeOffset CreatedAt, DateTimeOffset? OldSecretUntil,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Secret = null)
{
    public static Webhook Of(Subscription one, DateTimeOffset now, string? secret = null) => new(
        one.Id, one.Url, one.Types, one.Subject, one.Description, one.Everything ? "everything" : "public", one.Active ? "active" : "disabled", one.Reason, one.DisabledAt, one.Notice,
        one.Position, one.FailingSince, one.Active ? one.ResumeAt : null, one.CreatedAt, one.OldKeyUntil > now ? one.OldKeyUntil : null, secret);
}

/// <summary>What a receiver said to an event that was sent to it by hand.</summary>
internal sealed record ReceiverAnswer(bool Taken, int? Status, int DurationMs, string? Error, string? Body)
{
    public static ReceiverAnswer Of(Answer answer) => new(answer.Taken, answer.Status, (int)answer.Duration.TotalMilliseconds, answer.Error, answer.Body);
}

/// <summary>
/// <c>/api/webhooks</c>: events posted to an address of the caller's. Each belongs to whoever made it, who is sent what they may read at
/// <c>/api/events</c>; to anybody else it does not exist.
/// </summary>
internal static class Webhooks
{
    private const int MostUrl = 2_000;
    private const int MostDescription = 500;

    private static readonly TimeSpan OldSecretLasts = TimeSpan.FromHours(24);
    private static readonly TimeSpan LookUp = TimeSpan.FromSeconds(3);

    /// <summary>What a body says; what it does not say is as it was.</summary>
    private sealed record Wish(Uri? Url, string[] Types, Guid? Subject, string? Description, long? After, bool? Active);

    internal static void AddWebhooks(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(WebhookSettings.Read(builder));
        builder.Services.AddSingleton<WebhookSender>();
        builder.Services.AddSingleton<Subscriptions>();
        builder.Services.AddSingleton<Deliveries>();
        builder.Services.AddHostedService<WebhookTables>();
        builder.Services.AddHostedService<WebhookDispatcher>();
    }

    internal static void MapWebhooks(this WebApplication app)
    {
        var webhooks = app.MapGroup("/api/webhooks").WithTags("Webhooks").ProducesProblem(400).ProducesProblem(401);
        webhooks.MapPost("", CreateAsync).WithName("CreateWebhook").Produces<Webhook>(201).ProducesProblem(422);
        webhooks.MapGet("", ListAsync).WaitsForLog().WithName("ListWebhooks").Produces<Page<Webhook>>();
        webhooks.MapGet("/{id}", ReadAsync).WaitsForLog().WithName("ReadWebhook").Produces<Webhook>().ProducesProblem(404);
        webhooks.MapPatch("/{id}", ChangeAsync).WithName("ChangeWebhook").Produces<Webhook>().ProducesProblem(404).ProducesProblem(422);
        webhooks.MapDelete("/{id}", DeleteAsync).WithName("DeleteWebhook").Produces(204).ProducesProblem(404);
        webhooks.MapPost("/{id}/secret", RotateAsync).WithName("RotateWebhookSecret").Produces<Webhook>().ProducesProblem(404);
        webhooks.MapPost("/{id}/test", TestAsync).WithName("TestWebhook").Produces<ReceiverAnswer>().ProducesProblem(404);
        webhooks.MapDeliveries();
    }

    private static async Task<IResult> CreateAsync(
        JsonElement body, HttpContext http, WebhookSettings settings, NpgsqlDataSource database, Subscriptions subscriptions, LogTail tail, TimeProvider clock, CancellationToken cancellation)
    {
        if (Read(body, settings, before: null, out var wish) is { } wrong) return wrong;
        if (wish.Url is null) return Problems.Malformed("url", "Name in 'url' where events are to be posted to.");
        if (await PrivateAsync(wish.Url, settings, cancellation) is { } refused) return refused;
        var head = await tail.LookAsync(cancellation);
        var after = wish.After ?? head.Position;
        if (EventQuery.OutOfLog(after, head) is { } outside) return outside;

        var (id, key) = (Guid.CreateVersion7(), WebhookSignature.NewKey());
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // Two at once of one owner take turns, or both would see room for one.
        await using (var turn = new NpgsqlCommand("select pg_advisory_xact_lock(hashtextextended('webhooks of ' || $1, 0))", connection) { Parameters = { new() { Value = http.ResearcherId().ToString() } } })
            await turn.ExecuteNonQueryAsync(cancellation);
        await using (var insert = new NpgsqlCommand(
            $"""
            insert into webhooks (id, owner, created_at, url, types, subject, description, everything, key, position)
            select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 where $11 = 0 or (select count(*) from webhooks where owner = $2) < $11
            """, connection)
        {
            Parameters =
            {
                new() { Value = id }, new() { Value = http.ResearcherId() }, new() { Value = clock.Now() }, new() { Value = wish.Url.AbsoluteUri }, new() { Value = wish.Types },
                Nullable(wish.Subject, NpgsqlDbType.Uuid), Nullable(wish.Description, NpgsqlDbType.Text), new() { Value = http.User.IsInRole(Authentication.Analytics) },
                new() { Value = key }, new() { Value = after }, new() { Value = settings.PerOwner },
            },
        })
            if (await insert.ExecuteNonQueryAsync(cancellation) == 0)
                return Problems.Refused("webhook-limit", "Too many webhooks", $"You have {settings.PerOwner} webhooks, which is as many as one may have. Delete one, or let one receive more types.");
        await using (var notify = new NpgsqlCommand($"notify {Subscriptions.Changed}", connection)) await notify.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        var made = (await subscriptions.FindAsync("id = $1", cancellation, id))[0];
        return TypedResults.Created($"/api/webhooks/{id}", Webhook.Of(made, clock.GetUtcNow(), WebhookSignature.Secret(key)));
    }

    private static async Task<IResult> ListAsync(int? limit, string? cursor, HttpContext http, Subscriptions subscriptions, TimeProvider clock, CancellationToken cancellation)
    {
        if (!Paging.TryDecodeNumber(http, cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        var size = Paging.Clamp(limit);
        var rows = await subscriptions.FindAsync("owner = $1 and number < $2 order by number desc limit $3", cancellation, http.ResearcherId(), before, size + 1);
        var page = http.PageOf(rows, size, row => row.Number.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<Webhook>([.. page.Items.Select(row => Webhook.Of(row, clock.GetUtcNow()))], page.Next));
    }

    private static async Task<IResult> ReadAsync(Guid id, HttpContext http, Subscriptions subscriptions, TimeProvider clock, CancellationToken cancellation) =>
        await OwnAsync(id, http, subscriptions, cancellation) is { } own ? TypedResults.Ok(Webhook.Of(own, clock.GetUtcNow())) : Unknown(id);

    private static async Task<IResult> ChangeAsync(
        Guid id, JsonElement body, HttpContext http, WebhookSettings settings, Subscriptions subscriptions, TimeProvider clock, CancellationToken cancellation)
    {
        if (await OwnAsync(id, http, subscriptions, cancellation) is not { } own) return Unknown(id);
        if (Read(body, settings, own, out var wish) is { } wrong) return wrong;
        if (wish.Url != own.Url && await PrivateAsync(wish.Url!, settings, cancellation) is { } refused) return refused;
        // What it may see follows whoever changes it: a right that was taken from the owner ends here at the latest.
        var found = await subscriptions.ChangeAsync(id, "url = $2, types = $3, subject = $4, description = $5, everything = $6", cancellation,
            new() { Value = wish.Url!.AbsoluteUri }, new() { Value = wish.Types }, Nullable(wish.Subject, NpgsqlDbType.Uuid), Nullable(wish.Description, NpgsqlDbType.Text),
            new() { Value = http.User.IsInRole(Authentication.Analytics) });
        if (found && wish.Active is true)
        {
            await subscriptions.ChangeAsync(id, "active = true, disabled_at = null, reason = null, notice = null", cancellation);
            await subscriptions.ResumeAsync(id, cancellation);
        }
        else if (found && wish.Active is false && own.Active)
            await subscriptions.ChangeAsync(id, "active = false, disabled_at = $2, reason = 'owner', notice = 'You disabled it. PATCH with {\"active\": true} goes on from where it stopped.'", cancellation, new NpgsqlParameter { Value = clock.Now() });
        return await ReadAsync(id, http, subscriptions, clock, cancellation);
    }

    private static async Task<IResult> DeleteAsync(Guid id, HttpContext http, Subscriptions subscriptions, CancellationToken cancellation) =>
        await OwnAsync(id, http, subscriptions, cancellation) is not null && await subscriptions.DeleteAsync(id, cancellation) ? TypedResults.NoContent() : Unknown(id);

    private static async Task<IResult> RotateAsync(Guid id, HttpContext http, Subscriptions subscriptions, TimeProvider clock, CancellationToken cancellation)
    {
        if (await OwnAsync(id, http, subscriptions, cancellation) is null) return Unknown(id);
        var key = WebhookSignature.NewKey();
        await subscriptions.ChangeAsync(id, "old_key = key, old_key_until = $3, key = $2", cancellation, new() { Value = key }, new() { Value = clock.Now() + OldSecretLasts });
        return await OwnAsync(id, http, subscriptions, cancellation) is { } own ? TypedResults.Ok(Webhook.Of(own, clock.GetUtcNow(), WebhookSignature.Secret(key))) : Unknown(id);
    }

    private static async Task<IResult> TestAsync(Guid id, HttpContext http, Subscriptions subscriptions, WebhookSender sender, TimeProvider clock, CancellationToken cancellation)
    {
        if (await OwnAsync(id, http, subscriptions, cancellation) is not { } own) return Unknown(id);
        var ping = Guid.CreateVersion7();
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            specversion = "1.0",
            id = ping,
            source = "analytics",
            type = CloudEvents.Type("webhook", "Ping"),
            subject = id,
            time = clock.GetUtcNow(),
            datacontenttype = "application/json",
            data = new { webhookId = id },
        });
        var answer = await sender.SendAsync(own.Url, own.Keys(clock.GetUtcNow()), ping, body, cancellation);
        // It is there again: what has waited need not wait any longer.
        if (answer.Taken && own.FailingSince is not null) await subscriptions.ResumeAsync(id, cancellation);
        return TypedResults.Ok(ReceiverAnswer.Of(answer));
    }

    /// <summary>The caller's webhook of this id.</summary>
    public static async Task<Subscription?> OwnAsync(Guid id, HttpContext http, Subscriptions subscriptions, CancellationToken cancellation) =>
        (await subscriptions.FindAsync("id = $1 and owner = $2", cancellation, id, http.ResearcherId())).SingleOrDefault();

    public static ProblemHttpResult Unknown(Guid id) => Problems.Of(404, "unknown-webhook", "Unknown webhook", $"You have no webhook with the id {id}.");

    /// <summary>Why events are not posted there, or null. Which address a name has is looked at whenever it is connected to.</summary>
    public static ProblemHttpResult? WrongUrl(string text, WebhookSettings settings, out Uri? url)
    {
        if (text.Length > MostUrl || !Uri.TryCreate(text, UriKind.Absolute, out url) || url.Host.Length == 0)
        {
            url = null;
            return Problems.Malformed("url", $"A 'url' is absolute, such as https://example.org/hooks, and has up to {MostUrl} characters.");
        }

        if (url.Scheme != Uri.UriSchemeHttps && !(settings.AllowPrivate && url.Scheme == Uri.UriSchemeHttp))
            return Problems.Refused("webhook-scheme", "Not https", "Events are sent to addresses that begin with https:// only.");
        if (url.UserInfo.Length > 0)
            return Problems.Refused("webhook-credentials", "Credentials in the address", "An address holds no user and password. The signature tells the receiver who sends.");
        if (url.Fragment.Length > 0)
            return Problems.Refused("webhook-fragment", "Fragment in the address", "What comes after # is never sent; leave it out.");
        if (url.Port is not (80 or 443 or >= 1024))
            return Problems.Refused("webhook-port", "Not a port of the web", $"Below 1024 the ports are 80 and 443, not {url.Port}.");
        return null;
    }

    /// <summary>Says at once what would be refused later. A name that is not known yet may be by then.</summary>
    private static async Task<ProblemHttpResult?> PrivateAsync(Uri url, WebhookSettings settings, CancellationToken cancellation)
    {
        if (settings.AllowPrivate) return null;
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(LookUp);
        try
        {
            return (await PublicAddress.OfAsync(url.IdnHost, late.Token)).Any(PublicAddress.Is)
                ? null
                : Problems.Refused("private-address", "Not a public address", $"{url.Host} is not on the public Internet: events are not sent to private, local or reserved addresses.");
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private static ProblemHttpResult? Read(JsonElement body, WebhookSettings settings, Subscription? before, out Wish wish)
    {
        wish = new(before?.Url, before?.Types ?? [], before?.Subject, before?.Description, null, null);
        if (body.ValueKind != JsonValueKind.Object) return Problems.Malformed("json", "Send an object: {\"url\": \"https://example.org/hooks\", \"types\": [\"WorkPublished\"]}.");
        try
        {
            foreach (var field in body.EnumerateObject())
                if (ReadField(field, settings, before is null, ref wish) is { } wrong) return wrong;
            return null;
        }
        catch (InvalidOperationException)
        {
            // An escaped surrogate without its other half: JSON by its grammar, and no text.
            return Problems.Malformed("json", "The body holds half of a surrogate pair, which is no character.");
        }
    }

    private static ProblemHttpResult? ReadField(JsonProperty field, WebhookSettings settings, bool isNew, ref Wish wish)
    {
        switch (field.Name, field.Value.ValueKind)
        {
            case ("url", JsonValueKind.String):
                if (WrongUrl(field.Value.GetString()!, settings, out var url) is { } wrong) return wrong;
                wish = wish with { Url = url };
                return null;
            case ("types", JsonValueKind.Null):
                wish = wish with { Types = [] };
                return null;
            case ("types", JsonValueKind.Array):
                List<string> types = [];
                foreach (var element in field.Value.EnumerateArray())
                {
                    if (element.ValueKind != JsonValueKind.String || EventFilter.TypeNamed(element.GetString()!) is not { } type)
                        return Problems.Malformed("types", $"There is no event type {element.GetRawText()}. There are {string.Join(", ", CloudEvents.Contracts.Keys.Order(StringComparer.Ordinal))}.");
                    types.Add(type);
                }

                wish = wish with { Types = [.. types.Distinct()] };
                return null;
            case ("subject", JsonValueKind.Null):
                wish = wish with { Subject = null };
                return null;
            case ("subject", JsonValueKind.String) when field.Value.TryGetGuid(out var subject):
                wish = wish with { Subject = subject };
                return null;
            case ("description", JsonValueKind.Null):
                wish = wish with { Description = null };
                return null;
            case ("description", JsonValueKind.String) when field.Value.GetString() is { Length: <= MostDescription } text && !text.Contains('\0', StringComparison.Ordinal):
                wish = wish with { Description = text };
                return null;
            case ("after", JsonValueKind.String) when isNew && field.Value.ValueEquals("latest"):
                return null;
            case ("after", JsonValueKind.Number) when isNew && field.Value.TryGetInt64(out var after) && after >= 0:
                wish = wish with { After = after };
                return null;
            case ("active", JsonValueKind.True or JsonValueKind.False) when !isNew:
                wish = wish with { Active = field.Value.GetBoolean() };
                return null;
            case ("url", _):
                return Problems.Malformed("url", "A 'url' is text: the address events are posted to.");
            case ("types", _):
                return Problems.Malformed("types", "'types' is an array of names of event types; empty for all.");
            case ("subject", _):
                return Problems.Malformed("subject", "A 'subject' is the id of one researcher or work, or null.");
            case ("description", _):
                return Problems.Malformed("description", $"A 'description' is text of up to {MostDescription} characters, or null.");
            case ("after", _) when isNew:
                return Problems.Malformed("after", "'after' is the position after which to begin, a whole number, 0 for the beginning; or 'latest', as when nothing is said.");
            case ("active", _) when !isNew:
                return Problems.Malformed("active", "'active' is true or false.");
            default:
                return Problems.Refused("unknown-field", "Unknown field", $"'{field.Name}' says nothing here; 'url', 'types', 'subject', 'description' and '{(isNew ? "after" : "active")}' do.");
        }
    }

    private static NpgsqlParameter Nullable(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    private sealed class WebhookTables(Subscriptions subscriptions) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => subscriptions.CreateTablesAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
