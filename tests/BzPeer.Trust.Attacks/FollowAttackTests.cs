using BzPeer.Trust.Flow;
using Shouldly;
using Xunit;

namespace BzPeer.Trust.Attacks;

/// <summary>Attacks on the follow graph, at small size; docs/trust-attacks.md has the same at full size.</summary>
public sealed class FollowAttackTests
{
    private static readonly FlowParameters Model1 = new();
    private static readonly IReadOnlyList<TrustGraph> Graphs = TrustGraph.All();

    public static TheoryData<string> Names => [.. Graphs.Select(graph => graph.Name)];

    private static TrustGraph Find(string name) => Graphs.Single(graph => graph.Name == name);

    [Theory]
    [MemberData(nameof(Names))]
    public void Fakes_whom_nobody_honest_follows_gain_exactly_nothing_and_move_nobody(string name)
    {
        var outcome = new Outcome(Attack.WithoutHonestFollow(Find(name), 2_000));
        outcome.Target.ShouldBe(0);
        outcome.Fakes.ShouldAllBe(followers => followers == 0);
        outcome.Honest.ShouldBe(outcome.HonestBefore);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Bursts_of_accounts_that_only_follow_gain_nobody_anything(string name)
    {
        var outcome = new Outcome(Attack.Bursts(Find(name), 20));
        outcome.Fakes.ShouldAllBe(followers => followers == 0);
        outcome.Honest.ShouldBe(outcome.HonestBefore);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void All_fakes_together_stay_under_the_bound_whatever_their_shape_and_number(string name)
    {
        foreach (var shape in Enum.GetValues<Shape>())
            foreach (var follows in new[] { 1, 10 })
                foreach (var fakes in new[] { 10, 1_000, 10_000 })
                {
                    var gain = new Outcome(Attack.WithHonestFollows(Find(name), follows, fakes, shape)).FakesTogether;
                    gain.ShouldBeInRange(double.Epsilon, follows * Model1.MostPerHonestFollow, $"{shape}, {follows} follows, {fakes} fakes");
                    var most = new Outcome(Attack.WithHonestFollows(Find(name), follows, fakes, shape, strongest: true)).FakesTogether;
                    most.ShouldBeInRange(double.Epsilon, follows * Model1.MostPerHonestFollow, $"{shape}, {follows} strongest follows, {fakes} fakes");
                }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void More_fakes_gain_no_more(string name)
    {
        foreach (var shape in Enum.GetValues<Shape>())
        {
            var (some, many) = (new Outcome(Attack.WithHonestFollows(Find(name), 5, 1_000, shape)), new Outcome(Attack.WithHonestFollows(Find(name), 5, 20_000, shape)));
            many.FakesTogether.ShouldBe(some.FakesTogether, 0.02 * some.FakesTogether, $"{shape}");
            many.BestPoints.ShouldBeLessThanOrEqualTo(some.BestPoints * 1.05, $"{shape}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Honest_people_whom_a_seed_reaches_rank_above_fakes(string name)
    {
        var graph = Find(name);
        foreach (var shape in Enum.GetValues<Shape>())
        {
            var attack = Attack.WithHonestFollows(graph, 10, graph.Nodes / 2, shape);
            new Outcome(attack).Auc(attack.Flow()).Reachable.ShouldBeGreaterThanOrEqualTo(0.95, $"{shape}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_honest_median_stays_and_levels_that_move_are_few_and_near_whoever_followed_a_fake(string name)
    {
        var graph = Find(name);
        var reachable = graph.Reachable();
        foreach (var shape in Enum.GetValues<Shape>())
        {
            var outcome = new Outcome(Attack.WithHonestFollows(graph, 10, graph.Nodes / 2, shape));
            // Of those who are reached: where most are not, the median of all is 0 whatever happens.
            double Median(IEnumerable<double> flow) => Rankings.Median(flow.Where((_, person) => reachable[person]).Select(followers => Math.Round(TrustFlow.Points(followers))));
            Median(outcome.Honest).ShouldBe(Median(outcome.HonestBefore));
            var moved = outcome.Moved();
            // Fakes in camouflage give away what they got, so that some honest people rise: on Advogato about as many as one in a thousand, more or less with whom chance has them follow.
            moved.Count.ShouldBeLessThanOrEqualTo(shape is Shape.Camouflage ? graph.Nodes / 500 : graph.Nodes / 1_000, $"{shape}: {string.Join("; ", moved)}");
            moved.ShouldAllBe(person => person.Hops <= Model1.Rounds + 1);
        }
    }

    [Fact]
    public void A_careless_seed_costs_no_more_than_the_bound_for_each_follow_but_a_fake_made_a_seed_costs_twenty_times_it()
    {
        var gains = Limits.SeedsThatFail(Graphs[0]).Select(limit => limit.Gain).ToArray();
        gains[0].ShouldBe(0);
        gains[1].ShouldBeLessThanOrEqualTo(Model1.MostPerHonestFollow);
        gains[2].ShouldBeLessThanOrEqualTo(10 * Model1.MostPerHonestFollow);
        gains[3].ShouldBeInRange(10 * Model1.MostPerHonestFollow, Model1.Divisor * Model1.MostPerHonestFollow);
    }

    [Fact]
    public void Honest_people_whom_no_seed_reaches_have_nothing()
    {
        var graph = TrustGraph.Scholars();
        var flow = Rankings.Flow(graph.Nodes + 50, [.. graph.Edges, .. Enumerable.Range(0, 50).Select(n => new Edge(graph.Nodes + n, graph.Nodes + (n + 1) % 50))], [.. graph.Seeds, .. new bool[50]]);
        flow[..graph.Nodes].Count(followers => followers > 0).ShouldBeGreaterThan(graph.Nodes / 2);
        flow[graph.Nodes..].ShouldAllBe(followers => followers == 0);
    }

    [Fact]
    public void A_ranking_agrees_with_what_was_said_and_with_fakes_planted_better_than_PageRank()
    {
        Assert.SkipWhen(Graphs.All(graph => graph.Weights is null), "Who certified whom on Advogato may not be passed on: BZPEER_DATA names the folder where it is.");
        var advogato = Graphs.First(graph => graph.Weights is not null);
        var clean = Agreement.Of(advogato, 0, 0, Shape.Crowd);
        clean.Flow.ShouldBeGreaterThanOrEqualTo(0.75 * clean.PageRank);
        foreach (var shape in Enum.GetValues<Shape>())
        {
            var planted = Agreement.Of(advogato, 10, advogato.Nodes / 2, shape);
            planted.Flow.ShouldBeGreaterThan(planted.PageRank, $"{shape}");
        }
    }
}
