namespace BzPeer.Trust.Flow;

/// <summary>One follow, between people numbered from 0.</summary>
public readonly record struct Edge(int Follower, int Followee);

/// <summary>
/// A follow graph that does not change: the followers of each person, one after the other in one array (compressed rows), 4 bytes for a follow and 8 for a person.
/// A follow named twice counts once. A follow of oneself does not count at all, neither for what arrives nor for how many share what is handed out: trust in
/// oneself says nothing.
/// </summary>
public sealed class FlowGraph
{
    private readonly int[] _starts;
    private readonly int[] _followers;
    private readonly int[] _followees;

    private FlowGraph(int[] starts, int[] followers, int[] followees) => (_starts, _followers, _followees) = (starts, followers, followees);

    /// <summary>How many people there are, with or without follows.</summary>
    public int NodeCount => _followees.Length;

    /// <summary>How many different follows of others.</summary>
    public int EdgeCount => _followers.Length;

    /// <summary>Who follows this person, in ascending order.</summary>
    public ReadOnlySpan<int> FollowersOf(int node) => _followers.AsSpan(_starts[node].._starts[node + 1]);

    /// <summary>How many this person follows.</summary>
    public int FolloweeCountOf(int node) => _followees[node];

    /// <summary>The graph of these follows; their order does not matter.</summary>
    public static FlowGraph FromEdges(int nodeCount, ReadOnlySpan<Edge> edges)
    {
        var starts = new int[nodeCount + 1];
        foreach (var (follower, followee) in edges)
        {
            if ((uint)follower >= (uint)nodeCount || (uint)followee >= (uint)nodeCount)
                throw new ArgumentOutOfRangeException(nameof(edges), $"The follow {follower} -> {followee} names somebody who is not among the {nodeCount} people.");
            if (follower != followee) starts[followee]++;
        }

        // Each row is filled from its end, which leaves its start where it belongs.
        for (var node = 1; node < starts.Length; node++) starts[node] = checked(starts[node] + starts[node - 1]);
        var followers = new int[starts[nodeCount]];
        foreach (var (follower, followee) in edges)
            if (follower != followee) followers[--starts[followee]] = follower;

        var followees = new int[nodeCount];
        var kept = 0;
        for (var node = 0; node < nodeCount; node++)
        {
            var row = followers.AsSpan(starts[node]..starts[node + 1]);
            row.Sort();
            starts[node] = kept;
            var last = -1;
            foreach (var follower in row)
            {
                if (follower == last) continue;
                followers[kept++] = last = follower;
                followees[follower]++;
            }
        }

        starts[nodeCount] = kept;
        if (kept < followers.Length) Array.Resize(ref followers, kept);
        return new FlowGraph(starts, followers, followees);
    }

    /// <summary>
    /// Ranges of people of about the same work, counted in follows and people, that together are all of them: a row stays whole, so that every sum has one writer.
    /// </summary>
    internal List<(int From, int To)> Ranges(int count)
    {
        var ranges = new List<(int, int)>(count);
        var from = 0;
        for (var n = 1L; n <= count && from < NodeCount; n++)
        {
            var to = n == count ? NodeCount : from;
            while (to < NodeCount && _starts[to] + (long)to < n * (EdgeCount + (long)NodeCount) / count) to++;
            if (to > from) ranges.Add((from, to));
            from = to;
        }

        return ranges;
    }
}
