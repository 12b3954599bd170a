using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BzPeer.ServiceDefaults;

/// <summary>A message that its service could not handle.</summary>
/// <param name="Id">Names it: the message's id, or where it has none, a digest of what it says.</param>
/// <param name="Type">The event type, such as <c>AuthorIdentified</c>; null where that cannot be read.</param>
/// <param name="Subject">Whom or what the event is about; null where that cannot be read.</param>
/// <param name="FailedAt">When it was given up; null where the broker does not say.</param>
/// <param name="Reason">Why, in the words of what failed.</param>
/// <param name="Content">What it says, cut at 4,000 characters.</param>
public sealed record DeadLetter(string Id, string? Type, string? Subject, DateTimeOffset? FailedAt, string Reason, string Content);

/// <summary>The messages that wait, oldest first.</summary>
/// <param name="Total">How many there are.</param>
/// <param name="Items">The first hundred of them.</param>
public sealed record DeadLetterList(long Total, IReadOnlyList<DeadLetter> Items);

/// <summary>How many were sent again, or put aside.</summary>
public sealed record DeadLettersMoved(long Moved);

/// <summary>
/// Messages a service could not handle: they wait in <c>&lt;queue&gt;_error</c> until a curator sends them again or discards them. One that is
/// discarded moves to <c>&lt;queue&gt;_discarded</c>, with who did that, when and why; the oldest go when there are 10,000. Every move is a copy that the broker confirmed,
/// then the end of the original: what is interrupted may be there twice, and is never lost.
/// </summary>
public sealed class DeadLetters(Uri broker, string queue, ILogger<DeadLetters> log)
{
    /// <summary>Listed at once.</summary>
    private const int Shown = 100;

    private const int MaxContent = 4_000;

    private readonly string errors = queue + "_error";
    private readonly string discarded = queue + "_discarded";

    /// <summary>How many wait; 0 also when none ever came.</summary>
    public async Task<uint> CountAsync(CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        return await CountAsync(connection, cancellation);
    }

    /// <summary>What waits. It is taken and given back, so somebody else who looks at the same moment may see less.</summary>
    public async Task<DeadLetterList> ListAsync(CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        var total = await CountAsync(connection, cancellation);
        List<DeadLetter> items = [];
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        while (items.Count < Math.Min(total, Shown) && await channel.BasicGetAsync(errors, autoAck: false, cancellation) is { } message) items.Add(Read(message));
        return new(total, items);
    }

    /// <summary>Sends those that wait now to their queue again, or only those with this id. Returns how many.</summary>
    public Task<uint> ReplayAsync(CancellationToken cancellation, string? id = null) => MoveAsync(queue, id, properties => properties, cancellation);

    /// <summary>Puts those with this id aside for good. Returns how many.</summary>
    public async Task<uint> DiscardAsync(string id, string reason, Guid by, DateTimeOffset at, CancellationToken cancellation)
    {
        await using (var connection = await ConnectAsync(cancellation))
        {
            await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
            await channel.QueueDeclareAsync(discarded, durable: true, exclusive: false, autoDelete: false,
                new Dictionary<string, object?> { ["x-queue-type"] = "quorum", ["x-max-length"] = 10_000 }, cancellationToken: cancellation);
        }
        var moved = await MoveAsync(discarded, id, properties =>
        {
            properties.Headers ??= new Dictionary<string, object?>();
            properties.Headers["bzpeer-discarded-for"] = reason;
            properties.Headers["bzpeer-discarded-by"] = by.ToString();
            properties.Headers["bzpeer-discarded-at"] = at.ToString("O", CultureInfo.InvariantCulture);
            return properties;
        }, cancellation);
        if (moved > 0) log.LogWarning("{Curator} discarded the message {Message} of {Queue}: {Reason}", by, id, queue, reason);
        return moved;
    }

    private async Task<uint> MoveAsync(string to, string? id, Func<BasicProperties, BasicProperties> mark, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        var waiting = await CountAsync(connection, cancellation);
        await using var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellation);
        var moved = 0u;
        for (var seen = 0u; seen < waiting; seen++)
        {
            if (await channel.BasicGetAsync(errors, autoAck: false, cancellation) is not { } message) break;
            // The others go back when the channel ends.
            if (id is not null && IdOf(message) != id) continue;
            await channel.BasicPublishAsync("", to, mandatory: true, mark(new BasicProperties(message.BasicProperties)), message.Body, cancellation);
            await channel.BasicAckAsync(message.DeliveryTag, multiple: false, cancellation);
            moved++;
        }

