using BzPeer.Contracts;
using BzPeer.ServiceDefaults;

namespace BzPeer.Profile;

/// <summary>From the stream events of this service to what it tells the others.</summary>
public static class ProfilePublisher
{
    /// <summary>Every public event of the profile service.</summary>
    public static Publications Publications { get; } = new Publications(Sources.Profile)
        .Add<Registered, ResearcherRegistered>(e => e.Data.Profile.ResearcherId, (e, origin) => new(
            origin, e.Data.Profile.ResearcherId, e.Data.Profile.Name, e.Data.Profile.RegisteredFrom, e.Data.Profile.Orcid, e.Data.Profile.OpenAlex))
        .Add<Changed, ProfileChanged>(e => e.Data.Profile.ResearcherId, (e, origin) => new(
            origin, e.Data.Profile.ResearcherId, e.Data.Profile.Name, e.Data.Profile.Headline, e.Data.Profile.OpenToCollaborate,
            e.Data.Profile.Affiliation?.Institution, e.Data.Profile.Orcid, e.Data.Profile.OpenAlex))
        .Add<Claimed, ProfileClaimed>(e => e.Data.ResearcherId, (e, origin) => new(origin, e.Data.ResearcherId))
        .Add<Unclaimed, ClaimWithdrawn>(e => e.Data.ResearcherId, (e, origin) => new(origin, e.Data.ResearcherId, e.Data.Reason))
        .Add<Validated, IdentityValidated>(e => e.Data.ResearcherId, (e, origin) => new(
            origin, e.Data.ResearcherId, e.Data.ValidationId, e.Data.Kind, e.Data.Source, e.Data.Value, e.Data.Method))
        .Add<Invalidated, ValidationWithdrawn>(e => e.Data.ResearcherId, (e, origin) => new(origin, e.Data.ResearcherId, e.Data.ValidationId, e.Data.Reason));
}
