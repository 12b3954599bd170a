using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using BzPeer.Provisioning;

namespace BzPeer.Load;

/// <summary>Plain figures of the whole system: the five processes as the launcher runs them, filled with the sample.</summary>
internal static class Overview
{
    private const int Actors = 2_000;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    public static async Task<string> RunAsync(Stand stand)
    {
        await using var system = await stand.StartSystemAsync();
        using var http = new HttpClient { BaseAddress = system.Site, Timeout = TimeSpan.FromMinutes(10) };
        var import = await ImportAsync(http, stand);
        var people = await FindPeopleAsync(http);
        var actors = Enumerable.Range(0, Actors).Select(_ => Guid.NewGuid()).Select(actor => (Id: actor, Token: stand.Tokens.For(actor))).ToArray();

        var pages = await ReadAsync(system.Site, people.Select(id => $"/researchers/{id}"));
        var cards = await ReadAsync(system.Site, people.Select(id => $"/api/researchers/{id}"));
        var gateway = await FollowAsync(system.Site, people, actors);
        await CaughtUpAsync(http, system["follow"].Url);
        var service = await FollowAsync(system["follow"].Url, people, actors);
        await CaughtUpAsync(http, system["follow"].Url);
        var idle = await FreshnessAsync(http, people, stand);

        var machine = await stand.DescribeAsync();

        return string.Create(CultureInfo.InvariantCulture, $"""
            # Figures of the whole system

            Written by `dotnet run -c Release --project tests/Load overview` on {DateTime.UtcNow:yyyy-MM-dd}.

            {machine}

            | what | figure | how |
            |---|---|---|
            | import, HTTP request to last record committed | {import.PerSecond:0} works/s | {import.Works} works of the sample (OpenAlex and arXiv), handed in file by file |
            | and until every card, statement and list follows | {import.CaughtUpPerSecond:0} works/s | the same, until no service has an event left to handle |
            | researcher pages | {pages.PerSecond:0}/s, p50 {pages.Percentile(0.5):0.0} ms, p99 {pages.Percentile(0.99):0.0} ms | `GET /researchers/ID` of {people.Length} researchers in turn, rendered anew each time, 16 connections |
            | cards | {cards.PerSecond:0}/s, p50 {cards.Percentile(0.5):0.0} ms, p99 {cards.Percentile(0.99):0.0} ms | `GET /api/researchers/ID` through the gateway, 16 connections |
            | follow commands through the gateway | {gateway.PerSecond:0}/s, p50 {gateway.Percentile(0.5):0.0} ms, p99 {gateway.Percentile(0.99):0.0} ms | `PUT /api/me/following/ID`, {Actors} actors, random followees, 64 connections, all consumers running |
            | follow commands at the service | {service.PerSecond:0}/s, p50 {service.Percentile(0.5):0.0} ms, p99 {service.Percentile(0.99):0.0} ms | the same without the gateway |
            | commit to card | p50 {Percentiles.Of(idle, 0.5):0} ms, p99 {Percentiles.Of(idle, 0.99):0} ms | from the answer to a follow until the card, asked again and again through the gateway, shows the count; {idle.Length} follows one after another |

            Ratios against plain SQL, and the load under which these figures stop holding, are in the report of each service.

            """);
    }

    private static async Task<(int Works, double PerSecond, double CaughtUpPerSecond)> ImportAsync(HttpClient http, Stand stand)
    {
        var curator = new AuthenticationHeaderValue("Bearer", stand.Tokens.For(Guid.NewGuid(), "curator"));
        var works = 0;
        var clock = Stopwatch.StartNew();
        foreach (var (file, format) in new[] { ("openalex-2023.ndjson.gz", "openalex"), ("arxiv-networking.ndjson.gz", "arxiv") })
        {
            using var body = new StreamContent(File.OpenRead(Path.Combine(Repository.Root, "deploy", "sample", file)));
            body.Headers.ContentType = new("application/x-ndjson");
            body.Headers.ContentEncoding.Add("gzip");
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/imports?format={format}") { Content = body, Headers = { Authorization = curator } };
            using var accepted = await http.SendAsync(request);
            accepted.EnsureSuccessStatusCode();
            JsonNode state;
            do
            {
                await Task.Delay(20);
                state = (await JsonNode.ParseAsync(await http.GetStreamAsync(accepted.Headers.Location)))!;
            }
            while (state["state"]!.GetValue<string>() == "running");
            if (state["state"]!.GetValue<string>() != "completed") throw new InvalidOperationException($"The import of {file} failed: {state}");
            works += state["created"]!.GetValue<int>();
        }

        var committed = clock.Elapsed;
        await CaughtUpAsync(http, http.BaseAddress!);
        return (works, works / committed.TotalSeconds, works / clock.Elapsed.TotalSeconds);
    }

