using BzPeer.Trust.Flow;

namespace BzPeer.Trust.Attacks;

/// <summary>The flow and the plain alternatives to it, and how well a ranking tells people apart.</summary>
internal static class Rankings
{
    public static double[] Flow(int nodes, Edge[] edges, bool[] seeds, FlowParameters? parameters = null) =>
        [.. TrustFlow.Compute(FlowGraph.FromEdges(nodes, edges), seeds, parameters ?? new()).EffectiveFollowers.Select(n => n / (double)TrustFlow.One)];

    public static double[] FollowerCount(int nodes, Edge[] edges)
    {
        var count = new double[nodes];
        foreach (var edge in edges) count[edge.Followee]++;
        return count;
    }

    /// <summary>Page, Brin, Motwani and Winograd 1999, damping 0.85; what people who follow nobody have is given to all.</summary>
    public static double[] PageRank(int nodes, Edge[] edges)
    {
        const double damping = 0.85;
        var graph = FlowGraph.FromEdges(nodes, edges);
        var rank = Enumerable.Repeat(1.0 / nodes, nodes).ToArray();
        var handed = new double[nodes];
        for (var round = 0; round < 60; round++)
        {
            var idle = 0.0;
            for (var node = 0; node < nodes; node++)
                if (graph.FolloweeCountOf(node) is > 0 and var followees) handed[node] = rank[node] / followees;
                else idle += rank[node];
            for (var node = 0; node < nodes; node++)
            {
                var sum = idle / nodes;
                foreach (var follower in graph.FollowersOf(node)) sum += handed[follower];
                rank[node] = (1 - damping) / nodes + damping * sum;
            }
        }

        return rank;
    }

    /// <summary>The probability that one drawn from the first ranks above one drawn from the second; equal ones are half above.</summary>
    public static double Auc(IReadOnlyCollection<double> above, IReadOnlyCollection<double> below)
    {
        var ranks = Ranks([.. above, .. below]);
        return (ranks.Take(above.Count).Sum() - above.Count * (above.Count + 1.0) / 2) / ((double)above.Count * below.Count);
    }

    /// <summary>Spearman's rank correlation; equal values have the mean of their ranks.</summary>
    public static double Spearman(double[] one, double[] other)
    {
        var (x, y) = (Ranks(one), Ranks(other));
        var mean = (x.Length + 1) / 2.0;
        double Covariance(double[] a, double[] b) => a.Zip(b, (p, q) => (p - mean) * (q - mean)).Sum();
        return Covariance(x, y) / Math.Sqrt(Covariance(x, x) * Covariance(y, y));
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static double[] Ranks(double[] values)
    {
        var order = Enumerable.Range(0, values.Length).ToArray();
        Array.Sort([.. values], order);
        var ranks = new double[values.Length];
        for (var from = 0; from < order.Length;)
        {
            var to = from;
            while (to < order.Length && values[order[to]] == values[order[from]]) to++;
            for (var n = from; n < to; n++) ranks[order[n]] = (from + 1 + to) / 2.0;
            from = to;
        }

        return ranks;
    }
}
