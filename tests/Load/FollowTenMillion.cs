using System.Diagnostics;
using System.Globalization;
using BzPeer.Follow;
using BzPeer.Provisioning;
using Npgsql;

namespace BzPeer.Load;

/// <summary>What ten million edges cost: each command against one on a small store, beside what the same growth costs one plain statement.</summary>
internal sealed class FollowTenMillion(Stand stand)
{
    private const int Rounds = 3;
    private const int ModestFollowers = 50;
    private const string AsTheServiceDoes = ";Max Auto Prepare=20;Command Timeout=0;Options=-c jit=off -c enable_seqscan=off -c enable_bitmapscan=off";
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    /// <summary>A store with edges in it, and what was measured on it.</summary>
    private sealed record Size(int Edges, Guid[] People, ServiceProcess Process, string Store, double Import, double[] Commands, double[] Statements);

    public static async Task<string> RunAsync(Stand stand)
    {
        await stand.TunePostgresAsync();
        var at = new FollowTenMillion(stand);
        var small = await at.FillAsync(100_000);
        var large = await at.FillAsync(10_000_000);
        var rest = await at.RestAsync(large);
        var machine = await stand.DescribeAsync();
        static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
        var (commands, statements) = (Median(small.Commands) / Median(large.Commands), Median(small.Statements) / Median(large.Statements));
        return string.Create(CultureInfo.InvariantCulture, $"""
            # Ten million edges

            Written by `dotnet run -c Release --project tests/Load follow-ten-million` on {DateTime.UtcNow:yyyy-MM-dd}.

            {machine}
            PostgreSQL with `shared_buffers` 1 GB and `max_wal_size` 8 GB. {large.Edges:#,0} edges between {large.People.Length:#,0} researchers, one of them
            followed by {Celebrity(large.Edges):#,0}. Commands are the handler's, without HTTP, 512 under way; the statement is that of [follow.md](follow.md), 16 clients;
            both on the same stores, in turn, medians of {Rounds} rounds of {Duration.TotalSeconds:0} s.

            | what | {small.Edges:#,0} edges | {large.Edges:#,0} edges | cost of one, large against small |
            |---|---|---|---|
            | `import`, decided and committed as events | {small.Import:#,0}/s | {large.Import:#,0}/s | {small.Import / large.Import:0.00}x |
            | commands | {Median(small.Commands):#,0}/s | {Median(large.Commands):#,0}/s | {commands:0.00}x |
            | one plain statement | {Median(small.Statements):#,0}/s | {Median(large.Statements):#,0}/s | {statements:0.00}x |

            | what | figure | wanted |
            |---|---|---|
            | cost of a command, large against small, by that of the statement | {commands / statements:0.00}x | at most 1x |
            {rest}

            """);
    }

    private static int Celebrity(int edges) => edges / 10;

    private async Task<Size> FillAsync(int edges)
    {
        var people = Enumerable.Range(0, edges / 5).Select(_ => Guid.NewGuid()).ToArray();
        var (process, store) = await stand.StartServiceAsync("follow", "BzPeer.Follow");
        await process.StopAsync();
        foreach (var some in people.Chunk(100_000)) await FollowReport.KnowAsync(store, some);

        await using var database = NpgsqlDataSource.Create(store + AsTheServiceDoes);
        var clock = Stopwatch.StartNew();
        using (var documents = FollowReport.Store(database))
        using (var lines = new Lines(edges, people))
        {
            var imported = await ImportEdges.RunAsync(lines, new FollowLog(documents, database), TimeProvider.System, (_, reason) => throw new InvalidOperationException(reason));
            if (imported.Received != edges || imported.Followed < edges * 0.99) throw new InvalidOperationException($"Not what was written was imported: {imported}.");
        }

        var import = edges / clock.Elapsed.TotalSeconds;
        Say($"{edges} edges: import {import:0}/s");
        await Sql.ScalarAsync(database, "vacuum analyze");
        await Sql.ScalarAsync(database, "checkpoint");

        var (commands, statements) = (new double[Rounds], new double[Rounds]);
        for (var round = 0; round < Rounds; round++)
        {
            commands[round] = await FollowReport.HandlerAsync(store + AsTheServiceDoes, () => Anybody(people), () => Anybody(people), Duration);
            statements[round] = await Pgbench.RunAsync(store, FollowReport.OneStatement, clients: 16, Duration);
            Say($"{edges} edges: commands {commands[round]:0}/s, one statement {statements[round]:0}/s");
        }

        return new(edges, people, process, store, import, commands, statements);
    }

