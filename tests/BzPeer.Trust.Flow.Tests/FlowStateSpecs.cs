using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Trust.Flow.Tests;

/// <summary>A flow kept up to date is the flow computed anew, to the last digit.</summary>
public sealed class FlowStateSpecs
{
    private enum Change
    {
        Follow,
        Unfollow,
        Seed,
        NoSeed,
        Join,
        Settle,
    }

    private static readonly Gen<(Change Change, int One, int Other)[]> Changes = Gen.Select(
        Gen.Frequency((8, Gen.Const(Change.Follow)), (4, Gen.Const(Change.Unfollow)), (2, Gen.Const(Change.Seed)), (1, Gen.Const(Change.NoSeed)), (1, Gen.Const(Change.Join)), (3, Gen.Const(Change.Settle))),
        Gen.Int[0, 99], Gen.Int[0, 99]).Array[0, 80];

    /// <summary>A state with what it should know, computed anew at each settling.</summary>
    private sealed class World
    {
        private readonly FlowState _state;
        private readonly HashSet<Edge> _edges;
        private readonly List<bool> _seeds;
        private long[] _settled;

        public World((int Nodes, Edge[] Edges, bool[] Seeds) loaded, FlowParameters parameters)
        {
            _state = new FlowState(parameters);
            _edges = [.. loaded.Edges.Where(edge => edge.Follower != edge.Followee)];
            _seeds = [.. loaded.Seeds];
            _state.Load(FlowGraph.FromEdges(loaded.Nodes, loaded.Edges), loaded.Seeds);
            _settled = Anew().EffectiveFollowers;
            Check();
        }

        public FlowResult Anew() => FlowGen.Compute(_seeds.Count, _edges, [.. _seeds], _state.Parameters);

        public void Apply(IEnumerable<(Change Change, int One, int Other)> changes)
        {
            foreach (var (change, first, second) in changes)
            {
                var (one, other) = (first % _seeds.Count, second % _seeds.Count);
                switch (change)
                {
                    case Change.Follow:
                        _state.Follow(one, other).ShouldBe(one != other && _edges.Add(new(one, other)));
                        break;
                    case Change.Unfollow:
                        // Mostly one that stands: a pair drawn blindly is seldom a follow.
                        var edge = _edges.Count > 0 && first % 4 != 0 ? _edges.OrderBy(e => (e.Follower, e.Followee)).ElementAt(second % _edges.Count) : new(one, other);
                        _state.Unfollow(edge.Follower, edge.Followee).ShouldBe(_edges.Remove(edge));
                        break;
                    case Change.Seed or Change.NoSeed:
                        _state.SetSeed(one, _seeds[one] = change == Change.Seed);
                        break;
                    case Change.Join:
                        _state.AddNode().ShouldBe(_seeds.Count);
                        _seeds.Add(false);
                        break;
                    default:
                        Settle();
                        break;
                }
            }
        }

        public IReadOnlyList<int> Settle()
        {
            var changed = _state.Settle();
            var anew = Anew().EffectiveFollowers;
            changed.ShouldBe(Enumerable.Range(0, anew.Length).Where(v => anew[v] != _settled.ElementAtOrDefault(v)));
            _settled = anew;
            Check();
            return changed;
        }

        private void Check()
        {
            var anew = Anew();
            var people = Enumerable.Range(0, _seeds.Count).ToList();
            people.Select(_state.EffectiveFollowers).ShouldBe(anew.EffectiveFollowers);
            people.Select(_state.Voice).ShouldBe(anew.Voices);
            people.Select(_state.IsSeed).ShouldBe(_seeds);
            foreach (var v in people) _state.VoicesFor(v).Sum(voice => voice.Given).ShouldBe(anew.EffectiveFollowers[v]);
            (_state.NodeCount, _state.EdgeCount).ShouldBe((_seeds.Count, _edges.Count));
        }
    }

    [Fact]
    public void Settled_changes_are_the_flow_computed_anew_and_name_whom_they_moved() => Gen.Select(FlowGen.World, FlowGen.Parameters, Changes)
        .Sample((loaded, parameters, changes) =>
        {
            var world = new World(loaded, parameters);
            world.Apply(changes);
            world.Settle();
        });

