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
            e.Data.Profile.Affiliation?.Institution, e.Data.Profile.Orcid, e.Data.Profile.OpenAlex));
}
