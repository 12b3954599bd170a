using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BzPeer.Web;

/// <summary>What the gateway itself refuses or cannot deliver. Everything else is the services' own answer.</summary>
internal static class GatewayProblems
{
    public static Task NoSuchCall(HttpContext context) =>
        Problems.Of(404, "no-such-call", "No such call",
            $"The API has no {context.Request.Path}. The calls it has stand in /openapi/v1.json.").ExecuteAsync(context);

    public static Task BodyTooLarge(HttpContext context, long maxBytes)
    {
        var problem = Problems.Of(413, "body-too-large", "Body too large", $"This call takes at most {maxBytes} bytes. Send it in smaller parts.");
        problem.ProblemDetails.Extensions["maxBytes"] = maxBytes;
        return problem.ExecuteAsync(context);
    }

    public static Task UnreadableBody(HttpContext context) =>
        Problems.Of(400, "unreadable-body", "Unreadable body", "The body ended early or came too slowly. Send it again.").ExecuteAsync(context);

    public static Task ServiceDown(HttpContext context, string service) =>
        TryLater(context, service, Problems.Of(503, "service-unavailable", "Service unavailable",
            $"The {service} service does not answer at the moment; the others do. Try again in a few seconds."));

    public static Task TooSlow(HttpContext context, string service) =>
        TryLater(context, service, Problems.Of(504, "service-timeout", "Service too slow",
            $"The {service} service did not answer in time. A write may have happened: read before you repeat it."));

    private static Task TryLater(HttpContext context, string service, ProblemHttpResult problem)
    {
        context.Response.Headers.RetryAfter = "5";
        problem.ProblemDetails.Extensions["service"] = service;
        return problem.ExecuteAsync(context);
    }
}