    [Fact]
    public void From_nothing_it_grows_to_the_same() => Gen.Select(FlowGen.World, FlowGen.Parameters)
        .Sample((world, parameters) =>
        {
            var state = new FlowState(parameters);
            for (var n = 0; n < world.Nodes; n++) state.SetSeed(state.AddNode(), world.Seeds[n]);
            foreach (var (follower, followee) in world.Edges) state.Follow(follower, followee);
            state.Settle();
            Enumerable.Range(0, world.Nodes).Select(state.EffectiveFollowers).ShouldBe(FlowGen.Compute(world.Nodes, world.Edges, world.Seeds, parameters).EffectiveFollowers);
        });

    [Fact]
    public void Taking_back_changes_in_any_order_restores_the_state_to_the_last_digit() => Gen.Select(FlowGen.World, FlowGen.Parameters, FlowGen.EdgesAmong(14, 14), Gen.Int)
        .Sample((loaded, parameters, ring, shuffle) =>
        {
            var state = new FlowState(parameters);
            state.Load(FlowGraph.FromEdges(loaded.Nodes, loaded.Edges), loaded.Seeds);
            long[] Values() => [.. Enumerable.Range(0, loaded.Nodes).SelectMany(v => new[] { state.EffectiveFollowers(v), state.Voice(v) })];
            var before = Values();
            var made = ring.Where(edge => edge.Follower < loaded.Nodes && edge.Followee < loaded.Nodes && state.Follow(edge.Follower, edge.Followee)).ToArray();
            var raised = state.Settle();
            new Random(shuffle).Shuffle(made);
            foreach (var edge in made) state.Unfollow(edge.Follower, edge.Followee).ShouldBeTrue();
            state.Settle().ShouldBe(raised);
            Values().ShouldBe(before);
        });

    [Fact]
    public void What_is_taken_back_before_it_settles_changes_nobody()
    {
        var state = new FlowState(new());
        for (var n = 0; n < 3; n++) state.AddNode();
        state.SetSeed(0, true);
        state.Follow(0, 1);
        state.Settle().ShouldBe([1]);
        state.Follow(0, 2);
        state.Unfollow(0, 2);
        state.SetSeed(0, false);
        state.SetSeed(0, true);
        state.Settle().ShouldBeEmpty();
    }

    /// <summary>More than a set of people looks through, so its index takes part.</summary>
    [Fact]
    public void Somebody_who_follows_and_is_followed_by_hundreds_is_kept_the_same_way()
    {
        const int people = 400;
        var random = new Random(7);
        var state = new FlowState(new());
        for (var n = 0; n < people; n++) state.SetSeed(state.AddNode(), n % 50 == 1);
        var edges = new HashSet<Edge>();
        for (var step = 0; step < 6_000; step++)
        {
            var other = 1 + random.Next(people - 1);
            var edge = random.Next(2) == 0 ? new Edge(0, other) : new Edge(other, 0);
            // Grows to where all follow and are followed, and shrinks again to few.
            if (random.Next(10) < (step < 3_000 ? 8 : 1)) state.Follow(edge.Follower, edge.Followee).ShouldBe(edges.Add(edge));
            else state.Unfollow(edge.Follower, edge.Followee).ShouldBe(edges.Remove(edge));
            if (step % 500 != 499) continue;
            state.Settle();
            Enumerable.Range(0, people).Select(state.EffectiveFollowers).ShouldBe(
                FlowGen.Compute(people, edges, [.. Enumerable.Range(0, people).Select(n => n % 50 == 1)], new()).EffectiveFollowers);
        }
    }

    [Fact]
    public void The_followers_who_give_most_are_named_first_and_those_without_a_voice_not_at_all()
    {
        var state = new FlowState(new());
        for (var n = 0; n < 5; n++) state.AddNode();
        state.SetSeed(0, true);
        foreach (var edge in new Edge[] { new(0, 1), new(1, 2), new(0, 4), new(1, 4), new(2, 4), new(3, 4) }) state.Follow(edge.Follower, edge.Followee);
        state.Settle();
        var voices = state.VoicesFor(4);
        voices.Select(voice => voice.Follower).ShouldBe([0, 1, 2]);
        voices[0].Given.ShouldBe(TrustFlow.One);
        voices[2].Given.ShouldBe(state.Voice(2));
        state.VoicesFor(4, limit: 1).ShouldBe([new(0, TrustFlow.One)]);
    }

    [Fact]
    public void Somebody_who_is_not_there_is_refused()
    {
        var state = new FlowState(new());
        state.AddNode();
        Should.Throw<ArgumentOutOfRangeException>(() => state.Follow(0, 1));
        Should.Throw<ArgumentOutOfRangeException>(() => state.EffectiveFollowers(-1));
    }
}
