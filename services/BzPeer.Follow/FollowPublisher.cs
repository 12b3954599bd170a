using BzPeer.Contracts;
using BzPeer.ServiceDefaults;

namespace BzPeer.Follow;

/// <summary>From the stream events of this service to what it tells the others.</summary>
public static class FollowPublisher
{
    /// <summary>Every public event of the follow service. Blocks never leave it.</summary>
    public static Publications Publications { get; } = new Publications(Sources.Follow)
        .Add<Followed, ResearcherFollowed>(e => e.Data.FolloweeId, (e, origin) => new(origin, e.Data.FollowerId, e.Data.FolloweeId))
        .Add<Unfollowed, ResearcherUnfollowed>(e => e.Data.FolloweeId, (e, origin) => new(origin, e.Data.FollowerId, e.Data.FolloweeId))
        .Add<EdgeRedirected, ResearcherFollowed, ResearcherUnfollowed>(
            e => e.Data.FolloweeId, (e, origin) => Say(origin, e.Data.FollowerId, e.Data.FolloweeId, e.Data.MergeId, e.Data.Position))
        .Add<EdgeRestored, ResearcherFollowed, ResearcherUnfollowed>(
            e => e.Data.FolloweeId, (e, origin) => Say(origin, e.Data.FollowerId, e.Data.FolloweeId, e.Data.MergeId, e.Data.Position))
        .Add<FollowCountsChanged, FollowerCountChanged>(e => e.Data.ResearcherId, (e, origin) => new(
            origin, e.Data.ResearcherId, e.Data.Followers, e.Data.FollowersDigest, e.Data.Following, e.Data.FollowingDigest, e.Data.CountVersion, e.Data.ListsHidden, e.Data.CountsHidden,
            e.Data.PreviousChange, e.Data.CompleteTo));

    // An edge that is only older than it was is said to be there once more.
    private static IIntegrationEvent Say(EventOrigin origin, Guid follower, Guid followee, Guid mergeId, long? position) => position is null
        ? new ResearcherUnfollowed(origin, follower, followee, mergeId)
        : new ResearcherFollowed(origin, follower, followee, mergeId);
}
