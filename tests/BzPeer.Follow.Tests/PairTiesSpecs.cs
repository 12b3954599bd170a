using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>What merging and splitting researchers does to who follows and blocks whom, without any store.</summary>
public sealed class PairTiesSpecs
{
    private static readonly Guid Ada = new("00000000-0000-0000-0000-00000000000a");
    private static readonly Guid Bob = new("00000000-0000-0000-0000-00000000000b");
    private static readonly Guid Cyd = new("00000000-0000-0000-0000-00000000000c");
    private static readonly Guid Dan = new("00000000-0000-0000-0000-00000000000d");
    private static readonly Guid Eve = new("00000000-0000-0000-0000-00000000000e");

    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>
    /// Researchers, what they do, and the job that moves pairs, one step at a time or until there is nothing left to do. Decisions are the
    /// service's own, on what is told, as its rows have it.
    /// </summary>
    private sealed class World
    {
        private readonly Dictionary<Guid, PairTies> pairs = [];
        private readonly List<(Guid Id, Guid Merged, Guid Survivor)> standing = [];
        private long sequence;

        /// <summary>What the two did in each pair, without what merges did.</summary>
        public Dictionary<Guid, List<(object Data, long Position)>> Own { get; } = [];

        /// <summary>What the two did, and merges as they were heard of (their ids), in order.</summary>
        public List<(object What, long Position)> History { get; } = [];

        public IReadOnlyList<(Guid Id, Guid Merged, Guid Survivor)> Standing => standing;

        public IEnumerable<PairTies> Pairs => pairs.Values;

        public Guid RootOf(Guid one) => standing.Exists(merge => merge.Merged == one) ? RootOf(standing.Find(merge => merge.Merged == one).Survivor) : one;

        public World Does(Func<FollowPair, Guid, DateTimeOffset, Decision> decide, Guid actor, Guid other, int day)
        {
            var pair = Find(actor, other);
            OneWay From(Guid one) => new(Row(pair, one, blocks: false)?.Since, Row(pair, one, blocks: true)?.Since);
            var strangers = FollowPair.Strangers(actor, other);
            var decision = decide(strangers with { Forth = From(strangers.Smaller), Back = From(strangers.Greater) }, actor, Start.AddDays(day));
            foreach (var e in decision.Events)
            {
                Say(pair.Stream, e);
                if (!Own.TryGetValue(pair.Stream, out var own)) Own[pair.Stream] = own = [];
                own.Add((e, sequence));
                History.Add((e, sequence));
            }

            return this;
        }

        public World Follows(Guid actor, Guid other, int day) => Does(FollowResearcher.Decide, actor, other, day);

        public World Unfollows(Guid actor, Guid other, int day = 99) => Does(UnfollowResearcher.Decide, actor, other, day);

        public World Blocks(Guid actor, Guid other, int day) => Does(BlockResearcher.Decide, actor, other, day);

        public World Unblocks(Guid actor, Guid other, int day = 99) => Does(BlockResearcher.DecideToUnblock, actor, other, day);

        /// <summary>A merge is heard of; nothing has moved yet.</summary>
        public Guid Hears(Guid merged, Guid survivor)
        {
            standing.Add((Guid.NewGuid(), merged, survivor));
            History.Add((standing[^1].Id, 0));
            return standing[^1].Id;
        }

        public Guid Merges(Guid merged, Guid survivor)
        {
            var id = Hears(merged, survivor);
            Finish();
            return id;
        }

        public void HearsOfSplit(Guid merge) => standing.RemoveAll(one => one.Id == merge);

        public World Splits(Guid merge)
        {
            HearsOfSplit(merge);
            Finish();
            return this;
        }

        /// <summary>All that the job could do next.</summary>
        public List<Redirection> Steps()
        {
            var known = pairs.Values.ToArray();
            var back = known.Where(pair => pair.Away is { } way && standing.TrueForAll(merge => merge.Id != way.MergeId)).Select(pair => new Redirection(Find).GiveBack(pair)).ToList();
            return back.Count > 0 ? back : [.. standing.SelectMany(merge => known
                .Where(pair => (pair.One == merge.Merged || pair.Other == merge.Merged) && pair.Told.Count > 0)
                .Select(pair => new Redirection(Find).HandOver(pair, new(merge.Id, merge.Merged, pair.One == merge.Merged ? pair.Other : pair.One, merge.Survivor))))];
        }

