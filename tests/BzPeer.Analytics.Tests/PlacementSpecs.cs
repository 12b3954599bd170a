using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>Whatever order events arrive in and however often: each source's are appended after one another, once.</summary>
public sealed class PlacementSpecs
{
    private static readonly Gen<(Arrived[] Deliveries, int BatchSize)> Traffic =
        Gen.Select(Gen.Int[1, 3], Gen.Int[0, 25], Gen.Int[1, 12], Gen.Int[0, int.MaxValue]).Select((sources, each, batch, seed) =>
        {
            var random = new Random(seed);
            var all = Enumerable.Range(0, sources).SelectMany(source => Enumerable.Range(1, each).Select(n => Event($"source{source}", n * 2, (n - 1) * 2))).ToList();
            all.AddRange(all.Where(_ => random.Next(3) == 0).ToList());
            return (all.OrderBy(_ => random.Next()).ToArray(), batch);
        });

    internal static Arrived Event(string source, long sequence, long previous) =>
        new(source, sequence, previous, Guid.NewGuid(), "ResearcherFollowed", Guid.NewGuid(), null, DateTime.UnixEpoch, "{}"u8.ToArray());

    [Fact]
    public void Everything_is_appended_once_and_in_the_order_of_its_source() => Traffic.Sample(traffic =>
    {
        var (marks, held, log) = (new Dictionary<string, long>(), new List<Arrived>(), new List<Arrived>());
        foreach (var batch in traffic.Deliveries.Chunk(traffic.BatchSize))
        {
            var placed = Placement.Of(batch, held, marks);
            log.AddRange(placed.Appended);
            held.AddRange(placed.Held);
            placed.Released.ShouldBe(held.RemoveAll(one => one.Sequence <= marks.GetValueOrDefault(one.Source)));
        }

        held.ShouldBeEmpty();
        foreach (var source in traffic.Deliveries.GroupBy(one => one.Source))
            log.Where(one => one.Source == source.Key).Select(one => one.Sequence).ShouldBe(source.Select(one => one.Sequence).Distinct().Order());
    });

    [Fact]
    public void What_misses_its_predecessor_is_held_and_holds_up_no_other_source()
    {
        var marks = new Dictionary<string, long> { ["follow"] = 4 };
        var (late, other) = (Event("follow", 9, 6), Event("trust", 1, 0));
        var placed = Placement.Of([late, other], [], marks);
        placed.Appended.ShouldBe([other]);
        placed.Held.ShouldBe([late]);
        marks.ShouldBe(new Dictionary<string, long> { ["follow"] = 4, ["trust"] = 1 }, ignoreOrder: true);
    }

    [Fact]
    public void The_missing_one_releases_what_waited_for_it()
    {
        var marks = new Dictionary<string, long> { ["follow"] = 4 };
        var (missing, held, after) = (Event("follow", 6, 4), Event("follow", 9, 6), Event("follow", 10, 9));
        var placed = Placement.Of([after, missing], [held], marks);
        placed.Appended.ShouldBe([missing, held, after]);
        (placed.Held.Count, placed.Released).ShouldBe((0, 1));
    }
}
