using System.Data;
using System.Threading.Channels;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BzPeer.Analytics;

/// <summary>
/// Reads <c>bzpeer.history</c> from where the log left off and appends what it finds, on one instance at a time. How far it has read is
/// committed with what it appended, so each event is in the log once, whatever is killed in between.
/// </summary>
internal sealed class LogAppender(EventLog log, Leadership leadership, Uri broker, TimeProvider clock, ILogger<LogAppender> logger) : BackgroundService
{
    /// <summary>Messages handed out and not yet committed.</summary>
    private const ushort Prefetch = 4_000;

    private const int MostTogether = 2_000;

    /// <summary>What <see cref="Leadership"/> knows this work by.</summary>
    private const long Work = 5_102_025;

    private sealed record Delivery(long Offset, ulong Tag, Arrived? Event, Rejected? Rejected);

    /// <summary>Sources whose next event is missing; empty when all is well, and where another instance appends.</summary>
    public IReadOnlyList<string> Gaps { get; private set; } = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await AppendAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning("Appending to the log goes on in a second: {Reason}", e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken);
            }
        }
    }

    /// <summary>Appends for as long as this instance has the lock, the store and the broker.</summary>
    private async Task AppendAsync(CancellationToken stopping)
    {
        await using var alone = await leadership.WaitAsync(Work, stopping);
        var head = await log.HeadAsync(stopping);
        var marks = await log.MarksAsync(stopping);
        var held = await log.HeldAsync(stopping);
        var erased = await log.ErasedAsync(stopping);

        await using var connection = await new ConnectionFactory { Uri = broker, ClientProvidedName = "bzpeer-analytics-log", AutomaticRecoveryEnabled = false }.CreateConnectionAsync(stopping);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: stopping);
        await EventsExchange.DeclareAsync(channel, stopping);
        await channel.BasicQosAsync(0, Prefetch, global: false, stopping);
        var deliveries = await ConsumeAsync(channel, head, stopping);
        var batch = new List<Delivery>(MostTogether);
        while (await deliveries.WaitToReadAsync(stopping))
        {
            batch.Clear();
            while (batch.Count < MostTogether && deliveries.TryRead(out var delivery)) batch.Add(delivery);
            var last = batch[^1];
            if (batch[0].Offset <= head.History && !IsWhereItLeftOff(batch[0], head))
            {
                // Another stream than the one that was read: it was deleted, and filled anew.
                logger.LogWarning("The history begins anew at {Offset}: it is read from its first event, and what the log has already is passed over", batch[0].Offset);
                await log.AppendAsync(head, new([], [], 0), [], history: -1, historyId: null, stopping);
                return;
            }

            if (batch[0].Offset <= head.History) batch.RemoveAt(0);
            if (batch.Count > 0)
            {
                var placed = Mask.Of(Placement.Of([.. batch.Select(delivery => delivery.Event).OfType<Arrived>()], held, marks), erased);
                head = await log.AppendAsync(head, placed, [.. batch.Select(delivery => delivery.Rejected).OfType<Rejected>().Select(one => Mask.Of(one, erased))], last.Offset, last.Event?.Id, stopping);
                if (placed.Held.Count > 0 || placed.Released > 0) held = await log.HeldAsync(stopping);
                Gaps = [.. held.GroupBy(one => one.Source).Select(source => $"{source.Key}: {source.Count()} events wait for the one after {marks.GetValueOrDefault(source.Key)}")];
            }

            await channel.BasicAckAsync(last.Tag, multiple: true, stopping);
        }

        throw new DataException("The broker ended the reading.");
    }

    /// <summary>From the last event the log has read on: that one comes once more, and tells that it is still the same stream.</summary>
    private static async Task<ChannelReader<Delivery>> ConsumeAsync(IChannel channel, LogHead head, CancellationToken stopping)
    {
        var deliveries = Channel.CreateUnbounded<Delivery>(new() { SingleReader = true });
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, message) =>
        {
            var offset = Convert.ToInt64(message.BasicProperties.Headers!["x-stream-offset"], System.Globalization.CultureInfo.InvariantCulture);
            deliveries.Writer.TryWrite(Read(message, offset));
            return Task.CompletedTask;
        };
        consumer.ShutdownAsync += (_, reason) =>
        {
            deliveries.Writer.TryComplete(new DataException($"The broker ended the reading: {reason.Exception?.Message ?? reason.ReplyText}"));
            return Task.CompletedTask;
        };
        // The stream was deleted.
        consumer.UnregisteredAsync += (_, _) =>
        {
            deliveries.Writer.TryComplete();
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(
            CloudEvents.History, autoAck: false, consumerTag: "", noLocal: false, exclusive: false,
            new Dictionary<string, object?> { ["x-stream-offset"] = head.History < 0 ? "first" : head.History }, consumer, stopping);
        return deliveries.Reader;
    }

    private static bool IsWhereItLeftOff(Delivery first, LogHead head) => first.Offset == head.History && first.Event?.Id == head.HistoryId;

    /// <summary>What is no event of ours holds nobody up: it is put aside, with the reason.</summary>
    private static Delivery Read(BasicDeliverEventArgs message, long offset)
    {
        try
        {
            return new(offset, message.DeliveryTag, Arrived.Read(message.BasicProperties, message.Body), Rejected: null);
        }
        catch (Exception e)
        {
            return new(offset, message.DeliveryTag, Event: null, new(offset, e.Message, message.Body.ToArray()));
        }
    }
}
