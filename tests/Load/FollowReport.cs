using System.Diagnostics;
using System.Globalization;
using BzPeer.Follow;
using Marten;
using Npgsql;
using Weasel.Core;

namespace BzPeer.Load;

/// <summary>
/// Follow against plain SQL, on the same server in the same run. Whatever is compared is measured in turn, several times, on empty
/// tables each time, and the medians are compared: a shared machine drifts.
/// </summary>
internal sealed class FollowReport(Stand stand)
{
    private const int Actors = 300_000;
    private const int Followees = 100_000;
    private const int Rounds = 3;
    private const int Connections = 256;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(8);

    // What is compiled anew while it runs hot is done by then.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    private readonly (Guid Id, string Token)[] actors = [.. Enumerable.Range(0, Actors).Select(_ => Guid.NewGuid()).AsParallel().Select(id => (id, stand.Tokens.For(id)))];
    private readonly Guid[] followees = [.. Enumerable.Range(0, Followees).Select(_ => Guid.NewGuid())];
    private readonly double[] zipf = Zipf(1.2, Followees);

    public static Task<string> RunAsync(Stand stand) => new FollowReport(stand).RunAsync();

    private async Task<string> RunAsync()
    {
        await stand.TunePostgresAsync();
        var measures = new Dictionary<string, Func<Task<double>>>
        {
            ["one statement"] = () => PlainSqlAsync(OneStatement),
            ["service"] = async () => (await AtTheServiceAsync(Uniform, Connections)).PerSecond,
            ["service, 204"] = async () => (await AtTheServiceAsync(Minimal, Connections)).PerSecond,
            ["service, 16 connections"] = async () => (await AtTheServiceAsync(Uniform, 16)).PerSecond,
            ["gateway"] = async () => (await ThroughTheGatewayAsync()).PerSecond,
            ["handler"] = HandlerAsync,
            ["unnest"] = UnnestAsync,
            ["classic"] = () => PlainSqlAsync(Classic),
            ["service, zipf"] = async () => (await AtTheServiceAsync(ZipfDistributed, Connections)).PerSecond,
            ["service, celebrity"] = async () => (await AtTheServiceAsync(Celebrity, Connections)).PerSecond,
            ["naive"] = NaiveAsync,
        };

        var rates = measures.Keys.ToDictionary(name => name, _ => new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (name, measure) in measures)
            {
                rates[name].Add(await measure());
                Console.Error.WriteLine(FormattableString.Invariant($"{name}: {rates[name][^1]:0}/s"));
            }
        }

