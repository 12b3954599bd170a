using System.Collections.Concurrent;
using System.Text;
using BzPeer.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BzPeer.EndToEnd.Tests;

/// <summary>A message as it went over the broker.</summary>
internal sealed record Tapped(string Exchange, IReadOnlyBasicProperties Properties, byte[] Body, string RoutingKey = "")
{
    public string Text { get; } = Encoding.UTF8.GetString(Body);
}

/// <summary>A queue of the test's own that gets a copy of every public event, beside those of the services.</summary>
internal sealed class BrokerTap : IAsyncDisposable
{
    private readonly ConcurrentQueue<Tapped> messages = [];
    private readonly IConnection connection;
    private readonly IChannel channel;

    private BrokerTap(IConnection connection, IChannel channel) => (this.connection, this.channel) = (connection, channel);

    /// <summary>What came so far.</summary>
    public IReadOnlyList<Tapped> Messages => [.. messages];

    /// <summary>Exchange of a contract.</summary>
    public static string ExchangeOf(Type contract) => $"{contract.Namespace}:{contract.Name}";

    /// <summary>Listens to every event type that a service of the system consumes.</summary>
    public static async Task<BrokerTap> OpenAsync(Uri broker, CancellationToken ct)
    {
        // When the broker comes back, so do the connection, its queue and its channel, by themselves.
        var connection = await new ConnectionFactory { Uri = broker, NetworkRecoveryInterval = TimeSpan.FromMilliseconds(500) }.CreateConnectionAsync(ct);
        var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), ct);
        var tap = new BrokerTap(connection, channel);
        var queue = await channel.QueueDeclareAsync(cancellationToken: ct);
        foreach (var contract in Subscriptions.ByQueue.Values.SelectMany(types => types).Distinct())
            await channel.QueueBindAsync(queue.QueueName, ExchangeOf(contract), "", cancellationToken: ct);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            tap.messages.Enqueue(new(delivery.Exchange, new BasicProperties(delivery.BasicProperties), delivery.Body.ToArray()));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer, ct);
        return tap;
    }

    /// <summary>Publishes a message as it is, to its exchange and so to every service that listens; returns when the broker has it.</summary>
    public async Task PublishAsync(Tapped message, CancellationToken ct) =>
        await channel.BasicPublishAsync(message.Exchange, "", mandatory: true, new BasicProperties(message.Properties), message.Body, ct);

    /// <summary>
    /// Waits until the services have had every message published so far: somebody new is registered last, and what comes after
    /// others in the queues is only there once they are through.
    /// </summary>
    public async Task ShouldBeThroughAsync(BzPeerSystem system, TimeSpan within, CancellationToken ct)
    {
        await system.RegisterAsync(1, ct);
        foreach (var queue in Subscriptions.ByQueue.Keys)
            await Eventually.Async(async token => await WaitingAsync(queue, token) == 0, $"the queue {queue} is empty", within, ct);
    }

    /// <summary>Puts bytes straight into a queue.</summary>
    public async Task SendAsync(string queue, string body, CancellationToken ct) =>
        await channel.BasicPublishAsync("", queue, mandatory: true, new BasicProperties { ContentType = "application/vnd.masstransit+json" }, Encoding.UTF8.GetBytes(body), ct);

    /// <summary>Messages that wait in a queue; 0 where there is no such queue.</summary>
    public async Task<uint> WaitingAsync(string queue, CancellationToken ct)
    {
        // Asking for a queue that is not there ends the channel it was asked on.
        await using var asking = await connection.CreateChannelAsync(cancellationToken: ct);
        try
        {
            return await asking.MessageCountAsync(queue, ct);
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return 0;
        }
    }

    /// <summary>Empties a queue.</summary>
    public Task PurgeAsync(string queue, CancellationToken ct) => channel.QueuePurgeAsync(queue, ct);

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await connection.DisposeAsync();
    }
}
