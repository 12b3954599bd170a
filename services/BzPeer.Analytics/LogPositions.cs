using BzPeer.ServiceDefaults;

namespace BzPeer.Analytics;

/// <summary>
/// How far reads of the log, and of what is counted from it, are in each source's events: up to the last of them that is in the log. What
/// a service tells nobody, such as a block, has a position there only once something was told after it.
/// </summary>
internal static class LogPositions
{
    /// <summary>Waits, where a <c>Min-Position</c> is given, until the log has that source so far.</summary>
    public static RouteHandlerBuilder WaitsForLog(this RouteHandlerBuilder read) => read.AddEndpointFilter((context, next) =>
        WaitAsync(context, next, async (log, cancellation) => await log.MarksAsync(cancellation)));

    /// <summary>Waits, where a <c>Min-Position</c> is given, until the numbers have counted that source so far.</summary>
    public static RouteHandlerBuilder WaitsForNumbers(this RouteHandlerBuilder read) => read.AddEndpointFilter((context, next) =>
        WaitAsync(context, next, async (log, cancellation) =>
        {
            // The marks first: the end of the log read after them is behind all they stand for.
            var (marks, head) = (await log.MarksAsync(cancellation), await log.HeadAsync(cancellation));
            await using var moment = await context.HttpContext.RequestServices.GetRequiredService<Numbers>().LookAsync(cancellation);
            return moment.UpTo >= head.Position ? marks : [];
        }));

    private static async ValueTask<object?> WaitAsync(
        EndpointFilterInvocationContext context, EndpointFilterDelegate next, Func<EventLog, CancellationToken, Task<Dictionary<string, long>>> applied)
    {
        var services = context.HttpContext.RequestServices;
        var log = services.GetRequiredService<EventLog>();
        return await Position.WaitAsync(context.HttpContext, async cancellation =>
        {
            var marks = await applied(log, cancellation);
            return source => marks.GetValueOrDefault(source);
        }, services.GetRequiredService<TimeProvider>()) is { } problem ? problem : await next(context);
    }
}