        string Rate(string name) => FormattableString.Invariant($"{Median(rates[name]):#,0}/s ({rates[name].Min():#,0} to {rates[name].Max():#,0})");
        string Ratio(string name, string to) => FormattableString.Invariant($"{Median([.. rates[name].Zip(rates[to], (a, b) => a / b)]):0.00}x");
        var machine = await stand.DescribeAsync();
        return $"""
            # Follow commands

            Written by `dotnet run -c Release --project tests/Load follow` on {DateTime.UtcNow:yyyy-MM-dd}: {Rounds} rounds of {Duration.TotalSeconds:0} s each,
            everything in turn, on empty tables each time; medians, in brackets the least and the most. Ratios are medians of the rounds' ratios.

            {machine}
            PostgreSQL with `shared_buffers` 1 GB and `max_wal_size` 8 GB, for all alike.

            | what | commands |
            |---|---|
            | `pgbench`, one statement that inserts stream, event and edge, 16 clients | {Rate("one statement")} |
            | `pgbench`, classic design: an edge row and two counter rows in one statement, zipf 1.2, 16 clients | {Rate("classic")} |
            | one hand-written `unnest` statement of 256 rows after the other, two connections | {Rate("unnest")} |
            | naive Marten: `FetchForWriting`, one transaction a command, 16 at a time | {Rate("naive")} |
            | the command handler without HTTP, 512 commands under way | {Rate("handler")} |
            | over HTTP at the service, {Connections} connections, uniform followees | {Rate("service")} |
            | the same, `Prefer: return=minimal` | {Rate("service, 204")} |
            | the same, 16 connections | {Rate("service, 16 connections")} |
            | the same, zipf 1.2 over {Followees:#,0} followees | {Rate("service, zipf")} |
            | the same, everybody follows one celebrity | {Rate("service, celebrity")} |
            | over HTTP through the gateway, all consumers running | {Rate("gateway")} |

            | ratio | wanted | is |
            |---|---|---|
            | service against one statement | 1.0x (1.5x the wish) | {Ratio("service", "one statement")} |
            | gateway against one statement | 0.6x | {Ratio("gateway", "one statement")} |
            | handler against `unnest` | 0.25x | {Ratio("handler", "unnest")} |
            | service against the classic design, both zipf 1.2 | 2.5x | {Ratio("service, zipf", "classic")} |
            | service against naive Marten | 6x | {Ratio("service", "naive")} |
            | handler against naive Marten | | {Ratio("handler", "naive")} |
            | one celebrity against uniform followees | 0.9x | {Ratio("service, celebrity", "service")} |

            Ten million edges, the cost of a command there and the first page of a million followers: [follow-ten-million.md](follow-ten-million.md).
            Rebuild, relay, freshness and bytes per edge: [follow-at-scale.md](follow-at-scale.md). Why, and what would lift what is not reached:
            [what-bounds-follow.md](what-bounds-follow.md).

            """;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>What one follow writes, in one statement, by a client that knows nothing else to do.</summary>
    internal const string OneStatement =
        """
        \set follower random(1, 300000)
        \set followee random(1, 100000)
        with pair as (select md5('a' || :follower)::uuid as follower, md5('b' || :followee)::uuid as followee, md5(:follower || '-' || :followee)::uuid as stream),
        stream as (insert into mt_streams (id, version, timestamp, created, tenant_id, is_archived) select stream, 1, now(), now(), '*DEFAULT*', false from pair on conflict (id) do nothing returning id),
        event as (
          insert into mt_events (seq_id, id, stream_id, version, type, mt_dotnet_type, data, timestamp, tenant_id, is_archived)
          select nextval('mt_events_sequence'), gen_random_uuid(), stream.id, 1, 'followed', 'BzPeer.Follow.Followed, BzPeer.Follow', jsonb_build_object('at', now(), 'followerId', follower, 'followeeId', followee), now(), '*DEFAULT*', false
          from stream join pair on pair.stream = stream.id returning seq_id)
        insert into follow_edges (follower, followee, since, position) select follower, followee, now(), seq_id from event, pair on conflict do nothing;
        """;

    private const string ClassicTables =
        """
        create table classic_edges (follower uuid, followee uuid, since timestamptz not null, primary key (follower, followee));
        create index on classic_edges (followee, since);
        create table classic_counts (researcher uuid primary key, followers bigint not null, following bigint not null) with (fillfactor = 70);
        """;

    /// <summary>An edge row and two counter rows, without any event: the design of most systems that have follows.</summary>
    private const string Classic =
        """
        \set follower random(1, 300000)
        \set followee random_zipfian(1, 100000, 1.2)
        with edge as (insert into classic_edges select md5('a' || :follower)::uuid, md5('b' || :followee)::uuid, now() on conflict do nothing returning follower, followee),
        followers as (insert into classic_counts select followee, 1, 0 from edge on conflict (researcher) do update set followers = classic_counts.followers + 1)
        insert into classic_counts select follower, 0, 1 from edge on conflict (researcher) do update set following = classic_counts.following + 1;
        """;

    private byte[] Uniform(Uri site) => Put(site, followees[Random.Shared.Next(Followees)]);

    private byte[] Minimal(Uri site) =>
        HttpLoad.Request("PUT", site, $"/api/me/following/{followees[Random.Shared.Next(Followees)]}", actors[Random.Shared.Next(Actors)].Token, "Prefer: return=minimal");

    private byte[] Celebrity(Uri site) => Put(site, followees[0]);

    private byte[] ZipfDistributed(Uri site)
    {
        var place = Array.BinarySearch(zipf, Random.Shared.NextDouble());
        return Put(site, followees[Math.Min(place < 0 ? ~place : place, Followees - 1)]);
    }

    private byte[] Put(Uri site, Guid followee) => HttpLoad.Request("PUT", site, $"/api/me/following/{followee}", actors[Random.Shared.Next(Actors)].Token);

    /// <summary>Cumulative probabilities of Zipf's law.</summary>
    private static double[] Zipf(double exponent, int count)
    {
        var weights = Enumerable.Range(1, count).Select(rank => Math.Pow(rank, -exponent)).ToArray();
        var (total, sum) = (weights.Sum(), 0.0);
        return [.. weights.Select(weight => sum += weight / total)];
    }

