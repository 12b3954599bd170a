using CsCheck;

namespace BzPeer.Trust.Flow.Tests;

/// <summary>Small graphs, dense enough that people share followers, and divisors so small that many follow more than they.</summary>
internal static class FlowGen
{
    public static readonly Gen<FlowParameters> Parameters =
        Gen.Select(Gen.Int[1, 6], Gen.Double[0.1, 0.99], Gen.Int[1, 7], (divisor, decay, rounds) => new FlowParameters(divisor, decay, rounds));

    public static readonly Gen<(int Nodes, Edge[] Edges, bool[] Seeds)> World =
        from nodes in Gen.Int[2, 14]
        from edges in EdgesAmong(nodes, nodes)
        from seeds in Gen.Frequency((3, Gen.Const(false)), (1, Gen.Const(true))).Array[nodes]
        select (nodes, edges, seeds);

    public static Gen<Edge[]> EdgesAmong(int followers, int followees) =>
        Gen.Select(Gen.Int[0, followers - 1], Gen.Int[0, followees - 1], (follower, followee) => new Edge(follower, followee)).Array[0, 60];

    public static FlowResult Compute(int nodes, IEnumerable<Edge> edges, bool[] seeds, FlowParameters parameters, int threads = 1) =>
        TrustFlow.Compute(FlowGraph.FromEdges(nodes, [.. edges]), seeds, parameters, threads: threads);

    /// <summary>Fixed point as a number.</summary>
    public static double Whole(long value) => value / (double)TrustFlow.One;
}
