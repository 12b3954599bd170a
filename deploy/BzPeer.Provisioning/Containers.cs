using System.Net.Sockets;

namespace BzPeer.Provisioning;

/// <summary>PostgreSQL and RabbitMQ as containers, where a Docker engine answers.</summary>
internal static class Containers
{
    public static Task<string?> WhyNoEngineAsync(CancellationToken ct) => Task.FromResult<string?>("none answers");
    public static Task<ServerRecord> StartPostgresAsync(ServersOptions options, ServerRecord? before, CancellationToken ct) => throw new NotSupportedException();
    public static Task<ServerRecord> StartRabbitMqAsync(ServersOptions options, ServerRecord? before, CancellationToken ct) => throw new NotSupportedException();
    public static Task StopAsync(string container, bool abruptly) => throw new NotSupportedException();
    public static Task RemoveAsync(string container) => throw new NotSupportedException();
}
