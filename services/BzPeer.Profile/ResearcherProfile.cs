using BzPeer.Contracts;

namespace BzPeer.Profile;

/// <summary>Stream event: a researcher exists from now on. Carries the whole profile.</summary>
public sealed record Registered(ResearcherProfile Profile, long ImportedVersion, DateTimeOffset At);

/// <summary>Stream event: what the profile says changed, by import or by its owner. Carries the whole profile.</summary>
public sealed record Changed(ResearcherProfile Profile, long ImportedVersion, DateTimeOffset At);

/// <summary>
/// Who a researcher is: what sources of record say and what the researcher says about themselves. One stream per researcher.
/// </summary>
/// <param name="ResearcherId">Also the stream's id.</param>
/// <param name="Name">As the first source prints it.</param>
/// <param name="RegisteredFrom">The source that first named them.</param>
/// <param name="Headline">Written by the researcher; null for the default.</param>
/// <param name="OpenToCollaborate">True until the researcher says otherwise.</param>
/// <param name="Affiliation">Latest imported one, or null.</param>
/// <param name="Orcid">First seen iD.</param>
/// <param name="OpenAlex">First seen author id.</param>
/// <param name="Keys">Every external key, for search.</param>
public sealed record ResearcherProfile(
    Guid ResearcherId, string Name, string RegisteredFrom, string? Headline, bool OpenToCollaborate,
    Affiliation? Affiliation, string? Orcid, string? OpenAlex, IReadOnlyList<string> Keys);

/// <summary>A profile as the store has it.</summary>
/// <param name="Profile">Its latest state.</param>
/// <param name="ImportedVersion">Version of the newest import folded in; older ones are ignored.</param>
/// <param name="StreamVersion">Events in its stream.</param>
public sealed record StoredProfile(ResearcherProfile Profile, long ImportedVersion, long StreamVersion);
