using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Which of several shortest ways is told.</summary>
public sealed class GraphConnectionSpecs
{
    private const int Width = 4;

    /// <summary>The n-th researcher of a step; of the first and the last there is one.</summary>
    private static Guid Id(int step, int n) => new(n, (short)step, 0, new byte[8]);

    [Fact]
    public void The_weakest_hop_decides_and_then_the_smallest_ids_as_if_all_ways_were_laid_side_by_side()
    {
        // Up to four hops; few strengths, so that many ways are equally strong.
        var step = Gen.Select(Gen.Int[0, Width - 1], Gen.Int[0, Width - 1], Gen.Int[1, 3]).Array[1, 10];
        step.Array[1, 4].Sample(drawn =>
        {
            var steps = drawn.Select((ties, n) => ties
                .Select(tie => new Pair(Id(n, n == 0 ? 0 : tie.Item1), Id(n + 1, n == drawn.Length - 1 ? 0 : tie.Item2), 1, new(tie.Item3, 1)))
                .DistinctBy(pair => (pair.One, pair.Other)).ToArray()).ToArray();
            var (from, to) = (Id(0, 0), Id(drawn.Length, 0));

            IEnumerable<Pair[]> ways = [[]];
            foreach (var ties in steps) ways = ways.SelectMany(way => ties.Where(tie => way.Length == 0 || way[^1].Other == tie.One).Select(tie => (Pair[])[.. way, tie]));
            var expected = ways.OrderByDescending(way => way.Min(tie => tie.Strength)).ThenBy(way => string.Join(' ', way.Select(tie => tie.Other)), StringComparer.Ordinal).FirstOrDefault();

            ConnectionSearch.Strongest(from, to, steps).ShouldBe(expected);
        });
    }
}
