using System.Diagnostics;
using System.Diagnostics.Metrics;
using BzPeer.Contracts;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Services;
using Marten.Subscriptions;
using MassTransit;
using Npgsql;

namespace BzPeer.ServiceDefaults;

/// <summary>Which stream events of a service become which integration events: the translation between the two, in one place per service.</summary>
public sealed class Publications(string source)
{
    internal delegate IIntegrationEvent Translate(IEvent e, long previous);

    private readonly Dictionary<Type, Translate> byStreamEvent = [];
    private readonly HashSet<Type> contracts = [];

    /// <summary>One of <see cref="Sources"/>.</summary>
    public string Source => source;

    internal IReadOnlyDictionary<Type, Translate> ByStreamEvent => byStreamEvent;

    internal IReadOnlyCollection<Type> Contracts => contracts;

    /// <summary>Every <typeparamref name="TStreamEvent"/> is published as a <typeparamref name="TContract"/> about <paramref name="subject"/>.</summary>
    public Publications Add<TStreamEvent, TContract>(Func<IEvent<TStreamEvent>, Guid> subject, Func<IEvent<TStreamEvent>, EventOrigin, TContract> translate)
        where TStreamEvent : notnull
        where TContract : class, IIntegrationEvent =>
        Add(subject, translate, [typeof(TContract)]);

    /// <summary>As the other one, where the event's data say which of two contracts it is.</summary>
    public Publications Add<TStreamEvent, TContract1, TContract2>(Func<IEvent<TStreamEvent>, Guid> subject, Func<IEvent<TStreamEvent>, EventOrigin, IIntegrationEvent> translate)
        where TStreamEvent : notnull
        where TContract1 : class, IIntegrationEvent
        where TContract2 : class, IIntegrationEvent =>
        Add(subject, translate, [typeof(TContract1), typeof(TContract2)]);

    private Publications Add<TStreamEvent>(Func<IEvent<TStreamEvent>, Guid> subject, Func<IEvent<TStreamEvent>, EventOrigin, IIntegrationEvent> translate, Type[] published)
        where TStreamEvent : notnull
    {
        if (published.FirstOrDefault(contract => CloudEvents.SourceOf(contract) != source) is { } foreign)
            throw new InvalidOperationException($"{foreign.Name} is not said to be published by {source} ({nameof(PublishedByAttribute)}).");
        contracts.UnionWith(published);
        byStreamEvent.Add(typeof(TStreamEvent), (e, previous) =>
        {
            var typed = (IEvent<TStreamEvent>)e;
            return translate(typed, new EventOrigin(e.Id, e.Timestamp, source, subject(typed), e.Sequence, previous, e.StreamId, e.Version));
        });
        return this;
    }
}

/// <summary>
/// The event store is the outbox: reads committed events in order and publishes them with confirms. Its progress moves, in
/// the daemon's transaction, only after the broker confirmed the whole page, so every committed event is published at
/// least once and none that was not committed.
/// </summary>
public abstract class Relay : SubscriptionBase
{
    internal static readonly ActivitySource Activities = new("BzPeer.Relay");

    /// <summary>Messages on their way to be confirmed: the back-pressure towards the broker.</summary>
    protected const int InFlight = 256;

    /// <summary>For a page to be confirmed. A publish that is under way when the broker dies may never end, whatever it is told: it is left, and done anew.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly Publications publications;
    private readonly NpgsqlDataSource store;
    private readonly Foreground foreground;
    private (long Ceiling, long Previous) published = (-1, 0);

    /// <summary>Reads what <paramref name="publications"/> names.</summary>
    protected Relay(string name, Publications publications, NpgsqlDataSource store, Foreground foreground)
    {
        (this.publications, this.store, this.foreground) = (publications, store, foreground);
        Name = name;
        Options.BatchSize = 5_000;
        // The daemon loads whatever has come since the page before, and queues it. One page at a time, then: what comes meanwhile is
        // one page too, instead of many small ones that each wait for the broker and the store (0.8 s late at 500 follows a second).
        Options.MaximumHopperSize = 1;
        // An event archived before the daemon saw it is still owed to everybody else.
        IncludeArchivedEvents = true;
        IncludedEventTypes.AddRange(publications.ByStreamEvent.Keys);
    }

    /// <inheritdoc />
    public override async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
    {
        await page.BeginAsync(operations, cancellationToken);
        await foreground.GiveWayAsync(cancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var previous = published.Ceiling == page.SequenceFloor ? published.Previous : await LastPublicEventAsync(operations.DocumentStore, page.SequenceFloor, patience.Token);
            var confirms = new Queue<Task>(InFlight);
            foreach (var e in page.Events)
            {
                if (!publications.ByStreamEvent.TryGetValue(e.EventType, out var translate)) continue;
                // The broker confirms in order, more or less: waiting for the oldest keeps the others on their way.
                if (confirms.Count == InFlight) await confirms.Dequeue().WaitAsync(patience.Token);
                confirms.Enqueue(PublishAsync(e, translate(e, previous), patience.Token));
                previous = e.Sequence;
            }

            await Task.WhenAll(confirms).WaitAsync(patience.Token);
            published = (page.SequenceCeiling, previous);
            return NullChangeListener.Instance;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // An escaping cancellation that is not the daemon's own would stop this subscription for good.
            throw new TimeoutException($"The broker did not confirm events {page.SequenceFloor + 1} to {page.SequenceCeiling} within {Patience.TotalSeconds} s; they will be published again.");
        }
    }

    /// <summary>Ends once the broker has confirmed the message.</summary>
    protected abstract Task PublishAsync(IEvent e, IIntegrationEvent message, CancellationToken cancellation);

    /// <summary>After a start, a rewind or a failed page: what was published last, from the store itself.</summary>
    private async Task<long> LastPublicEventAsync(IDocumentStore documents, long upTo, CancellationToken cancellation)
    {
        await using var command = store.CreateCommand("select coalesce((select seq_id from mt_events where seq_id <= $1 and type = any($2) order by seq_id desc limit 1), 0)");
        command.Parameters.Add(new() { Value = upTo });
        command.Parameters.Add(new()
        {
            Value = documents.Options.Events.AllKnownEventTypes().Where(type => publications.ByStreamEvent.ContainsKey(type.EventType)).Select(type => type.EventTypeName).ToArray(),
        });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}

/// <summary>Tells the other services, by MassTransit.</summary>
public sealed class ServicesRelay(IBus bus, Publications publications, NpgsqlDataSource store, RelayMetrics metrics, Foreground foreground)
    : Relay("Relay", publications, store, foreground)
{
    /// <inheritdoc />
    protected override async Task PublishAsync(IEvent e, IIntegrationEvent message, CancellationToken cancellation)
    {
        using var activity = Activities.StartActivity($"relay {e.EventTypeName}", ActivityKind.Internal, e.Trace());
        await bus.Publish(message, message.GetType(), context =>
        {
            // A retry inside the transport would otherwise make an id of its own.
            context.MessageId = e.Id;
            context.Mandatory = true;
        }, cancellation);
        metrics.Published();
    }
}

/// <summary>What the relay did: published events.</summary>
public sealed class RelayMetrics(IMeterFactory meters)
{
    /// <summary>Name of the meter of everything BZPEER measures itself.</summary>
    public const string MeterName = "BzPeer";

    private readonly Counter<long> published = meters.Create(MeterName).CreateCounter<long>("bzpeer.relay.published", "{event}", "Events the broker confirmed");

    internal void Published() => published.Add(1);
}
