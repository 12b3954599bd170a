namespace BzPeer.Trust.Flow;

/// <summary>What a flow found about each person, in units of 1 / <see cref="TrustFlow.One"/>.</summary>
/// <param name="EffectiveFollowers">n: the voices of the followers, each divided by how many they follow beyond the divisor.</param>
/// <param name="Voices">t: how much of a follower each person counts for, 0 to <see cref="TrustFlow.One"/>.</param>
public sealed record FlowResult(long[] EffectiveFollowers, long[] Voices);

/// <summary>
/// Trust flow: seeds hand a limited capacity along the follows, which decides who has a voice; then voices are counted. After Levien's Advogato (capacities that shrink
/// with distance from the seeds), SybilRank (propagation stopped early) and SybilLimit (bounds per honest edge); formulas, proof and sources are in docs/trust-flow.md.
/// <code>
/// T times: r(v) = sum over followers u of g(u) * a / max(out(u), D),  g(v) = seed ? 1 : min(1, r(v))
/// voice               t(u) = seed ? 1 : min(1, r(u) / h)
/// effective followers n(v) = sum over followers u of t(u) * min(1, D / out(u))
/// </code>
/// All of it in 64-bit fixed point, so the result is one, whatever the order of the follows and the number of threads.
/// </summary>
public static class TrustFlow
{
    /// <summary>The whole capacity or voice of one person.</summary>
    public const long One = 1L << 32;

    /// <summary>The most that followers can give to a score.</summary>
    public const double MaxPoints = 25;

    /// <summary>Computes everything anew.</summary>
    /// <param name="seeds">By person, whether they are a seed.</param>
    /// <param name="progress">Told the part done, 0 to 1, after each round.</param>
    public static FlowResult Compute(
        FlowGraph graph, bool[] seeds, FlowParameters parameters, IProgress<double>? progress = null, int threads = 2, CancellationToken cancellation = default)
    {
        var voices = new long[graph.NodeCount];
        var stages = new FlowStages(parameters);
        long[] effective = [];
        Run(graph, seeds, stages, threads, cancellation, (stage, handed, arrived) =>
        {
            if (stage == stages.Last - 1)
                for (var node = 0; node < voices.Length; node++) voices[node] = stages.Voice(arrived[node], seeds[node]);
            effective = arrived;
            progress?.Report((stage + 1.0) / (stages.Last + 1));
        });
        return new FlowResult(effective, voices);
    }

    /// <summary>
    /// The points of so many effective followers (whole ones, not fixed point), <c>min(25, 5 log2(1 + scale n))</c>: each doubling counts the same.
    /// </summary>
    /// <param name="scale">Recalibrated by each version of the model.</param>
    public static double Points(double effectiveFollowers, double scale = 2) => Math.Min(MaxPoints, 5 * Math.Log2(1 + scale * effectiveFollowers));

    /// <summary>All stages; <paramref name="done"/> is given, after each, what was handed out and what arrived, in arrays that the next stage leaves alone only if it is the last.</summary>
    internal static void Run(FlowGraph graph, bool[] seeds, FlowStages stages, int threads, CancellationToken cancellation, Action<int, long[], long[]> done)
    {
        if (seeds.Length != graph.NodeCount) throw new ArgumentException($"There are {graph.NodeCount} people, and {seeds.Length} are said to be a seed or not.", nameof(seeds));
        var (handed, arrived) = (new long[graph.NodeCount], new long[graph.NodeCount]);
        // More ranges than threads, so that a thread that was held up is not waited for with half of the work.
        var ranges = graph.Ranges(threads == 1 ? 1 : threads * 16);
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        for (var stage = 0; stage <= stages.Last; stage++)
        {
            Parallel.ForEach(ranges, options, range =>
            {
                for (var node = range.From; node < range.To; node++)
                    handed[node] = stages.Handed(stage, arrived[node], seeds[node], graph.FolloweeCountOf(node));
            });
            Parallel.ForEach(ranges, options, range =>
            {
                for (var node = range.From; node < range.To; node++)
                {
                    var sum = 0L;
                    foreach (var follower in graph.FollowersOf(node)) sum += handed[follower];
                    arrived[node] = sum;
                }
            });
            done(stage, handed, arrived);
        }
    }
}
