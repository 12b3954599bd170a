using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using BzPeer.Provisioning;
using Npgsql;

namespace BzPeer.Load;

/// <summary>
/// What becomes of the real files that the project is tried on: each is handed in to a publication service of its own, through the API, and
/// then all of them once more. <c>BZPEER_DATA</c> names their folder; not all of them may be passed on, so it is not in the repository.
/// </summary>
internal static class DataReport
{
    /// <summary>A file or a folder of files that are imported as one row of the table.</summary>
    private sealed record Source(string Path, string Format, string Type, string What);

    private const string Acl = "acl-papers-2016-2020.ndjson.gz";

    private static readonly Source[] Sources =
    [
        new("openalex/works-2023-schema.ndjson.gz", "openalex", "application/x-ndjson", "OpenAlex works in the schema of 2023 (asreview/synergy-dataset)"),
        new("openalex/works-current-schema.ndjson.gz", "openalex", "application/x-ndjson", "OpenAlex works in today's schema (fixtures of four OpenAlex clients)"),
        new("openalex/authors.ndjson.gz", "openalex", "application/x-ndjson", "OpenAlex authors"),
        new("openalex/institutions.ndjson.gz", "openalex", "application/x-ndjson", "OpenAlex institutions"),
        new("openalex/sources.ndjson.gz", "openalex", "application/x-ndjson", "OpenAlex sources"),
        new("openalex/topics.ndjson.gz", "openalex", "application/x-ndjson", "OpenAlex topics"),
        new("arxiv/metadata.ndjson.gz", "arxiv", "application/x-ndjson", "arXiv papers of cs.NI, cs.DL, cs.SI to 2019 (staeiou/arxiv_archive)"),
        new("arxiv/srv6-neighbourhood.json", "arxiv", "application/json", "arXiv papers by the seed paper's authors (the same), an object by id"),
        new("arxiv/atom", "arxiv", "application/atom+xml", "arXiv's answers as Atom, recorded (lukasschwab/arxiv.py)"),
        new("crossref/works.ndjson.gz", "crossref", "application/x-ndjson", "Crossref works, recorded (rcrossref, habanero)"),
        new("orcid/records", "orcid", "application/json", "ORCID public records of the API 1.2 (caltechlibrary/orcidtools)"),
        new("orcid/samples/record-full-3.0.json", "orcid", "application/json", "ORCID's sample of a record as JSON, API 3.0"),
        new("orcid/samples/record-3.0.xml", "orcid", "application/xml", "ORCID's sample of a record as XML"),
        new("orcid/samples/works-3.0.xml", "orcid", "application/xml", "ORCID's sample of a list of works"),
        new("orcid/samples/work-full-3.0.xml", "orcid", "application/xml", "ORCID's sample of one work"),
        new("orcid/samples/summary-3.0.xml", "orcid", "application/xml", "ORCID's sample of a summary"),
        new("orcid/samples/employments-3.0.xml", "orcid", "application/xml", "ORCID's sample of employments"),
        new("orcid/samples/external-identifiers-3.0.xml", "orcid", "application/xml", "ORCID's sample of external identifiers"),
        new("orcid/samples/error-3.0.xml", "orcid", "application/xml", "ORCID's sample of an error"),
    ];

    /// <summary>What a reason, as it begins, means for the files at hand.</summary>
    private static readonly (string Reason, string Why)[] Why =
    [
        ("The record has neither an OpenAlex work id nor a DOI", "It is an institution, a source or a topic: true records of OpenAlex, and neither works nor authors."),
        ("The record has no title", "The source has none, or a blank one. Of records with a title every type is kept."),
        ("arXiv answered with an error", "arXiv answers a malformed question with a feed of one entry, which says what was wrong. It must not become a paper called \"Error\"."),
        ("ORCID answered with an error", "An error document, kept as a sample; it lists no works."),
        ("This is ORCID's", "An answer about the person and not about their works."),
    ];

    private sealed record Row(Source Source, int Files, long Received, long Created, long Updated, long Unchanged, long Rejected, IReadOnlyList<string> Reasons);

