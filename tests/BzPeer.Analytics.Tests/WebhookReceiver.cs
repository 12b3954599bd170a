using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BzPeer.Analytics.Tests;

/// <summary>A request that reached a receiver.</summary>
public sealed record Received(string Id, string Timestamp, string Signature, string ContentType, byte[] Body)
{
    public JsonObject Event => JsonNode.Parse(Body)!.AsObject();

    public long Position => Event["position"]!.GetValue<long>();

    /// <summary>Whether one of the signatures is made with this secret, computed as a receiver would.</summary>
    public bool IsSignedWith(string secret)
    {
        byte[] signed = [.. System.Text.Encoding.UTF8.GetBytes($"{Id}.{Timestamp}."), .. Body];
        var expected = Convert.ToBase64String(System.Security.Cryptography.HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), signed));
        return Signature.Split(' ').Contains("v1," + expected);
    }
}

/// <summary>Somebody's server, to which events are posted.</summary>
public sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<Received> received = new();
    private readonly ConcurrentQueue<Received> taken = new();

    private WebhookReceiver(WebApplication app) => this.app = app;

    /// <summary>What it answers; takes everything when nothing is said.</summary>
    public Func<Received, HttpContext, Task> Answer { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Everything that was posted, in the order of arrival, also what was not taken.</summary>
    public IReadOnlyList<Received> All => [.. received];

    /// <summary>What was answered with a success, in the order of arrival.</summary>
    public IReadOnlyList<Received> Taken => [.. taken];

    public string Url => app.Urls.Single() + "/hooks";

    public static async Task<WebhookReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var receiver = new WebhookReceiver(app);
        app.MapPost("/hooks", receiver.TakeAsync);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>Answers this status from now on.</summary>
    public void Says(int status) => Answer = (_, http) =>
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var headers = http.Request.Headers;
        var one = new Received(headers["webhook-id"]!, headers["webhook-timestamp"]!, headers["webhook-signature"]!, headers.ContentType!, body.ToArray());
        received.Enqueue(one);
        await Answer(one, http);
        if (http.Response.StatusCode is >= 200 and < 300) taken.Enqueue(one);
    }
}
