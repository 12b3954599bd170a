using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using BzPeer.Follow;
using Npgsql;

namespace BzPeer.Load;

/// <summary>Follow with a store that is not empty: what edges cost, how fast everything behind a follow goes, and how fresh it is.</summary>
internal sealed class FollowAtScale(Stand stand)
{
    private const int Edges = 200_000;
    private const int Researchers = 60_000;
    private const int CelebrityFollowers = 40_000;
    private const int ModestFollowers = 50;

    private readonly Guid[] people = [.. Enumerable.Range(0, Researchers).Select(_ => Guid.NewGuid())];

    public static async Task<string> RunAsync(Stand stand)
    {
        await stand.TunePostgresAsync();
        var at = new FollowAtScale(stand);
        var store = await at.StoreAsync();
        var fresh = await at.FreshnessAsync();
        var machine = await stand.DescribeAsync();
        return string.Create(CultureInfo.InvariantCulture, $"""
            # Follow at scale

            Written by `dotnet run -c Release --project tests/Load follow-at-scale` on {DateTime.UtcNow:yyyy-MM-dd}.

            {machine}
            PostgreSQL with `shared_buffers` 1 GB and `max_wal_size` 8 GB.

            {Edges:#,0} edges between {Researchers:#,0} researchers, one of them followed by {CelebrityFollowers:#,0}.

            | what | figure | wanted |
            |---|---|---|
            {store}
            {fresh}

            """);
    }

    private async Task<string> StoreAsync()
    {
        var (process, store) = await stand.StartServiceAsync("follow", "BzPeer.Follow");
        await process.StopAsync();
        await FollowReport.KnowAsync(store, people);
        await using var database = NpgsqlDataSource.Create(store + ";Max Auto Prepare=20;Options=-c jit=off -c enable_seqscan=off -c enable_bitmapscan=off");

        var clock = Stopwatch.StartNew();
        using (var documents = FollowReport.Store(database))
        using (var lines = new StringReader(Lines()))
        {
            var imported = await ImportEdges.RunAsync(lines, new FollowLog(documents, database), TimeProvider.System, (_, reason) => throw new InvalidOperationException(reason));
            Require(imported.Followed >= Edges * 0.99, $"only {imported.Followed} edges were imported");
        }

        var import = Edges / clock.Elapsed.TotalSeconds;
        Say($"import: {import:0}/s");

        process.Start();
        await process.WaitUntilHealthyAsync(TimeSpan.FromMinutes(2));
        clock.Restart();
        await ReachedAsync(database, FollowCounts.Shard, "'followed'");
        var counts = Edges / clock.Elapsed.TotalSeconds;
        Say($"counts: {counts:0}/s");
        await EmptyAsync(database, "follow_counts_untold");
        await ReachedAsync(database, "Relay:All", "'followed', 'follow_counts_changed'");

        await process.StopAsync();
        var published = await Sql.NumberAsync(database, "select count(*) from mt_events where type in ('followed', 'follow_counts_changed')");
        await Sql.NumberAsync(database, "with rewound as (delete from mt_event_progression where name = 'Relay:All' returning 1) select count(*) from rewound");
        process.Start();
        await process.WaitUntilHealthyAsync(TimeSpan.FromMinutes(2));
        clock.Restart();
        var before = await Sql.NumberAsync(database, "select coalesce((select last_seq_id from mt_event_progression where name = 'Relay:All'), 0)");
        await ReachedAsync(database, "Relay:All", "'followed', 'follow_counts_changed'");
        var left = await Sql.NumberAsync(database, $"select count(*) from mt_events where type in ('followed', 'follow_counts_changed') and seq_id > {before}");
        var relay = left / clock.Elapsed.TotalSeconds;
        Say($"relay: {relay:0}/s of {published} events");

        var celebrity = await PageAsync(process.Url, people[0]);
        var modest = await PageAsync(process.Url, people[1]);
        var rebuilt = await Rebuild.CountsAsync(database);
        Require(rebuilt.Corrected == 0, $"the rebuild corrected {rebuilt.Corrected} rows");
        var residual = (await Reconcile.ResidualAsync(database)).Values.Sum();
        Require(residual == 0, $"the residual is {residual}");
        var (edges, events, streams, countRows) = (await BytesAsync(database, "follow_edges"), await BytesAsync(database, "mt_events"), await BytesAsync(database, "mt_streams"), await BytesAsync(database, "follow_counts"));
        await process.KillAsync();

        return string.Create(CultureInfo.InvariantCulture, $"""
            | edges brought in with `import`, decided and committed as events | {import:#,0}/s | |
            | count projection, live, behind by all of it, telling and relaying beside it | {counts:#,0} events/s | |
            | count rebuild beside the live projection | {rebuilt.Events / rebuilt.Elapsed.TotalSeconds:#,0} events/s, 0 rows corrected | 40,000 events/s |
            | relay to a confirmed quorum queue | {relay:#,0} events/s | 15,000 events/s |
            | first page of {CelebrityFollowers:#,0} followers against that of {ModestFollowers} | p50 {celebrity.Percentile(0.5):0.00} ms against {modest.Percentile(0.5):0.00} ms: {celebrity.Percentile(0.5) / modest.Percentile(0.5):0.00}x | 1.5x |
            | bytes per edge | {edges:0} in `follow_edges`, {streams:0} in `mt_streams` and {events:0} in `mt_events` (both with the counts told), {countRows:0} in `follow_counts`, indexes included | |
            | residual of `reconcile` after all of it | {residual} | 0 |
            """);
    }

