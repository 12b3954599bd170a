using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using BzPeer.Provisioning;
using Npgsql;

namespace BzPeer.Load;

/// <summary>
/// Trust, with all services running: how soon a new work and a new follow are on the card, also beside a work with thousands of authors, what
/// a statement costs beside a card, and a full computation of the flow while people go on following.
/// </summary>
internal sealed class TrustReport(Stand stand, BzPeerProcesses system, HttpClient http, NpgsqlDataSource publication, NpgsqlDataSource profile, NpgsqlDataSource trust)
{
    private const int People = 9_000;
    private const int WorksPerSecond = 200;
    private const int Authors = 5_000;
    private const int Seeds = 10;

    /// <summary>Whom each seed follows: as many as it has a full voice for (D of the flow).</summary>
    private const int FollowedByEach = 20;
    private const int Edges = 100_000;
    private const int FollowsPerSecond = 50;
    private const int ReadRounds = 7;

    private static readonly TimeSpan Span = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Handed = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FollowSpan = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string curator = stand.Tokens.For(Guid.NewGuid(), "curator");

    /// <summary>Validated works of each researcher, by the events of Publication.</summary>
    private readonly Dictionary<Guid, int> works = [];
    private readonly HashSet<long> seen = [];

    /// <summary>Records made, and of those handed in at the rate: whose turn it is.</summary>
    private int records, turn;

    private sealed record Arrival(Guid Researcher, int Score, DateTimeOffset Committed);

    private sealed record Delays(double PerSecond, double[] Ordinary, double? ManyDone);

    public static async Task<string> RunAsync(Stand stand)
    {
        await stand.TunePostgresAsync();
        await using var system = await stand.StartSystemAsync();
        await using var publication = NpgsqlDataSource.Create(stand.StoreOf("publication"));
        await using var profile = NpgsqlDataSource.Create(stand.StoreOf("profile"));
        await using var trust = NpgsqlDataSource.Create(stand.StoreOf("trust"));
        using var http = new HttpClient { BaseAddress = system.Site, Timeout = TimeSpan.FromMinutes(10) };
        return await new TrustReport(stand, system, http, publication, profile, trust).RunAsync();
    }

    private async Task<string> RunAsync()
    {
        await ImportAsync(string.Concat(Enumerable.Range(0, People).Select(n => Record([n]))));
        await ImportAsync(Record(Enumerable.Range(1_000_000, Authors)));
        await SettledAsync();
        var people = works.Where(researcher => researcher.Value > 0).Select(researcher => researcher.Key).Order().ToArray();
        Say($"{people.Length} researchers");

        var alone = await WorksAsync(null);
        var known = await WorksAsync(1_000_000);
        var unknown = await WorksAsync(2_000_000);

        var chosen = works.Where(researcher => researcher.Value is > 2 and < 10).Select(researcher => researcher.Key).Order().ToArray();
        var (seeds, followees) = (chosen[..Seeds], chosen[Seeds..(Seeds + Seeds * FollowedByEach)]);
        var follows = await FollowsAsync(seeds, followees);
        var (cards, statements, ratio) = await ReadsAsync(followees);
        var (quiet, busy, first, again) = await FlowAsync(people);

        var machine = await stand.DescribeAsync();
        return string.Create(CultureInfo.InvariantCulture, $"""
            # Trust

            Written by `dotnet run -c Release --project tests/Load trust` on {DateTime.UtcNow:yyyy-MM-dd}.

            {machine}
            PostgreSQL with `shared_buffers` 1 GB and `max_wal_size` 8 GB. All services run and listen to one another. What attackers gain, and the flow in memory alone, is in [trust-attacks.md](../trust-attacks.md).

            | what | figure | wanted |
            |---|---|---|
            | works published meanwhile, {WorksPerSecond}/s offered | {alone.PerSecond:0}/s | {WorksPerSecond}/s |
            | event of a work to the score on its author's card | {Shown(alone.Ordinary)} | p99 1 s |
            | the same while a work with {Authors:#,0} authors who are known is published, at {known.PerSecond:0}/s, of everybody else | {Shown(known.Ordinary)} | not delayed |
            | from handing it in until the cards of all {Authors:#,0} have it | {known.ManyDone:0.0} s | |
            | the same while a work with {Authors:#,0} authors nobody knew is published, at {unknown.PerSecond:0}/s, of everybody else | {Shown(unknown.Ordinary)} | not delayed |
            | from handing it in until all {Authors:#,0} are registered and their cards have it | {unknown.ManyDone:0.0} s | |
            | follow by a seed, from its answer to the new score on the followee's card, one after another | {Shown(follows)} | |
            | card, read at the service | {cards.PerSecond:#,0}/s, p50 {cards.P50:0.00} ms | |
            | statement, read at the service, of the same people: claimed, validated, followed by a seed, with the events behind it | {statements.PerSecond:#,0}/s, p50 {statements.P50:0.00} ms: the card is read {ratio:0.00} times as fast | within 1.3 times |
            | full computation of the flow, {first.Run["researchers"]!.GetValue<int>():#,0} researchers and {first.Run["edges"]!.GetValue<long>():#,0} follows, all but {Seeds * FollowedByEach} of them new to it | {Phases(first)}; {first.Run["changed"]!.GetValue<int>():#,0} scores' evidence written | |
            | the same again, with nothing to mend | {Phases(again)} | |
            | `PUT` of a follow, {FollowsPerSecond}/s, with no computation and with one after another | p50 {quiet.Percentile(0.5):0.0} ms, p99 {quiet.Percentile(0.99):0.0} ms; p50 {busy.Percentile(0.5):0.0} ms, p99 {busy.Percentile(0.99):0.0} ms | not slowed |

            Works are records of OpenAlex with one or two of {People:#,0} researchers, handed in {Handed.TotalMilliseconds:0} ms' worth at a time for {Span.TotalSeconds:0} s, so few to each that every one moves a score. Every
            author of every work is watched: from the time at which the event is in Publication's store until the row that the card is read from has the score. Cards and statements are read in
            {ReadRounds - 2} rounds by turns over 8 connections, after two to warm up, and the medians shown; the ratio is that of the two in one round. A phase of a computation is as long as the run says it is in it.

            """);
    }

