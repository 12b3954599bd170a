using System.Diagnostics;
using System.Globalization;
using BzPeer.Trust.Flow;

namespace BzPeer.Trust.Attacks;

/// <summary>How fast the flow of a million people is, against how fast this machine's memory could feed it.</summary>
internal static class Speed
{
    private const int People = 1_000_000;
    private const int Follows = 10_000_000;
    private const int Runs = 7;

    public static string Measure()
    {
        var random = new Random(3);
        // Half of the follows go to whom somebody follows already, which makes hubs as real graphs have them.
        var edges = new Edge[Follows + Follows / 100];
        for (var n = 0; n < edges.Length; n++)
            edges[n] = new(random.Next(People), n > 100 && random.Next(2) == 0 ? edges[random.Next(n)].Followee : random.Next(People));
        var seeds = Enumerable.Range(0, People).Select(n => n % 1_000 == 0).ToArray();
        FlowGraph graph = null!;
        var build = Once(() => graph = FlowGraph.FromEdges(People, edges));
        var (one, two) = (Best(() => TrustFlow.Compute(graph, seeds, new(), threads: 1)), Best(() => TrustFlow.Compute(graph, seeds, new(), threads: 2)));
        var reached = TrustFlow.Compute(graph, seeds, new()).EffectiveFollowers.Count(n => n > 0);

        // What must be read at least for a follow in a stage is who follows; the values of a million people are read for each person once, and written.
        // Written once, as pages never written to are all the same one.
        var words = new long[64 * 1024 * 1024];
        Array.Fill(words, 1);
        var stream = words.Length * 8 / Best(() => Parallel.ForEach(new[] { (0, words.Length / 2), (words.Length / 2, words.Length) }, half => Read(words.AsSpan(half.Item1..half.Item2))));
        var stages = new FlowParameters().Rounds + 1;
        var bytes = stages * (4.0 * graph.EdgeCount + (4 + 4 + 1 + 8 + 8 + 8 + 8) * (double)People);
        var bound = bytes / stream;

        var state = new FlowState(new());
        var load = Once(() => state.Load(graph, seeds));
        var times = new List<double>();
        var moved = 0L;
        for (var n = 0; n < 2_000; n++)
        {
            var start = Stopwatch.GetTimestamp();
            if (!state.Follow(random.Next(People), random.Next(People))) continue;
            moved += state.Settle().Count;
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"""
            A generated graph of {People:N0} people and {graph.EdgeCount:N0} follows with {seeds.Count(isSeed => isSeed):N0} seeds, {reached:N0} people with effective followers, model 1; the best of {Runs} runs.

            | what | figure |
            |---|---:|
            | full flow, two threads | {two:0.000} s |
            | full flow, one thread | {one:0.000} s |
            | follows handed along, two threads | {stages * (double)graph.EdgeCount / two / 1e6:0} million/s ({stages} stages of {graph.EdgeCount:N0}) |
            | memory read in order, two threads, same run | {stream / 1e9:0.0} GB/s |
            | time in which memory could feed the flow (each stage reads each follow once, and reads and writes the values of each person) | {bound:0.000} s |
            | full flow against that bound | {two / bound:0.0} times |
            | rows built from a list of follows, one thread | {build:0.00} s |
            | state that is kept up to date, loaded from the rows | {load:0.00} s |
            | one more follow and its settling | p50 {times[times.Count / 2]:0.000} ms, p99 {times[times.Count * 99 / 100]:0.0} ms, {moved / (double)times.Count:0} people moved on average |

            """);
    }

    private static double Once(Action what)
    {
        GC.Collect();
        var start = Stopwatch.GetTimestamp();
        what();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Best(Action what) => Enumerable.Range(0, Runs).Min(_ => Once(what));

    private static void Read(ReadOnlySpan<long> words)
    {
        var sum = System.Numerics.Vector<long>.Zero;
        foreach (var vector in System.Runtime.InteropServices.MemoryMarshal.Cast<long, System.Numerics.Vector<long>>(words)) sum += vector;
        GC.KeepAlive(sum);
    }
}