    private string Lines()
    {
        var random = new Random(20260101);
        IEnumerable<(Guid Follower, Guid Followee)> all =
        [
            .. people.Skip(2).Take(CelebrityFollowers).Select(follower => (follower, people[0])),
            .. people.Skip(2).Take(ModestFollowers).Select(follower => (follower, people[1])),
            .. Enumerable.Range(0, Edges - CelebrityFollowers - ModestFollowers).Select(_ => (people[random.Next(2, Researchers)], people[random.Next(2, Researchers)])).Where(edge => edge.Item1 != edge.Item2),
        ];
        return string.Join('\n', all.Select(edge => $"{edge.Follower},{edge.Followee},2024-05-06T07:08:09Z"));
    }

    /// <summary>How long after the answer to a follow the card shows it, at half of the highest rate that everything keeps up with.</summary>
    private async Task<string> FreshnessAsync()
    {
        await using var system = await stand.StartSystemAsync();
        using var http = new HttpClient { BaseAddress = system.Site };
        var followees = people.Take(20_000).ToArray();
        await FollowReport.KnowAsync(stand.StoreOf("follow"), followees);
        var tokens = Enumerable.Range(0, 20_000).Select(_ => stand.Tokens.For(Guid.NewGuid())).ToArray();
        var probes = await Overview.ImportedPeopleAsync(http, stand);
        byte[] Next(int connection) => HttpLoad.Request("PUT", system.Site, $"/api/me/following/{followees[Random.Shared.Next(followees.Length)]}", tokens[Random.Shared.Next(tokens.Length)]);

        // Each rate for as long as it takes to see whether what follows falls behind.
        (double Rate, double[] Delays) highest = (0, []);
        foreach (var rate in (double[])[500, 700, 1_000, 1_400, 2_000])
        {
            var (load, delays) = await WatchAsync(rate);
            var (first, last) = (MedianOf(delays[..(delays.Length / 3)]), MedianOf(delays[^(delays.Length / 3)..]));
            Say($"rate {rate}: {load.PerSecond:0}/s, card after {first:0} ms in the first third, {last:0} ms in the last");
            await Overview.CaughtUpAsync(http, system["follow"].Url);
            if (load.PerSecond < rate * 0.97 || last > (1.5 * first) + 100) break;
            highest = (rate, delays);
        }

        var (half, watched) = await WatchAsync(highest.Rate / 2);
        Array.Sort(watched);
        return string.Create(CultureInfo.InvariantCulture,
            $"""
            | highest rate tried, through the gateway, at which no lag grows over 60 s | {highest.Rate:0} follows/s, card after p50 {MedianOf(highest.Delays):0} ms | |
            | answer to a follow until the card shows it, at half of that ({half.PerSecond:0} follows/s) | p50 {Percentiles.Of(watched, 0.5):0} ms, p99 {Percentiles.Of(watched, 0.99):0} ms ({watched.Length} follows watched in 60 s) | p50 50 ms, p99 250 ms |
            """);

        // Looking every 5 ms: looking more often would be a load of its own.
        async Task<(LoadResult Load, double[] Delays)> WatchAsync(double rate)
        {
            await HttpLoad.AtRateAsync(system.Site, 64, rate, TimeSpan.FromSeconds(5), Next);
            var load = HttpLoad.AtRateAsync(system.Site, 64, rate, TimeSpan.FromSeconds(60), Next);
            var delays = new List<double>();
            while (!load.IsCompleted) delays.AddRange(await Overview.FreshnessAsync(http, probes, stand, rounds: 1, every: TimeSpan.FromMilliseconds(5)));
            return ((await load).AllSucceeded(), [.. delays]);
        }

        static double MedianOf(double[] values) => Percentiles.Of([.. values.Order()], 0.5);
    }

    private static async Task<LoadResult> PageAsync(Uri service, Guid researcher)
    {
        var request = HttpLoad.Request("GET", service, $"/api/researchers/{researcher}/followers");
        await HttpLoad.RunAsync(service, 4, 2_000, _ => request);
        return (await HttpLoad.RunAsync(service, 1, 2_000, _ => request)).AllSucceeded();
    }

    private static async Task<double> BytesAsync(NpgsqlDataSource database, string table) => (double)await Sql.NumberAsync(database, $"select pg_total_relation_size('{table}')") / Edges;

    private static async Task ReachedAsync(NpgsqlDataSource database, string shard, string types)
    {
        while (await Sql.NumberAsync(database, $"select coalesce((select last_seq_id from mt_event_progression where name = '{shard}'), 0) - coalesce((select max(seq_id) from mt_events where type in ({types})), 0)") < 0)
            await Task.Delay(100);
    }

    private static async Task EmptyAsync(NpgsqlDataSource database, string table)
    {
        while (await Sql.NumberAsync(database, $"select count(*) from (select from {table} limit 1) rest") > 0) await Task.Delay(100);
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition) throw new InvalidOperationException(otherwise);
    }

    private static void Say(FormattableString line) => Console.Error.WriteLine(FormattableString.Invariant(line));
}
