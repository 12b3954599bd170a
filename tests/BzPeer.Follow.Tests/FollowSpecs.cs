using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>The decisions, without any store: state and command in, events out.</summary>
public sealed class FollowSpecs
{
    private static readonly Guid Ada = new("00000000-0000-0000-0000-00000000000a");
    private static readonly Guid Bob = new("00000000-0000-0000-0000-00000000000b");
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static FollowPair Given(params object[] events) => events.Aggregate(FollowPair.Strangers(Ada, Bob), (pair, e) => pair.Apply(e));

    private static readonly Followed AdaFollows = new(Ada, Bob, Now);
    private static readonly Followed BobFollows = new(Bob, Ada, Now);
    private static readonly Unfollowed AdaLeaves = new(Ada, Bob, Now);
    private static readonly Unfollowed BobLeaves = new(Bob, Ada, Now);
    private static readonly Blocked AdaBlocks = new(Ada, Bob, Now);
    private static readonly Unblocked AdaUnblocks = new(Ada, Bob, Now);

    [Fact]
    public void A_stranger_can_be_followed() => FollowResearcher.Decide(Given(), Ada, Now).Events.ShouldBe([AdaFollows]);

    [Fact]
    public void Following_again_changes_nothing() => FollowResearcher.Decide(Given(AdaFollows), Ada, Now.AddDays(1)).ShouldBe(Decision.Nothing);

    [Fact]
    public void Being_followed_is_not_following() => FollowResearcher.Decide(Given(BobFollows), Ada, Now).Events.ShouldBe([AdaFollows]);

    [Fact]
    public void A_follow_can_be_ended() => UnfollowResearcher.Decide(Given(AdaFollows), Ada, Now).Events.ShouldBe([AdaLeaves]);

    [Fact]
    public void Ending_what_is_not_there_changes_nothing() => UnfollowResearcher.Decide(Given(AdaFollows, AdaLeaves), Ada, Now).ShouldBe(Decision.Nothing);

    [Fact]
    public void A_follower_can_be_removed() => RemoveFollower.Decide(Given(BobFollows), Ada, Now).Events.ShouldBe([BobLeaves]);

    [Fact]
    public void Removing_a_follower_leaves_ones_own_follow_alone() => RemoveFollower.Decide(Given(AdaFollows), Ada, Now).ShouldBe(Decision.Nothing);

    [Fact]
    public void A_block_severs_both_edges_in_the_same_decision() =>
        BlockResearcher.Decide(Given(AdaFollows, BobFollows), Ada, Now).Events.ShouldBe([AdaLeaves, BobLeaves, AdaBlocks]);

    [Fact]
    public void A_stranger_can_be_blocked_and_blocking_again_changes_nothing()
    {
        BlockResearcher.Decide(Given(), Ada, Now).Events.ShouldBe([AdaBlocks]);
        BlockResearcher.Decide(Given(AdaBlocks), Ada, Now).ShouldBe(Decision.Nothing);
    }

    [Fact]
    public void Both_can_block_each_other() => BlockResearcher.Decide(Given(AdaBlocks), Bob, Now).Events.ShouldBe([new Blocked(Bob, Ada, Now)]);

    [Fact]
    public void Neither_side_of_a_block_can_follow()
    {
        FollowResearcher.Decide(Given(AdaBlocks), Ada, Now).Refusal.ShouldBe(Refusal.YouBlock);
        FollowResearcher.Decide(Given(AdaBlocks), Bob, Now).Refusal.ShouldBe(Refusal.Blocked);
    }

    [Fact]
    public void Lifting_a_block_brings_nothing_back_but_allows_the_next_follow()
    {
        var lifted = Given(AdaFollows, AdaLeaves, AdaBlocks, AdaUnblocks);
        lifted.FollowingSince(Ada).ShouldBeNull();
        FollowResearcher.Decide(lifted, Bob, Now).Events.ShouldBe([BobFollows]);
        BlockResearcher.DecideToUnblock(lifted, Ada, Now).ShouldBe(Decision.Nothing);
    }

    [Fact]
    public void A_block_can_be_lifted_only_by_who_made_it()
    {
        BlockResearcher.DecideToUnblock(Given(AdaBlocks), Ada, Now).Events.ShouldBe([AdaUnblocks]);
        BlockResearcher.DecideToUnblock(Given(AdaBlocks), Bob, Now).ShouldBe(Decision.Nothing);
    }

    [Fact]
    public void Since_is_when_the_last_follow_began() =>
        Given(AdaFollows, AdaLeaves, AdaFollows with { At = Now.AddDays(2) }).FollowingSince(Ada).ShouldBe(Now.AddDays(2));

    [Fact]
    public void A_relationship_tells_both_directions_and_not_who_blocks_the_caller()
    {
        Relationship.Of(Given(AdaFollows, BobFollows), Ada, Bob).ShouldBe(new Relationship(Bob, Following: true, FollowedBy: true, Blocking: false, Now));
        Relationship.Of(Given(AdaBlocks), Ada, Bob).ShouldBe(new Relationship(Bob, Following: false, FollowedBy: false, Blocking: true, null));
        Relationship.Of(Given(AdaBlocks), Bob, Ada).ShouldBe(new Relationship(Ada, Following: false, FollowedBy: false, Blocking: false, null));
    }

    [Fact]
    public void A_pair_has_one_stream_whoever_asks() =>
        FollowPair.StreamId(Ada, Bob).ShouldBe(FollowPair.StreamId(Bob, Ada));

    [Fact]
    public void A_stream_id_is_a_version_5_uuid_and_stays_what_it_was()
    {
        // Stored streams are found by it: it may never change.
        FollowPair.StreamId(Ada, Bob).ToString().ShouldBe(Expected);
        FollowPair.StreamId(Ada, Bob).Version.ShouldBe(5);
    }

    /// <summary>Python: uuid.uuid5(uuid.UUID('6e3a3f0e-4b1f-5c53-9d1a-0f0d6f5a1c11'), ada + bob).</summary>
    private const string Expected = "c941dc31-bfdc-51dc-b0ab-03135cbf6b0e";
}