    private static string Shown(double[] sorted) => string.Create(CultureInfo.InvariantCulture,
        $"p50 {Percentiles.Of(sorted, 0.5):0} ms, p99 {Percentiles.Of(sorted, 0.99):0} ms ({sorted.Length:#,0} watched)");

    private static string Phases((JsonNode Run, double Seconds, Dictionary<string, double> Phases) run) => string.Create(CultureInfo.InvariantCulture,
        $"{run.Seconds:0.00} s ({string.Join(", ", run.Phases.Select(phase => string.Create(CultureInfo.InvariantCulture, $"{phase.Key} {phase.Value:0.00} s")))})");

    /// <summary>
    /// Has works published at an even rate for a while, and soon after the beginning one by the 5,000 people from <paramref name="many"/> on; how late the
    /// cards of the others' authors were, and how long it took from then until the last of the 5,000 had it.
    /// </summary>
    private async Task<Delays> WorksAsync(int? many)
    {
        var (handing, big, bigHanded, handedOver) = (new List<Task>(), (Task?)null, DateTimeOffset.MaxValue, false);
        var watching = WatchAsync(() => Volatile.Read(ref handedOver));
        var clock = Stopwatch.StartNew();
        for (var round = 0; clock.Elapsed < Span; round++)
        {
            handing.Add(ImportAsync(string.Concat(Enumerable.Range(0, (int)(WorksPerSecond * Handed.TotalSeconds)).Select(_ => Record(Next())))));
            if (many is { } from && big is null && clock.Elapsed > Span / 6) (bigHanded, big) = (DateTimeOffset.UtcNow, ImportAsync(Record(Enumerable.Range(from, Authors))));
            if (Handed * (round + 1) - clock.Elapsed is { Ticks: > 0 } rest) await Task.Delay(rest);
        }

        await Task.WhenAll([.. handing, big ?? Task.CompletedTask]);
        Volatile.Write(ref handedOver, true);
        var (perSecond, ordinary, lastOfBig) = await watching;
        var bigTook = (lastOfBig - bigHanded)?.TotalSeconds;
        await Overview.CaughtUpAsync(http, http.BaseAddress!);
        Say($"{perSecond:0} works/s, p50 {Percentiles.Of(ordinary, 0.5):0} ms, p99 {Percentiles.Of(ordinary, 0.99):0} ms, the slowest {ordinary[^1]:0} ms; {bigTook:0.0} s");
        return new(perSecond, ordinary, bigTook);

        int[] Next() => ++turn % 3 == 0 ? [turn % People, (turn + People / 2) % People] : [turn % People];
    }

