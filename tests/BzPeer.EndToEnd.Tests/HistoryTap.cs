using System.Collections.Concurrent;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BzPeer.EndToEnd.Tests;

/// <summary>Reads every event the broker keeps for consumers, from the first one on, and publishes any of them again.</summary>
internal sealed class HistoryTap : IAsyncDisposable
{
    private readonly ConcurrentQueue<Tapped> messages = [];
    private readonly IConnection connection;
    private readonly IChannel reading;
    private readonly IChannel publishing;

    private HistoryTap(IConnection connection, IChannel reading, IChannel publishing) => (this.connection, this.reading, this.publishing) = (connection, reading, publishing);

    /// <summary>What was read so far.</summary>
    public IReadOnlyList<Tapped> Messages => [.. messages];

    public static async Task<HistoryTap> OpenAsync(Uri broker, CancellationToken ct)
    {
        var connection = await new ConnectionFactory { Uri = broker, AutomaticRecoveryEnabled = false }.CreateConnectionAsync(ct);
        var reading = await connection.CreateChannelAsync(cancellationToken: ct);
        var tap = new HistoryTap(connection, reading,
            await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null), ct));
        await reading.BasicQosAsync(0, 1_000, global: false, ct);
        var consumer = new AsyncEventingBasicConsumer(reading);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            tap.messages.Enqueue(new(delivery.Exchange, new BasicProperties(delivery.BasicProperties), delivery.Body.ToArray(), delivery.RoutingKey));
            await reading.BasicAckAsync(delivery.DeliveryTag, multiple: false, ct);
        };
        await reading.BasicConsumeAsync(CloudEvents.History, autoAck: false, consumerTag: "", noLocal: false, exclusive: false,
            new Dictionary<string, object?> { ["x-stream-offset"] = "first" }, consumer, ct);
        return tap;
    }

    /// <summary>Publishes messages as they are, in this order; returns when the broker has them.</summary>
    public Task PublishAsync(IEnumerable<Tapped> again, CancellationToken ct) => Task.WhenAll(again.Select(message =>
        publishing.BasicPublishAsync(CloudEvents.Exchange, message.RoutingKey, mandatory: true, new BasicProperties(message.Properties), message.Body, ct).AsTask()));

    /// <summary>The broker loses what it kept.</summary>
    public async Task ForgetAsync(CancellationToken ct)
    {
        await publishing.QueueDeleteAsync(CloudEvents.History, cancellationToken: ct);
        await EventsExchange.DeclareAsync(publishing, ct);
    }

    public async ValueTask DisposeAsync()
    {
        await reading.DisposeAsync();
        await publishing.DisposeAsync();
        await connection.DisposeAsync();
    }
}
