namespace BzPeer.Contracts;

/// <summary>A researcher exists from now on. Subject: the researcher.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">The researcher.</param>
/// <param name="Name">Full name as the source prints it, diacritics and script kept.</param>
/// <param name="RegisteredFrom">Source of record that first named them: <c>openalex</c>, <c>crossref</c>, <c>arxiv</c>, <c>orcid</c>, or <c>curator</c> on a work posted through the API.</param>
/// <param name="Orcid">ORCID iD as <c>0000-0002-1825-0097</c>, or null.</param>
/// <param name="OpenAlex">OpenAlex author id as <c>A5023888391</c>, or null.</param>
[PublishedBy(Sources.Profile)]
public sealed record ResearcherRegistered(
    EventOrigin Origin, Guid ResearcherId, string Name, string RegisteredFrom, string? Orcid, string? OpenAlex)
    : IIntegrationEvent;

/// <summary>What a profile says changed. Carries the whole of it, so the newest version replaces any older one. Subject: the researcher.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">The researcher.</param>
/// <param name="Name">Full name.</param>
/// <param name="Headline">One line the researcher wrote, or null for the default.</param>
/// <param name="OpenToCollaborate">Whether they say so; true until they say otherwise.</param>
/// <param name="Affiliation">Latest imported affiliation, or null.</param>
/// <param name="Orcid">First seen ORCID iD, or null.</param>
/// <param name="OpenAlex">First seen OpenAlex author id, or null.</param>
[PublishedBy(Sources.Profile)]
public sealed record ProfileChanged(
    EventOrigin Origin, Guid ResearcherId, string Name, string? Headline, bool OpenToCollaborate,
    string? Affiliation, string? Orcid, string? OpenAlex)
    : IIntegrationEvent;

/// <summary>The person behind a profile claimed it. Worth no points by itself. Subject: the researcher.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">The researcher.</param>
[PublishedBy(Sources.Profile)]
public sealed record ProfileClaimed(EventOrigin Origin, Guid ResearcherId) : IIntegrationEvent;

/// <summary>
/// A claim no longer stands: its owner gave it back, or a curator found it wrong. Of claims and withdrawals the one with the greatest
/// <see cref="EventOrigin.Version"/> counts. Subject: the researcher.
/// </summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">The researcher.</param>
/// <param name="Reason">Why, in the words of who took it back, or null.</param>
[PublishedBy(Sources.Profile)]
public sealed record ClaimWithdrawn(EventOrigin Origin, Guid ResearcherId, string? Reason) : IIntegrationEvent;

/// <summary>An identity or affiliation was validated by a named source. Subject: the researcher.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">The researcher.</param>
/// <param name="ValidationId">Names this validation, to withdraw it by.</param>
/// <param name="Kind"><c>identity</c> or <c>affiliation</c>.</param>
/// <param name="ValidatedBy">Who vouches: <c>orcid</c>, <c>ror</c>, a registry's name.</param>
/// <param name="Value">What was validated: an iD, an institution.</param>
/// <param name="Method"><c>curator</c> when a curator looked at it, <c>sign-in</c> when the person signed in with the source: worth the same points, and never a seed.</param>
[PublishedBy(Sources.Profile)]
public sealed record IdentityValidated(
    EventOrigin Origin, Guid ResearcherId, Guid ValidationId, string Kind, string ValidatedBy, string Value, string Method = "curator")
    : IIntegrationEvent;

/// <summary>A validation no longer stands. Subject: the researcher.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">The researcher.</param>
/// <param name="ValidationId">The validation taken back; for good, whatever order the two arrive in.</param>
/// <param name="Reason">Why, in the words of who took it back, or null.</param>
[PublishedBy(Sources.Profile)]
public sealed record ValidationWithdrawn(EventOrigin Origin, Guid ResearcherId, Guid ValidationId, string? Reason = null) : IIntegrationEvent;

/// <summary>A researcher was erased: consumers forget what they keep about them. Subject: the researcher.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">The researcher.</param>
[PublishedBy(Sources.Profile)]
public sealed record ResearcherErased(EventOrigin Origin, Guid ResearcherId) : IIntegrationEvent;