    /// <summary>Waits until the service has no event left to handle.</summary>
    internal static async Task CaughtUpAsync(HttpClient http, Uri service)
    {
        // The daemon's lag is in every service's health; consumers follow within the next looks.
        for (var calm = 0; calm < 3; await Task.Delay(100))
        {
            using var answer = await http.GetAsync(new Uri(service, "/health"));
            var health = JsonNode.Parse(await answer.Content.ReadAsStringAsync());
            var behind = health?["checks"]?["daemon"]?["data"] is JsonObject shards ? shards.Sum(shard => shard.Value!.GetValue<long>()) : 0;
            calm = answer.IsSuccessStatusCode && behind == 0 ? calm + 1 : 0;
        }
    }

    /// <summary>Imports the sample and answers some of its researchers.</summary>
    internal static async Task<Guid[]> ImportedPeopleAsync(HttpClient http, Stand stand)
    {
        await ImportAsync(http, stand);
        return await FindPeopleAsync(http);
    }

    private static async Task<Guid[]> FindPeopleAsync(HttpClient http)
    {
        var people = new HashSet<Guid>();
        foreach (var letter in "abcdefghijklmnopqrstuvwxyz")
        {
            var page = await JsonNode.ParseAsync(await http.GetStreamAsync($"/api/researchers?q={letter}&limit=80"));
            foreach (var card in page!["items"]!.AsArray()) people.Add(card!["id"]!.GetValue<Guid>());
        }

        return [.. people];
    }

    private static async Task<LoadResult> ReadAsync(Uri site, IEnumerable<string> paths)
    {
        var requests = paths.Select(path => HttpLoad.Request("GET", site, path)).ToArray();
        var turn = 0;
        byte[] Next(int connection) => requests[(uint)Interlocked.Increment(ref turn) % requests.Length];
        await HttpLoad.RunAsync(site, 16, TimeSpan.FromSeconds(5), Next);
        return (await HttpLoad.RunAsync(site, 16, Duration, Next)).AllSucceeded();
    }

    private static async Task<LoadResult> FollowAsync(Uri site, Guid[] people, (Guid Id, string Token)[] actors)
    {
        byte[] Next(int connection) => HttpLoad.Request(
            "PUT", site, $"/api/me/following/{people[Random.Shared.Next(people.Length)]}", actors[Random.Shared.Next(actors.Length)].Token);
        await HttpLoad.RunAsync(site, 64, TimeSpan.FromSeconds(3), Next);
        return (await HttpLoad.RunAsync(site, 64, Duration, Next)).AllSucceeded();
    }

    /// <summary>Milliseconds from the answer to a follow until the followee's card shows it, sorted.</summary>
    internal static async Task<double[]> FreshnessAsync(HttpClient http, Guid[] people, Stand stand, int rounds = 300, TimeSpan? every = null)
    {
        var delays = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            var followee = people[Random.Shared.Next(people.Length)];
            var before = await FollowersAsync(http, followee);
            using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/me/following/{followee}");
            request.Headers.Authorization = new("Bearer", stand.Tokens.For(Guid.NewGuid()));
            using var answer = await http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
            var clock = Stopwatch.StartNew();
            while (await FollowersAsync(http, followee) == before)
            {
                if (clock.Elapsed > TimeSpan.FromSeconds(30)) throw new TimeoutException($"The card of {followee} does not show its new follower.");
                await Task.Delay(every ?? TimeSpan.FromMilliseconds(1));
            }

            delays.Add(clock.Elapsed.TotalMilliseconds);
        }

        delays.Sort();
        return [.. delays];
    }

    private static async Task<long> FollowersAsync(HttpClient http, Guid id) =>
        (await JsonNode.ParseAsync(await http.GetStreamAsync($"/api/researchers/{id}")))!["counts"]!["followers"]!.GetValue<long>();
}