    /// <summary>Watches cards until all works are handed over and on them: works a second, delays of ordinary works' authors, sorted, and when the last author of a large one had it.</summary>
    private async Task<(double PerSecond, double[] Ordinary, DateTimeOffset? Many)> WatchAsync(Func<bool> handedOver)
    {
        var (delays, pending, large, committed) = (new List<double>(), new List<Arrival>(), new List<Arrival>(), new List<DateTimeOffset>());
        DateTimeOffset? many = null;
        var clock = Stopwatch.StartNew();
        for (var (over, largeLooked) = (false, TimeSpan.Zero); !over || pending.Count + large.Count > 0; await Task.Delay(10))
        {
            // Whether all are handed over is asked before looking: what was committed by then is found.
            over = handedOver();
            foreach (var work in (await ArrivalsAsync()).GroupBy(arrival => arrival.Work))
            {
                var arrivals = work.Select(arrival => arrival.Arrival).ToList();
                (arrivals.Count > 2 ? large : pending).AddRange(arrivals);
                committed.Add(arrivals[0].Committed);
            }

            foreach (var arrival in await OnCardAsync(pending)) delays.Add((DateTimeOffset.UtcNow - arrival.Committed).TotalMilliseconds);
            if (large.Count > 0 && clock.Elapsed - largeLooked > TimeSpan.FromMilliseconds(100))
            {
                if ((await OnCardAsync(large)).Count > 0) many = DateTimeOffset.UtcNow;
                largeLooked = clock.Elapsed;
            }

            if (clock.Elapsed > Span + Patience) throw new TimeoutException($"{pending.Count + large.Count} cards do not show the score of their last work.");
        }

        delays.Sort();
        return ((committed.Count - 1) / (committed.Max() - committed.Min()).TotalSeconds, [.. delays], many);
    }

    /// <summary>Authors of works that were published since the last look, each with the score that they have by it.</summary>
    private async Task<List<(Guid Work, Arrival Arrival)>> ArrivalsAsync()
    {
        // A position that was taken earlier may be seen later, so a look goes back some.
        await using var command = publication.CreateCommand(
            """
            select e.seq_id, e.stream_id, e.timestamp, array_agg(a.researcher_id) from mt_events e join work_authors a on a.work_id = e.stream_id
            where e.type = 'work_published' and e.seq_id > $1 and a.researcher_id is not null group by 1, 2, 3 order by 1
            """);
        command.Parameters.Add(new() { Value = seen.Count == 0 ? 0 : seen.Max() - 2_000 });
        var arrivals = new List<(Guid, Arrival)>();
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            if (!seen.Add(row.GetInt64(0))) continue;
            foreach (var author in row.GetFieldValue<Guid[]>(3))
            {
                var n = works[author] = works.GetValueOrDefault(author) + 1;
                arrivals.Add((row.GetGuid(1), new(author, 9 + 2 * n, row.GetFieldValue<DateTimeOffset>(2))));
            }
        }

