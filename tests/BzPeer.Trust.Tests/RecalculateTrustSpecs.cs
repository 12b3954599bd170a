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

    private static readonly TrustModel Model = TrustModel.First;

    private static string[] Reasons(TrustRecord record, params BibliographyChanged[] bibliographies) =>
        [.. RecalculateTrust.Decide(Model, record, bibliographies, Now).OfType<EvidenceReceived>().SelectMany(received => received.Causes ?? [received.Cause]).Select(cause => cause.Reason)];

    [Fact]
    public void A_rise_is_put_down_to_every_work_that_counts_whichever_message_told_of_it()
    {
        BibliographyChanged[] both = [Bibliography(5, validated: 2, 0, "Second"), Bibliography(4, validated: 1, 0, "First")];

        var decided = RecalculateTrust.Decide(Model, Registered, both, Now);

        decided.OfType<EvidenceReceived>().Single().ShouldSatisfyAllConditions(
            received => (received.BibliographyVersion, received.Evidence.ValidatedWorks).ShouldBe((5, 2)), received => received.Factors.ShouldBe(["works"]));
        Reasons(Registered, both).ShouldBe(["published: First", "published: Second"]);
        decided.OfType<Recalculated>().Single().Cause.Reason.ShouldBe("published: Second (and 1 more)");
    }

    [Fact]
    public void A_self_asserted_work_is_never_what_a_rise_is_put_down_to()
    {
        BibliographyChanged[] both = [Bibliography(4, validated: 1, 0, "Validated"), Bibliography(5, validated: 1, selfAsserted: 1, "Self-asserted")];

        Reasons(Registered, both).ShouldBe(["published: Validated"]);
    }

    [Fact]
    public void What_is_known_already_causes_nothing_again()
    {
        var held = Registered.Apply(new EvidenceReceived(Ada, Registered.Evidence with { ValidatedWorks = 1 }, 4, new(nameof(WorkPublished), Guid.NewGuid(), "")));

        Reasons(held, Bibliography(4, validated: 1, 0, "Old"), Bibliography(5, validated: 2, 0, "New")).ShouldBe(["published: New"]);
    }

    [Fact]
    public void The_same_evidence_in_a_newer_bibliography_is_no_news()
    {
        var held = Registered.Apply(new EvidenceReceived(Ada, Registered.Evidence with { ValidatedWorks = 1 }, 4, new(nameof(WorkPublished), Guid.NewGuid(), "")));

        RecalculateTrust.Decide(Model, held, [Bibliography(5, validated: 1, 0, "Corrected")], Now).ShouldBeEmpty();
    }

    [Fact]
    public void A_fall_because_somebody_unfollowed_is_no_restatement_and_any_other_is()
    {
        var held = Registered with { Evidence = Registered.Evidence with { Claimed = true, Validations = [new("identity", "orcid")], Flow = new(3.5, Model.Flow) }, Score = 32 };
        Fall(new(nameof(ResearcherUnfollowed), Guid.NewGuid(), "")).ShouldBeEmpty();
        Fall(new(nameof(RingMarked), Guid.NewGuid(), "")).Single().ShouldSatisfyAllConditions(
            restated => (restated.FromScore, restated.ToScore).ShouldBe((32, 17)), restated => restated.Cause.Type.ShouldBe(nameof(RingMarked)));

        IEnumerable<Restated> Fall(Cause cause) => RecalculateTrust.Restate(Model, held, Ada, held.Evidence with { Flow = new(0, Model.Flow) }, [cause], Now).OfType<Restated>();
    }

    [Fact]
    public void Behind_a_factor_stand_the_events_that_moved_it_newest_first()
    {
        var record = Registered;
        for (var n = 1; n <= 7; n++) record = RecalculateTrust.Decide(Model, record, [Bibliography(n, validated: n, 0, $"Paper {n}")], Now).Aggregate(record, (state, e) => state.Apply(e));

        record.Behind["works"].Total.ShouldBe(7);
        record.Behind["works"].Newest.Select(e => e.Reason).ShouldBe(["published: Paper 7", "published: Paper 6", "published: Paper 5", "published: Paper 4", "published: Paper 3"]);
        record.Behind.Keys.ShouldBe(["works"]);
    }
}
