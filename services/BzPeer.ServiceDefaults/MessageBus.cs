using System.Diagnostics;
using BzPeer.Contracts;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BzPeer.ServiceDefaults;

/// <summary>A message as a consumer gets it.</summary>
/// <param name="Message">The integration event.</param>
/// <param name="Trace">The trace it arrived in, for the events it leads to; null when nothing listens.</param>
public readonly record struct Delivered<T>(T Message, string? Trace);

/// <summary>What a service listens to. Every handler must leave the same state whatever the order and number of deliveries.</summary>
public sealed class Consumers
{
    internal List<Type> Types { get; } = [];

    internal List<Action<IRabbitMqReceiveEndpointConfigurator, IServiceProvider>> Endpoints { get; } = [];

    /// <summary>
    /// Hands events of one type to <paramref name="apply"/>, as many together as have arrived. Events about the same subject
    /// never run beside each other, and with <paramref name="parallel"/> 1 none do.
    /// </summary>
    public Consumers InBatches<T>(Func<IServiceProvider, IReadOnlyList<Delivered<T>>, CancellationToken, Task> apply, int parallel = 2)
        where T : class, IIntegrationEvent
    {
        Types.Add(typeof(T));
        Endpoints.Add((endpoint, services) => Handle<T, T>(endpoint, Start(services, apply, parallel), message => message));
        return this;
    }

    /// <summary>As the other one, with two types in the same batches: for what both change the same thing, so that they never race.</summary>
    public Consumers InBatches<T1, T2>(Func<IServiceProvider, IReadOnlyList<Delivered<IIntegrationEvent>>, CancellationToken, Task> apply, int parallel = 2)
        where T1 : class, IIntegrationEvent
        where T2 : class, IIntegrationEvent =>
        InBatches(apply, parallel, Kind.Of<T1>(), Kind.Of<T2>());

    /// <summary>As the other one, with any number of types.</summary>
    public Consumers InBatches(Func<IServiceProvider, IReadOnlyList<Delivered<IIntegrationEvent>>, CancellationToken, Task> apply, int parallel, params Kind[] kinds)
    {
        Types.AddRange(kinds.Select(kind => kind.Type));
        Endpoints.Add((endpoint, services) =>
        {
            var batches = Start(services, apply, parallel);
            foreach (var kind in kinds) kind.Handle(endpoint, batches);
        });
        return this;
    }

    /// <summary>A type of events, for a batch of several.</summary>
    public sealed class Kind
    {
        private Kind(Type type, Action<IRabbitMqReceiveEndpointConfigurator, Batches<Delivered<IIntegrationEvent>>> handle) => (Type, Handle) = (type, handle);

        internal Type Type { get; }

        internal Action<IRabbitMqReceiveEndpointConfigurator, Batches<Delivered<IIntegrationEvent>>> Handle { get; }

        /// <summary>Events of type <typeparamref name="T"/>.</summary>
        public static Kind Of<T>()
            where T : class, IIntegrationEvent => new(typeof(T), (endpoint, batches) => Handle<T, IIntegrationEvent>(endpoint, batches, message => message));
    }

    private static Batches<Delivered<T>> Start<T>(IServiceProvider services, Func<IServiceProvider, IReadOnlyList<Delivered<T>>, CancellationToken, Task> apply, int parallel)
        where T : IIntegrationEvent
    {
        var batches = new Batches<Delivered<T>>(delivered => delivered.Message.Origin.Subject, (batch, cancellation) => apply(services, batch, cancellation), parallel: parallel);
        services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopped.Register(() => batches.DisposeAsync().AsTask().Wait());
        return batches;
    }

    private static void Handle<TMessage, T>(IRabbitMqReceiveEndpointConfigurator endpoint, Batches<Delivered<T>> batches, Func<TMessage, T> widen)
        where TMessage : class =>
        endpoint.Handler<TMessage>(context => batches.ApplyAsync(new(widen(context.Message), Activity.Current?.Id), context.CancellationToken));
}

