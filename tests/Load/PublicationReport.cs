using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BzPeer.Provisioning;
using Npgsql;
using NpgsqlTypes;

namespace BzPeer.Load;

/// <summary>
/// Imports and the research graph. Real works come from the folder that <c>BZPEER_DATA</c> names: <c>openalex/works-*.ndjson.gz</c>,
/// <c>arxiv/metadata.ndjson.gz</c> and <c>acl-papers*.ndjson.gz</c>; without it from the sample, and the report says so.
/// </summary>
internal sealed class PublicationReport(Stand stand)
{
    private const int CopyRounds = 3;
    private const int Slices = 3_000;

    private sealed record Corpus(string Name, string Format, byte[] Lines, int Records);

    public static async Task<string> RunAsync(Stand stand)
    {
        await stand.TunePostgresAsync();
        var report = new PublicationReport(stand);
        var corpora = Corpora();
        var alone = await report.AloneAsync(corpora);
        var whole = await report.WholeAsync(corpora[0]);
        var machine = await stand.DescribeAsync();
        return string.Create(CultureInfo.InvariantCulture, $"""
            # Publications

            Written by `dotnet run -c Release --project tests/Load publication` on {DateTime.UtcNow:yyyy-MM-dd}.

            {machine}
            PostgreSQL with `shared_buffers` 1 GB and `max_wal_size` 8 GB.

            Works: {string.Join("; ", corpora.Select(corpus => string.Create(CultureInfo.InvariantCulture, $"{corpus.Name} ({corpus.Records:#,0} records)")))}.

            | what | figure | wanted |
            |---|---|---|
            {alone}
            {whole}

            """);
    }

    /// <summary>The service by itself: everything it does for an import, its projections and its relay included.</summary>
    private async Task<string> AloneAsync(IReadOnlyList<Corpus> corpora)
    {
        var (process, store) = await stand.StartServiceAsync("publication", "BzPeer.Publication");
        await using var running = process;
        await using var database = NpgsqlDataSource.Create(store);
        using var http = new HttpClient { BaseAddress = process.Url, Timeout = TimeSpan.FromMinutes(10) };

        var rows = new StringBuilder();
        var first = 0d;
        foreach (var corpus in corpora)
        {
            var (received, seconds) = await ImportAsync(process.Url, corpus);
            var perSecond = received / seconds;
            if (first == 0) first = perSecond;
            Say($"{corpus.Name}: {perSecond:0}/s");
            rows.AppendLine(CultureInfo.InvariantCulture, $"| import of {corpus.Name}, the service alone, record in file to committed event | {perSecond:#,0} works/s | {(corpus.Format == "openalex" ? "2,000 works/s" : "")} |");
        }

        var (_, again) = await ImportAsync(process.Url, corpora[0]);
        rows.AppendLine(CultureInfo.InvariantCulture, $"| the first of these files once more, without a new event | {corpora[0].Records / again:#,0} works/s | |");
        var copy = await CopyAsync(database, corpora[0]);
        Say($"copy: {copy:0}/s");
        rows.AppendLine(CultureInfo.InvariantCulture, $"| plain `COPY` of the first file into one jsonb column | {copy:#,0} works/s: {copy / first:0.0} times the import | within 10 times |");
        rows.AppendLine(CultureInfo.InvariantCulture, $"| memory of the service at its peak | {PeakMegabytes(process):0} MB | 300 MB |");

        await Overview.CaughtUpAsync(http, http.BaseAddress!);
        await Sql.ScalarAsync(database, "analyze");
        foreach (var (kind, sql) in ((string, string)[])[
            ("researcher", "select researcher_id from work_authors where researcher_id is not null group by 1"), ("work", "select id from works"),
            ("topic", "select topic_id from work_topics group by 1"), ("institution", "select institution_id from work_institutions group by 1")])
        {
            var ids = await IdsAsync(database, $"select * from ({sql}) ids(id) order by md5(id::text) limit {Slices}");
            var requests = ids.Select(id => HttpLoad.Request("GET", process.Url, $"/api/graph/{kind}/{id}")).ToArray();
            await HttpLoad.RunAsync(process.Url, 1, Math.Min(500, requests.Length), n => requests[Random.Shared.Next(requests.Length)]);
            var slices = (await HttpLoad.RunAsync(process.Url, 1, Slices, n => requests[Random.Shared.Next(requests.Length)])).AllSucceeded();
            Say($"{kind}: {slices.Percentile(0.5):0.0} ms, {slices.Percentile(0.99):0.0} ms");
            rows.AppendLine(CultureInfo.InvariantCulture, $"| slice around a {kind}, among {await Sql.NumberAsync(database, "select count(*) from works"):#,0} works | p50 {slices.Percentile(0.5):0.0} ms, p99 {slices.Percentile(0.99):0.0} ms | p50 5 ms, p99 50 ms |");
        }

        return rows.ToString().TrimEnd();
    }