        public void Take(Redirection step)
        {
            foreach (var (stream, version, data) in step.Events)
            {
                Say(stream, data);
                pairs[stream].Version.ShouldBe(version);
            }
        }

        public void Finish()
        {
            for (var steps = 0; Steps() is [var step, ..]; steps++)
            {
                steps.ShouldBeLessThan(10_000, "the job comes to an end");
                Take(step);
            }
        }

        public PairTies Find((Guid One, Guid Other) two) => Find(two.One, two.Other);

        public PairTies Find(Guid one, Guid other)
        {
            var stream = FollowPair.StreamId(one, other);
            return pairs.TryGetValue(stream, out var pair) ? pair : pairs[stream] = PairTies.Strangers(one, other);
        }

        /// <summary>Since which day, and at which place of lists, one follows the other; null when they do not.</summary>
        public (int Day, long Position)? Edge(Guid follower, Guid followee) =>
            Row(Find(follower, followee), follower, blocks: false) is { } row ? ((row.Since - Start).Days, row.Position) : null;

        public bool IsBlocked(Guid blocker, Guid blocked) => Row(Find(blocker, blocked), blocker, blocks: true) is not null;

        /// <summary>Everything that is told, in one text.</summary>
        public string Told() => string.Join('\n', pairs.Values.SelectMany(pair => pair.Told.Select(row => $"{row.From} {(pair.One == row.From ? pair.Other : pair.One)} {row.Blocks} {row.Since:O} {row.Position}")).Order());

        private static PairTies.Row? Row(PairTies pair, Guid from, bool blocks) => pair.Told.Where(row => row.From == from && row.Blocks == blocks).Select(row => (PairTies.Row?)row).SingleOrDefault();

        private void Say(Guid stream, object data) => pairs[stream] = pairs[stream].Apply(data, ++sequence);
    }

    [Fact]
    public void A_merge_brings_edges_of_both_directions_to_the_survivor_with_their_since_and_their_place()
    {
        var world = new World().Follows(Cyd, Ada, 1).Follows(Ada, Dan, 2);
        world.Merges(Ada, Bob);
        (world.Edge(Cyd, Bob), world.Edge(Bob, Dan)).ShouldBe(((1, 1), (2, 2)));
        (world.Edge(Cyd, Ada), world.Edge(Ada, Dan)).ShouldBe((null, null));
    }

    [Fact]
    public void A_split_leaves_exactly_what_was()
    {
        var world = new World().Follows(Cyd, Ada, 1).Follows(Cyd, Bob, 2).Follows(Ada, Bob, 3).Follows(Ada, Dan, 4).Blocks(Eve, Ada, 5).Follows(Eve, Bob, 6);
        var before = world.Told();
        world.Splits(world.Merges(Ada, Bob)).Told().ShouldBe(before);
    }

    [Fact]
    public void Of_two_edges_that_become_one_the_earlier_since_is_told_and_neither_is_lost()
    {
        var world = new World().Follows(Cyd, Bob, 5).Follows(Cyd, Ada, 3).Follows(Dan, Bob, 1).Follows(Dan, Ada, 2);
        var merge = world.Merges(Ada, Bob);
        (world.Edge(Cyd, Bob), world.Edge(Dan, Bob)).ShouldBe(((3, 2), (1, 3)));
        world.Splits(merge);
        (world.Edge(Cyd, Bob), world.Edge(Cyd, Ada)).ShouldBe(((5, 1), (3, 2)));
    }