/// <summary>RabbitMQ through MassTransit: one quorum queue per service, everything it listens to in it.</summary>
public static class MessageBus
{
    /// <summary>
    /// Adds the bus of <paramref name="service"/>: exchanges and queues for what it publishes (before the first publish) and
    /// the queue of what it consumes.
    /// </summary>
    public static void AddMessageBus(this IHostApplicationBuilder builder, string service, Publications publications, Consumers? consumers = null)
    {
        var broker = ReadBroker(builder);
        Check(service, consumers?.Types ?? []);

        builder.Services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.ConfigureHealthCheckOptions(options => options.Name = "broker");
            bus.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.Host(broker, host =>
                {
                    host.ConnectionName($"bzpeer-{service}");
                    host.PublisherConfirmation = true;
                });
                rabbit.DeployPublishTopology = true;
                rabbit.Publish<IIntegrationEvent>(topology => topology.Exclude = true);
                foreach (var contract in publications.Contracts) DeclareBeforeFirstPublish(rabbit, contract);
                if (consumers is not null) Receive(rabbit, service, consumers, context);
            });
        });
        builder.Services.Configure<MassTransitHostOptions>(options =>
        {
            options.WaitUntilStarted = false;
            options.StopTimeout = TimeSpan.FromSeconds(20);
        });
        builder.Services.AddSingleton(new EventsExchange(broker, service));
        builder.Services.AddSingleton(services => new DeadLetters(broker, service, services.GetRequiredService<ILogger<DeadLetters>>()));
        builder.Services.AddSingleton(services => new Listeners(broker, service, publications, services.GetRequiredService<ILogger<Listeners>>()));
        builder.Services.AddHealthChecks().AddCheck<DeadLetterHealth>("dead-letters", tags: ["ready"]);
    }

    private static void Receive(IRabbitMqBusFactoryConfigurator rabbit, string queue, Consumers consumers, IBusRegistrationContext context) =>
        rabbit.ReceiveEndpoint(queue, endpoint =>
        {
            AsQuorumQueue(endpoint, queue);
            endpoint.PrefetchCount = 512;
            endpoint.ConcurrentMessageLimit = 512;
            // An outage is waited out, message by message held back: up to 20 minutes. Anything else gets five tries and
            // then stands in <queue>_error, where health shows it and POST /dead-letters/replay sends it again.
            endpoint.UseMessageRetry(retry =>
            {
                retry.Handle<Exception>(ExceptionToProblem.IsStoreOutage);
                retry.Interval(600, TimeSpan.FromSeconds(2));
            });
            endpoint.UseMessageRetry(retry =>
            {
                retry.Ignore<Exception>(ExceptionToProblem.IsStoreOutage);
                retry.Exponential(5, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(100));
            });
            foreach (var configure in consumers.Endpoints) configure(endpoint, context);
        });

    private static void DeclareBeforeFirstPublish(IRabbitMqBusFactoryConfigurator rabbit, Type contract)
    {
        var exchange = $"{contract.Namespace}:{contract.Name}";
        rabbit.Publish(contract, topology =>
        {
            foreach (var queue in Subscriptions.QueuesOf(contract))
                topology.BindQueue(exchange, queue, binding => AsQuorumQueue(binding, queue));
            // Makes every public event routable, so that a mandatory publish fails only when something is really missing. A quorum
            // queue takes the broker half of what a classic one does that drops its oldest message for each new one (35 and 60 us).
            topology.BindQueue(exchange, "bzpeer.latest", binding =>
            {
                binding.Durable = true;
                binding.SetQueueArgument("x-queue-type", "quorum");
                binding.SetQueueArgument("x-max-length", 10_000);
            });
        });
    }

    /// <summary>The same arguments wherever the queue is declared, or the broker refuses the second declaration.</summary>
    private static void AsQuorumQueue(IRabbitMqQueueConfigurator configurator, string queue)
    {
        configurator.Durable = true;
        configurator.SetQueueArgument("x-queue-type", "quorum");
        // A message comes again each time its consumer is killed: not a reason to drop it (RabbitMQ 4 would after 20).
        configurator.SetQueueArgument("x-delivery-limit", 1_000_000);
        configurator.SetQueueArgument("x-dead-letter-exchange", "");
        configurator.SetQueueArgument("x-dead-letter-routing-key", queue + "_error");
    }

    private static void Check(string service, List<Type> consumed)
    {
        var expected = Subscriptions.ByQueue.GetValueOrDefault(service, []);
        if (!expected.ToHashSet().SetEquals(consumed))
            throw new InvalidOperationException($"{service} consumes other events than {nameof(Subscriptions)} says: a queue must stand before the first publish.");
    }

    /// <summary>The address of the broker, or an end of the process that says what is wrong with the setting.</summary>
    public static Uri ReadBroker(IHostApplicationBuilder builder)
    {
        const string key = "ConnectionStrings:Broker";
        var text = builder.Configuration.Required(key, "the AMQP address of RabbitMQ, amqp://user:password@host:port/vhost");
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "amqp" or "amqps"
            ? uri
            : throw new InvalidSetting($"The setting '{key}' is not an AMQP address (amqp://user:password@host:port/vhost).");
    }
}
