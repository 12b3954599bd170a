using System.Buffers;
using System.Globalization;

namespace BzPeer.Analytics;

/// <summary>Server-sent events as browsers read them: the id of each is a position of the log, which a browser that reconnects says.</summary>
internal static class EventStream
{
    /// <summary>What stands between takes a silent stream for dead. The HTML standard advises something every 15 s.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    /// <summary>Begins the answer. When the service stops its readers are let go: they come again, and find another instance.</summary>
    public static async Task BeginAsync(HttpContext http)
    {
        var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, http.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        http.Response.RegisterForDispose(end);
        http.RequestAborted = end.Token;
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        http.Response.BodyWriter.Write("retry: 1000\n\n"u8);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    /// <summary>Writes one event; without a name it is a <c>message</c>.</summary>
    public static void Write(IBufferWriter<byte> body, long position, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        body.Write("id: "u8);
        Span<byte> digits = stackalloc byte[20];
        position.TryFormat(digits, out var length, provider: CultureInfo.InvariantCulture);
        body.Write(digits[..length]);
        if (name.Length > 0)
        {
            body.Write("\nevent: "u8);
            body.Write(name);
        }

        body.Write("\ndata: "u8);
        body.Write(data);
        body.Write("\n\n"u8);
    }

    /// <summary>Waits for something to tell; when that takes long, says that the stream is alive.</summary>
    public static async Task WaitAsync(HttpContext http, Task changed, TimeProvider clock)
    {
        try
        {
            await changed.WaitAsync(KeepAlive, clock, http.RequestAborted);
        }
        catch (TimeoutException)
        {
            http.Response.BodyWriter.Write(":\n\n"u8);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }
    }
}
