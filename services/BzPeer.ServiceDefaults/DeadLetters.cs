using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BzPeer.ServiceDefaults;

/// <summary>Messages a service could not handle: they wait in <c>&lt;queue&gt;_error</c> until somebody sends them again.</summary>
public sealed class DeadLetters(Uri broker, string queue)
{
    private readonly string errors = queue + "_error";

    /// <summary>How many wait; 0 also when none ever came.</summary>
    public async Task<uint> CountAsync(CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        return await CountAsync(connection, cancellation);
    }

    /// <summary>Sends those that wait now to their queue again, each removed only after the broker confirmed its copy. Returns how many.</summary>
    public async Task<uint> ReplayAsync(CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        var waiting = await CountAsync(connection, cancellation);
        await using var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellation);
        for (var sent = 0u; sent < waiting; sent++)
        {
            if (await channel.BasicGetAsync(errors, autoAck: false, cancellation) is not { } message) return sent;
            await channel.BasicPublishAsync("", queue, mandatory: true, new BasicProperties(message.BasicProperties), message.Body, cancellation);
            await channel.BasicAckAsync(message.DeliveryTag, multiple: false, cancellation);
        }

        return waiting;
    }

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
