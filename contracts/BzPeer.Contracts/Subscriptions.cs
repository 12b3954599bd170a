namespace BzPeer.Contracts;

/// <summary>
/// Which service's queue receives which events. Publishers and consumers both declare their part of it, so that every
/// queue stands before the first event is published, whatever order the services start in.
/// </summary>
public static class Subscriptions
{
    /// <summary>Queue (named like its service) to the event types it receives.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<Type>> ByQueue { get; } = new Dictionary<string, IReadOnlyList<Type>>
    {
        [Sources.Profile] = [typeof(AuthorIdentified), typeof(ResearchersMerged), typeof(ResearchersSplit), typeof(FollowerCountChanged), typeof(BibliographyChanged), typeof(TrustRecalculated)],
        [Sources.Follow] = [typeof(ResearcherRegistered), typeof(ResearchersMerged), typeof(ResearchersSplit)],
        [Sources.Publication] = [typeof(ResearcherRegistered), typeof(ResearcherFollowed), typeof(ResearcherUnfollowed)],
        [Sources.Trust] =
        [
            typeof(ResearcherRegistered), typeof(ProfileClaimed), typeof(ClaimWithdrawn), typeof(IdentityValidated), typeof(ValidationWithdrawn),
            typeof(ResearchersMerged), typeof(ResearchersSplit), typeof(BibliographyChanged), typeof(ResearcherFollowed), typeof(ResearcherUnfollowed),
        ],
    };

    /// <summary>The queues that receive <paramref name="eventType"/>.</summary>
    public static IEnumerable<string> QueuesOf(Type eventType) => ByQueue.Where(queue => queue.Value.Contains(eventType)).Select(queue => queue.Key);
}
