namespace BzPeer.Contracts;

/// <summary>One researcher follows another from now on. Subject: the followee.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="FollowerId">Who follows.</param>
/// <param name="FolloweeId">Who is followed.</param>
/// <param name="MergeId">The merge of researchers that brought the edge here, by being made or undone; null when the follower chose it.</param>
[PublishedBy(Sources.Follow)]
public sealed record ResearcherFollowed(EventOrigin Origin, Guid FollowerId, Guid FolloweeId, Guid? MergeId = null) : IIntegrationEvent;

/// <summary>A follow ended. Subject: the former followee.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="FollowerId">Who followed.</param>
/// <param name="FolloweeId">Who was followed.</param>
/// <param name="MergeId">The merge of researchers that took the edge away, by being made or undone; null when one of the two chose it.</param>
[PublishedBy(Sources.Follow)]
public sealed record ResearcherUnfollowed(EventOrigin Origin, Guid FollowerId, Guid FolloweeId, Guid? MergeId = null) : IIntegrationEvent;

/// <summary>
/// The follower and following counts of one researcher, whole. State-carrying: apply only if
/// <paramref name="CountVersion"/> is greater than the one held. Subject: the researcher.
/// </summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">Whose counts.</param>
/// <param name="Followers">Live edges towards the researcher.</param>
/// <param name="FollowersDigest">XOR of the SHA-256 of each follower id's lower-case text form, 64 hex digits.</param>
/// <param name="Following">Live edges from the researcher.</param>
/// <param name="FollowingDigest">The same over those they follow.</param>
/// <param name="CountVersion">Sequence of the last event folded in: an edge that came or went, or a choice of what to show.</param>
/// <param name="ListsHidden">Whether the researcher hides who follows them and whom they follow.</param>
/// <param name="CountsHidden">Whether the researcher hides the counts: whoever shows them to others shows none.</param>
/// <param name="PreviousChange">Sequence of the event of this type before this one, 0 for the first: who follows this chain knows when one is missing.</param>
/// <param name="CompleteTo">
/// Every count that moved up to this sequence of the source, anybody's, is told by this event and those before it in the chain. Null
/// when nothing is said.
/// </param>
[PublishedBy(Sources.Follow)]
public sealed record FollowerCountChanged(
    EventOrigin Origin, Guid ResearcherId, long Followers, string FollowersDigest,
    long Following, string FollowingDigest, long CountVersion, bool ListsHidden = false, bool CountsHidden = false,
    long? PreviousChange = null, long? CompleteTo = null)
    : IIntegrationEvent;
