using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace BzPeer.Analytics;

/// <summary>Keeps the <see cref="Numbers"/> up with the log. Any instance may: they take turns by the batch, at the row of the mark.</summary>
internal sealed class Projector(Numbers numbers, LogTail tail, TimeProvider clock, ILogger<Projector> logger) : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan LookAnyway = TimeSpan.FromSeconds(1);

    private string? wrong;

    /// <summary>Degraded while the numbers stand still, and says why: an event that cannot be counted is never passed over.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(wrong is null ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded($"The numbers stand still: {wrong}"));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var changed = tail.Changed;
                while (await numbers.FoldAsync(Numbers.BatchSize, stoppingToken) > 0) { }
                wrong = null;
                await changed.WaitAsync(LookAnyway, clock, stoppingToken);
            }
            catch (TimeoutException)
            {
                // A notification may be lost with its connection.
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                wrong = e.Message;
                logger.LogWarning("The numbers go on in a second: {Reason}", e.Message);
                await Task.Delay(LookAnyway, clock, stoppingToken);
            }
        }
    }
}

/// <summary>The numbers, who keeps them, and where they are read.</summary>
internal static class NumbersSetup
{
    internal static void AddNumbers(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Numbers>();
        builder.Services.AddSingleton<Projector>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Projector>());
        builder.Services.AddHealthChecks().AddCheck<Projector>("numbers", tags: ["ready"]);
    }

    internal static void MapNumbers(this WebApplication app)
    {
        app.MapFollowerGrowth();
        app.MapTopicMonths();
        app.MapTrustLevels();
        app.MapMovers();
        app.MapFreshness();
    }

    /// <summary><c>dotnet BzPeer.Analytics.dll rebuild</c>: all numbers anew from position 1, while the service runs or not.</summary>
    internal static async Task<int> RebuildAsync(IServiceProvider services, string[] _)
    {
        await services.GetRequiredService<EventLog>().CreateAsync(CancellationToken.None);
        var (upTo, differed) = await services.GetRequiredService<Numbers>().RebuildAsync(Numbers.BatchSize, CancellationToken.None);
        Console.WriteLine($"Made all numbers anew from positions 1 to {upTo}: {(differed == 0 ? "every row is as it was" : $"{differed} row(s) put right")}.");
        return 0;
    }
}
