using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using BzPeer.ServiceDefaults;

namespace BzPeer.Analytics;

/// <summary>What an operator may change about webhooks.</summary>
/// <param name="AllowPrivate"><c>Webhooks:AllowPrivate</c>: http and addresses that are not public are taken. In Development they are when nothing is said.</param>
/// <param name="PerOwner"><c>Webhooks:PerOwner</c>: how many one caller may have; 0 for any number.</param>
/// <param name="Timeout"><c>Webhooks:TimeoutSeconds</c>: how long a receiver may take for its answer.</param>
internal sealed record WebhookSettings(bool AllowPrivate, int PerOwner, TimeSpan Timeout)
{
    public static WebhookSettings Read(WebApplicationBuilder builder)
    {
        const string key = "Webhooks:AllowPrivate";
        bool? allowPrivate = builder.Configuration[key] switch
        {
            null or "" => null,
            var text when bool.TryParse(text, out var said) => said,
            var text => throw new InvalidSetting($"The setting '{key}' is '{text}', which is neither true nor false."),
        };
        return new(
            allowPrivate ?? builder.Environment.IsDevelopment(),
            (int)builder.Configuration.Number("Webhooks:PerOwner", 20),
            TimeSpan.FromSeconds(builder.Configuration.Number("Webhooks:TimeoutSeconds", 10, least: 1)));
    }
}

/// <summary>What became of an attempt.</summary>
/// <param name="Status">The status of the receiver's answer; null when there was none.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Error">Why it counts as failed; null when it was taken.</param>
/// <param name="Body">The beginning of the answer's body.</param>
/// <param name="RetryAfter">How long the receiver asks to be left alone.</param>
internal sealed record Answer(int? Status, TimeSpan Duration, string? Error, string? Body = null, TimeSpan? RetryAfter = null)
{
    public bool Taken => Error is null;
}

/// <summary>
/// Posts to a receiver, and trusts it with nothing: the address is checked as it is connected to, so that no name can lead somewhere else
/// after the check; redirects are not followed; of its answer little is read; and it gets so long and no longer.
/// </summary>
internal sealed class WebhookSender : IDisposable
{
    private const int MostOfAnswer = 4096;

    private readonly WebhookSettings settings;
    private readonly TimeProvider clock;
    private readonly HttpClient http;

    public WebhookSender(WebhookSettings settings, TimeProvider clock)
    {
        (this.settings, this.clock) = (settings, clock);
        http = new(new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync,
            // A proxy would connect to where we do not look.
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 64 * 1024,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            // Our traces are nobody else's business.
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>One attempt.</summary>
    /// <param name="url">Where to.</param>
    /// <param name="keys">What it is signed with.</param>
    /// <param name="id">The <c>webhook-id</c>: the same however often it is sent.</param>
    /// <param name="cloudEvent">JSON in UTF-8.</param>
    /// <param name="cancellation">Ends the attempt without an answer.</param>
    public async Task<Answer> SendAsync(Uri url, IEnumerable<byte[]> keys, Guid id, byte[] cloudEvent, CancellationToken cancellation)
    {
        var start = clock.GetTimestamp();
        using var late = new CancellationTokenSource(settings.Timeout, clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            var timestamp = clock.GetUtcNow().ToUnixTimeSeconds();
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(cloudEvent) };
            request.Content.Headers.ContentType = new("application/cloudevents+json", "utf-8");
            request.Headers.UserAgent.Add(new("BZPEER-Webhooks", "1"));
            request.Headers.Add("webhook-id", id.ToString());
            request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
            request.Headers.Add("webhook-signature", WebhookSignature.Of(keys, id.ToString(), timestamp, cloudEvent));
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ending.Token);
            var status = (int)response.StatusCode;
            var body = await BeginningAsync(response, ending.Token);
            var error = status switch
            {
                >= 200 and < 300 => null,
                >= 300 and < 400 => $"The receiver answered {status}: redirects are not followed.",
                _ => $"The receiver answered {status}.",
            };
            return new(status, clock.GetElapsedTime(start), error, body, status is 429 or 503 ? RetryAfter(response.Headers.RetryAfter) : null);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            var why = late.IsCancellationRequested ? $"The receiver did not answer within {settings.Timeout.TotalSeconds:0} s." : Reason(e);
            return new(null, clock.GetElapsedTime(start), why);
        }
    }

    public void Dispose() => http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var all = await PublicAddress.OfAsync(host, cancellation);
        var allowed = settings.AllowPrivate ? all : [.. all.Where(PublicAddress.Is)];
        if (allowed.Length == 0) throw new RefusedAddress($"{host} has no public address.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<string> BeginningAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[MostOfAnswer];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? asked)
    {
        var delay = asked?.Delta ?? asked?.Date - clock.GetUtcNow();
        return delay > TimeSpan.Zero ? delay : null;
    }

    /// <summary>Why there was no answer, for the owner; nothing about us.</summary>
    private static string Reason(Exception e) => e switch
    {
        RefusedAddress => e.Message,
        { InnerException: RefusedAddress refused } => refused.Message,
        { InnerException: SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } } => "The name of the receiver is not known.",
        { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } => "The receiver refused the connection.",
        { InnerException: System.Security.Authentication.AuthenticationException tls } => $"No secure connection to the receiver: {tls.Message}",
        HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http => $"No answer of the receiver: {http.HttpRequestError}.",
        _ => "The receiver broke the connection off, or answered something that is not HTTP.",
    };

    private sealed class RefusedAddress(string message) : Exception(message);
}
