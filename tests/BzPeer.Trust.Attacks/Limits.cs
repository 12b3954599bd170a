using BzPeer.Trust.Flow;

namespace BzPeer.Trust.Attacks;

/// <summary>Where the flow ends: everything it gives comes from its seeds, and so does what it gives wrongly.</summary>
internal static class Limits
{
    /// <summary>What all fakes of a crowd of a thousand have together, by what is wrong with a seed.</summary>
    public static IEnumerable<(string Who, double Gain)> SeedsThatFail(TrustGraph graph)
    {
        const int fakes = 1_000;
        var random = new Random(fakes);
        Edge[] crowd = [.. Enumerable.Range(0, fakes).SelectMany(n => Enumerable.Range(0, 20).Select(_ => new Edge(graph.Nodes + n, graph.Nodes + random.Next(fakes))))];
        var seed = Array.IndexOf(graph.Seeds, true);
        double Gain(IEnumerable<Edge> edges, int seeds) =>
            Rankings.Flow(graph.Nodes + fakes, [.. graph.Edges, .. crowd, .. edges], [.. graph.Seeds, .. Enumerable.Range(0, fakes).Select(n => n < seeds)]).Skip(graph.Nodes).Sum();
        yield return ("nobody", Gain([], 0));
        yield return ("a seed follows one fake", Gain([new(seed, graph.Nodes)], 0));
        yield return ("a seed follows ten fakes", Gain(Enumerable.Range(0, 10).Select(n => new Edge(seed, graph.Nodes + n)), 0));
        yield return ("a fake is made a seed", Gain([], 1));
    }
}
