namespace BzPeer.Contracts;

/// <summary>
/// A researcher's trust was computed anew and its score or contributions changed. State-carrying by
/// <see cref="EventOrigin.Version"/>. Subject: the researcher.
/// </summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">Whose trust.</param>
/// <param name="Score">0 to 100.</param>
/// <param name="Level"><c>Baseline</c>, <c>Emerging</c>, <c>Established</c> or <c>Trusted</c>: the band of the score.</param>
/// <param name="PreviousScore">The score before, 0 when there was none.</param>
/// <param name="PreviousLevel">The level before.</param>
/// <param name="ModelVersion">Version of the trust model.</param>
/// <param name="Contributions">What each factor gives; points sum to the score.</param>
/// <param name="Cause">What led to it.</param>
[PublishedBy(Sources.Trust)]
public sealed record TrustRecalculated(
    EventOrigin Origin, Guid ResearcherId, int Score, string Level, int PreviousScore, string PreviousLevel,
    int ModelVersion, IReadOnlyList<TrustContribution> Contributions, TrustCause Cause)
    : IIntegrationEvent;

/// <summary>
/// A researcher's trust is told to be in another level: when it rises at once, when it falls only two points below the level, so that
/// nobody is told back and forth about one point. The level of a statement is always the band of its score. Subject: the researcher.
/// </summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">Whose trust.</param>
/// <param name="From">The level told before.</param>
/// <param name="To">The level now.</param>
/// <param name="Score">The score now.</param>
[PublishedBy(Sources.Trust)]
public sealed record TrustLevelChanged(EventOrigin Origin, Guid ResearcherId, string From, string To, int Score) : IIntegrationEvent;

/// <summary>A score fell because evidence was taken back or the model changed, not because of anything the researcher did. Subject: the researcher.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">Whose trust.</param>
/// <param name="FromScore">The score before.</param>
/// <param name="ToScore">The score now.</param>
/// <param name="ModelVersion">Version of the trust model.</param>
/// <param name="Cause">The retraction, merge, withdrawal or model that led to it.</param>
[PublishedBy(Sources.Trust)]
public sealed record TrustRestated(
    EventOrigin Origin, Guid ResearcherId, int FromScore, int ToScore, int ModelVersion, TrustCause Cause)
    : IIntegrationEvent;

/// <summary>What one factor gives.</summary>
/// <param name="Factor"><c>record</c>, <c>works</c>, <c>identity</c>, <c>topics</c>, <c>collaborators</c> or <c>followers</c>.</param>
/// <param name="Evidence">How much of it there is (works, topics, collaborators; 1 or 0 for the record).</param>
/// <param name="Points">Whole points shown; they sum to the score.</param>
/// <param name="Max">The most this factor can give.</param>
/// <param name="Why">In plain language.</param>
public sealed record TrustContribution(string Factor, int Evidence, int Points, int Max, string Why);

/// <summary>Why a statement changed.</summary>
/// <param name="Type">The event that led to it, for example <c>WorkPublished</c>.</param>
/// <param name="EventId">Its id.</param>
/// <param name="Reason">In plain language.</param>
/// <param name="WorkId">The work behind it, where one is.</param>
public sealed record TrustCause(string Type, Guid EventId, string Reason, Guid? WorkId = null);
