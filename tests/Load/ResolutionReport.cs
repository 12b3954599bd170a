using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Npgsql;

namespace BzPeer.Load;

/// <summary>
/// How well authors are resolved by name: the papers of the ACL Anthology are imported with names only, in the order of the file, and every
/// mention of an author is compared with who the anthology says it is. <c>BZPEER_DATA</c> names the folder of the files.
/// </summary>
internal static partial class ResolutionReport
{
    /// <summary>An author of a paper.</summary>
    /// <param name="Name">As the anthology prints it.</param>
    /// <param name="Folded">The same in the form by which full names are compared.</param>
    /// <param name="Truth">Who it is; null where several known people have the name and the anthology does not say which.</param>
    /// <param name="Labelled">Whether somebody looked: it has the anthology's id, or stands in its list of name variants.</param>
    /// <param name="Researcher">Who it was resolved to.</param>
    private sealed record Mention(string Name, string Folded, string? Truth, bool Labelled, Guid Researcher);

    private sealed record Score(double Precision, double Recall)
    {
        /// <summary>Over pairs of mentions: of those that have one researcher, how many have one truth, and the other way round.</summary>
        public static Score Of<T>(IReadOnlyCollection<Mention> mentions, Func<Mention, T> found)
        {
            var known = mentions.Where(mention => mention.Truth is not null).ToList();
            var both = Pairs(known.CountBy(mention => (found(mention), mention.Truth)).Select(group => group.Value));
            return new((double)both / Pairs(known.CountBy(mention => (found(mention), "")).Select(group => group.Value)), (double)both / Pairs(known.CountBy(mention => mention.Truth!).Select(group => group.Value)));
        }

        private static long Pairs(IEnumerable<int> groups) => groups.Sum(size => (long)size * (size - 1) / 2);
    }