    [Fact]
    public void Edges_and_blocks_between_the_merged_one_and_the_survivor_are_suppressed_and_come_back()
    {
        var world = new World().Follows(Ada, Bob, 1).Follows(Bob, Ada, 2);
        var before = world.Told();
        var merge = world.Merges(Ada, Bob);
        world.Told().ShouldBeEmpty();
        world.Splits(merge).Told().ShouldBe(before);

        var blocked = new World().Blocks(Ada, Bob, 1);
        var undo = blocked.Merges(Ada, Bob);
        blocked.IsBlocked(Ada, Bob).ShouldBeFalse();
        blocked.Splits(undo).IsBlocked(Ada, Bob).ShouldBeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_block_of_either_side_that_a_merge_brings_covers_an_edge_of_the_survivor_until_the_split(bool byTheMerged)
    {
        var world = new World().Follows(Cyd, Bob, 1).Follows(Bob, Cyd, 2);
        world = byTheMerged ? world.Blocks(Ada, Cyd, 3) : world.Blocks(Cyd, Ada, 3);
        var merge = world.Merges(Ada, Bob);
        (world.Edge(Cyd, Bob), world.Edge(Bob, Cyd)).ShouldBe((null, null));
        (byTheMerged ? world.IsBlocked(Bob, Cyd) : world.IsBlocked(Cyd, Bob)).ShouldBeTrue();
        world.Splits(merge);
        (world.Edge(Cyd, Bob), world.Edge(Bob, Cyd)).ShouldBe(((1, 1), (2, 2)));
        (world.IsBlocked(Bob, Cyd), world.IsBlocked(Cyd, Bob)).ShouldBe((false, false));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_block_of_either_side_at_the_survivor_covers_an_edge_that_a_merge_brings_until_the_split(bool byTheSurvivor)
    {
        var world = new World().Follows(Cyd, Ada, 1);
        world = byTheSurvivor ? world.Blocks(Bob, Cyd, 3) : world.Blocks(Cyd, Bob, 3);
        var merge = world.Merges(Ada, Bob);
        world.Edge(Cyd, Bob).ShouldBeNull();
        world.Splits(merge).Edge(Cyd, Ada).ShouldBe((1, 1));
    }

    [Fact]
    public void What_is_followed_after_the_merge_stays_with_the_survivor()
    {
        var world = new World();
        var merge = world.Merges(Ada, Bob);
        world.Follows(Cyd, Bob, 1).Splits(merge);
        (world.Edge(Cyd, Bob), world.Edge(Cyd, Ada)).ShouldBe(((1, 1), null));
    }

    [Fact]
    public void Unfollowing_the_survivor_ends_what_the_merge_brought_and_what_was_there_and_gives_the_merged_one_back_as_it_was()
    {
        var world = new World().Follows(Cyd, Ada, 1).Follows(Cyd, Bob, 2);
        var merge = world.Merges(Ada, Bob);
        world.Unfollows(Cyd, Bob).Edge(Cyd, Bob).ShouldBeNull();
        world.Splits(merge);
        (world.Edge(Cyd, Bob), world.Edge(Cyd, Ada)).ShouldBe((null, (1, 1)));
    }

    [Fact]
    public void A_block_after_the_merge_stays_and_severs_what_was_the_survivors_not_what_was_the_merged_ones()
    {
        var world = new World().Follows(Cyd, Ada, 1).Follows(Cyd, Bob, 2);
        var merge = world.Merges(Ada, Bob);
        world.Blocks(Bob, Cyd, 3).Edge(Cyd, Bob).ShouldBeNull();
        world.Splits(merge);
        (world.Edge(Cyd, Bob), world.Edge(Cyd, Ada), world.IsBlocked(Bob, Cyd), world.IsBlocked(Ada, Cyd)).ShouldBe((null, (1, 1), true, false));
    }

    [Fact]
    public void Lifting_a_block_that_a_merge_brought_brings_nothing_back_neither_then_nor_by_the_split()
    {
        var world = new World().Follows(Cyd, Bob, 1).Blocks(Ada, Cyd, 2);
        var merge = world.Merges(Ada, Bob);
        world.Unblocks(Bob, Cyd);
        (world.Edge(Cyd, Bob), world.IsBlocked(Bob, Cyd)).ShouldBe((null, false));
        world.Follows(Cyd, Bob, 3).Edge(Cyd, Bob)!.Value.Day.ShouldBe(3);
        world.Splits(merge);
        (world.Edge(Cyd, Bob)!.Value.Day, world.IsBlocked(Bob, Cyd), world.IsBlocked(Ada, Cyd)).ShouldBe((3, false, true));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Merges_in_a_chain_are_taken_back_in_either_order(bool innerFirst)
    {
        var world = new World().Follows(Cyd, Ada, 1).Follows(Cyd, Bob, 2).Follows(Cyd, Dan, 3).Follows(Ada, Bob, 4).Follows(Bob, Dan, 5).Follows(Dan, Ada, 6);
        var before = world.Told();
        var (inner, outer) = (world.Merges(Ada, Bob), world.Merges(Bob, Dan));
        world.Told().ShouldBe($"{Cyd} {Dan} False {Start.AddDays(1):O} 1");
        world.Splits(innerFirst ? inner : outer);
        (world.Edge(Cyd, Ada), world.Edge(Cyd, Bob), world.Edge(Cyd, Dan)).ShouldBe(innerFirst ? ((1, 1), null, (2, 2)) : (null, (1, 1), (3, 3)));
        world.Splits(innerFirst ? outer : inner).Told().ShouldBe(before);
    }

    [Fact]
    public void Taking_back_an_inner_merge_does_not_resurrect_what_was_unfollowed_at_the_end_of_the_chain()
    {
        var world = new World().Follows(Cyd, Ada, 1).Follows(Cyd, Bob, 2);
        var (inner, outer) = (world.Merges(Ada, Bob), world.Merges(Bob, Dan));
        world.Unfollows(Cyd, Dan).Splits(inner);
        (world.Edge(Cyd, Ada), world.Edge(Cyd, Dan)).ShouldBe(((1, 1), null));
        world.Splits(outer).Edge(Cyd, Bob).ShouldBe((2, 2));
    }

    [Fact]
    public void Taking_back_an_inner_merge_uncovers_at_the_end_of_the_chain_what_its_block_had_covered()
    {
        var world = new World().Follows(Cyd, Bob, 1).Blocks(Ada, Cyd, 2);
        var inner = world.Merges(Ada, Bob);
        world.Merges(Bob, Dan);
        (world.Edge(Cyd, Dan), world.IsBlocked(Dan, Cyd)).ShouldBe((null, true));
        world.Splits(inner);
        (world.Edge(Cyd, Dan), world.IsBlocked(Dan, Cyd), world.IsBlocked(Ada, Cyd)).ShouldBe(((1, 1), false, true));
    }

    [Fact]
    public void A_pair_of_which_both_are_merged_moves_twice_and_comes_back_by_either_split()
    {
        var world = new World().Follows(Ada, Cyd, 1);
        var (one, other) = (world.Merges(Ada, Bob), world.Merges(Cyd, Dan));
        world.Edge(Bob, Dan).ShouldBe((1, 1));
        world.Splits(one).Edge(Ada, Dan).ShouldBe((1, 1));
        world.Splits(other).Edge(Ada, Cyd).ShouldBe((1, 1));
    }

    [Fact]
    public void A_pair_whose_turn_comes_late_goes_on_to_where_its_like_have_gone_already()
    {
        var world = new World().Follows(Cyd, Ada, 1).Follows(Cyd, Bob, 2);
        world.Hears(Ada, Bob);
        world.Hears(Bob, Dan);
        world.Take(world.Steps().Single(step => step.Events[0].Stream == FollowPair.StreamId(Cyd, Bob)));
        world.Edge(Cyd, Dan).ShouldBe((2, 2));
        world.Take(world.Steps().Single());
        (world.Edge(Cyd, Dan), world.Edge(Cyd, Bob), world.Steps().Count).ShouldBe(((1, 1), null, 0));
    }

    [Fact]
    public void A_step_back_takes_along_nothing_that_came_from_another_pair()
    {
        var world = new World().Follows(Cyd, Ada, 1).Follows(Dan, Ada, 2);
        var merge = world.Merges(Ada, Bob);
        world.Merges(Cyd, Dan);
        world.Edge(Dan, Bob).ShouldBe((1, 1));
        world.HearsOfSplit(merge);
        world.Take(world.Steps().Single(step => step.Events[0].Stream == FollowPair.StreamId(Cyd, Ada)));
        world.Edge(Dan, Bob).ShouldBe((2, 2));
        world.Finish();
        (world.Edge(Dan, Bob), world.Edge(Dan, Ada)).ShouldBe((null, (1, 1)));
    }

    [Fact]
    public void Who_acts_on_the_merged_one_without_having_heard_of_it_is_taken_along()
    {
        var world = new World().Follows(Cyd, Ada, 1);
        var merge = world.Merges(Ada, Bob);
        world.Unfollows(Cyd, Bob).Follows(Cyd, Ada, 7).Follows(Dan, Ada, 8).Blocks(Ada, Eve, 9).Finish();
        (world.Edge(Cyd, Bob)!.Value.Day, world.Edge(Dan, Bob)!.Value.Day, world.IsBlocked(Bob, Eve)).ShouldBe((7, 8, true));
        (world.Edge(Cyd, Ada), world.Edge(Dan, Ada), world.IsBlocked(Ada, Eve)).ShouldBe((null, null, false));
        world.Splits(merge);
        (world.Edge(Cyd, Ada)!.Value.Day, world.Edge(Dan, Ada)!.Value.Day, world.IsBlocked(Ada, Eve)).ShouldBe((1, 8, true));
        (world.Edge(Cyd, Bob), world.Edge(Dan, Bob), world.IsBlocked(Bob, Eve)).ShouldBe((null, null, false));
    }

    [Fact]
    public void An_outcome_says_what_an_edge_is_now_and_how_many_more_there_are()
    {
        var world = new World().Follows(Cyd, Ada, 1).Follows(Cyd, Bob, 2);
        var merge = world.Hears(Ada, Bob);
        world.Steps().Single().Events.Select(e => e.Data).Where(data => data is EdgeRedirected).ShouldBe(
            [new EdgeRedirected(merge, Cyd, Ada, null, null, -1), new EdgeRedirected(merge, Cyd, Bob, Start.AddDays(1), 1, 0)]);
        world.Finish();
        world.HearsOfSplit(merge);
        world.Steps().Single().Events.Select(e => e.Data).Where(data => data is EdgeRestored).ShouldBe(
            [new EdgeRestored(merge, Cyd, Ada, Start.AddDays(1), 1, 1), new EdgeRestored(merge, Cyd, Bob, Start.AddDays(2), 2, 0)]);
    }

    private static readonly Guid[] People = [Ada, Bob, Cyd, Dan, Eve];

    private static readonly Func<FollowPair, Guid, DateTimeOffset, Decision>[] Kinds =
        [FollowResearcher.Decide, FollowResearcher.Decide, UnfollowResearcher.Decide, BlockResearcher.Decide, BlockResearcher.DecideToUnblock];

    private const int Histories = 3_000;

    /// <summary>A turn: what (5 and 6 merge, 7 splits), who, with whom, and a number for whatever else has to be chosen.</summary>
    private sealed record Turn(int Kind, int One, int Other, int Number)
    {
        public static readonly Gen<Turn[]> Many = Gen.Select(Gen.Int[0, 8], Gen.Int[0, 4], Gen.Int[0, 4], Gen.Int[0, 999], (kind, one, other, number) => new Turn(kind, one, other, number)).Array[1, 40];

        public void Act(World world, Func<Guid, Guid> who)
        {
            var (actor, other) = (who(People[One]), who(People[Other]));
            if (Kind < Kinds.Length && actor != other) world.Does(Kinds[Kind], actor, other, Number);
        }

        /// <summary>Two who are nobody else's are merged, if they are two; the merge, or null.</summary>
        public Guid? Merge(World world)
        {
            var (one, other) = (world.RootOf(People[One]), world.RootOf(People[Other]));
            return one == other ? null : world.Hears(one, other);
        }

        public void Split(World world)
        {
            if (world.Standing.Count > 0) world.HearsOfSplit(world.Standing[Number % world.Standing.Count].Id);
        }

        public void Step(World world)
        {
            if (world.Steps() is { Count: > 0 } steps) world.Take(steps[Number % steps.Count]);
        }
    }

    /// <summary>
    /// The other way to say what a split leaves: what has happened is told again from the beginning, without the merges that have been taken
    /// back. So a merge can be simple: whatever there is of the one is the other's, and what is covered is gone.
    /// </summary>
    private sealed class Retold
    {
        private readonly Dictionary<(Guid From, Guid To, bool Blocks), (DateTimeOffset Since, long Position)> rows = [];

        public static string Of(World world)
        {
            var retold = new Retold();
            foreach (var (what, position) in world.History) retold.Tell(what, position, world.Standing);
            return string.Join('\n', retold.rows.Select(row => $"{row.Key.From} {row.Key.To} {row.Key.Blocks} {row.Value.Since:O} {row.Value.Position}").Order());
        }

        private void Tell(object what, long position, IReadOnlyList<(Guid Id, Guid Merged, Guid Survivor)> standing)
        {
            switch (what)
            {
                case Followed f: rows.TryAdd((f.FollowerId, f.FolloweeId, false), (f.At, position)); break;
                case Unfollowed u: rows.Remove((u.FollowerId, u.FolloweeId, false)); break;
                case Blocked b: rows.TryAdd((b.BlockerId, b.BlockedId, true), (b.At, position)); break;
                case Unblocked u:
                    // Nobody lifts a block and follows by that, whoever's block it was.
                    foreach (var row in new[] { (u.BlockerId, u.BlockedId, true), (u.BlockerId, u.BlockedId, false), (u.BlockedId, u.BlockerId, false) }) rows.Remove(row);
                    break;
                case Guid merge when standing.Where(one => one.Id == merge).ToArray() is [var (_, merged, survivor)]:
                    foreach (var (key, value) in rows.Where(row => row.Key.From == merged || row.Key.To == merged).ToArray())
                    {
                        rows.Remove(key);
                        var moved = (From: key.From == merged ? survivor : key.From, To: key.To == merged ? survivor : key.To, key.Blocks);
                        if (moved.From != moved.To) rows[moved] = rows.TryGetValue(moved, out var there) && there.CompareTo(value) < 0 ? there : value;
                    }

                    break;
            }

            foreach (var (from, to, _) in rows.Keys.Where(key => key.Blocks).ToArray())
            {
                rows.Remove((from, to, false));
                rows.Remove((to, from, false));
            }
        }
    }

    [Fact]
    public void After_any_history_it_is_as_if_the_merges_taken_back_had_never_been() => Turn.Many.Sample(turns =>
    {
        var world = new World();
        foreach (var turn in turns)
        {
            switch (turn.Kind)
            {
                case 5 or 6: turn.Merge(world); break;
                case 7: turn.Split(world); break;
                default: turn.Act(world, world.RootOf); break;
            }

            world.Finish();
            world.Told().ShouldBe(Retold.Of(world));
        }
    }, iter: Histories);

    [Fact]
    public void Merges_after_any_history_that_are_all_taken_back_leave_exactly_what_was() => Gen.Select(Turn.Many, Turn.Many).Sample((turns, more) =>
    {
        var world = new World();
        foreach (var turn in turns)
        {
            if (turn.Kind is 5) turn.Merge(world);
            turn.Act(world, world.RootOf);
            world.Finish();
        }

        var before = world.Told();
        var merges = new List<Guid>();
        foreach (var turn in more)
        {
            // Some of it moves only when the next merge has been heard of.
            if (turn.Kind % 2 == 0 && turn.Merge(world) is { } merge) merges.Add(merge);
            else turn.Step(world);
        }

        world.Finish();
        world.Told().ShouldBe(Retold.Of(world));
        foreach (var merge in merges.OrderBy(merge => more[merges.IndexOf(merge)].Number))
        {
            world.HearsOfSplit(merge);
            more[0].Step(world);
        }

        world.Finish();
        world.Told().ShouldBe(before);
    }, iter: Histories);

    [Fact]
    public void However_the_job_and_people_come_between_each_other_every_pair_ends_as_its_own_people_left_it() => Gen.Select(Turn.Many, Gen.Int[0, 999]).Sample((turns, number) =>
    {
        var world = new World();
        foreach (var turn in turns)
        {
            switch (turn.Kind)
            {
                case 5: turn.Merge(world); break;
                case 7: turn.Split(world); break;
                case 6 or 8: turn.Step(world); break;
                // One in four has not heard of any merge.
                default: turn.Act(world, turn.Number % 4 == 0 ? one => one : world.RootOf); break;
            }
        }

        world.Finish();
        foreach (var pair in world.Pairs)
        {
            pair.Told.ShouldBe(pair.Effective, ignoreOrder: true);
            if (world.RootOf(pair.One) != pair.One || world.RootOf(pair.Other) != pair.Other) pair.Told.ShouldBeEmpty();
        }

        for (var last = new Turn(7, 0, 0, number); world.Standing.Count > 0; last.Step(world)) last.Split(world);
        world.Finish();
        foreach (var pair in world.Pairs)
        {
            var own = world.Own.GetValueOrDefault(pair.Stream, []).Aggregate(PairTies.Strangers(pair.One, pair.Other), (state, e) => state.Apply(e.Data, e.Position));
            pair.Away.ShouldBeNull();
            pair.Ties.Select(tie => tie with { Path = [] }).ShouldBe(own.Ties.Select(tie => tie with { Path = [] }), ignoreOrder: true);
            pair.Told.ShouldBe(own.Effective, ignoreOrder: true);
        }
    }, iter: Histories);
}
