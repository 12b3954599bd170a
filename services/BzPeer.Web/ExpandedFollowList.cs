using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Yarp.ReverseProxy.Model;

namespace BzPeer.Web;

/// <summary>
/// <c>?expand=card</c> on a followers or following list: the Follow service knows ids only, so names and trust are
/// added here, by one more public call. Where Profile does not answer, both are null.
/// </summary>
internal static class ExpandedFollowList
{
    /// <summary>What of the Follow service's headers says something to the caller: where the list goes on, where a merged researcher went, when to come again.</summary>
    private static readonly string[] PassedOn = ["Link", "Location", "Cache-Control", "Retry-After"];

    public static bool Asked(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Query["expand"] == "card"
        && request.HttpContext.GetReverseProxyFeature().Route.Config.RouteId
            is "/api/researchers/{id}/followers" or "/api/researchers/{id}/following";

    public static async Task Answer(HttpContext context)
    {
        var ct = context.RequestAborted;
        var services = context.RequestServices;
        using var request = new HttpRequestMessage(HttpMethod.Get, context.Request.Path + context.Request.QueryString);
        if (AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var authorization))
            request.Headers.Authorization = authorization;
        if (context.Request.Headers.TryGetValue("Min-Position", out var position))
            request.Headers.TryAddWithoutValidation("Min-Position", (string?)position);

        HttpResponseMessage response;
        try
        {
            response = await services.GetRequiredService<IHttpClientFactory>().CreateClient(Upstream.Follow).SendAsync(request, ct);
        }
        catch (HttpRequestException)
        {
            await GatewayProblems.ServiceDown(context, Upstream.Follow);
            return;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            await GatewayProblems.TooSlow(context, Upstream.Follow);
            return;
        }
        using (response)
        {
            context.Response.StatusCode = (int)response.StatusCode;
            foreach (var name in PassedOn)
                if (response.Headers.TryGetValues(name, out var values))
                    context.Response.Headers[name] = values.ToArray();
            var body = await response.Content.ReadAsStringAsync(ct);
            if (!response.IsSuccessStatusCode)
            {
                context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
                await context.Response.WriteAsync(body, ct);
                return;
            }
            var list = JsonNode.Parse(body)!.AsObject();
            await AddCards(list, services.GetRequiredService<BzPeerApi>(), ct);
            await context.Response.WriteAsJsonAsync(list, ct);
        }
    }

    private static async Task AddCards(JsonObject list, BzPeerApi api, CancellationToken ct)
    {
        var items = list["items"]?.AsArray().OfType<JsonObject>().ToArray() ?? [];
        var cards = await api.Cards(items.Select(item => item["researcherId"]!.GetValue<Guid>()), ct);
        foreach (var item in items)
        {
            var card = cards.GetValueOrDefault(item["researcherId"]!.GetValue<Guid>());
            item["name"] = card?.Name;
            item["trust"] = card?.Trust is { } trust ? new JsonObject { ["score"] = trust.Score, ["level"] = trust.Level } : null;
        }
    }
}
