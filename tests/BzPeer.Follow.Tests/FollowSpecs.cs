using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>The decisions, without any store: state and command in, events out.</summary>
public sealed class FollowSpecs
{
    private static readonly Guid Ada = new("00000000-0000-0000-0000-00000000000a");
    private static readonly Guid Bob = new("00000000-0000-0000-0000-00000000000b");
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static FollowPair Given(params object[] events) => events.Aggregate(FollowPair.Strangers, (pair, e) => pair.Apply(e));

    [Fact]
    public void A_stranger_can_be_followed() =>
        FollowResearcher.Decide(Given(), Ada, Bob, Now).ShouldBe([new Followed(Ada, Bob, Now)]);

    [Fact]
    public void Following_again_changes_nothing() =>
        FollowResearcher.Decide(Given(new Followed(Ada, Bob, Now)), Ada, Bob, Now.AddDays(1)).ShouldBeEmpty();

    [Fact]
    public void Being_followed_is_not_following() =>
        FollowResearcher.Decide(Given(new Followed(Bob, Ada, Now)), Ada, Bob, Now).ShouldBe([new Followed(Ada, Bob, Now)]);

    [Fact]
    public void A_follow_can_be_ended() =>
        UnfollowResearcher.Decide(Given(new Followed(Ada, Bob, Now)), Ada, Bob, Now).ShouldBe([new Unfollowed(Ada, Bob, Now)]);

    [Fact]
    public void Ending_what_is_not_there_changes_nothing() =>
        UnfollowResearcher.Decide(Given(new Followed(Ada, Bob, Now), new Unfollowed(Ada, Bob, Now)), Ada, Bob, Now).ShouldBeEmpty();

    [Fact]
    public void Since_is_when_the_last_follow_began() =>
        Given(new Followed(Ada, Bob, Now), new Unfollowed(Ada, Bob, Now.AddDays(1)), new Followed(Ada, Bob, Now.AddDays(2)))
            .FollowingSince(Ada).ShouldBe(Now.AddDays(2));

    [Fact]
    public void Two_directions_are_two_follows_of_one_pair()
    {
        var relationship = Relationship.Of(Given(new Followed(Ada, Bob, Now), new Followed(Bob, Ada, Now)), Ada, Bob);
        relationship.ShouldBe(new Relationship(Bob, Following: true, FollowedBy: true, Blocking: false, Now));
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