    /// <summary>Transactions per second of a pgbench script on empty tables as the service lays them out.</summary>
    private async Task<double> PlainSqlAsync(string script)
    {
        var (process, store) = await stand.StartServiceAsync("follow", "BzPeer.Follow");
        await process.DisposeAsync();
        if (script == Classic) await ExecuteAsync(store, ClassicTables);
        var rate = await Pgbench.RunAsync(store, script, clients: 16, Duration);
        await stand.DropDatabaseAsync(store);
        return rate;
    }

    private async Task<LoadResult> AtTheServiceAsync(Func<Uri, byte[]> request, int connections)
    {
        var (process, store) = await stand.StartServiceAsync("follow", "BzPeer.Follow");
        await KnowAsync(store, followees);
        await HttpLoad.RunAsync(process.Url, connections, WarmUp, _ => request(process.Url));
        var result = await HttpLoad.RunAsync(process.Url, connections, Duration, _ => request(process.Url));
        await process.KillAsync();
        await using (var database = NpgsqlDataSource.Create(store))
        {
            var residual = (await Reconcile.ResidualAsync(database)).Values.Sum();
            if (residual != 0) throw new InvalidOperationException($"After the load counts, edges and events differ in {residual} cases.");
        }

        await stand.DropDatabaseAsync(store);
        return result.AllSucceeded();
    }

    private async Task<LoadResult> ThroughTheGatewayAsync()
    {
        await using var system = await stand.StartSystemAsync();
        await KnowAsync(stand.StoreOf("follow"), followees);
        await HttpLoad.RunAsync(system.Site, Connections, TimeSpan.FromSeconds(3), _ => Uniform(system.Site));
        var result = await HttpLoad.RunAsync(system.Site, Connections, Duration, _ => Uniform(system.Site));
        foreach (var process in system.All) await process.KillAsync();
        return result.AllSucceeded();
    }

    /// <summary>Commands per second of the command handler alone, in this process, with 512 under way.</summary>
    private async Task<double> HandlerAsync()
    {
        var (process, connection) = await stand.StartServiceAsync("follow", "BzPeer.Follow");
        await process.DisposeAsync();
        await KnowAsync(connection, followees);
        var rate = await HandlerAsync(connection, () => actors[Random.Shared.Next(Actors)].Id, () => followees[Random.Shared.Next(Followees)], Duration);
        await stand.DropDatabaseAsync(connection);
        return rate;
    }

    internal static async Task<double> HandlerAsync(string connection, Func<Guid> actor, Func<Guid> followee, TimeSpan duration)
    {
        await using var database = NpgsqlDataSource.Create(connection + ";Max Auto Prepare=20");
        using var store = Store(database);
        await using var commands = new FollowCommands(new FollowLog(store, database), TimeProvider.System);
        var (done, clock) = (0L, Stopwatch.StartNew());
        await Task.WhenAll(Enumerable.Range(0, 512).Select(_ => Task.Run(async () =>
        {
            while (clock.Elapsed < duration)
            {
                await commands.ExecuteAsync(new PairCommand(actor(), followee(), FollowResearcher.Decide, Requires.Registered), CancellationToken.None);
                Interlocked.Increment(ref done);
            }
        })));
        return done / clock.Elapsed.TotalSeconds;
    }

