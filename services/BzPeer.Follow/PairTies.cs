using Marten;

namespace BzPeer.Follow;

/// <summary>One of a pair follows or blocks the other, as the pair keeps it while researchers are merged and split.</summary>
/// <param name="Path">The merges that brought it here, the first one first; none for what the two did themselves.</param>
/// <param name="From">Who follows or blocks.</param>
/// <param name="To">Whom.</param>
/// <param name="Blocks">A block; else a follow.</param>
/// <param name="Since">When it began.</param>
/// <param name="Position">Sequence of the event by which it began: its place in lists, wherever it is brought.</param>
public sealed record Tie(IReadOnlyList<Guid> Path, Guid From, Guid To, bool Blocks, DateTimeOffset Since, long Position);

/// <summary>One of the pair was merged into another researcher: what the two are to each other is told there, and nothing of it here.</summary>
/// <param name="MergeId">The merge.</param>
/// <param name="MergedId">Who was merged.</param>
/// <param name="OtherId">The other of the pair.</param>
/// <param name="SurvivorId">Into whom.</param>
public sealed record HandedOver(Guid MergeId, Guid MergedId, Guid OtherId, Guid SurvivorId);

/// <summary>What somebody who was merged into one of the pair was to the other holds here too.</summary>
public sealed record TakenOver(Guid MergeId, IReadOnlyList<Tie> Ties);

/// <summary>The merge by which the pair was handed over was taken back: it is told here again.</summary>
public sealed record Returned(Guid MergeId);

/// <summary>What came by a merge that was taken back is gone: the ties whose path ends with <paramref name="Steps"/>.</summary>
public sealed record HandedBack(Guid MergeId, IReadOnlyList<Guid> Steps);

/// <summary>What a merge made of an edge: live since <paramref name="Since"/> at this position of the lists, or, with neither, not live here.</summary>
/// <param name="MergeId">The merge.</param>
/// <param name="FollowerId">Who follows.</param>
/// <param name="FolloweeId">Who is followed.</param>
/// <param name="Since">Since when, or null.</param>
/// <param name="Position">Where in the lists, or null.</param>
/// <param name="Change">Edges more (1, 0, -1).</param>
public sealed record EdgeRedirected(Guid MergeId, Guid FollowerId, Guid FolloweeId, DateTimeOffset? Since, long? Position, int Change);

/// <summary>What taking a merge back made of an edge; read like <see cref="EdgeRedirected"/>.</summary>
public sealed record EdgeRestored(Guid MergeId, Guid FollowerId, Guid FolloweeId, DateTimeOffset? Since, long? Position, int Change);

/// <summary>What a merge made of a block; read like <see cref="EdgeRedirected"/>. Never leaves this service.</summary>
public sealed record BlockRedirected(Guid MergeId, Guid BlockerId, Guid BlockedId, DateTimeOffset? Since, long? Position);

/// <summary>What taking a merge back made of a block; read like <see cref="EdgeRedirected"/>. Never leaves this service.</summary>
public sealed record BlockRestored(Guid MergeId, Guid BlockerId, Guid BlockedId, DateTimeOffset? Since, long? Position);

/// <summary>
/// A pair with all that is needed to merge one of the two into somebody else, and to take that back: folded from the whole stream. What
/// the two do acts on everything that holds here, whoever brought it; what merges do adds and takes away ties by their path, and
/// never touches another's. So after a split the pair is what its events come to without those of the merge.
/// </summary>
/// <param name="One">One of the two.</param>
/// <param name="Other">The other.</param>
/// <param name="Version">Events in the stream.</param>
/// <param name="Ties">What holds, told here or not: duplicates and what a block covers are kept.</param>
/// <param name="Away">How the pair was handed over, or null.</param>
/// <param name="Told">What edges and blocks are by the last event of each: what lists, counts and decisions see.</param>
public sealed record PairTies(Guid One, Guid Other, long Version, IReadOnlyList<Tie> Ties, HandedOver? Away, IReadOnlyList<PairTies.Row> Told)
{
    /// <summary>A live edge, or a block that stands.</summary>
    public readonly record struct Row(Guid From, bool Blocks, DateTimeOffset Since, long Position);

    /// <summary>Two who have nothing to do with each other yet.</summary>
    public static PairTies Strangers(Guid one, Guid other) => new(one, other, 0, [], null, []);