    public static async Task<string> RunAsync(Stand stand)
    {
        var folder = Environment.GetEnvironmentVariable("BZPEER_DATA");
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException("Set BZPEER_DATA to the folder of the real files; docs/data.md names them.");
        var (process, store) = await stand.StartServiceAsync("publication", "BzPeer.Publication");
        await using var service = process;
        using var http = new HttpClient { BaseAddress = process.Url, Timeout = TimeSpan.FromMinutes(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", stand.Tokens.For(Guid.NewGuid(), "curator"));
        await using var database = NpgsqlDataSource.Create(store);

        var first = await ImportAllAsync(http, folder);
        var left = await LeftAsync(database);
        var joined = await JoinedAsync(database, after: 0);
        var events = await CountAsync(database, "mt_events where type not in ('bibliography_changed', 'pair_suspected')");
        var again = await ImportAllAsync(http, folder);
        var more = await CountAsync(database, "mt_events where type not in ('bibliography_changed', 'pair_suspected')") - events;
        var position = await Sql.NumberAsync(database, "select max(seq_id) from mt_events");
        var acl = await ImportAsync(http, "csl", "application/json", AclAsCsl(Path.Combine(folder, Acl)));
        joined.AddRange(await JoinedAsync(database, position));

        var report = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"""
            # What becomes of the real files

            Written by `dotnet run -c Release --project tests/Load data` on {DateTime.UtcNow:yyyy-MM-dd}: every file is handed in through
            `POST /api/imports` to one publication service on an empty database, in this order, and then all of them once more.
            A row counts what the import itself reports. *Updated* are works that another record had brought before: by DOI, arXiv id, OpenAlex id, or
            the number ORCID gave an entry; or by title, as said below. What each format means is said in [imports.md](imports.md).

            | file | format | files | received | created | updated | unchanged | rejected |
            |---|---|---:|---:|---:|---:|---:|---:|

            """));
        foreach (var row in first) report.AppendLine(Line(row.Source.What, row.Source.Format, row));
        report.AppendLine(Line("together", "", Sum(first)));
        report.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"""
            Left behind: {left}

            ## The same files again

            {Sum(again).Received:N0} records received, {Sum(again).Unchanged:N0} unchanged, {Sum(again).Updated:N0} updated, {Sum(again).Created:N0} created, {Sum(again).Rejected:N0} rejected; {more:N0} new events of works and researchers.

            ## What a title joined

            Records that no id joined to a work, but their title, first author and year did ([imports.md](imports.md) has the rule): {joined.Count:N0}. The papers of the ACL
            Anthology are no import; for this count they were handed in as a list of works ({acl["received"]!.GetValue<long>():N0} papers, {acl["updated"]!.GetValue<long>():N0} of them of works that were there).

            | by the word of | joined a work known by | records |
            |---|---|---:|
            {string.Join('\n', joined.GroupBy(join => (join.By, join.Others)).OrderByDescending(pair => pair.Count()).Select(pair => string.Create(CultureInfo.InvariantCulture, $"| {pair.Key.By} | {pair.Key.Others} | {pair.Count():N0} |")))}

            On 2026-11-25 all of the records joined were looked at, each with the work it joined. All are of one work: preprints of arXiv and the papers of conferences and journals of
            computational linguistics, up to two years later; and the working paper of an article. Of an earlier, looser rule ten more were, in which a paper in the
            proceedings joined another one of the same title and year in the same list: a workshop's abstract, or the article in a journal. Those are publications of their own, so
            two records of one collection stay two, unless one is a preprint.

            ## What was rejected, and why

            | file | records | reason | explained |
            |---|---:|---|---|
            """);
        foreach (var row in first)
            foreach (var reason in row.Reasons.GroupBy(reason => reason).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal))
                report.AppendLine(CultureInfo.InvariantCulture, $"| {row.Source.What} | {reason.Count():N0} | {reason.Key} | {Why.Where(why => reason.Key.StartsWith(why.Reason, StringComparison.Ordinal)).Select(why => why.Why).SingleOrDefault() ?? "**not explained**"} |");
        report.AppendLine().AppendLine("""
            ## Files that are no imports

            The graphs (Advogato, Bitcoin OTC, Wikipedia votes, arXiv gr-qc co-authorship) hold edges between people and no works: they are
            to try trust on. The papers of the ACL Anthology and the list of its authors' name variants are labelled truth on who is who, to
            try author resolution on.
            """);
        return report.ToString();
    }

    private static Row Sum(IReadOnlyList<Row> rows) => new(
        rows[0].Source, rows.Sum(r => r.Files), rows.Sum(r => r.Received), rows.Sum(r => r.Created), rows.Sum(r => r.Updated), rows.Sum(r => r.Unchanged), rows.Sum(r => r.Rejected), []);

    private static string Line(string what, string format, Row row) => string.Create(CultureInfo.InvariantCulture,
        $"| {what} | {format} | {row.Files} | {row.Received:N0} | {row.Created:N0} | {row.Updated:N0} | {row.Unchanged:N0} | {row.Rejected:N0} |");

    private static async Task<List<Row>> ImportAllAsync(HttpClient http, string folder)
    {
        List<Row> rows = [];
        foreach (var source in Sources)
        {
            var path = Path.Combine(folder, source.Path);
            string[] files = Directory.Exists(path) ? [.. Directory.GetFiles(path).Order(StringComparer.Ordinal)] : [path];
            List<JsonNode> states = [];
            foreach (var file in files) states.Add(await ImportAsync(http, source, file));
            long Count(string what) => states.Sum(state => state[what]!.GetValue<long>());
            rows.Add(new(source, files.Length, Count("received"), Count("created"), Count("updated"), Count("unchanged"), Count("rejected"),
                [.. states.SelectMany(state => state["rejections"]!.AsArray()).Select(rejection => rejection!["reason"]!.GetValue<string>())]));
            Console.Error.WriteLine(Line(source.What, source.Format, rows[^1]));
        }

        return rows;
    }

    private static async Task<JsonNode> ImportAsync(HttpClient http, Source source, string file) => await ImportAsync(http, source.Format, source.Type, File.OpenRead(file));

    private static async Task<JsonNode> ImportAsync(HttpClient http, string format, string type, Stream records)
    {
        using var body = new StreamContent(records);
        body.Headers.ContentType = new(type);
        using var accepted = await http.PostAsync($"/api/imports?format={format}", body);
        accepted.EnsureSuccessStatusCode();
        while (true)
        {
            var state = (await JsonNode.ParseAsync(await http.GetStreamAsync(accepted.Headers.Location)))!;
            // Where all there is to read is an error, the import has failed, which is what should happen.
            if (state["state"]!.GetValue<string>() != "running") return state;
            await Task.Delay(50);
        }
    }

    /// <summary>The papers of the ACL Anthology as a list of works.</summary>
    private static MemoryStream AclAsCsl(string file)
    {
        using var lines = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        var items = new JsonArray();
        while (lines.ReadLine() is { } line)
        {
            var paper = JsonNode.Parse(line)!;
            items.Add(new JsonObject
            {
                ["id"] = (string)paper["id"]!,
                ["type"] = "paper-conference",
                ["title"] = (string?)paper["title"],
                ["DOI"] = (string?)paper["doi"],
                ["issued"] = new JsonObject { ["date-parts"] = new JsonArray(new JsonArray((int?)paper["year"])) },
                ["author"] = new JsonArray([.. paper["authors"]!.AsArray().Select(author => new JsonObject { ["given"] = (string?)author!["first"], ["family"] = (string?)author["last"] })]),
            });
        }

        return new(Encoding.UTF8.GetBytes(items.ToJsonString()));
    }

    /// <summary>Whose word a title joined to a work, and by whose words that was known.</summary>
    private static async Task<List<(string By, string Others)>> JoinedAsync(NpgsqlDataSource database, long after)
    {
        await using var command = database.CreateCommand(
            """
            select data->'from'->'said'->0->>'source', data->'from'->'said'->0->'work', data->'versions' from mt_events
            where type = 'work_took_over' and data->>'reason' like '%has the title%' and seq_id > $1 order by seq_id
            """);
        command.Parameters.Add(new() { Value = after });
        await using var row = await command.ExecuteReaderAsync();
        var joined = new List<(string, string)>();
        while (await row.ReadAsync())
        {
            var (by, said, versions) = (row.GetString(0), JsonNode.Parse(row.GetString(1))!, JsonNode.Parse(row.GetString(2))!.AsArray());
            var sources = versions.SelectMany(version => version!["sources"]!.AsArray().Select(source => (string)source!)).Distinct().ToList();
            joined.Add((by, string.Join(", ", sources.Where(source => source != by || sources.Count == 1).Order(StringComparer.Ordinal))));
            Console.Error.WriteLine($"{by}: {said["title"]} ({said["year"]}, {said["authors"]![0]!["name"]}, {said["type"]}, {said["doi"]} {said["arxivId"]}): {string.Join(" | ", versions.Select(version => $"{version!["kind"]} {version["doi"]} {version["arxivId"]} {version["year"]} {version["venue"]} {string.Join("+", version["sources"]!.AsArray())}"))}");
        }

        return joined;
    }

    private static async Task<string> LeftAsync(NpgsqlDataSource database)
    {
        var (works, validated, retracted) = (await CountAsync(database, "works"), await CountAsync(database, "works where validated"), await CountAsync(database, "works where retracted"));
        var (people, withOrcid) = (await CountAsync(database, "researchers"), await CountAsync(database, "researchers where orcid is not null"));
        return string.Create(CultureInfo.InvariantCulture, $"{works:N0} works ({validated:N0} validated, {retracted:N0} retracted) and {people:N0} researchers ({withOrcid:N0} with an ORCID iD).");
    }

    private static Task<long> CountAsync(NpgsqlDataSource database, string what) => Sql.NumberAsync(database, $"select count(*) from {what}");
}