    public static async Task<string> RunAsync(Stand stand)
    {
        var folder = Environment.GetEnvironmentVariable("BZPEER_DATA");
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException("Set BZPEER_DATA to the folder of the real files; docs/data.md names them.");
        var papers = Lines(Path.Combine(folder, "acl-papers-2016-2020.ndjson.gz")).Select(line => JsonNode.Parse(line)!).ToList();
        var people = ReadVariants(Path.Combine(folder, "acl-name-variants.yaml"));

        var (process, store) = await stand.StartServiceAsync("publication", "BzPeer.Publication");
        await using var service = process;
        using var http = new HttpClient { BaseAddress = process.Url, Timeout = TimeSpan.FromMinutes(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", stand.Tokens.For(Guid.NewGuid(), "curator"));
        await using var database = NpgsqlDataSource.Create(store);
        await ImportAsync(http, papers);
        await SuspectedAsync(database);

        var mentions = await ReadMentionsAsync(database, papers, people);
        return Write(mentions, await PairsAsync(database));
    }

    private static string Write(List<Mention> mentions, List<(Guid One, Guid Other, string Evidence)> pairs)
    {
        var labelled = mentions.Where(mention => mention is { Labelled: true, Truth: not null }).ToList();
        var truths = mentions.Where(mention => mention.Truth is not null).ToLookup(mention => mention.Researcher, mention => mention.Truth!);
        var right = pairs.Count(pair => truths[pair.One].Intersect(truths[pair.Other]).Any());
        var report = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"""
            # Who is who: how well names are resolved

            Written by `dotnet run -c Release --project tests/Load resolution` on {DateTime.UtcNow:yyyy-MM-dd}. The {mentions.Count:N0} mentions of authors on
            the papers of the ACL Anthology of 2016 to 2020 are imported through `POST /api/imports`, names only, in the order of the file, into one publication service on an empty
            database. The truth is the anthology's own: its author id where it gives one; else the person whose name or variant it is in its list of name variants; else the name.
            *Labelled* are the mentions of the first two kinds, where somebody looked. How names are resolved is said in [imports.md](imports.md).

            | over pairs of mentions | mentions | precision | recall |
            |---|---:|---:|---:|
            | all | {mentions.Count(m => m.Truth is not null):N0} | {Shown(Score.Of(mentions, m => m.Researcher))} |
            | labelled | {labelled.Count:N0} | {Shown(Score.Of(labelled, m => m.Researcher))} |
            | all, if the same full name were one person | {mentions.Count(m => m.Truth is not null):N0} | {Shown(Score.Of(mentions, m => m.Folded))} |
            | labelled, if the same full name were one person | {labelled.Count:N0} | {Shown(Score.Of(labelled, m => m.Folded))} |

            Required are a precision of 0.99 and a recall of 0.90. {mentions.Select(m => m.Researcher).Distinct().Count():N0} researchers became of {mentions.Select(m => m.Folded).Distinct().Count():N0} names. The truth by name alone, which most
            mentions have, calls two spellings two people and all of one spelling one: over all mentions, what is right against it counts as wrong.

            The curators' queue holds {pairs.Count:N0} suspected pairs; in {right:N0} of them both are the same person.

            ## Different people on one profile

            | name on the profile | people (mentions) |
            |---|---|

            """));
        foreach (var joined in labelled.GroupBy(mention => mention.Researcher).Where(same => same.Select(mention => mention.Truth).Distinct().Skip(1).Any()).OrderByDescending(same => same.Count()).ThenBy(same => Names(same), StringComparer.Ordinal))
            report.AppendLine(CultureInfo.InvariantCulture, $"| {Names(joined)} | {Counts(joined.CountBy(mention => mention.Truth!))} |");
        report.AppendLine().AppendLine("""
            ## One person on several profiles

            | person | profiles (mentions) | in the queue |
            |---|---|---|
            """);
        var queued = pairs.Select(pair => (pair.One, pair.Other)).ToHashSet();
        foreach (var apart in labelled.GroupBy(mention => mention.Truth!).Where(same => same.Select(mention => mention.Researcher).Distinct().Skip(1).Any()).OrderByDescending(same => same.Count()).ThenBy(same => same.Key, StringComparer.Ordinal))
        {
            var profiles = apart.GroupBy(mention => mention.Researcher).OrderByDescending(profile => profile.Count()).ThenBy(Names, StringComparer.Ordinal).ToList();
            var isQueued = profiles.Any(one => profiles.Any(other => queued.Contains((one.Key, other.Key))));
            report.AppendLine(CultureInfo.InvariantCulture, $"| {apart.Key} | {string.Join("; ", profiles.Select(profile => $"{Names(profile)} ({profile.Count()})"))} | {(isQueued ? "yes" : "")} |");
        }

        report.AppendLine().AppendLine("""
            ## Pairs in the queue that are two people

            | one | other | evidence |
            |---|---|---|
            """);
        var names = mentions.ToLookup(mention => mention.Researcher);
        foreach (var (one, other, evidence) in pairs.Where(pair => !truths[pair.One].Intersect(truths[pair.Other]).Any()))
            report.AppendLine(CultureInfo.InvariantCulture, $"| {Names(names[one])} | {Names(names[other])} | {evidence} |");
        return report.ToString();
    }

    private static string Shown(Score score) => string.Create(CultureInfo.InvariantCulture, $"{score.Precision:0.0000} | {score.Recall:0.0000}");

    private static string Names(IEnumerable<Mention> mentions) => string.Join(", ", mentions.Select(mention => mention.Name).Distinct().Order(StringComparer.Ordinal));

    private static string Counts(IEnumerable<KeyValuePair<string, int>> counts) =>
        string.Join("; ", counts.OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key} ({count.Value})")));

