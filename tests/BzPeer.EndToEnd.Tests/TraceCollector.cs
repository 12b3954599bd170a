using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using BzPeer.Provisioning;

namespace BzPeer.EndToEnd.Tests;

/// <summary>A span, as far as a test looks at it.</summary>
internal sealed record Span(string Service, string Name, string TraceId, string Id, string ParentId);

/// <summary>Receives the spans of all five processes, as an OpenTelemetry collector does (OTLP over HTTP).</summary>
internal sealed class TraceCollector : IAsyncDisposable
{
    private readonly ConcurrentQueue<Span> spans = [];
    private readonly HttpListener listener = new();
    private readonly Task receiving;

    public TraceCollector()
    {
        Address = $"http://127.0.0.1:{FreePort.Next()}";
        listener.Prefixes.Add(Address + "/");
        listener.Start();
        receiving = ReceiveAsync();
    }

    private string Address { get; }

    /// <summary>
    /// What makes a service send its spans here. A trace is recorded only where the caller's <c>traceparent</c> asks for it:
    /// so the rest of the traffic costs nothing, and what arrives shows that the flag went all the way, too.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Address,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_TRACES_SAMPLER"] = "parentbased_always_off",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
    };

    /// <summary>The spans of a trace that have arrived.</summary>
    public IReadOnlyList<Span> Of(string traceId) => [.. spans.Where(span => span.TraceId == traceId)];

    private async Task ReceiveAsync()
    {
        while (listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            // Logs and metrics come here as well and are not looked at.
            if (context.Request.Url!.AbsolutePath == "/v1/traces") Read(body.ToArray());
            context.Response.Close();
        }
    }

    /// <summary>Field numbers are those of opentelemetry/proto/trace/v1/trace.proto.</summary>
    private void Read(ReadOnlySpan<byte> request)
    {
        foreach (var resourceSpans in Protobuf.Fields(request, 1))
        {
            var service = "";
            foreach (var resource in Protobuf.Fields(resourceSpans, 1))
            {
                foreach (var attribute in Protobuf.Fields(resource, 1))
                {
                    if (Text(attribute, 1) == "service.name")
                        service = Text(Protobuf.Fields(attribute, 2)[0], 1);
                }
            }

            foreach (var scopeSpans in Protobuf.Fields(resourceSpans, 2))
            {
                foreach (var span in Protobuf.Fields(scopeSpans, 2))
                    spans.Enqueue(new(service, Text(span, 5), Hex(span, 1), Hex(span, 2), Hex(span, 4)));
            }
        }
    }

    private static string Text(ReadOnlySpan<byte> message, int field) => Protobuf.Fields(message, field) is [var value, ..] ? Encoding.UTF8.GetString(value) : "";

    private static string Hex(ReadOnlySpan<byte> message, int field) => Protobuf.Fields(message, field) is [var value, ..] ? Convert.ToHexStringLower(value) : "";

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await receiving;
    }
}

/// <summary>As much of the protobuf wire format as it takes to find a field.</summary>
internal static class Protobuf
{
    /// <summary>The length-delimited values of a field: texts, bytes and messages.</summary>
    public static List<byte[]> Fields(ReadOnlySpan<byte> message, int field)
    {
        var values = new List<byte[]>();
        for (var at = 0; at < message.Length;)
        {
            var tag = Varint(message, ref at);
            switch (tag & 7)
            {
                case 0: Varint(message, ref at); break;
                case 1: at += 8; break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    if ((int)(tag >> 3) == field) values.Add(message.Slice(at, length).ToArray());
                    at += length;
                    break;
                case 5: at += 4; break;
                default: throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"Wire type {tag & 7} at {at}."));
            }
        }

        return values;
    }

    private static ulong Varint(ReadOnlySpan<byte> message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
    }
}
