using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Trust.Flow.Tests;

/// <summary>The formulas of the flow, and what no graph and no fakes can do to it.</summary>
public sealed class TrustFlowSpecs
{
    private static readonly FlowParameters Model1 = new();

    /// <summary>Person 0 is the seed.</summary>
    private static FlowResult FromOneSeed(int nodes, params IEnumerable<Edge> edges) =>
        FlowGen.Compute(nodes, edges, [true, .. new bool[nodes - 1]], Model1);

    private static IEnumerable<Edge> Chain(int length) => Enumerable.Range(0, length).Select(n => new Edge(n, n + 1));

    [Fact]
    public void Whom_a_seed_follows_has_one_effective_follower_and_a_whole_voice()
    {
        var flow = FromOneSeed(2, new Edge(0, 1));
        flow.EffectiveFollowers.ShouldBe([0, TrustFlow.One]);
        flow.Voices.ShouldBe([TrustFlow.One, TrustFlow.One]);
    }

    [Fact]
    public void Who_follows_twice_the_divisor_gives_half_of_it_to_each()
    {
        var flow = FromOneSeed(41, Enumerable.Range(1, 40).Select(n => new Edge(0, n)));
        flow.EffectiveFollowers[1..].ShouldAllBe(n => n == TrustFlow.One / 2);
        FlowGen.Whole(flow.Voices[40]).ShouldBe(0.5, 1e-6);
    }

    [Fact]
    public void A_voice_two_follows_from_a_seed_is_a_twentieth_and_less()
    {
        var flow = FromOneSeed(4, Chain(3));
        FlowGen.Whole(flow.EffectiveFollowers[2]).ShouldBe(1);
        FlowGen.Whole(flow.Voices[2]).ShouldBe(0.85 / 20, 1e-6);
        FlowGen.Whole(flow.EffectiveFollowers[3]).ShouldBe(0.85 / 20, 1e-6);
    }

    [Fact]
    public void Nothing_reaches_further_than_one_follow_more_than_there_are_rounds()
    {
        var flow = FromOneSeed(9, Chain(8));
        flow.EffectiveFollowers.Select(n => n > 0).ShouldBe([false, true, true, true, true, true, true, false, false]);
    }

    [Fact]
    public void Whom_no_seed_reaches_has_nothing_however_many_follow()
    {
        var flow = FromOneSeed(500, Enumerable.Range(2, 498).SelectMany(n => new Edge[] { new(n, 1), new(1, n) }));
        flow.EffectiveFollowers.ShouldAllBe(n => n == 0);
    }

