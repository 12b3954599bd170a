using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BzPeer.Web;

/// <summary>Listens to all events of all services, as any consumer may, and drops what names what they name.</summary>
internal sealed class News(Kept kept, Uri broker, TimeProvider clock, ILogger<News> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("No events are heard, so no page is kept: {Reason}", e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken);
            }
        }
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        await using var connection = await new ConnectionFactory { Uri = broker, ClientProvidedName = "bzpeer-web", AutomaticRecoveryEnabled = false }.CreateConnectionAsync(stopping);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: stopping);
        await EventsExchange.DeclareAsync(channel, stopping);
        var queue = await channel.QueueDeclareAsync(cancellationToken: stopping);
        await channel.QueueBindAsync(queue.QueueName, CloudEvents.Exchange, "#", cancellationToken: stopping);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, message) =>
        {
            kept.Drop(Ids.In(message.Body.Span));
            return Task.CompletedTask;
        };
        consumer.ShutdownAsync += (_, reason) =>
        {
            ended.TrySetException(new EndOfStreamException(reason.Exception?.Message ?? reason.ReplyText));
            return Task.CompletedTask;
        };
        consumer.UnregisteredAsync += (_, _) =>
        {
            ended.TrySetException(new EndOfStreamException("The queue was deleted."));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer, stopping);
        try
        {
            kept.Listening = true;
            await ended.Task.WaitAsync(stopping);
        }
        finally
        {
            kept.Listening = false;
        }
    }
}
