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
        var delays = new List<double>();
        var import = ImportAsync(system.Site, corpus);
        await Task.WhenAll(import, WatchAsync());
        var (received, seconds) = await import;
        await Overview.CaughtUpAsync(http, http.BaseAddress!);
        delays.Sort();
        double[] sorted = [.. delays];
        return string.Create(CultureInfo.InvariantCulture,
            $"""
            | import of {corpus.Name}, all services running and following | {received / seconds:#,0} works/s | |
            | event of a work to its author's card, during that import | p50 {Percentiles.Of(sorted, 0.5):0} ms, p99 {Percentiles.Of(sorted, 0.99):0} ms ({sorted.Length} watched) | p99 1 s |
            """);

        async Task WatchAsync()
        {
            while (!import.IsCompleted)
            {
                if (await NewestAsync(database) is not var (researcher, works, committed))
                {
                    await Task.Delay(10);
                    continue;
                }

                while (await WorksOnCardAsync(http, researcher) < works) await Task.Delay(10);
                delays.Add((DateTimeOffset.UtcNow - committed).TotalMilliseconds);
            }
        }
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

    /// <summary>The author of the newest work, how many works they have with it, and when it was committed.</summary>
    private static async Task<(Guid Researcher, long Works, DateTimeOffset Committed)?> NewestAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand(
            """
            with newest as (select stream_id, timestamp from mt_events where type = 'work_published' order by seq_id desc limit 1)
            select a.researcher_id, (select count(distinct work_id) from work_authors mine where mine.researcher_id = a.researcher_id), n.timestamp
            from newest n join work_authors a on a.work_id = n.stream_id and a.researcher_id is not null limit 1
            """);
        await using var row = await command.ExecuteReaderAsync();
        return await row.ReadAsync() ? (row.GetGuid(0), row.GetInt64(1), row.GetFieldValue<DateTimeOffset>(2)) : null;
    }

    private static async Task<long> WorksOnCardAsync(HttpClient http, Guid researcher)
    {
        using var card = await http.GetAsync($"/api/researchers/{researcher}");
        return card.IsSuccessStatusCode ? (await JsonNode.ParseAsync(await card.Content.ReadAsStreamAsync()))!["counts"]!["works"]!.GetValue<long>() : -1;
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