    private async Task<string> RestAsync(Size size)
    {
        await using var database = NpgsqlDataSource.Create(size.Store + AsTheServiceDoes);
        var uniform = await FollowReport.HandlerAsync(size.Store + AsTheServiceDoes, Guid.NewGuid, () => Anybody(size.People), Duration);
        var celebrity = await FollowReport.HandlerAsync(size.Store + AsTheServiceDoes, Guid.NewGuid, () => size.People[0], Duration);
        Say($"uniform {uniform:0}/s, celebrity {celebrity:0}/s");

        // As if everything had been folded and relayed: a rebuild then makes the counts anew, and nothing goes on beside the reading.
        await Sql.ScalarAsync(database,
            """
            insert into mt_event_progression (name, last_seq_id) select name, (select max(seq_id) from mt_events) from unnest(array['HighWaterMark', 'FollowCounts:All', 'Relay:All']) name
            on conflict (name) do update set last_seq_id = excluded.last_seq_id
            """);
        var events = await Sql.NumberAsync(database, "select count(*) from mt_events");
        var (edges, streams, log) = (await BytesAsync("follow_edges"), await BytesAsync("mt_streams"), await BytesAsync("mt_events"));
        var rebuilt = await Rebuild.CountsAsync(database);
        Say($"rebuild: {rebuilt}");
        var counts = await BytesAsync("follow_counts");
        var clock = Stopwatch.StartNew();
        var residual = (await Reconcile.ResidualAsync(database)).Values.Sum();
        var reconcile = clock.Elapsed;
        if (residual != 0) throw new InvalidOperationException($"The residual is {residual}.");

        size.Process.Start();
        await size.Process.WaitUntilHealthyAsync(TimeSpan.FromMinutes(2));
        var (many, few) = (await PageAsync(size.People[0]), await PageAsync(size.People[1]));
        await size.Process.KillAsync();
        return string.Create(CultureInfo.InvariantCulture, $"""
            | next follower of the one with {Celebrity(size.Edges):#,0}, against followers of anybody (commands/s) | {celebrity:#,0} against {uniform:#,0}: {celebrity / uniform:0.00}x | |
            | first page of {Celebrity(size.Edges):#,0} followers against that of {ModestFollowers} | p50 {many.Percentile(0.5):0.00} ms against {few.Percentile(0.5):0.00} ms: {many.Percentile(0.5) / few.Percentile(0.5):0.00}x | 1.5x |
            | rebuild of all counts | {rebuilt.Events / rebuilt.Elapsed.TotalSeconds:#,0} events/s | 40,000 |
            | residual of `reconcile` | {residual}, found in {reconcile.TotalSeconds:0} s | 0 |
            | bytes per edge, indexes included | {edges:0} in `follow_edges`, {streams:0} in `mt_streams`, {log:0} in `mt_events`, {counts:0} in `follow_counts` | |
            """);

        async Task<double> BytesAsync(string table) => (double)await Sql.NumberAsync(database, $"select pg_total_relation_size('{table}')") / events;

        async Task<LoadResult> PageAsync(Guid researcher)
        {
            var request = HttpLoad.Request("GET", size.Process.Url, $"/api/researchers/{researcher}/followers");
            await HttpLoad.RunAsync(size.Process.Url, 4, 2_000, _ => request);
            return (await HttpLoad.RunAsync(size.Process.Url, 1, 2_000, _ => request)).AllSucceeded();
        }
    }

    private static Guid Anybody(Guid[] people) => people[Random.Shared.Next(people.Length)];

    private static void Say(FormattableString line) => Console.Error.WriteLine(FormattableString.Invariant(line));

    /// <summary>The file to import, made line by line: ten million are too many to hold.</summary>
    private sealed class Lines(int edges, Guid[] people) : TextReader
    {
        private readonly Random random = new(20260101);
        private int written;

        public override ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
        {
            var n = written++;
            if (n >= edges) return ValueTask.FromResult<string?>(null);
            var celebrity = Celebrity(edges);
            var (follower, followee) =
                n < celebrity ? (people[2 + n], people[0])
                : n < celebrity + ModestFollowers ? (people[2 + n - celebrity], people[1])
                : (people[2 + random.Next(people.Length - 2)], people[2 + random.Next(people.Length - 2)]);
            if (follower == followee) follower = people[0];
            return ValueTask.FromResult<string?>($"{follower},{followee},2024-05-06T07:08:09Z");
        }
    }
}