    /// <summary>The form that the importer takes: the paper's place in the file stands where OpenAlex's id would, as a number.</summary>
    private static async Task ImportAsync(HttpClient http, List<JsonNode> papers)
    {
        var lines = string.Join('\n', papers.Select((paper, n) => JsonSerializer.Serialize(new
        {
            id = $"W{n + 1}",
            title = paper["title"],
            type = "article",
            publication_year = paper["year"],
            authorships = paper["authors"]!.AsArray().Select(author => new { author = new { display_name = NameOf(author!) } }),
        })));
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(lines)) { Headers = { ContentType = new("application/x-ndjson") } };
        using var accepted = await http.PostAsync("/api/imports?format=openalex", body);
        accepted.EnsureSuccessStatusCode();
        while (true)
        {
            var state = (await JsonNode.ParseAsync(await http.GetStreamAsync(accepted.Headers.Location)))!;
            if (state["state"]!.GetValue<string>() == "completed") return;
            if (state["state"]!.GetValue<string>() != "running") throw new InvalidOperationException($"The import of the papers failed: {state}");
            await Task.Delay(100);
        }
    }

    /// <summary>Waits until the queue has everything that was imported.</summary>
    private static async Task SuspectedAsync(NpgsqlDataSource database)
    {
        while (await Sql.NumberAsync(database,
            "select (select max(seq_id) from mt_events where type like 'work_%') - coalesce((select last_seq_id from mt_event_progression where name like 'SuspectPairs%'), 0)") > 0)
            await Task.Delay(200);
    }

    private static async Task<List<Mention>> ReadMentionsAsync(NpgsqlDataSource database, List<JsonNode> papers, Dictionary<string, HashSet<string>> people)
    {
        var resolved = new Dictionary<int, Guid?[]>();
        await using var command = database.CreateCommand("select data ->> 'sourceId', jsonb_path_query_array(data, '$.said.authors[*].researcherId')::text from mt_events where type in ('work_published', 'work_corrected')");
        command.CommandTimeout = 0;
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync()) resolved[int.Parse(row.GetString(0)[1..], CultureInfo.InvariantCulture) - 1] = JsonSerializer.Deserialize<Guid?[]>(row.GetString(1))!;

        List<Mention> mentions = [];
        foreach (var (n, paper) in papers.Index())
            foreach (var (place, author) in paper["authors"]!.AsArray().Index())
            {
                // A paper without a title is rejected, a name without letters is nobody.
                if (!resolved.TryGetValue(n, out var authors) || authors[place] is not { } researcher) continue;
                var (name, id) = (NameOf(author!), author!["id"]?.GetValue<string>());
                var listed = people.GetValueOrDefault(Fold(name), []);
                var truth = id ?? listed.Count switch { 0 => $"the name {Fold(name)}", 1 => listed.Single(), _ => null };
                mentions.Add(new(name, Fold(name), truth, id is not null || listed.Count > 0, researcher));
            }

        return mentions;
    }

    private static async Task<List<(Guid One, Guid Other, string Evidence)>> PairsAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand(
            "select one, other, (select string_agg(e ->> 'detail', '; ') from jsonb_array_elements(evidence) e) from suspected_pairs order by strength desc, id");
        await using var row = await command.ExecuteReaderAsync();
        List<(Guid, Guid, string)> pairs = [];
        while (await row.ReadAsync()) pairs.Add((row.GetGuid(0), row.GetGuid(1), row.GetString(2)));
        return pairs;
    }

    /// <summary>By folded name: the people who have it, as their name or as a variant of it.</summary>
    private static Dictionary<string, HashSet<string>> ReadVariants(string file)
    {
        var people = new Dictionary<string, HashSet<string>>();
        List<string> names = [];
        string? id = null;
        foreach (var line in File.ReadLines(file).Append("- canonical: {first: '', last: ''}"))
        {
            if (line.StartsWith("- ", StringComparison.Ordinal))
            {
                foreach (var name in names)
                {
                    if (!people.TryGetValue(Fold(name), out var bearers)) people[Fold(name)] = bearers = [];
                    bearers.Add(id ?? names[0]);
                }

                (names, id) = ([], null);
            }

            if (line.StartsWith("  id: ", StringComparison.Ordinal)) id = line["  id: ".Length..].Trim();
            else if (ListedName().Match(line) is { Success: true } name) names.Add($"{Plain(name.Groups["first"].Value)} {Plain(name.Groups["last"].Value)}".Trim());
        }

        return people;

        static string Plain(string value) => value.Trim().Trim('\'', '"');
    }

    private static string NameOf(JsonNode author) => $"{author["first"]} {author["last"]}".Trim();

    private static string Fold(string name) => string.Join(' ', name.Normalize(NormalizationForm.FormKC).ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static IEnumerable<string> Lines(string file)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line) yield return line;
    }

    [GeneratedRegex(@"^(- canonical|  - |  variants?:.*)[:\s]*\{first: (?<first>'[^']*'|[^,]*), last: (?<last>'[^']*'|[^}]*)\}")]
    private static partial Regex ListedName();
}