        return moved;
    }

    private static DeadLetter Read(BasicGetResult message)
    {
        var content = Encoding.UTF8.GetString(message.Body.Span);
        var (type, subject) = Envelope(message.Body);
        // How MassTransit marks what it gave up.
        var reason = Header(message, "MT-Fault-Message") ?? Header(message, "MT-Reason") ?? "The broker gave it back too often.";
        return new(IdOf(message), type, subject, DateTimeOffset.TryParse(Header(message, "MT-Fault-Timestamp"), CultureInfo.InvariantCulture, out var at) ? at : null,
            reason, content.Length <= MaxContent ? content : content[..MaxContent] + "…");
    }

    private static (string? Type, string? Subject) Envelope(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var type = json.RootElement.GetProperty("messageType")[0].GetString()?.Split(':')[^1];
            return (type, json.RootElement.GetProperty("message").GetProperty("origin").GetProperty("subject").GetString());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            // That it is no message of ours may be why it is here.
            return (null, null);
        }
    }

    private static string IdOf(BasicGetResult message) =>
        message.BasicProperties.MessageId is { Length: > 0 } id ? id : Convert.ToHexStringLower(SHA256.HashData(message.Body.Span))[..32];

    private static string? Header(BasicGetResult message, string name) => message.BasicProperties.Headers?.TryGetValue(name, out var value) == true
        ? value is byte[] text ? Encoding.UTF8.GetString(text) : Convert.ToString(value, CultureInfo.InvariantCulture)
        : null;

    private async Task<uint> CountAsync(IConnection connection, CancellationToken cancellation)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        try
        {
            return (await channel.QueueDeclarePassiveAsync(errors, cancellation)).MessageCount;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == 404)
        {
            return 0;
        }
    }

    private Task<IConnection> ConnectAsync(CancellationToken cancellation) =>
        new ConnectionFactory { Uri = broker, ClientProvidedName = $"bzpeer-{queue}-dead-letters", RequestedConnectionTimeout = TimeSpan.FromSeconds(5) }
            .CreateConnectionAsync(cancellation);

    /// <summary>Where curators look after them, each service its own: <c>/api/dead-letters/SERVICE</c>.</summary>
    internal void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/dead-letters/replay", async (CancellationToken cancellation) => TypedResults.Ok(new { replayed = await ReplayAsync(cancellation) }))
            .RequireAuthorization(Authentication.Curator).ExcludeFromDescription();
        var letters = app.MapGroup($"/api/dead-letters/{queue}").RequireAuthorization(Authentication.Curator).ExcludeFromDescription();
        letters.MapGet("", async (CancellationToken cancellation) => TypedResults.Ok(await ListAsync(cancellation)));
        letters.MapPost("/resend", async (CancellationToken cancellation) => TypedResults.Ok(new DeadLettersMoved(await ReplayAsync(cancellation))));
        letters.MapPost("/{id}/resend", async Task<IResult> (string id, CancellationToken cancellation) => Moved(await ReplayAsync(cancellation, id)));
        letters.MapDelete("/{id}", async Task<IResult> (string id, string? reason, HttpContext http, TimeProvider clock, CancellationToken cancellation) =>
            reason?.Trim() is { Length: > 0 and <= 2_000 } why
                ? Moved(await DiscardAsync(id, why, http.ResearcherId(), clock.GetUtcNow(), cancellation))
                : Problems.Refused("reason", "No reason", "Say in 'reason' why it can be done without, in up to 2,000 characters."));
    }

    private static IResult Moved(uint count) => count > 0
        ? TypedResults.Ok(new DeadLettersMoved(count))
        : Problems.Of(404, "unknown-dead-letter", "Unknown dead letter", "No message of this id waits. Somebody may have sent it again or discarded it.");
}

/// <summary>Degraded, and says how many, while messages wait that could not be handled.</summary>
internal sealed class DeadLetterHealth(DeadLetters letters) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var waiting = await letters.CountAsync(cancellationToken);
        return waiting == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded($"{waiting} message(s) could not be handled; repair the cause and POST /dead-letters/replay");
    }
}