    /// <summary>All services: how long after its event was committed a new work is counted on its author's card, while the import goes on.</summary>
    private async Task<string> WholeAsync(Corpus corpus)
    {
        await using var system = await stand.StartSystemAsync();
        await using var database = NpgsqlDataSource.Create(stand.StoreOf("publication"));
        using var http = new HttpClient { BaseAddress = system.Site, Timeout = TimeSpan.FromMinutes(10) };
        await using var profile = NpgsqlDataSource.Create(stand.StoreOf("profile"));
        var import = ImportAsync(system.Site, corpus);
        var delays = await WatchAsync(database, profile, FollowedAsync());
        var (received, seconds) = await import;
        return string.Create(CultureInfo.InvariantCulture,
            $"""
            | import of {corpus.Name}, all services running and following | {received / seconds:#,0} works/s | |
            | event of a work to its author's card, during that import | p50 {Percentiles.Of(delays, 0.5):0} ms, p99 {Percentiles.Of(delays, 0.99):0} ms ({delays.Length:#,0} watched) | p99 1 s |
            """);

        async Task FollowedAsync()
        {
            await import;
            await Overview.CaughtUpAsync(http, http.BaseAddress!);
        }
    }

    /// <summary>
    /// Watches an author of every new work until all has followed: how long after its event their card took it in, sorted. Left out is whose sums a work did not change, since
    /// another one went into it at once: nobody is told.
    /// </summary>
    private static async Task<double[]> WatchAsync(NpgsqlDataSource publication, NpgsqlDataSource profile, Task followed)
    {
        var (delays, pending, seen) = (new List<double>(), new List<(Guid Researcher, long Position, DateTimeOffset Committed)>(), new HashSet<long>());
        for (var over = false; !over; await Task.Delay(20))
        {
            // Whether it is over is asked before looking: what was committed by then is found.
            over = followed.IsCompleted;
            pending.AddRange(await NewestAsync(publication, seen));
            var arrived = await OnCardAsync(profile, pending);
            delays.AddRange(pending.Where((_, place) => arrived.Contains(place)).Select(one => (DateTimeOffset.UtcNow - one.Committed).TotalMilliseconds));
            pending = [.. pending.Where((_, place) => !arrived.Contains(place))];
        }

        await followed;
        delays.Sort();
        return [.. delays];
    }

    private async Task<(long Received, double Seconds)> ImportAsync(Uri site, Corpus corpus)
    {
        using var http = new HttpClient { BaseAddress = site, Timeout = TimeSpan.FromMinutes(10) };
        using var body = new ByteArrayContent(corpus.Lines) { Headers = { ContentType = new("application/x-ndjson") } };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/imports?format={corpus.Format}")
        {
            Content = body,
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", stand.Tokens.For(Guid.NewGuid(), "curator")) },
        };
        var clock = Stopwatch.StartNew();
        using var accepted = await http.SendAsync(request);
        accepted.EnsureSuccessStatusCode();
        while (true)
        {
            var state = (await JsonNode.ParseAsync(await http.GetStreamAsync(accepted.Headers.Location)))!;
            switch (state["state"]!.GetValue<string>())
            {
                case "running": await Task.Delay(20); break;
                case "completed": return (state["received"]!.GetValue<long>(), clock.Elapsed.TotalSeconds);
                default: throw new InvalidOperationException($"The import of {corpus.Name} failed: {state}");
            }
        }
    }

    private static async Task<double> CopyAsync(NpgsqlDataSource database, Corpus corpus)
    {
        var rates = new List<double>();
        var lines = Encoding.UTF8.GetString(corpus.Lines).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await using var connection = await database.OpenConnectionAsync();
        for (var round = 0; round < CopyRounds; round++)
        {
            await using (var create = new NpgsqlCommand("drop table if exists plain_copy; create table plain_copy (record jsonb)", connection)) await create.ExecuteNonQueryAsync();
            var clock = Stopwatch.StartNew();
            await using (var copy = await connection.BeginBinaryImportAsync("copy plain_copy (record) from stdin (format binary)"))
            {
                foreach (var line in lines)
                {
                    await copy.StartRowAsync();
                    await copy.WriteAsync(line, NpgsqlDbType.Jsonb);
                }

                await copy.CompleteAsync();
            }

            rates.Add(lines.Length / clock.Elapsed.TotalSeconds);
        }

        await using (var drop = new NpgsqlCommand("drop table plain_copy", connection)) await drop.ExecuteNonQueryAsync();
        return Percentiles.Of([.. rates.Order()], 0.5);
    }

