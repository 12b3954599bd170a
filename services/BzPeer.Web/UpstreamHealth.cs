using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace BzPeer.Web;

/// <summary>Whether a service behind the gateway answers. The gateway is well without it, only not whole: degraded, never unhealthy.</summary>
internal sealed class UpstreamHealth(IHttpClientFactory clients, Patience patience, string service) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var limit = patience.For(TimeSpan.FromSeconds(2), cancellationToken);
        try
        {
            using var response = await clients.CreateClient(service).GetAsync("/alive", limit.Token);
            return response.IsSuccessStatusCode
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded($"{service} answers with {(int)response.StatusCode}.");
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return HealthCheckResult.Degraded($"{service} does not answer.");
        }
    }
}
