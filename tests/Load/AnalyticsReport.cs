using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using BzPeer.Provisioning;
using Npgsql;

namespace BzPeer.Load;

/// <summary>
/// The event log, with all services running: how fast it takes events in, how fast it replays them beside a plain <c>COPY</c> of the same rows,
/// and how soon an event is with those who follow the log, one and five hundred of them.
/// </summary>
internal sealed class AnalyticsReport(Stand stand, BzPeerProcesses system, HttpClient http, NpgsqlDataSource log)
{
    private const int Actors = 250;
    private const int FollowsOfEach = 800;
    private const int ReplayRounds = 5;
    private const int FollowsPerSecond = 50;
    private const int Tails = 500;
    private const int FollowsPerSecondOfMany = 10;

    private static readonly TimeSpan Span = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly ServiceProcess analytics = system["analytics"];

    public static async Task<string> RunAsync(Stand stand)
    {
        await stand.TunePostgresAsync();
        await using var system = await stand.StartSystemAsync();
        await using var log = NpgsqlDataSource.Create(stand.StoreOf("analytics"));
        using var http = new HttpClient { BaseAddress = system.Site, Timeout = TimeSpan.FromMinutes(10) };
        return await new AnalyticsReport(stand, system, http, log).RunAsync();
    }

    private async Task<string> RunAsync()
    {
        var people = await Overview.ImportedPeopleAsync(http, stand);
        await SettledAsync();
        var before = await HeadAsync();
        await analytics.KillAsync();
        await FollowAsync(people);
        await CaughtUpAsync();
        var (took, taken) = await TakeInAsync(before);
        var events = await HeadAsync();
        Say($"{events} events");

        var (replay, copy, ratio) = await ReplaysAsync(events);
        var one = await TailsAsync(people, tails: 1, FollowsPerSecond);
        var many = await TailsAsync(people, Tails, FollowsPerSecondOfMany);
        var machine = await stand.DescribeAsync();
        return string.Create(CultureInfo.InvariantCulture, $"""
            # The event log

            Written by `dotnet run -c Release --project tests/Load analytics` on {DateTime.UtcNow:yyyy-MM-dd}.

            {machine}
            PostgreSQL with `shared_buffers` 1 GB and `max_wal_size` 8 GB. All services run and listen to one another.

            | what | figure | wanted |
            |---|---|---|
            | events into the log, from the stream of the broker, once each | {taken / took.TotalSeconds:N0}/s ({taken:N0} events) | 10,000/s |
            | replay from position 1 over HTTP, NDJSON, read at the service | {events / replay:N0} events/s ({events:N0} events) | 100,000/s, or 0.5 times `COPY TO` |
            | `COPY (select position, event from log order by position) TO STDOUT`, binary, of the same rows | {events / copy:N0} rows/s: the replay is {ratio:0.00} times as fast | |
            | commit to received, one reader of the live stream, {FollowsPerSecond} follows/s | p50 {one.Percentile(0.5):0} ms, p99 {one.Percentile(0.99):0} ms ({one.Delays.Length:N0} events) | p50 30 ms, p99 250 ms |
            | the same, follows alone, without the counts that follow from them | p50 {one.Follows(0.5):0} ms, p99 {one.Follows(0.99):0} ms | |
            | commit to received, {Tails} readers at once, {FollowsPerSecondOfMany} follows/s | p50 {many.Percentile(0.5):0} ms, p99 {many.Percentile(0.99):0} ms ({many.Delays.Length:N0} deliveries) | p99 1 s |
            | events that a reader missed or got twice, of all {Tails} | {many.Wrong:N0} | none |
            | memory of the service after that, with {Tails} readers | {many.Megabytes:0} MB (with one: {one.Megabytes:0} MB) | bounded |

            The log takes in what had come to the stream while its service was killed: {Actors:N0} researchers had followed {FollowsOfEach} others each. Commit is the time that
            the event has in the store of its service; received, when its line has been read by a client on the same machine. Replay and copy are taken by turns over {ReplayRounds} rounds
            after one to warm up, and the medians shown; the ratio is that of the two in one round. A reader's memory is a cursor: the newest 16,384 events are kept once for all, at most 64 MB of them.

            """);
    }

