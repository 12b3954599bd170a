using System.Diagnostics;
using System.Globalization;
using BzPeer.Follow;
using BzPeer.Provisioning;
using Marten;
using Npgsql;
using Weasel.Core;

namespace BzPeer.Load;

/// <summary>Follow against plain SQL, on the same server in the same run.</summary>
internal sealed class FollowReport(Stand stand)
{
    private const int Actors = 10_000;
    private const int Followees = 100_000;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    private readonly (Guid Id, string Token)[] actors = [.. Enumerable.Range(0, Actors).Select(_ => Guid.NewGuid()).Select(id => (id, stand.Tokens.For(id)))];
    private readonly Guid[] followees = [.. Enumerable.Range(0, Followees).Select(_ => Guid.NewGuid())];

    public static Task<string> RunAsync(Stand stand) => new FollowReport(stand).RunAsync();

    private async Task<string> RunAsync()
    {
        var plain = await PlainSqlAsync(OneStatement);
        Say($"pgbench, one statement: {plain:0}/s");
        foreach (var connections in new[] { 16, 64, 256 })
        {
            var result = await AtTheServiceAsync(connections, Uniform);
            Say($"service, {connections} connections: {result.PerSecond:0}/s ({result.PerSecond / plain:0.00}x), p50 {result.Percentile(0.5):0.0} p99 {result.Percentile(0.99):0.0} ms");
        }

        var handler = await HandlerAsync();
        Say($"handler: {handler:0}/s ({handler / plain:0.00}x)");
        plain = await PlainSqlAsync(OneStatement);
        Say($"pgbench, one statement: {plain:0}/s");
        return "";
    }

    private static void Say(string line) => Console.Error.WriteLine(line);

    /// <summary>What one follow writes, in one statement, by a client that knows nothing else to do.</summary>
    private const string OneStatement =
        """
        \set follower random(1, 10000)
        \set followee random(1, 100000)
        with pair as (select md5('a' || :follower)::uuid as follower, md5('b' || :followee)::uuid as followee, md5(:follower || '-' || :followee)::uuid as stream),
        stream as (insert into mt_streams (id, version, timestamp, created, tenant_id, is_archived) select stream, 1, now(), now(), '*DEFAULT*', false from pair on conflict (id) do nothing returning id),
        event as (
          insert into mt_events (seq_id, id, stream_id, version, type, mt_dotnet_type, data, timestamp, tenant_id, is_archived)
          select nextval('mt_events_sequence'), gen_random_uuid(), stream.id, 1, 'followed', 'BzPeer.Follow.Followed, BzPeer.Follow', jsonb_build_object('at', now(), 'followerId', follower, 'followeeId', followee), now(), '*DEFAULT*', false
          from stream join pair on pair.stream = stream.id returning seq_id)
        insert into follow_edges (follower, followee, since, position) select follower, followee, now(), seq_id from event, pair on conflict do nothing;
        """;

    private byte[] Uniform(Uri site) => Put(site, followees[Random.Shared.Next(Followees)]);

    private byte[] Put(Uri site, Guid followee) =>
        HttpLoad.Request("PUT", site, $"/api/me/following/{followee}", actors[Random.Shared.Next(Actors)].Token);

    /// <summary>Transactions per second of a pgbench script on empty tables as the service lays them out.</summary>
    private async Task<double> PlainSqlAsync(string script)
    {
        var (process, store) = await stand.StartServiceAsync("follow", "BzPeer.Follow");
        await process.DisposeAsync();
        var rate = await Pgbench.RunAsync(store, script, clients: 16, Duration);
        await stand.DropDatabaseAsync(store);
        return rate;
    }

    private async Task<LoadResult> AtTheServiceAsync(int connections, Func<Uri, byte[]> request)
    {
        var (process, store) = await stand.StartServiceAsync("follow", "BzPeer.Follow");
        await using var _ = process;
        await KnowAsync(store, followees);
        await HttpLoad.RunAsync(process.Url, connections, TimeSpan.FromSeconds(3), _ => request(process.Url));
        var result = await HttpLoad.RunAsync(process.Url, connections, Duration, _ => request(process.Url));
        if (Environment.GetEnvironmentVariable("LOAD_PAUSE") is { } pause) { Console.Error.WriteLine($"store {store} log {process.Log}"); await Task.Delay(TimeSpan.FromSeconds(int.Parse(pause, CultureInfo.InvariantCulture))); }
        return result.AllSucceeded();
    }

    /// <summary>Commands per second of the command handler alone, in this process, with 512 under way.</summary>
    private async Task<double> HandlerAsync()
    {
        var (process, connection) = await stand.StartServiceAsync("follow", "BzPeer.Follow");
        await process.DisposeAsync();
        await KnowAsync(connection, followees);
        await using var database = NpgsqlDataSource.Create(connection + ";Max Auto Prepare=20");
        using var store = DocumentStore.For(options =>
        {
            options.Connection(database);
            options.UseSystemTextJsonForSerialization(EnumStorage.AsString, Casing.CamelCase);
            FollowPair.Configure(options);
        });
        await using var commands = new FollowCommands(new FollowLog(store, database), TimeProvider.System);
        var (done, clock) = (0L, Stopwatch.StartNew());
        await Task.WhenAll(Enumerable.Range(0, 512).Select(_ => Task.Run(async () =>
        {
            while (clock.Elapsed < Duration)
            {
                var command = new PairCommand(actors[Random.Shared.Next(Actors)].Id, followees[Random.Shared.Next(Followees)], FollowResearcher.Decide, Requires.Registered);
                await commands.ExecuteAsync(command, CancellationToken.None);
                Interlocked.Increment(ref done);
            }
        })));
        return done / clock.Elapsed.TotalSeconds;
    }

    private static async Task KnowAsync(string connection, IEnumerable<Guid> researchers)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        await using var insert = database.CreateCommand("insert into known_researchers select unnest($1)");
        insert.Parameters.Add(new() { Value = researchers.ToArray() });
        await insert.ExecuteNonQueryAsync();
    }
}