    /// <summary>The pair's stream.</summary>
    public Guid Stream => FollowPair.StreamId(One, Other);

    /// <summary>What has to be told here: the oldest of each kind in each direction, no edge where either blocks, and nothing while the pair is away.</summary>
    public IReadOnlyList<Row> Effective => Away is not null ? [] :
        [.. Ties.Where(tie => tie.Blocks || !Ties.Any(any => any.Blocks))
            .GroupBy(tie => (tie.From, tie.Blocks), (_, same) => same.MinBy(Age)!)
            .Select(tie => new Row(tie.From, tie.Blocks, tie.Since, tie.Position))];

    /// <summary>The pair that this one has become while it is away; null when that would be somebody with themselves.</summary>
    public (Guid One, Guid Other)? Now => Away is { } way && way.SurvivorId != way.OtherId ? (way.SurvivorId, way.OtherId) : null;

    /// <summary>The state after one more event, whose sequence is <paramref name="position"/>.</summary>
    public PairTies Apply(object e, long position) => e switch
    {
        // Whoever follows where an edge is kept already has not heard of a merge yet: the edge is as old as it was.
        Followed f => this with { Ties = [.. Ties.Union([Own(f.FollowerId, blocks: false, f.At, position)], SamePlace)], Told = Telling(f.FollowerId, false, f.At, position) },
        Unfollowed u => this with { Ties = [.. Ties.Where(tie => tie.Blocks || tie.From != u.FollowerId)], Told = Telling(u.FollowerId, false, null, null) },
        Blocked b => this with { Ties = [.. Ties.Union([Own(b.BlockerId, blocks: true, b.At, position)], SamePlace)], Told = Telling(b.BlockerId, true, b.At, position) },
        // Lifting a block brings nothing back: what it covered, whosever it was, ends here at the latest.
        Unblocked u => this with { Ties = [.. Ties.Where(tie => tie.Blocks && tie.From != u.BlockerId)], Told = Telling(u.BlockerId, true, null, null) },
        HandedOver over => this with { Away = over },
        Returned => this with { Away = null },
        TakenOver taken => this with { Ties = [.. Ties.Union(taken.Ties, SamePlace)] },
        HandedBack back => this with { Ties = [.. Ties.Where(tie => !tie.Path.TakeLast(back.Steps.Count).SequenceEqual(back.Steps))] },
        EdgeRedirected r => this with { Told = Telling(r.FollowerId, false, r.Since, r.Position) },
        EdgeRestored r => this with { Told = Telling(r.FollowerId, false, r.Since, r.Position) },
        BlockRedirected r => this with { Told = Telling(r.BlockerId, true, r.Since, r.Position) },
        BlockRestored r => this with { Told = Telling(r.BlockerId, true, r.Since, r.Position) },
        _ => throw new ArgumentException($"{e.GetType().Name} is no event of a pair.", nameof(e)),
    } with
    { Version = Version + 1 };

    /// <summary>What has to be said, by a merge or (<paramref name="restored"/>) by taking it back, for what is told to be what is effective.</summary>
    public IEnumerable<object> Outcomes(Guid mergeId, bool restored)
    {
        var effective = Effective;
        foreach (var (from, blocks) in new[] { (One, false), (Other, false), (One, true), (Other, true) })
        {
            var (was, now) = (Find(Told), Find(effective));
            if (was == now) continue;
            var to = OtherThan(from);
            var change = (now is null ? 0 : 1) - (was is null ? 0 : 1);
            yield return (blocks, restored) switch
            {
                (false, false) => new EdgeRedirected(mergeId, from, to, now?.Since, now?.Position, change),
                (false, true) => new EdgeRestored(mergeId, from, to, now?.Since, now?.Position, change),
                (true, false) => new BlockRedirected(mergeId, from, to, now?.Since, now?.Position),
                (true, true) => new BlockRestored(mergeId, from, to, now?.Since, now?.Position),
            };

            Row? Find(IReadOnlyList<Row> rows) => rows.Where(row => row.From == from && row.Blocks == blocks).Select(row => (Row?)row).SingleOrDefault();
        }
    }

    /// <summary>What stands at this place now, told at once as if it were the pair's own.</summary>
    internal IEnumerable<Tie> ToldTies => Told.Select(row => Own(row.From, row.Blocks, row.Since, row.Position));

