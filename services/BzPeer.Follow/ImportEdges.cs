using System.Globalization;
using System.IO.Compression;
using System.Text.Json;

namespace BzPeer.Follow;

/// <summary>What an import of edges came to; the four outcomes sum to what was received.</summary>
public sealed record EdgesImported(long Received, long Followed, long AlreadyFollowing, long Refused, long Rejected);

/// <summary>
/// <c>BzPeer.Follow import FILE</c>: brings edges in from another system, as CSV (<c>follower,followee,since</c>) or NDJSON (fields of
/// these names), gzip accepted. Every edge is decided and becomes an event like any other follow, dated as the file
/// says (ISO 8601, UTC where it names no zone); the same file again changes nothing. See docs/migrate-follows.md.
/// </summary>
public static class ImportEdges
{
    private const int BatchSize = 2_048;
    private const int Window = 4 * BatchSize;
    private const int MostRejectionsShown = 100;

    private sealed record Line(long Number, Guid Follower, Guid Followee, DateTimeOffset Since, string? Problem);

    /// <summary>Imports what the reader has.</summary>
    /// <param name="lines">CSV or NDJSON, told apart by the first character of each line.</param>
    /// <param name="log">Where the edges go.</param>
    /// <param name="clock">For dates that lie in the future.</param>
    /// <param name="reject">Told of each line that is left out: its number, from 1, and why.</param>
    /// <param name="cancellation">What is committed by then stays.</param>
    public static async Task<EdgesImported> RunAsync(TextReader lines, FollowLog log, TimeProvider clock, Action<long, string> reject, CancellationToken cancellation = default)
    {
        // Whoever imports wants it done: one loop for each processor, where the service leaves half of them to the database.
        await using var commands = new FollowCommands(log, clock, BatchSize, Window, Environment.ProcessorCount);
        var sum = new EdgesImported(0, 0, 0, 0, 0);
        var now = clock.GetUtcNow();
        await foreach (var chunk in ReadAsync(lines, now, cancellation).Chunk(Window).WithCancellation(cancellation))
        {
            var edges = await OfSurvivorsAsync(chunk, log, cancellation);
            var outcomes = await Task.WhenAll(edges.Select(async line => (line, outcome: line.Problem is null ? await FollowAsync(line) : null)));
            foreach (var (line, outcome) in outcomes)
            {
                sum = (line.Problem, outcome) switch
                {
                    ({ } problem, _) => Reject(problem),
                    (_, { IsKnown: false }) => Reject($"no researcher has the id {line.Followee}"),
                    (_, { Refusal: not null }) => sum with { Refused = sum.Refused + 1 },
                    (_, { Changed: true }) => sum with { Followed = sum.Followed + 1 },
                    _ => sum with { AlreadyFollowing = sum.AlreadyFollowing + 1 },
                } with
                { Received = sum.Received + 1 };

                EdgesImported Reject(string reason)
                {
                    reject(line.Number, reason);
                    return sum with { Rejected = sum.Rejected + 1 };
                }
            }
        }

        return sum;

        Task<PairOutcome> FollowAsync(Line line) => commands.ExecuteAsync(
            new PairCommand(line.Follower, line.Followee, (pair, follower, _) => FollowResearcher.Decide(pair, follower, line.Since), Requires.Registered), cancellation);
    }

    /// <summary>Who has been merged follows, and is followed, as the survivor.</summary>
    private static async Task<IEnumerable<Line>> OfSurvivorsAsync(Line[] lines, FollowLog log, CancellationToken cancellation)
    {
        var survivors = await log.ReadSurvivorsAsync([.. lines.SelectMany(line => new[] { line.Follower, line.Followee }).Distinct()], cancellation);
        return lines.Select(line => (Follower: survivors.GetValueOrDefault(line.Follower, line.Follower), Followee: survivors.GetValueOrDefault(line.Followee, line.Followee)) switch
        {
            var (follower, followee) when line.Problem is null && follower == followee => line with { Problem = "both are one researcher by now" },
            var (follower, followee) => line with { Follower = follower, Followee = followee },
        });
    }

    internal static async Task<int> RunAsync(string[] arguments, FollowLog log, TimeProvider clock)
    {
        if (arguments is not [var path] || !File.Exists(path))
        {
            Console.Error.WriteLine(arguments is [var missing] ? $"There is no file {missing}." : "Name one file of edges: import FILE (CSV or NDJSON, .gz accepted).");
            return 64;
        }

        await using var file = File.OpenRead(path);
        await using Stream content = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var lines = new StreamReader(content);
        var rejected = 0;
        var sum = await RunAsync(lines, log, clock, (number, reason) =>
        {
            if (++rejected <= MostRejectionsShown) Console.Error.WriteLine($"Line {number}: {reason}.");
        });
        if (rejected > MostRejectionsShown) Console.Error.WriteLine($"And {rejected - MostRejectionsShown} more.");
        Console.WriteLine($"{sum.Received} edges: {sum.Followed} followed, {sum.AlreadyFollowing} there already, {sum.Refused} refused for a block, {sum.Rejected} rejected.");
        return sum.Rejected == 0 ? 0 : 1;
    }

    private static async IAsyncEnumerable<Line> ReadAsync(TextReader lines, DateTimeOffset now, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var number = 1L; await lines.ReadLineAsync(cancellation) is { } text; number++)
        {
            if (string.IsNullOrWhiteSpace(text) || number == 1 && text.TrimStart('\uFEFF').StartsWith("follower", StringComparison.OrdinalIgnoreCase)) continue;
            yield return Parse(number, text, now);
        }
    }

    private static Line Parse(long number, string text, DateTimeOffset now)
    {
        var (follower, followee, since) = text.TrimStart() is ['{', ..] ? FromJson(text) : text.Split(',', StringSplitOptions.TrimEntries) is [var a, var b, var c] ? (a, b, c) : (null, null, null);
        if (!Guid.TryParse(follower, out var one)) return Rejected("the follower is no id");
        if (!Guid.TryParse(followee, out var other)) return Rejected("the followee is no id");
        if (!DateTimeOffset.TryParse(since, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)) return Rejected("'since' is no date");
        if (at > now) return Rejected("'since' lies in the future");
        return one == other ? Rejected("nobody follows themselves") : new(number, one, other, at, null);

        Line Rejected(string problem) => new(number, default, default, default, problem);
    }

    private static (string?, string?, string?) FromJson(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return (Field("follower"), Field("followee"), Field("since"));

            string? Field(string name) => json.RootElement.TryGetProperty(name, out var field) && field.ValueKind == JsonValueKind.String ? field.GetString() : null;
        }
        catch (JsonException)
        {
            return (null, null, null);
        }
    }
}
