using Shouldly;
using Xunit;

namespace BzPeer.Profile.Tests;

/// <summary>What is decided about claims and validations, without any store.</summary>
public sealed class PersonSpecs
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly Guid Ada = new("00000000-0000-0000-0000-00000000000a");
    private static readonly Guid Gone = new("00000000-0000-0000-0000-00000000000b");
    private static readonly Guid Curator = new("00000000-0000-0000-0000-00000000000c");
    private static readonly Vouching Iris = new("identity", "orcid", "0000-0002-1825-0097");

    private static OneProfile Profile(Guid id, bool isClaimed = false, long revoked = 0, long vouched = 0, params string[] orcids) =>
        new(id, 1, 1, orcids, isClaimed ? Now : null, revoked, vouched);

    private static Person Person(params OneProfile[] profiles) => new(Ada, profiles, []);

    private static Validation Made(Vouching vouching, string method = Validations.ByCurator, Guid? about = null, bool isTakenBack = false) =>
        new(Guid.NewGuid(), about ?? Ada, vouching.Kind, vouching.Source, vouching.Value, method, Now, isTakenBack ? Now : null);

    [Fact]
    public void A_claim_is_made_once_and_one_that_came_by_a_merge_is_theirs()
    {
        Claims.Decide(Person(Profile(Ada)), Now).ShouldBe(new Claimed(Ada, Now));
        Claims.Decide(Person(Profile(Ada, isClaimed: true)), Now).ShouldBeNull();
        Claims.Decide(Person(Profile(Ada), Profile(Gone, isClaimed: true)), Now).ShouldBeNull();
    }

    [Fact]
    public void To_end_a_claim_ends_every_one_that_stands_and_says_whether_a_curator_did()
    {
        Claims.Withdraw(Person(Profile(Ada), Profile(Gone)), "why", Ada, Now).ShouldBeEmpty();
        Claims.Withdraw(Person(Profile(Ada, isClaimed: true), Profile(Gone, isClaimed: true)), null, Ada, Now)
            .ShouldBe([new(Ada, null, Ada, ByCurator: false, Now), new(Gone, null, Ada, ByCurator: false, Now)]);
        Claims.Withdraw(Person(Profile(Ada), Profile(Gone, isClaimed: true)), "Somebody else", Curator, Now)
            .ShouldBe([new Unclaimed(Gone, "Somebody else", Curator, ByCurator: true, Now)]);
    }

    [Theory]
    [InlineData(0, 0, 0, true)]
    [InlineData(7, 0, 0, false)]
    [InlineData(7, 5, 0, false)]
    [InlineData(7, 9, 0, true)]
    [InlineData(7, 0, 9, true)]
    [InlineData(7, 0, 6, false)]
    public void Whose_claim_a_curator_ended_claims_again_once_one_has_validated_their_identity_after_that(long revoked, long vouched, long vouchedOfMerged, bool may) =>
        Person(Profile(Ada, revoked: revoked, vouched: vouched), Profile(Gone, vouched: vouchedOfMerged)).MayClaim.ShouldBe(may);

    [Fact]
    public void The_same_is_validated_once_by_each_method_while_it_stands()
    {
        Person Having(params Validation[] made) => new(Ada, [Profile(Ada), Profile(Gone)], made);
        Validated? By(string method, Person person) => Validations.Decide(person, Iris, method, Curator, Now);

        var first = By("curator", Having())!;
        (first.ResearcherId, first.Kind, first.Source, first.Value, first.Method, first.By).ShouldBe((Ada, "identity", "orcid", "0000-0002-1825-0097", "curator", Curator));
        By("curator", Having(Made(Iris))).ShouldBeNull();
        By("curator", Having(Made(Iris, about: Gone))).ShouldBeNull("who was merged into them is them");
        By("curator", Having(Made(Iris, isTakenBack: true))).ShouldNotBeNull();
        By("curator", Having(Made(Iris with { Kind = "affiliation" }), Made(Iris with { Source = "registry" }), Made(Iris with { Value = "0000-0002-1694-233X" }))).ShouldNotBeNull();
        By("sign-in", Having(Made(Iris))).ShouldNotBeNull("to sign in says something else than a curator does");
        By("curator", Having(Made(Iris, Validations.BySignIn))).ShouldNotBeNull();
        By("sign-in", Having(Made(Iris, Validations.BySignIn))).ShouldBeNull();
    }

    [Fact]
    public void A_validation_is_taken_back_once_from_the_profile_it_was_made_about()
    {
        var (standing, merged, gone) = (Made(Iris), Made(Iris with { Source = "registry" }, about: Gone), Made(Iris, isTakenBack: true));
        var person = new Person(Ada, [Profile(Ada), Profile(Gone)], [standing, merged, gone]);
        Validations.Withdraw(person, standing.Id, "wrong", Curator, Now).ShouldBe(new Invalidated(Ada, standing.Id, "wrong", Curator, Now));
        Validations.Withdraw(person, merged.Id, null, Curator, Now)!.ResearcherId.ShouldBe(Gone);
        Validations.Withdraw(person, gone.Id, null, Curator, Now).ShouldBeNull();
        Validations.Withdraw(person, Guid.NewGuid(), null, Curator, Now).ShouldBeNull();
    }

    [Fact]
    public void Who_is_known_by_an_ORCID_iD_has_no_other_one()
    {
        Validations.Contradiction(Person(Profile(Ada)), Iris).ShouldBeNull();
        Validations.Contradiction(Person(Profile(Ada, orcids: "0000-0002-1825-0097")), Iris).ShouldBeNull();
        Validations.Contradiction(Person(Profile(Ada), Profile(Gone, orcids: "0000-0002-1825-0097")), Iris).ShouldBeNull();
        Validations.Contradiction(Person(Profile(Ada), Profile(Gone, orcids: "0000-0002-1694-233X")), Iris)!.ShouldContain("0000-0002-1694-233X");
        Validations.Contradiction(Person(Profile(Ada, orcids: "0000-0002-1694-233X")), Iris with { Source = "registry" }).ShouldBeNull();
        Validations.Contradiction(Person(Profile(Ada, orcids: "0000-0002-1694-233X")), Iris with { Kind = "affiliation" }).ShouldBeNull();
    }
}