    /// <summary>Rows per second of one statement that inserts 256 streams, events and edges that are known to be new.</summary>
    private async Task<double> UnnestAsync()
    {
        var (process, connection) = await stand.StartServiceAsync("follow", "BzPeer.Follow");
        await process.DisposeAsync();
        await using (var database = NpgsqlDataSource.Create(connection + ";Max Auto Prepare=20"))
        {
            var (done, clock) = (0L, Stopwatch.StartNew());
            await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
            {
                while (clock.Elapsed < Duration)
                {
                    await using var command = database.CreateCommand(
                        """
                        with streams as (insert into mt_streams (id, version, timestamp, created, tenant_id, is_archived) select s, 1, now(), now(), '*DEFAULT*', false from unnest($1) s),
                        events as (
                          insert into mt_events (seq_id, id, stream_id, version, type, mt_dotnet_type, data, timestamp, tenant_id, is_archived)
                          select nextval('mt_events_sequence'), id, stream, 1, 'followed', 'BzPeer.Follow.Followed, BzPeer.Follow', data::jsonb, now(), '*DEFAULT*', false
                          from unnest($1, $2, $3) as e(stream, id, data) returning id, seq_id)
                        insert into follow_edges (follower, followee, since, position)
                        select follower, followee, now(), seq_id from unnest($2, $4, $5) as e(id, follower, followee) join events using (id)
                        """);
                    var (followers, streams) = (New(256), New(256));
                    var followed = Enumerable.Range(0, 256).Select(_ => followees[Random.Shared.Next(Followees)]).ToArray();
                    command.Parameters.Add(new() { Value = streams });
                    command.Parameters.Add(new() { Value = Enumerable.Range(0, 256).Select(_ => Guid.CreateVersion7()).ToArray() });
                    command.Parameters.Add(new() { Value = followers.Zip(followed, (a, b) => $$"""{"at":"2026-01-01T00:00:00Z","followerId":"{{a}}","followeeId":"{{b}}"}""").ToArray() });
                    command.Parameters.Add(new() { Value = followers });
                    command.Parameters.Add(new() { Value = followed });
                    await command.ExecuteNonQueryAsync();
                    Interlocked.Add(ref done, 256);
                }
            })));
            var rate = done / clock.Elapsed.TotalSeconds;
            await database.DisposeAsync();
            await stand.DropDatabaseAsync(connection);
            return rate;
        }

        static Guid[] New(int count) => [.. Enumerable.Range(0, count).Select(_ => Guid.NewGuid())];
    }

    /// <summary>How one would write it with Marten at first: the stream fetched, decided and saved, one transaction for each command.</summary>
    private async Task<double> NaiveAsync()
    {
        var (process, connection) = await stand.StartServiceAsync("follow", "BzPeer.Follow");
        await process.DisposeAsync();
        await using var database = NpgsqlDataSource.Create(connection + ";Max Auto Prepare=20");
        using var store = Store(database);
        var (done, clock) = (0L, Stopwatch.StartNew());
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            while (clock.Elapsed < Duration)
            {
                var (follower, followee) = (actors[Random.Shared.Next(Actors)].Id, followees[Random.Shared.Next(Followees)]);
                await using var session = store.LightweightSession();
                var stream = await session.Events.FetchForWriting<NaivePair>(FollowPair.StreamId(follower, followee));
                if (stream.Aggregate?.Follows == true) continue;
                var e = new Followed(follower, followee, DateTimeOffset.UtcNow);
                stream.AppendOne(e);
                session.QueueSqlCommand("insert into follow_edges (follower, followee, since, position) values (?, ?, ?, 0) on conflict do nothing", follower, followee, e.At);
                await session.SaveChangesAsync();
                Interlocked.Increment(ref done);
            }
        })));
        var rate = done / clock.Elapsed.TotalSeconds;
        await database.DisposeAsync();
        await stand.DropDatabaseAsync(connection);
        return rate;
    }

    internal static DocumentStore Store(NpgsqlDataSource database) => DocumentStore.For(options =>
    {
        options.Connection(database);
        options.DisableNpgsqlLogging = true;
        options.AutoCreateSchemaObjects = JasperFx.AutoCreate.None;
        options.Events.EnableUniqueIndexOnEventId = true;
        options.UseSystemTextJsonForSerialization(EnumStorage.AsString, Casing.CamelCase);
        options.Events.MetadataConfig.HeadersEnabled = true;
        options.Events.MetadataConfig.CorrelationIdEnabled = true;
        options.Events.MetadataConfig.CausationIdEnabled = true;
        FollowPair.Configure(options);
    });

    internal static async Task KnowAsync(string connection, IEnumerable<Guid> researchers)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        await using var insert = database.CreateCommand("insert into known_researchers select unnest($1)");
        insert.Parameters.Add(new() { Value = researchers.ToArray() });
        await insert.ExecuteNonQueryAsync();
    }

    private static async Task ExecuteAsync(string connection, string sql)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>The naive way's aggregate: whether the pair is followed.</summary>
public sealed class NaivePair
{
    /// <summary>The stream's id.</summary>
    public Guid Id { get; set; }

    /// <summary>Whether anybody of the pair follows.</summary>
    public bool Follows { get; set; }

    /// <summary>Applies a follow.</summary>
    public void Apply(Followed _) => Follows = true;

    /// <summary>Applies an unfollow.</summary>
    public void Apply(Unfollowed _) => Follows = false;
}
