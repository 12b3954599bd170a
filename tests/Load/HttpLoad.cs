using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BzPeer.Load;

/// <summary>What a load did.</summary>
/// <param name="Elapsed">From the first request to the last answer.</param>
/// <param name="Latencies">Of every answered request, in milliseconds, sorted.</param>
/// <param name="Statuses">How many answers had which HTTP status.</param>
internal sealed record LoadResult(TimeSpan Elapsed, double[] Latencies, IReadOnlyDictionary<int, long> Statuses)
{
    public double PerSecond => Latencies.Length / Elapsed.TotalSeconds;

    /// <summary>The latency that this share of the requests did not exceed.</summary>
    public double Percentile(double share) => Percentiles.Of(Latencies, share);

    /// <summary>Fails when an answer was not a success: a rate of refusals measures nothing.</summary>
    public LoadResult AllSucceeded() =>
        Statuses.Keys.All(status => status is >= 200 and < 300)
            ? this
            : throw new InvalidOperationException($"Not every request succeeded: {string.Join(", ", Statuses.Select(status => $"{status.Value} x {status.Key}"))}.");
}

internal static class Percentiles
{
    /// <summary>Nearest rank, of values sorted upwards.</summary>
    public static double Of(double[] sorted, double share) =>
        sorted.Length == 0 ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
}

/// <summary>
/// HTTP/1.1 in a closed loop: each connection sends a request when the one before is answered. Written on sockets, with
/// requests that are ready bytes, so that the load takes as little as it can of the processors it shares with what it measures.
/// </summary>
internal static class HttpLoad
{
    /// <summary>A request with no body, as it goes over the wire.</summary>
    public static byte[] Request(string method, Uri site, string path, string? token = null, params string[] headers)
    {
        string[] lines =
        [
            $"{method} {path} HTTP/1.1", $"Host: {site.Authority}",
            .. token is null ? [] : new[] { $"Authorization: Bearer {token}" },
            .. method is "PUT" or "POST" ? new[] { "Content-Length: 0" } : [],
            .. headers, "", "",
        ];
        return Encoding.ASCII.GetBytes(string.Join("\r\n", lines));
    }

    /// <summary>Runs the load for so long.</summary>
    /// <param name="site">The server.</param>
    /// <param name="connections">How many requests are under way at any time.</param>
    /// <param name="duration">After it no more requests are sent.</param>
    /// <param name="next">The next request of a connection; called by one thread at a time for each connection.</param>
    public static Task<LoadResult> RunAsync(Uri site, int connections, TimeSpan duration, Func<int, byte[]> next) =>
        RunAsync(site, connections, (_, elapsed) => elapsed < duration, next);

    /// <summary>Runs until so many requests are answered.</summary>
    public static Task<LoadResult> RunAsync(Uri site, int connections, int requests, Func<int, byte[]> next)
    {
        var left = requests;
        return RunAsync(site, connections, (_, _) => Interlocked.Decrement(ref left) >= 0, next);
    }

    /// <summary>Sends at an even rate, as long as the connections suffice for it.</summary>
    public static async Task<LoadResult> AtRateAsync(Uri site, int connections, double perSecond, TimeSpan duration, Func<int, byte[]> next)
    {
        var (due, over) = (new SemaphoreSlim(0), 0);
        // This clock alone says when it is over: a client that went on a moment longer would take what another is woken by.
        var load = RunAsync(site, connections, (_, _) => Volatile.Read(ref over) == 0, next, due);
        var clock = Stopwatch.StartNew();
        for (long released = 0; clock.Elapsed < duration; await Task.Delay(2))
        {
            var owed = (long)(clock.Elapsed.TotalSeconds * perSecond) - released;
            if (owed <= 0) continue;
            due.Release((int)owed);
            released += owed;
        }

        Volatile.Write(ref over, 1);
        due.Release(connections);
        return await load;
    }

    private static async Task<LoadResult> RunAsync(Uri site, int connections, Func<int, TimeSpan, bool> more, Func<int, byte[]> next, SemaphoreSlim? due = null)
    {
        var address = new IPEndPoint(IPAddress.Parse(site.Host), site.Port);
        var clients = Enumerable.Range(0, connections).Select(number => new Client(number)).ToArray();
        foreach (var client in clients) await client.ConnectAsync(address);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(clients.Select(client => Task.Run(() => client.RunAsync(number => more(number, clock.Elapsed), next, due))));
        var elapsed = clock.Elapsed;
        foreach (var client in clients) client.Dispose();

        var latencies = clients.SelectMany(client => client.Latencies).ToArray();
        Array.Sort(latencies);
        var statuses = clients.SelectMany(client => client.Statuses).GroupBy(status => status.Key).ToDictionary(group => group.Key, group => group.Sum(status => status.Value));
        return new LoadResult(elapsed, latencies, statuses);
    }

    private sealed class Client(int number) : IDisposable
    {
        private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly byte[] buffer = new byte[1 << 20];

        public List<double> Latencies { get; } = [];

        public Dictionary<int, long> Statuses { get; } = [];

        public ValueTask ConnectAsync(IPEndPoint address) => socket.ConnectAsync(address, CancellationToken.None);

        public async Task RunAsync(Func<int, bool> more, Func<int, byte[]> next, SemaphoreSlim? due)
        {
            while (more(number))
            {
                if (due is not null)
                {
                    await due.WaitAsync();
                    if (!more(number)) return;
                }

                var start = Stopwatch.GetTimestamp();
                await socket.SendAsync(next(number));
                var status = await ReadAnswerAsync();
                Latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                Statuses[status] = Statuses.GetValueOrDefault(status) + 1;
            }
        }

        private async Task<int> ReadAnswerAsync()
        {
            for (var length = 0; ;)
            {
                if (length == buffer.Length) throw new InvalidOperationException("The answer is larger than any that is measured here.");
                var read = await socket.ReceiveAsync(buffer.AsMemory(length));
                if (read == 0) throw new IOException("The server closed the connection in the middle of an answer.");
                length += read;
                if (IsWhole(buffer.AsSpan(0, length), out var status)) return status;
            }
        }

        private static bool IsWhole(ReadOnlySpan<byte> answer, out int status)
        {
            status = 0;
            if (answer.Length < 16 || !Utf8Parser.TryParse(answer[9..12], out status, out _)) return false;
            var head = answer.IndexOf("\r\n\r\n"u8);
            if (head < 0) return false;
            if (status is 204 or 304) return true;
            if (answer[..head].IndexOf("Transfer-Encoding: chunked"u8) >= 0) return answer.EndsWith("\r\n0\r\n\r\n"u8);
            var field = answer[..head].IndexOf("Content-Length: "u8);
            return field >= 0 && Utf8Parser.TryParse(answer[(field + 16)..], out int body, out _) && answer.Length >= head + 4 + body;
        }

        public void Dispose() => socket.Dispose();
    }
}
