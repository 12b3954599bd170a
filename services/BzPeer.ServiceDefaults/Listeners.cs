using BzPeer.Contracts;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace BzPeer.ServiceDefaults;

/// <summary>A queue that messages wait in.</summary>
/// <param name="Name">The service whose queue it is.</param>
/// <param name="Waiting">Messages not handed out yet.</param>
/// <param name="IsServed">Whether the service takes from it.</param>
public readonly record struct Backlog(string Name, uint Waiting, bool IsServed);

/// <summary>
/// The queues of those who listen to what a service publishes, as the broker sees them: whoever makes more events than they can take
/// finds out without asking them. Used by one at a time.
/// </summary>
public sealed class Listeners(Uri broker, string service, Publications publications, ILogger<Listeners> log) : IAsyncDisposable
{
    private readonly string[] queues = [.. publications.Contracts.SelectMany(Subscriptions.QueuesOf).Distinct().Where(queue => queue != service)];
    private IConnection? connection;
    private IChannel? channel;

    /// <summary>What waits in each of the queues; nothing where the broker does not say.</summary>
    public async Task<IReadOnlyList<Backlog>> BacklogsAsync(CancellationToken cancellation)
    {
        try
        {
            connection ??= await new ConnectionFactory { Uri = broker, ClientProvidedName = $"bzpeer-{service}-listeners", RequestedConnectionTimeout = TimeSpan.FromSeconds(5) }.CreateConnectionAsync(cancellation);
            channel ??= await connection.CreateChannelAsync(cancellationToken: cancellation);
            List<Backlog> backlogs = [];
            foreach (var queue in queues)
            {
                var declared = await channel.QueueDeclarePassiveAsync(queue, cancellation);
                backlogs.Add(new(queue, declared.MessageCount, declared.ConsumerCount > 0));
            }

            return backlogs;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            log.LogDebug("The broker does not say what waits: {Reason}", e.Message);
            await DisposeAsync();
            return [];
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        var (open, used) = (connection, channel);
        (connection, channel) = (null, null);
        if (used is not null) await used.DisposeAsync();
        if (open is not null) await open.DisposeAsync();
    }
}
