using BzPeer.Contracts;
using Shouldly;
using Xunit;

namespace BzPeer.Profile.Tests;

/// <summary>The decisions, without any store.</summary>
public sealed class ProfileSpecs
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly Guid Ada = new("00000000-0000-0000-0000-00000000000a");

    private static AuthorIdentified Author(long version, string name = "Ada Lovelace", string? orcid = null) => new(
        new EventOrigin(Guid.NewGuid(), Now, Sources.Publication, Ada, version, 0, Ada, version), Ada, name, "arxiv", orcid, null, [], null);

    private static StoredProfile Stored(long imported, string? headline = null) =>
        new(new ResearcherProfile(Ada, "Ada Lovelace", "arxiv", headline, true, null, null, null, []), imported, 3);

    [Fact]
    public void An_author_nobody_knows_is_registered_open_to_collaborate_and_without_a_headline()
    {
        var registered = RegisterResearcher.Decide(null, Author(1), Now).ShouldBeOfType<Registered>();
        (registered.Profile.Name, registered.Profile.Headline, registered.Profile.OpenToCollaborate, registered.Profile.RegisteredFrom)
            .ShouldBe(("Ada Lovelace", null, true, "arxiv"));
    }

    [Fact]
    public void An_older_or_repeated_import_changes_nothing()
    {
        RegisterResearcher.Decide(Stored(imported: 2), Author(2), Now).ShouldBeNull();
        RegisterResearcher.Decide(Stored(imported: 2), Author(1), Now).ShouldBeNull();
    }

    [Fact]
    public void A_newer_import_keeps_what_the_researcher_wrote()
    {
        var changed = RegisterResearcher.Decide(Stored(imported: 1, headline: "Engines"), Author(2, orcid: "0000-0002-1825-0097"), Now).ShouldBeOfType<Changed>();
        (changed.Profile.Headline, changed.Profile.Orcid, changed.ImportedVersion).ShouldBe(("Engines", "0000-0002-1825-0097", 2));
    }

    [Fact]
    public void Editing_says_only_what_changed()
    {
        var changed = EditProfile.Decide(Stored(1), new ProfileEdit("Engines", null), Now)!;
        (changed.Profile.Headline, changed.Profile.OpenToCollaborate).ShouldBe(("Engines", true));
        EditProfile.Decide(Stored(1, "Engines"), new ProfileEdit("Engines", true), Now).ShouldBeNull();
        EditProfile.Decide(Stored(1, "Engines"), new ProfileEdit("", null), Now)!.Profile.Headline.ShouldBeNull();
    }
}