    private async Task FollowAsync(Guid[] people)
    {
        for (var n = 0; n < Actors; n++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(system["follow"].Url, "/api/me/following/batch"))
            {
                Content = JsonContent.Create(new { follow = Enumerable.Range(0, FollowsOfEach).Select(i => people[((n * 131) + (i * 7)) % people.Length]).Distinct() }),
                Headers = { Authorization = new AuthenticationHeaderValue("Bearer", stand.Tokens.For(Guid.NewGuid())) },
            };
            using var answer = await http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>From the first event that the started service appends to the last.</summary>
    private async Task<(TimeSpan Took, long Taken)> TakeInAsync(long before)
    {
        analytics.Start();
        while (await HeadAsync() == before) await Task.Delay(1);
        var first = await HeadAsync();
        var clock = Stopwatch.StartNew();
        var (last, at) = (first, TimeSpan.Zero);
        while (clock.Elapsed - at < TimeSpan.FromSeconds(3))
        {
            if (await HeadAsync() is var head && head != last) (last, at) = (head, clock.Elapsed);
            await Task.Delay(5);
        }

        await analytics.WaitUntilHealthyAsync(Patience);
        return (at, last - first);
    }

    private async Task<(double Replay, double Copy, double Ratio)> ReplaysAsync(long events)
    {
        List<double> replays = [], copies = [];
        for (var round = 0; round <= ReplayRounds; round++)
        {
            var replay = await ReplayAsync(events);
            var copy = await CopyAsync(events);
            if (round == 0) continue;
            replays.Add(replay);
            copies.Add(copy);
        }

        return (Median(replays), Median(copies), Median(copies.Zip(replays, (copy, replay) => copy / replay)));
    }

    private async Task<double> ReplayAsync(long events)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(analytics.Url, "/api/events?after=0"))
        {
            Headers = { Accept = { new("application/x-ndjson") }, Authorization = new AuthenticationHeaderValue("Bearer", stand.Tokens.For(Guid.NewGuid(), "analytics")) },
        };
        var clock = Stopwatch.StartNew();
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        var lines = await CountAsync(await answer.Content.ReadAsStreamAsync());
        return lines >= events ? clock.Elapsed.TotalSeconds : throw new InvalidOperationException($"The replay has {lines} of {events} events.");
    }

    private async Task<double> CopyAsync(long events)
    {
        await using var connection = await log.OpenConnectionAsync();
        var clock = Stopwatch.StartNew();
        await using var copied = await connection.BeginRawBinaryCopyAsync($"copy (select position, event from log where position <= {events} order by position) to stdout (format binary)");
        var buffer = new byte[256 * 1024];
        var bytes = 0L;
        for (int read; (read = await ((Stream)copied).ReadAsync(buffer)) > 0;) bytes += read;
        return bytes > events * 100 ? clock.Elapsed.TotalSeconds : throw new InvalidOperationException($"The copy of {events} rows has {bytes} bytes.");
    }

    private static async Task<long> CountAsync(Stream stream)
    {
        var buffer = new byte[256 * 1024];
        var lines = 0L;
        for (int read; (read = await stream.ReadAsync(buffer)) > 0;) lines += buffer.AsSpan(0, read).Count((byte)'\n');
        return lines;
    }

    private sealed record Heard(double[] Delays, double[] OfFollows, long Wrong, double Megabytes)
    {
        public double Percentile(double share) => Percentiles.Of(Delays, share);

        public double Follows(double share) => Percentiles.Of(OfFollows, share);
    }

    /// <summary>So many readers of the live stream while people follow at a steady rate.</summary>
    private async Task<Heard> TailsAsync(Guid[] people, int tails, int perSecond)
    {
        await SettledAsync();
        var from = await HeadAsync();
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, tails).Select(_ => new TailReader(analytics.Url, from)).ToArray();
        var reading = readers.Select(reader => reader.RunAsync(stop.Token)).ToArray();
        await Task.WhenAll(readers.Select(reader => reader.Open));
        (await HttpLoad.AtRateAsync(system["follow"].Url, 4, perSecond, Span, _ => HttpLoad.Request(
            "PUT", system["follow"].Url, $"/api/me/following/{people[Random.Shared.Next(people.Length)]}", stand.Tokens.For(Guid.NewGuid())))).AllSucceeded();
        await SettledAsync();
        var expected = await HeadAsync() - from;
        var clock = Stopwatch.StartNew();
        while (readers.Any(reader => reader.Count < expected) && clock.Elapsed < TimeSpan.FromSeconds(30)) await Task.Delay(50);
        var megabytes = double.Parse(File.ReadLines($"/proc/{analytics.Id}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal))
            .Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1_024;
        await stop.CancelAsync();
        await Task.WhenAll(reading);
        Say($"{tails} readers: {expected} events each");
        return new(
            [.. readers.SelectMany(reader => reader.Delays).Order()], [.. readers.SelectMany(reader => reader.FollowDelays).Order()],
            readers.Sum(reader => Math.Abs(reader.Count - expected) + reader.OutOfPlace), megabytes);
    }

    /// <summary>Reads the live stream and notes how late each event is, and whether each position is the one after the last.</summary>
    private sealed class TailReader(Uri service, long from)
    {
        private readonly TaskCompletionSource open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long position;

        public Task Open => open.Task;

        public List<double> Delays { get; } = [];

        public List<double> FollowDelays { get; } = [];

        public long Count { get; private set; }

        public long OutOfPlace { get; private set; }

        public async Task RunAsync(CancellationToken stop)
        {
            try
            {
                using var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(service, $"/api/events?after={position = from}")) { Headers = { Accept = { new("text/event-stream") } } };
                using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
                answer.EnsureSuccessStatusCode();
                using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(stop), bufferSize: 64 * 1024);
                open.TrySetResult();
                while (await lines.ReadLineAsync(stop) is { } line)
                {
                    if (line.StartsWith("id: ", StringComparison.Ordinal))
                    {
                        var next = long.Parse(line.AsSpan(4), CultureInfo.InvariantCulture);
                        if (next != position + 1) OutOfPlace++;
                        position = next;
                    }
                    else if (line.StartsWith("data: ", StringComparison.Ordinal)) Note(line);
                }
            }
            catch (OperationCanceledException)
            {
                open.TrySetResult();
            }
            catch (Exception e)
            {
                open.TrySetException(e);
                throw;
            }
        }

        private void Note(string line)
        {
            var now = DateTime.UtcNow;
            const string time = "\"time\":\"";
            var start = line.IndexOf(time, StringComparison.Ordinal) + time.Length;
            var at = DateTime.Parse(line.AsSpan(start, line.IndexOf('"', start) - start), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
            var delay = (now - at).TotalMilliseconds;
            Delays.Add(delay);
            if (line.Contains("ResearcherFollowed", StringComparison.Ordinal)) FollowDelays.Add(delay);
            Count++;
        }
    }

    /// <summary>Waits until no service has an event left to tell.</summary>
    private async Task CaughtUpAsync()
    {
        foreach (var name in (string[])["profile", "follow", "publication", "trust", "profile", "follow", "publication", "trust"]) await Overview.CaughtUpAsync(http, system[name].Url);
    }

    /// <summary>Waits until nothing is on its way any more, and the log has it all.</summary>
    private async Task SettledAsync()
    {
        await CaughtUpAsync();
        for (var (head, calm) = (-1L, 0); calm < 10; await Task.Delay(100))
        {
            var now = await HeadAsync();
            calm = now == head ? calm + 1 : 0;
            head = now;
        }
    }

    private Task<long> HeadAsync() => Sql.NumberAsync(log, "select position from log_head");

    private static double Median(IEnumerable<double> values) => Percentiles.Of([.. values.Order()], 0.5);

    private static void Say(string what) => Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {what}");
}
