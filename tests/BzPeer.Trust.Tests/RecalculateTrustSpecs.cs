using BzPeer.Contracts;
using Shouldly;
using Xunit;

namespace BzPeer.Trust.Tests;

/// <summary>What a change of trust is put down to when several bibliographies arrive at once.</summary>
public sealed class RecalculateTrustSpecs
{
    private static readonly Guid Ada = new("00000000-0000-0000-0000-00000000000a");
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly TrustRecord Registered = TrustRecord.Unknown with { Evidence = Evidence.None with { RegisteredFrom = "arxiv" }, Score = 9, StreamVersion = 2, Position = 2 };

    private static BibliographyChanged Bibliography(long version, int validated, int selfAsserted, string title) => new(
        new EventOrigin(Guid.NewGuid(), Now, Sources.Publication, Ada, version, 0, Ada, version), Ada, validated + selfAsserted, validated, selfAsserted, 0, 0, 0,
        [new BibliographyCause(nameof(WorkPublished), Guid.NewGuid(), Guid.NewGuid(), title)], version);

    private static string?[] Titles(BibliographyChanged bibliography) => [.. bibliography.Causes.Select(cause => cause.Title)];

    [Fact]
    public void A_rise_is_put_down_to_every_work_that_counts_whichever_message_told_of_it()
    {
        BibliographyChanged[] both = [Bibliography(5, validated: 2, 0, "Second"), Bibliography(4, validated: 1, 0, "First")];

        var merged = RecalculateTrust.Merge(Registered, both);

        (merged.BibliographyVersion, merged.ValidatedWorks).ShouldBe((5, 2));
        Titles(merged).ShouldBe(["First", "Second"]);
        RecalculateTrust.Decide(Registered, merged, Now).OfType<Recalculated>().Single().Cause.Reason.ShouldBe("published: Second (and 1 more)");
    }

    [Fact]
    public void A_self_asserted_work_is_never_what_a_rise_is_put_down_to()
    {
        BibliographyChanged[] both = [Bibliography(4, validated: 1, 0, "Validated"), Bibliography(5, validated: 1, selfAsserted: 1, "Self-asserted")];

        Titles(RecalculateTrust.Merge(Registered, both)).ShouldBe(["Validated"]);
    }

    [Fact]
    public void What_is_known_already_causes_nothing_again()
    {
        var held = Registered.Apply(new EvidenceReceived(Ada, Registered.Evidence with { ValidatedWorks = 1 }, 4, new(nameof(WorkPublished), Guid.NewGuid(), "")));

        Titles(RecalculateTrust.Merge(held, [Bibliography(4, validated: 1, 0, "Old"), Bibliography(5, validated: 2, 0, "New")])).ShouldBe(["New"]);
    }
}