    private static (DateTimeOffset, long) Age(Tie tie) => (tie.Since, tie.Position);

    /// <summary>Of what came the same way from the same side there is one of a kind.</summary>
    private static readonly IEqualityComparer<Tie> SamePlace = EqualityComparer<Tie>.Create(
        (a, b) => a!.From == b!.From && a.Blocks == b.Blocks && a.Path.SequenceEqual(b.Path), tie => HashCode.Combine(tie.From, tie.Blocks, tie.Path.Count));

    private Guid OtherThan(Guid one) => one == One ? Other : One;

    private Tie Own(Guid from, bool blocks, DateTimeOffset since, long position) => new([], from, OtherThan(from), blocks, since, position);

    private IReadOnlyList<Row> Telling(Guid from, bool blocks, DateTimeOffset? since, long? position)
    {
        var others = Told.Where(row => row.From != from || row.Blocks != blocks);
        return since is { } at && position is { } place ? [.. others, new Row(from, blocks, at, place)] : [.. others];
    }

    /// <summary>Names the events as they are stored.</summary>
    internal static void Configure(StoreOptions store)
    {
        store.Events.MapEventType<HandedOver>("handed_over");
        store.Events.MapEventType<TakenOver>("taken_over");
        store.Events.MapEventType<Returned>("returned");
        store.Events.MapEventType<HandedBack>("handed_back");
        store.Events.MapEventType<EdgeRedirected>("edge_redirected");
        store.Events.MapEventType<EdgeRestored>("edge_restored");
        store.Events.MapEventType<BlockRedirected>("block_redirected");
        store.Events.MapEventType<BlockRestored>("block_restored");
    }
}

/// <summary>
/// A step of a merge, or back: what it appends to the streams of a pair, of the pair this becomes, and, where that one has been
/// handed over itself, of those it becomes. Pure: the pairs as they are in, events out.
/// </summary>
/// <param name="find">A pair as it is.</param>
public sealed class Redirection(Func<(Guid One, Guid Other), PairTies> find)
{
    /// <summary>What was decided: the stream, the version it gives it, the event.</summary>
    public List<(Guid Stream, long Version, object Data)> Events { get; } = [];

    /// <summary>
    /// Hands a pair over, with all its ties. Of a pair that is away already it hands over what has been done here since by somebody
    /// who had not heard of it.
    /// </summary>
    public Redirection HandOver(PairTies pair, HandedOver way)
    {
        var ties = pair.Away is null ? pair.Ties : [.. pair.ToldTies];
        if (pair.Away is null) pair = Say(pair, way);
        pair = Settle(pair, pair.Away!.MergeId, restored: false);
        while (ties.Count > 0 && pair.Now is { } next)
        {
            var by = pair.Away!;
            ties = [.. ties.Select(tie => tie with { Path = [.. tie.Path, by.MergeId], From = Renamed(tie.From), To = Renamed(tie.To) })];
            pair = Settle(Say(find(next), new TakenOver(by.MergeId, ties)), by.MergeId, restored: false);

            Guid Renamed(Guid one) => one == by.MergedId ? by.SurvivorId : one;
        }

        return this;
    }

    /// <summary>Takes a pair back, and away from wherever it had come to.</summary>
    public Redirection GiveBack(PairTies pair)
    {
        var mergeId = pair.Away!.MergeId;
        Settle(Say(pair, new Returned(mergeId)), mergeId, restored: true);
        for (var steps = new List<Guid>(); pair.Now is { } next;)
        {
            steps.Add(pair.Away!.MergeId);
            pair = find(next);
            if (pair.Ties.Any(tie => tie.Path.TakeLast(steps.Count).SequenceEqual(steps)))
                pair = Settle(Say(pair, new HandedBack(mergeId, [.. steps])), mergeId, restored: true);
        }

        return this;
    }

    private PairTies Settle(PairTies pair, Guid mergeId, bool restored) => pair.Outcomes(mergeId, restored).ToList().Aggregate(pair, Say);

    private PairTies Say(PairTies pair, object data)
    {
        // Only events of the two themselves have a place in lists.
        var after = pair.Apply(data, position: 0);
        Events.Add((pair.Stream, after.Version, data));
        return after;
    }
}
