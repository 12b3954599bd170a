using System.Net;

namespace BzPeer.EndToEnd.Tests;

/// <summary>
/// Researchers who do at random all they can do to each other: follow, unfollow, block, unblock, remove a follower. Two of them can
/// change one edge, so each pair has one sequence of commands, of either of the two, one after the other; the pairs go on all at once.
/// So the model is right whatever the order between them, and the sequences are those of the seed.
/// </summary>
internal sealed class PairTraffic
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // Evenly drawn, most pairs would be blocked most of the time, and hardly anybody would follow.
    private static readonly string[] Kinds = ["follow", "follow", "follow", "follow", "unfollow", "remove", "block", "unblock", "unblock"];

    /// <summary>What two are to each other, as one of them sees it.</summary>
    private sealed record Relation(bool Follows, bool FollowedBy, bool Blocks, bool BlockedBy)
    {
        public Relation Reverse() => new(FollowedBy, Follows, BlockedBy, Blocks);

        public bool Refuses(string kind) => kind == "follow" && (Blocks || BlockedBy);

        public Relation After(string kind) => kind switch
        {
            "follow" when Refuses(kind) => this,
            "follow" => this with { Follows = true },
            "unfollow" => this with { Follows = false },
            "block" => new(false, false, Blocks: true, BlockedBy),
            "unblock" => this with { Blocks = false },
            "remove" => this with { FollowedBy = false },
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }

    private sealed class Pair(Guid one, Guid other, int seed)
    {
        public Guid One => one;
        public Guid Other => other;
        public Random Random { get; } = new(seed);

        /// <summary>As <see cref="One"/> sees it.</summary>
        public Relation Relation { get; set; } = new(false, false, false, false);
    }

    private readonly BzPeerSystem system;
    private readonly Dictionary<Guid, HttpClient> people;
    private readonly List<Pair> pairs;
    private int acknowledged;
    private int unknown;

    public PairTraffic(BzPeerSystem system, IReadOnlyList<Guid> people, int seed)
    {
        this.system = system;
        this.people = people.ToDictionary(id => id, id => system.As(id));
        pairs = [.. people.SelectMany((one, n) => people.Skip(n + 1).Select(other => (one, other))).Select((pair, n) => new Pair(pair.one, pair.other, seed + n))];
    }

    /// <summary>Commands that were answered.</summary>
    public int Acknowledged => Volatile.Read(ref acknowledged);

    /// <summary>Commands of which the client could not know whether they happened, until it looked.</summary>
    public int Unknown => Volatile.Read(ref unknown);

    /// <summary>Every pair gives that many commands.</summary>
    public Task RunAsync(int commands, CancellationToken ct) => Task.WhenAll(pairs.Select(async pair =>
    {
        for (var n = 0; n < commands; n++)
        {
            var kind = Kinds[pair.Random.Next(Kinds.Length)];
            if (pair.Random.Next(2) == 0) pair.Relation = await CommandAsync(kind, pair.One, pair.Other, pair.Relation, ct);
            else pair.Relation = (await CommandAsync(kind, pair.Other, pair.One, pair.Relation.Reverse(), ct)).Reverse();
        }
    }));

    private async Task<Relation> CommandAsync(string kind, Guid actor, Guid other, Relation before, CancellationToken ct)
    {
        var after = before.After(kind);
        try
        {
            using var request = kind switch
            {
                "follow" => new HttpRequestMessage(HttpMethod.Put, $"/api/me/following/{other}"),
                "unfollow" => new HttpRequestMessage(HttpMethod.Delete, $"/api/me/following/{other}"),
                "block" => new HttpRequestMessage(HttpMethod.Put, $"/api/me/blocks/{other}"),
                "unblock" => new HttpRequestMessage(HttpMethod.Delete, $"/api/me/blocks/{other}"),
                _ => new HttpRequestMessage(HttpMethod.Delete, $"/api/me/followers/{other}"),
            };
            using var answer = await people[actor].SendAsync(request, ct);
            if (answer.StatusCode >= HttpStatusCode.InternalServerError) await answer.ShouldBeSuccessAsync();
            answer.StatusCode.ShouldBe(before.Refuses(kind) ? HttpStatusCode.Forbidden : HttpStatusCode.OK, $"{actor} {kind} {other}: {before}");
            Interlocked.Increment(ref acknowledged);
            return after;
        }
        catch (Exception e) when (FollowTraffic.IsUnknown(e, ct))
        {
            Interlocked.Increment(ref unknown);
            var found = await Eventually.Async(token => ReadAsync(actor, other, token), _ => true, "the service answers again", Patience, ct);
            found.ShouldBeOneOf(before, after);
            return found;
        }
    }

    /// <summary>What the service says of two; that somebody is blocked is told only to who blocks.</summary>
    private async Task<Relation> ReadAsync(Guid one, Guid other, CancellationToken ct)
    {
        var seen = (await people[one].ReadAsync<Page<Relationship>>($"/api/me/relationships?id={other}", ct)).Items.Single();
        var seenBack = (await people[other].ReadAsync<Page<Relationship>>($"/api/me/relationships?id={one}", ct)).Items.Single();
        (seenBack.Following, seenBack.FollowedBy).ShouldBe((seen.FollowedBy, seen.Following));
        return new(seen.Following, seen.FollowedBy, seen.Blocking, seenBack.Blocking);
    }

    /// <summary>Waits until counts, digests, lists and cards of everybody agree with the model, all at the same time. What two are to each other does by now.</summary>
    public async Task ShouldAgreeAsync(TimeSpan within, CancellationToken ct)
    {
        await Parallel.ForEachAsync(pairs, ct, async (pair, token) => (await ReadAsync(pair.One, pair.Other, token)).ShouldBe(pair.Relation, $"{pair.One} and {pair.Other}"));
        await system.ShouldShowAsync(people.Keys, [.. pairs.SelectMany(Edges)], within, ct);
    }

    private static IEnumerable<(Guid Follower, Guid Followee)> Edges(Pair pair)
    {
        if (pair.Relation.Follows) yield return (pair.One, pair.Other);
        if (pair.Relation.FollowedBy) yield return (pair.Other, pair.One);
    }
}