    [Fact]
    public void A_follow_of_oneself_and_a_follow_named_twice_change_nothing()
    {
        var (once, more) = (FromOneSeed(25, Enumerable.Range(1, 24).Select(n => new Edge(0, n))), FromOneSeed(25,
            Enumerable.Range(0, 25).SelectMany(n => new Edge[] { new(0, n), new(0, n), new(n, n) })));
        more.EffectiveFollowers.ShouldBe(once.EffectiveFollowers);
        more.Voices.ShouldBe(once.Voices);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.5, 5)]
    [InlineData(3.5, 15)]
    [InlineData(15.5, 25)]
    [InlineData(1_000_000, 25)]
    public void Points_grow_by_five_with_each_doubling_up_to_25(double effectiveFollowers, double points) =>
        TrustFlow.Points(effectiveFollowers).ShouldBe(points, 1e-9);

    [Theory]
    [InlineData(0, 0.85, 5, "divisor")]
    [InlineData(1_000_000, 0.85, 5, "divisor")]
    [InlineData(20, 1.0, 5, "decay")]
    [InlineData(20, double.NaN, 5, "decay")]
    [InlineData(20, 0.85, 0, "rounds")]
    [InlineData(20, 0.85, 31, "rounds")]
    public void Parameters_that_break_a_rule_are_refused_by_its_name(int divisor, double decay, int rounds, string rule)
    {
        var parameters = new FlowParameters(divisor, decay, rounds);
        parameters.FailedRule().ShouldNotBeNull().ShouldContain(rule);
        Should.Throw<ArgumentOutOfRangeException>(() => FlowGen.Compute(1, [], [true], parameters)).Message.ShouldContain(rule);
    }

    [Fact]
    public void A_follow_of_nobody_known_is_refused() => Should.Throw<ArgumentOutOfRangeException>(() => FromOneSeed(2, new Edge(0, 2))).Message.ShouldContain("0 -> 2");

    [Fact]
    public void The_order_of_the_follows_does_not_matter() => Gen.Select(FlowGen.World, FlowGen.Parameters, Gen.Int)
        .Sample((world, parameters, shuffle) =>
        {
            var shuffled = world.Edges.ToArray();
            new Random(shuffle).Shuffle(shuffled);
            var (one, other) = (FlowGen.Compute(world.Nodes, world.Edges, world.Seeds, parameters), FlowGen.Compute(world.Nodes, shuffled, world.Seeds, parameters));
            other.EffectiveFollowers.ShouldBe(one.EffectiveFollowers);
            other.Voices.ShouldBe(one.Voices);
        });

    [Fact]
    public void The_number_of_threads_does_not_matter()
    {
        var random = new Random(1);
        var edges = Enumerable.Range(0, 40_000).Select(_ => new Edge(random.Next(5_000), (int)(5_000 * Math.Pow(random.NextDouble(), 3)))).ToArray();
        var seeds = Enumerable.Range(0, 5_000).Select(n => n % 97 == 0).ToArray();
        var alone = FlowGen.Compute(5_000, edges, seeds, Model1);
        alone.EffectiveFollowers.Count(n => n > 0).ShouldBeGreaterThan(1_000);
        foreach (var threads in new[] { 2, 3, 8 })
        {
            var together = FlowGen.Compute(5_000, edges, seeds, Model1, threads);
            together.EffectiveFollowers.ShouldBe(alone.EffectiveFollowers);
            together.Voices.ShouldBe(alone.Voices);
        }
    }

    [Fact]
    public void Whole_numbers_find_what_the_formulas_say_of_real_ones() => Gen.Select(FlowGen.World, FlowGen.Parameters)
        .Sample((world, parameters) =>
        {
            var edges = world.Edges.Where(edge => edge.Follower != edge.Followee).Distinct().ToList();
            var (d, a) = ((double)parameters.Divisor, parameters.Decay);
            double Sum(int node, Func<int, double> of) => edges.Where(edge => edge.Followee == node).Sum(edge => of(edge.Follower));
            int Out(int node) => edges.Count(edge => edge.Follower == node);
            var people = Enumerable.Range(0, world.Nodes).ToList();
            var g = people.Select(v => world.Seeds[v] ? 1.0 : 0).ToArray();
            var r = new double[world.Nodes];
            for (var round = 0; round < parameters.Rounds; round++)
            {
                r = [.. people.Select(v => Sum(v, u => g[u] * a / Math.Max(Out(u), d)))];
                g = [.. people.Select(v => world.Seeds[v] ? 1 : Math.Min(1, r[v]))];
            }

            var t = people.Select(v => world.Seeds[v] ? 1 : Math.Min(1, r[v] / (a / d))).ToArray();
            var n = people.Select(v => Sum(v, u => t[u] * Math.Min(1, d / Out(u)))).ToArray();

            var found = FlowGen.Compute(world.Nodes, edges, world.Seeds, parameters);
            // A digit is lost for each follow and round, and the voice divides by the threshold.
            var tolerance = 1e-9 * world.Edges.Length * parameters.Rounds / parameters.Threshold + 1e-9;
            foreach (var v in people)
            {
                FlowGen.Whole(found.Voices[v]).ShouldBe(t[v], tolerance);
                FlowGen.Whole(found.EffectiveFollowers[v]).ShouldBe(n[v], tolerance * world.Nodes);
            }
        });

    [Fact]
    public void A_run_tells_its_progress_and_stops_when_told()
    {
        var told = new List<double>();
        var graph = FlowGraph.FromEdges(3, [new(0, 1), new(1, 2)]);
        TrustFlow.Compute(graph, [true, false, false], Model1, new Told(told.Add), cancellation: TestContext.Current.CancellationToken);
        told.Count.ShouldBe(6);
        told.ShouldBeInOrder();
        told[^1].ShouldBe(1);

        using var stop = new CancellationTokenSource();
        var stopping = new Told(_ => stop.Cancel());
        Should.Throw<OperationCanceledException>(() => TrustFlow.Compute(graph, [true, false, false], Model1, stopping, cancellation: stop.Token));
    }

    /// <summary>Unlike Progress, told at once.</summary>
    private sealed class Told(Action<double> tell) : IProgress<double>
    {
        public void Report(double value) => tell(value);
    }

    [Fact]
    public void All_fakes_together_gain_no_more_than_the_bound_for_each_honest_follow() =>
        Gen.Select(FlowGen.World, FlowGen.Parameters, Gen.Int[1, 12]).SelectMany((world, parameters, fakes) => Gen.Select(
                FlowGen.EdgesAmong(world.Nodes, fakes), FlowGen.EdgesAmong(fakes, world.Nodes + fakes), (honest, planted) => (world, parameters, fakes, honest, planted)))
            .Sample(attack =>
            {
                var (world, parameters, fakes, honest, planted) = attack;
                var given = honest.Select(edge => edge with { Followee = world.Nodes + edge.Followee }).Distinct().ToList();
                var made = planted.Select(edge => new Edge(world.Nodes + edge.Follower, edge.Followee));
                var flow = FlowGen.Compute(world.Nodes + fakes, [.. world.Edges, .. given, .. made], [.. world.Seeds, .. new bool[fakes]], parameters);
                FlowGen.Whole(flow.EffectiveFollowers[world.Nodes..].Sum()).ShouldBeLessThanOrEqualTo(given.Count * parameters.MostPerHonestFollow);
            });

    [Fact]
    public void The_bound_is_reached_by_fakes_in_layers()
    {
        // A seed follows one fake; from there each fake follows all of the next layer, of as many as the divisor.
        var layers = Enumerable.Range(1, Model1.Rounds).Select(layer => Enumerable.Range(2 + (layer - 1) * Model1.Divisor, Model1.Divisor).ToArray()).ToList();
        var flow = FromOneSeed(2 + Model1.Rounds * Model1.Divisor,
            [new(0, 1), .. layers[0].Select(fake => new Edge(1, fake)), .. layers.Zip(layers.Skip(1)).SelectMany(pair => pair.First.SelectMany(u => pair.Second.Select(v => new Edge(u, v))))]);
        FlowGen.Whole(flow.EffectiveFollowers[1..].Sum()).ShouldBe(Model1.MostPerHonestFollow, 1e-3);
        Model1.MostPerHonestFollow.ShouldBe(75.17, 0.005);
    }

    [Fact]
    public void Follows_that_fakes_make_lower_nobody() =>
        Gen.Select(FlowGen.World, FlowGen.Parameters).SelectMany((world, parameters) => Gen.Select(Gen.Int[0, world.Nodes - 1], made => (world, parameters, made)))
            .Sample(attack =>
            {
                // The last people are the fakes; the honest may follow them, but all that the fakes follow is taken away and put back.
                var (world, parameters, honest) = attack;
                var seeds = world.Seeds.Select((isSeed, n) => isSeed && n < honest).ToArray();
                var without = FlowGen.Compute(world.Nodes, world.Edges.Where(edge => edge.Follower < honest), seeds, parameters);
                var with = FlowGen.Compute(world.Nodes, world.Edges, seeds, parameters);
                for (var v = 0; v < world.Nodes; v++) with.EffectiveFollowers[v].ShouldBeGreaterThanOrEqualTo(without.EffectiveFollowers[v]);
            });

    [Fact]
    public void One_more_follow_lowers_somebody_only_if_its_follower_had_used_up_the_divisor() =>
        Gen.Select(FlowGen.World, FlowGen.Parameters).SelectMany((world, parameters) => FlowGen.EdgesAmong(world.Nodes, world.Nodes).Select(more => (world, parameters, more)))
            .Sample(step =>
            {
                var (world, parameters, more) = step;
                var edges = world.Edges.ToList();
                var before = FlowGen.Compute(world.Nodes, edges, world.Seeds, parameters);
                foreach (var edge in more.Take(8))
                {
                    var used = edges.Where(e => e.Follower == edge.Follower && e.Followee != e.Follower).Distinct().Count();
                    edges.Add(edge);
                    var after = FlowGen.Compute(world.Nodes, edges, world.Seeds, parameters);
                    if (used < parameters.Divisor)
                        for (var v = 0; v < world.Nodes; v++) after.EffectiveFollowers[v].ShouldBeGreaterThanOrEqualTo(before.EffectiveFollowers[v]);
                    before = after;
                }
            });

    [Fact]
    public void Beyond_the_divisor_one_more_follow_takes_from_the_others_of_the_same_follower()
    {
        var twenty = FromOneSeed(22, Enumerable.Range(1, 20).Select(n => new Edge(0, n)));
        var more = FromOneSeed(22, Enumerable.Range(1, 21).Select(n => new Edge(0, n)));
        twenty.EffectiveFollowers[1].ShouldBe(TrustFlow.One);
        more.EffectiveFollowers[1].ShouldBe(TrustFlow.One * 20 / 21);
    }
}