        return arrivals;
    }

    /// <summary>Takes out of <paramref name="pending"/> whose card has the score.</summary>
    private async Task<List<Arrival>> OnCardAsync(List<Arrival> pending)
    {
        if (pending.Count == 0) return [];
        await using var command = profile.CreateCommand(
            "select n.place::integer from unnest($1, $2) with ordinality as n(id, score, place) join researcher_cards c on c.id = n.id and c.score >= n.score");
        foreach (var value in (Array[])[pending.Select(arrival => arrival.Researcher).ToArray(), pending.Select(arrival => arrival.Score).ToArray()]) command.Parameters.Add(new() { Value = value });
        var places = new HashSet<int>();
        await using (var row = await command.ExecuteReaderAsync())
            while (await row.ReadAsync()) places.Add(row.GetInt32(0) - 1);
        var there = pending.Where((_, place) => places.Contains(place)).ToList();
        var left = pending.Where((_, place) => !places.Contains(place)).ToList();
        pending.Clear();
        pending.AddRange(left);
        return there;
    }

    /// <summary>Waits until all that was published is on the cards.</summary>
    private async Task SettledAsync()
    {
        await WatchAsync(() => true);
        await Overview.CaughtUpAsync(http, http.BaseAddress!);
    }

    /// <summary>Makes people verified and some of them seeds, and lets these follow the others, one after another; how late each card is.</summary>
    private async Task<double[]> FollowsAsync(Guid[] seeds, Guid[] followees)
    {
        await Parallel.ForEachAsync(seeds.Concat(followees), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (id, _) =>
        {
            await SendAsync(HttpMethod.Post, $"/api/researchers/{id}/claim", stand.Tokens.For(id), null);
            foreach (var source in (string[])["a registry", "another registry"])
                await SendAsync(HttpMethod.Post, $"/api/researchers/{id}/validations", curator, new { kind = "identity", source, value = "as they have them" });
            if (seeds.Contains(id)) await SendAsync(HttpMethod.Post, $"/api/researchers/{id}/validations", curator, new { kind = "affiliation", source = "a registry", value = "where they work" });
        });
        var delays = new List<double>();
        for (var n = 0; n < followees.Length; n++)
        {
            var (seed, followee) = (seeds[n / FollowedByEach], followees[n]);
            var verified = 9 + 2 * works[followee] + 5;
            await UntilScoreAsync(followee, verified);
            await UntilScoreAsync(seed, 9 + 2 * works[seed] + 12);
            await SendAsync(HttpMethod.Put, $"/api/me/following/{followee}", stand.Tokens.For(seed), null);
            var clock = Stopwatch.StartNew();
            await UntilScoreAsync(followee, verified + 1);
            delays.Add(clock.Elapsed.TotalMilliseconds);
        }

        delays.Sort();
        Say($"follow to card {Shown([.. delays])}");
        return [.. delays];
    }

    /// <summary>Cards and statements of the same people, in turns.</summary>
    private async Task<((double PerSecond, double P50) Cards, (double PerSecond, double P50) Statements, double Ratio)> ReadsAsync(Guid[] people)
    {
        await Overview.CaughtUpAsync(http, http.BaseAddress!);
        var (cards, statements) = (new List<LoadResult>(), new List<LoadResult>());
        for (var round = 0; round < ReadRounds; round++)
        {
            var card = await ReadAsync(system["profile"].Url, id => $"/api/researchers/{id}");
            var statement = await ReadAsync(system["trust"].Url, id => $"/api/researchers/{id}/trust");
            if (round < 2) continue;
            cards.Add(card);
            statements.Add(statement);
        }

        var ratio = Median(cards.Zip(statements, (card, statement) => card.PerSecond / statement.PerSecond));
        Say($"card {Median(cards.Select(c => c.PerSecond)):0}/s, statement {Median(statements.Select(s => s.PerSecond)):0}/s, {ratio:0.00}");
        return (Of(cards), Of(statements), ratio);

        async Task<LoadResult> ReadAsync(Uri service, Func<Guid, string> path)
        {
            byte[][] requests = [.. people.Select(id => HttpLoad.Request("GET", service, path(id)))];
            return (await HttpLoad.RunAsync(service, 8, 5_000, _ => requests[Random.Shared.Next(requests.Length)])).AllSucceeded();
        }

        static (double, double) Of(List<LoadResult> rounds) => (Median(rounds.Select(round => round.PerSecond)), Median(rounds.Select(round => round.Percentile(0.5))));
        static double Median(IEnumerable<double> values) => Percentiles.Of([.. values.Order()], 0.5);
    }

    /// <summary>Computes the whole flow over a graph written straight into its table, again and again, while people follow at an even rate.</summary>
    private async Task<(LoadResult Quiet, LoadResult Busy, (JsonNode Run, double Seconds, Dictionary<string, double> Phases) First, (JsonNode Run, double Seconds, Dictionary<string, double> Phases) Again)> FlowAsync(Guid[] people)
    {
        await using (var command = trust.CreateCommand(
            """
            insert into trust_edges (follower, followee, live, version, event_id)
            select follower, followee, true, 1, gen_random_uuid() from (
              select distinct $1[1 + floor(random() * cardinality($1))::integer] as follower, $1[1 + floor(random() * cardinality($1))::integer] as followee from generate_series(1, $2)) pairs
            where follower <> followee on conflict do nothing
            """))
        {
            foreach (var value in (object[])[people, Edges]) command.Parameters.Add(new() { Value = value });
            await command.ExecuteNonQueryAsync();
        }

        var tokens = people.Take(200).Select(id => stand.Tokens.For(id)).ToArray();
        byte[] Follow(int _) => HttpLoad.Request("PUT", system.Site, $"/api/me/following/{people[Random.Shared.Next(200, people.Length)]}", tokens[Random.Shared.Next(tokens.Length)]);
        await HttpLoad.AtRateAsync(system.Site, 16, FollowsPerSecond, FollowSpan / 5, Follow);
        var quiet = (await HttpLoad.AtRateAsync(system.Site, 16, FollowsPerSecond, FollowSpan, Follow)).AllSucceeded();
        await Overview.CaughtUpAsync(http, http.BaseAddress!);
        var following = HttpLoad.AtRateAsync(system.Site, 16, FollowsPerSecond, FollowSpan, Follow);
        var first = await ComputeAsync();
        while (!following.IsCompleted) await ComputeAsync();
        var busy = (await following).AllSucceeded();
        await Overview.CaughtUpAsync(http, http.BaseAddress!);
        var again = await ComputeAsync();
        Say($"flow {Phases(first)}, {Phases(again)}; follows p99 {quiet.Percentile(0.99):0.0} ms, {busy.Percentile(0.99):0.0} ms");
        return (quiet, busy, first, again);
    }

    /// <summary>Asks for a full computation, and sees how long it is at what.</summary>
    private async Task<(JsonNode Run, double Seconds, Dictionary<string, double> Phases)> ComputeAsync()
    {
        var (clock, phases, before) = (Stopwatch.StartNew(), new Dictionary<string, double>(), TimeSpan.Zero);
        using var asked = await SendAsync(HttpMethod.Post, "/api/trust/flow", curator, null);
        while (true)
        {
            var run = (await JsonNode.ParseAsync(await http.GetStreamAsync(asked.Headers.Location)))!;
            var (phase, now) = (run["phase"]?.GetValue<string>() ?? "waiting", clock.Elapsed);
            if (run["state"]!.GetValue<string>() == "completed") return (run, now.TotalSeconds, phases);
            phases[phase] = phases.GetValueOrDefault(phase) + (now - before).TotalSeconds;
            before = now;
            if (now > Patience) throw new TimeoutException($"The computation of the flow is not done: {run}");
            await Task.Delay(10);
        }
    }

    private async Task UntilScoreAsync(Guid researcher, int score)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(2))
        {
            var card = (await JsonNode.ParseAsync(await http.GetStreamAsync(new Uri(system["profile"].Url, $"/api/researchers/{researcher}"))))!;
            if (card["trust"]!["score"]!.GetValue<int>() >= score) return;
            if (clock.Elapsed > Patience) throw new TimeoutException($"The card of {researcher} does not get to {score}: {card}");
        }
    }

    /// <summary>A record of OpenAlex by these people, each known by an id there.</summary>
    private string Record(IEnumerable<int> authors)
    {
        var n = ++records;
        var people = authors.Select(author => $$$"""{"author":{"id":"https://openalex.org/A{{{5_000_000_000 + author}}}","display_name":"Person Number{{{author}}}"}}""");
        return $$"""{"id":"https://openalex.org/W{{4_000_000_000 + n}}","title":"Record number {{n}} of those","type":"article","publication_year":2020,"authorships":[{{string.Join(",", people)}}]}""" + "\n";
    }

    private async Task ImportAsync(string lines)
    {
        using var body = new StringContent(lines, Encoding.UTF8, "application/x-ndjson");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/imports?format=openalex") { Content = body, Headers = { Authorization = new AuthenticationHeaderValue("Bearer", curator) } };
        using var accepted = await http.SendAsync(request);
        accepted.EnsureSuccessStatusCode();
        while (true)
        {
            var state = (await JsonNode.ParseAsync(await http.GetStreamAsync(accepted.Headers.Location)))!;
            if (state["state"]!.GetValue<string>() == "completed" && state["rejected"]!.GetValue<int>() == 0) return;
            if (state["state"]!.GetValue<string>() != "running") throw new InvalidOperationException($"The works were not taken: {state}");
            await Task.Delay(100);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string token, object? body)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) }, Content = body is null ? null : JsonContent.Create(body) };
        var answer = await http.SendAsync(request);
        return answer.EnsureSuccessStatusCode();
    }

    private static void Say(FormattableString line) => Console.Error.WriteLine(FormattableString.Invariant(line));
}