    /// <summary>Works published since the last look, each with one of its authors and when it was committed.</summary>
    private static async Task<List<(Guid Researcher, long Position, DateTimeOffset Committed)>> NewestAsync(NpgsqlDataSource publication, HashSet<long> seen)
    {
        // A position that was taken earlier may be seen later, so a look goes back some.
        await using var command = publication.CreateCommand(
            """
            select e.seq_id, e.timestamp, a.researcher_id from mt_events e
            join lateral (select researcher_id from work_authors where work_id = e.stream_id and researcher_id is not null limit 1) a on true
            where e.type = 'work_published' and e.seq_id > $1
            """);
        command.Parameters.Add(new() { Value = seen.Count == 0 ? 0 : seen.Max() - 2_000 });
        var newest = new List<(Guid, long, DateTimeOffset)>();
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
            if (seen.Add(row.GetInt64(0))) newest.Add((row.GetGuid(2), row.GetInt64(0), row.GetFieldValue<DateTimeOffset>(1)));
        return newest;
    }

    /// <summary>The places of those whose card tells the bibliography as of the work, or later.</summary>
    private static async Task<HashSet<int>> OnCardAsync(NpgsqlDataSource profile, List<(Guid Researcher, long Position, DateTimeOffset Committed)> pending)
    {
        var places = new HashSet<int>();
        if (pending.Count == 0) return places;
        await using var command = profile.CreateCommand(
            "select n.place::integer - 1 from unnest($1, $2) with ordinality as n(id, position, place) join researcher_cards c on c.id = n.id and c.publication_version >= n.position");
        foreach (var value in (Array[])[pending.Select(one => one.Researcher).ToArray(), pending.Select(one => one.Position).ToArray()]) command.Parameters.Add(new() { Value = value });
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync()) places.Add(row.GetInt32(0));
        return places;
    }

    private static List<Corpus> Corpora()
    {
        var folder = Environment.GetEnvironmentVariable("BZPEER_DATA");
        string[] Files(string pattern) => folder is null ? [] : [.. Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        string[] Sample(string pattern) => [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "deploy", "sample"), pattern).Order(StringComparer.Ordinal)];
        List<Corpus> corpora =
        [
            Read("OpenAlex", "openalex", folder is null ? Sample("openalex-*.ndjson.gz") : Files("works-*-schema.ndjson.gz"), line => line),
            Read("arXiv", "arxiv", folder is null ? Sample("arxiv-*.ndjson.gz") : Files("metadata.ndjson.gz"), line => line),
        ];
        if (Files("acl-papers*.ndjson.gz") is { Length: > 0 } papers) corpora.Add(Read("ACL Anthology, given as OpenAlex would", "openalex", papers, AsOpenAlex));
        return corpora;
    }

    private static Corpus Read(string name, string format, string[] files, Func<string, string> convert)
    {
        using var lines = new MemoryStream();
        var records = 0;
        foreach (var file in files)
        {
            using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
            while (reader.ReadLine() is { } line)
            {
                lines.Write(Encoding.UTF8.GetBytes(convert(line)));
                lines.WriteByte((byte)'\n');
                records++;
            }
        }

        return new(name, format, lines.ToArray(), records);
    }

    /// <summary>A paper of the anthology in the form that the importer takes: its own id stands where OpenAlex's would, as a number.</summary>
    private static string AsOpenAlex(string line)
    {
        var paper = JsonNode.Parse(line)!;
        var number = BitConverter.ToUInt64(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(paper["id"]!.GetValue<string>()))) % 900_000_000_000;
        return JsonSerializer.Serialize(new
        {
            id = $"W{100_000_000_000 + number}",
            title = paper["title"],
            doi = paper["doi"],
            type = "article",
            publication_year = paper["year"],
            host_venue = new { display_name = paper["venue"] },
            @abstract = paper["abstract"],
            authorships = paper["authors"]!.AsArray().Select(author => new { author = new { display_name = $"{author!["first"]} {author["last"]}" } }),
        });
    }

    private static double PeakMegabytes(ServiceProcess process) =>
        File.Exists($"/proc/{process.Id}/status")
            ? double.Parse(File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1_024
            : double.NaN;

    private static async Task<Guid[]> IdsAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await using var row = await command.ExecuteReaderAsync();
        var ids = new List<Guid>();
        while (await row.ReadAsync()) ids.Add(row.GetGuid(0));
        return [.. ids];
    }

    private static void Say(FormattableString line) => Console.Error.WriteLine(FormattableString.Invariant(line));
}
