using System.Diagnostics;
using BzPeer.ServiceDefaults;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;
using Yarp.ReverseProxy.Transforms;

namespace BzPeer.Web;

/// <summary>One origin for the API: which path belongs to which service, how large a body may be, what a dead service looks like.</summary>
internal static class Gateway
{
    private const string EventStream = "text/event-stream";
    private const long ImportBody = 1024L * 1024 * 1024;

    /// <summary>How long a service may be silent, before its answer and while it streams one: event streams say something every 15 s.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    private static readonly (string Path, string Service)[] Routes =
    [
        ("/api/dev/tokens", Upstream.Profile),
        ("/api/sign-ins", Upstream.Profile),
        ("/api/researchers", Upstream.Profile),
        ("/api/researchers/{id}", Upstream.Profile),
        ("/api/researchers/{id}/claim", Upstream.Profile),
        ("/api/researchers/{id}/validations/{**rest}", Upstream.Profile),
        ("/api/me/following/{**rest}", Upstream.Follow),
        ("/api/me/followers/{**rest}", Upstream.Follow),
        ("/api/me/blocks/{**rest}", Upstream.Follow),
        ("/api/me/relationships", Upstream.Follow),
        ("/api/me/follow-visibility", Upstream.Follow),
        ("/api/researchers/{id}/followers", Upstream.Follow),
        ("/api/researchers/{id}/following", Upstream.Follow),
        ("/api/researchers/{id}/known-followers", Upstream.Follow),
        ("/api/researchers/{id}/follow-counts", Upstream.Follow),
        ("/api/researchers/{id}/works", Upstream.Publication),
        ("/api/researchers/{id}/works.atom", Upstream.Publication),
        ("/api/topics/{**rest}", Upstream.Publication),
        ("/api/institutions/{**rest}", Upstream.Publication),
        ("/api/me/feed/{**rest}", Upstream.Publication),
        ("/api/researchers/{id}/collaborators", Upstream.Publication),
        ("/api/researchers/{id}/topics", Upstream.Publication),
        ("/api/researchers/{id}/institutions", Upstream.Publication),
        ("/api/researchers/{id}/merges", Upstream.Publication),
        ("/api/researchers/{id}/same-as", Upstream.Publication),
        ("/api/merges/{**rest}", Upstream.Publication),
        ("/api/researchers/{id}/suspected-pairs", Upstream.Publication),
        ("/api/suspected-pairs/{**rest}", Upstream.Publication),
        ("/api/works/{**rest}", Upstream.Publication),
        ("/api/graph/{**rest}", Upstream.Publication),
        ("/api/imports/{**rest}", Upstream.Publication),
        ("/api/researchers/{id}/trust/{**rest}", Upstream.Trust),
        ("/api/trust/{**rest}", Upstream.Trust),
        ("/api/dead-letters/profile/{**rest}", Upstream.Profile),
        ("/api/dead-letters/follow/{**rest}", Upstream.Follow),
        ("/api/dead-letters/publication/{**rest}", Upstream.Publication),
        ("/api/dead-letters/trust/{**rest}", Upstream.Trust),
        ("/api/researchers/{id}/live", Upstream.Analytics),
        ("/api/events/{**rest}", Upstream.Analytics),
        ("/api/webhooks/{**rest}", Upstream.Analytics),
        ("/api/analytics/{**rest}", Upstream.Analytics),
    ];

    /// <summary>The largest body of an import, in bytes.</summary>
    public static long ImportLimit(IConfiguration configuration) => configuration.Number("Imports:MaxBytes", ImportBody, least: 1);

    public static void AddGateway(this WebApplicationBuilder builder)
    {
        var importLimit = ImportLimit(builder.Configuration);
        builder.Services.AddReverseProxy()
            .LoadFromMemory(
                [.. Routes.Select(route => new RouteConfig
                {
                    RouteId = route.Path,
                    ClusterId = route.Service,
                    Match = new RouteMatch { Path = route.Path },
                    MaxRequestBodySize = route.Path.StartsWith("/api/imports", StringComparison.Ordinal) ? importLimit : ServiceDefaults.ServiceDefaults.MaxBodyBytes,
                })],
                [.. Upstream.All.Select(service => new ClusterConfig
                {
                    ClusterId = service,
                    HttpRequest = new ForwarderRequestConfig { ActivityTimeout = Patience },
                    Destinations = new Dictionary<string, DestinationConfig>
                    {
                        [service] = new() { Address = Upstream.Address(builder.Configuration, service).ToString() },
                    },
                })])
            // The page's cookies are the gateway's own: a service is asked with a bearer token or anonymously.
            .AddTransforms(transforms => transforms.AddRequestHeaderRemove("Cookie"))
            .ConfigureHttpClient((_, handler) => handler.ConnectTimeout = TimeSpan.FromSeconds(3));
    }

    public static void MapGateway(this WebApplication app)
    {
        var stopping = app.Lifetime.ApplicationStopping;
        app.MapReverseProxy(proxy => proxy.Use(async (context, forward) =>
        {
            var route = context.GetReverseProxyFeature().Route.Config;
            if (context.Request.ContentLength > route.MaxRequestBodySize)
            {
                await GatewayProblems.BodyTooLarge(context, route.MaxRequestBodySize.Value);
                return;
            }
            if (ExpandedFollowList.Asked(context.Request))
            {
                await ExpandedFollowList.Answer(context);
                return;
            }
            // An event stream has no end to wait for: whoever follows one comes again.
            using var letGo = stopping.Register(() =>
            {
                if (context.Response.ContentType == EventStream) context.Abort();
            });
            await forward(context);
            if (!context.Response.HasStarted)
                await ExplainFailure(context, route);
        })).AllowAnonymous();
        app.Map("/api/{**rest}", GatewayProblems.NoSuchCall).AllowAnonymous().ExcludeFromDescription();
    }

    /// <summary>YARP answers a failed forward with a bare status; a client needs to know which service and what to do.</summary>
    private static Task ExplainFailure(HttpContext context, RouteConfig route)
    {
        if (context.GetForwarderErrorFeature() is not { } failure || context.RequestAborted.IsCancellationRequested)
            return Task.CompletedTask;
        var service = route.ClusterId ?? throw new UnreachableException();
        return failure switch
        {
            { Error: ForwarderError.RequestBodyClient } when TooLarge(failure.Exception) =>
                GatewayProblems.BodyTooLarge(context, route.MaxRequestBodySize ?? ServiceDefaults.ServiceDefaults.MaxBodyBytes),
            { Error: ForwarderError.RequestBodyClient } => GatewayProblems.UnreadableBody(context),
            { Error: ForwarderError.RequestTimedOut } => GatewayProblems.TooSlow(context, service),
            _ => GatewayProblems.ServiceDown(context, service),
        };
    }

    /// <summary>A body of unknown length that grew too long fails both sides of the forward; the reader's own exception is among them.</summary>
    private static bool TooLarge(Exception? failure) => failure switch
    {
        null => false,
        BadHttpRequestException bad => bad.StatusCode == StatusCodes.Status413PayloadTooLarge,
        AggregateException several => several.InnerExceptions.Any(TooLarge),
        _ => TooLarge(failure.InnerException),
    };
}
