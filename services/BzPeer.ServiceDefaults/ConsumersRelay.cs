using System.Globalization;
using BzPeer.Contracts;
using JasperFx.Events;
using Npgsql;
using RabbitMQ.Client;

namespace BzPeer.ServiceDefaults;

/// <summary>
/// Tells everybody else, in whatever language they read: every integration event as a CloudEvent on <see cref="CloudEvents.Exchange"/>. A
/// subscription of its own, from the first event on, so history arrives there without being told to the services once more.
/// </summary>
public sealed class ConsumersRelay(EventsExchange exchange, Publications publications, NpgsqlDataSource store, Foreground foreground)
    : Relay("Consumers", publications, store, foreground)
{
    /// <inheritdoc />
    protected override Task PublishAsync(IEvent e, IIntegrationEvent message, CancellationToken cancellation) => exchange.PublishAsync(message, e.Trace(), cancellation);
}

/// <summary>
/// The exchange for consumers, and the stream behind it that keeps every event. Both are declared before the first publish, so that no event
/// is ever without a place.
/// </summary>
public sealed class EventsExchange(Uri broker, string service) : IAsyncDisposable
{
    /// <summary>What the broker keeps at most, 50 GB: some hundred million events. The oldest go first; the event log has them all.</summary>
    private const long MostBytes = 50_000_000_000;

    private static readonly CreateChannelOptions Confirmed = new(
        publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null);

    private readonly SemaphoreSlim opening = new(1, 1);
    private IConnection? connection;
    private IChannel? channel;

    /// <summary>The same arguments wherever it is declared, or the broker refuses the second declaration.</summary>
    public static async Task DeclareAsync(IChannel channel, CancellationToken cancellation)
    {
        await channel.ExchangeDeclareAsync(CloudEvents.Exchange, ExchangeType.Topic, durable: true, cancellationToken: cancellation);
        await channel.QueueDeclareAsync(CloudEvents.History, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?>
        {
            ["x-queue-type"] = "stream",
            ["x-max-length-bytes"] = MostBytes,
        }, cancellationToken: cancellation);
        await channel.QueueBindAsync(CloudEvents.History, CloudEvents.Exchange, "#", cancellationToken: cancellation);
    }

    /// <summary>Publishes an event and waits until the broker confirms that it has it.</summary>
    /// <exception cref="RabbitMQ.Client.Exceptions.RabbitMQClientException">It has not; publish it again.</exception>
    public async Task PublishAsync(IIntegrationEvent message, string? trace, CancellationToken cancellation)
    {
        var (origin, name) = (message.Origin, message.GetType().Name);
        var properties = new BasicProperties
        {
            MessageId = origin.EventId.ToString(),
            Type = CloudEvents.Type(origin.Source, name),
            ContentType = "application/json",
            DeliveryMode = DeliveryModes.Persistent,
            Timestamp = new(origin.OccurredAt.ToUnixTimeSeconds()),
            Headers = Attributes(origin, name, trace),
        };
        var open = await OpenAsync(cancellation);
        await open.BasicPublishAsync(CloudEvents.Exchange, CloudEvents.RoutingKey(origin.Source, name, origin.Subject), mandatory: true, properties, CloudEvents.Data(message), cancellation);
    }

    private static Dictionary<string, object?> Attributes(EventOrigin origin, string name, string? trace)
    {
        var attributes = new Dictionary<string, object?>(11)
        {
            [CloudEvents.HeaderPrefix + "specversion"] = "1.0",
            [CloudEvents.HeaderPrefix + "id"] = origin.EventId.ToString(),
            [CloudEvents.HeaderPrefix + "source"] = origin.Source,
            [CloudEvents.HeaderPrefix + "type"] = CloudEvents.Type(origin.Source, name),
            [CloudEvents.HeaderPrefix + "subject"] = origin.Subject.ToString(),
            [CloudEvents.HeaderPrefix + "time"] = origin.OccurredAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            [CloudEvents.HeaderPrefix + "sequence"] = origin.Sequence.ToString(CultureInfo.InvariantCulture),
            [CloudEvents.HeaderPrefix + "previous"] = origin.Previous.ToString(CultureInfo.InvariantCulture),
            [CloudEvents.HeaderPrefix + "stream"] = origin.Stream.ToString(),
            [CloudEvents.HeaderPrefix + "streamversion"] = origin.Version.ToString(CultureInfo.InvariantCulture),
        };
        if (trace is not null) attributes[CloudEvents.HeaderPrefix + "traceparent"] = trace;
        return attributes;
    }

    private async Task<IChannel> OpenAsync(CancellationToken cancellation)
    {
        if (channel is { IsOpen: true } open) return open;
        await opening.WaitAsync(cancellation);
        try
        {
            if (channel is { IsOpen: true } opened) return opened;
            await CloseAsync();
            connection = await new ConnectionFactory
            {
                Uri = broker,
                ClientProvidedName = $"bzpeer-{service}-events",
                RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
                // A page that failed is published anew, over a new connection.
                AutomaticRecoveryEnabled = false,
            }.CreateConnectionAsync(cancellation);
            var fresh = await connection.CreateChannelAsync(Confirmed, cancellation);
            await DeclareAsync(fresh, cancellation);
            return channel = fresh;
        }
        finally
        {
            opening.Release();
        }
    }

    private async Task CloseAsync()
    {
        var (used, old) = (channel, connection);
        (channel, connection) = (null, null);
        if (used is not null) await used.DisposeAsync();
        if (old is not null) await old.DisposeAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        opening.Dispose();
    }
}
