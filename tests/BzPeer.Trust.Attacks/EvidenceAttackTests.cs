using Shouldly;
using Xunit;

namespace BzPeer.Trust.Attacks;

/// <summary>Attacks on the other factors of a score: D, papers made for it, and E, fakes who have an ORCID account of their own.</summary>
public sealed class EvidenceAttackTests
{
    private static readonly Evidence Fake = Evidence.None;
    private static readonly Evidence Imported = Evidence.None with { RegisteredFrom = "arxiv" };

    private static Evidence WithOrcid(Evidence evidence) => evidence with { Claimed = true, Validations = [new("identity", "orcid", "sign-in")] };

    private static int Score(Evidence evidence) => TrustModel.First.Evaluate(evidence).Score;

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(100_000)]
    public void Papers_that_only_their_authors_vouch_for_gain_nothing(int papers)
    {
        foreach (var author in new[] { Fake, Imported, WithOrcid(Imported) }) Score(author with { SelfAssertedWorks = papers }).ShouldBe(Score(author));
    }

    [Theory]
    [InlineData(6)]
    [InlineData(1_000_000)]
    public void Imported_papers_take_a_profile_that_nobody_verified_to_21_and_no_further(int papers) =>
        Score(Imported with { ValidatedWorks = papers, Topics = papers, CloseCollaborators = papers }).ShouldBe(21);

    [Fact]
    public void A_hundred_fake_authors_of_one_real_paper_gain_the_points_of_one_work_each()
    {
        // With a hundred others on a paper nobody is anybody's close collaborator, and its topics count for verified profiles only.
        var author = Imported with { ValidatedWorks = 1, Topics = 3 };
        (Score(author) - Score(Imported)).ShouldBe(2);
    }

    [Fact]
    public void Retracted_papers_gain_nothing() => Score(Imported with { RetractedWorks = 50 }).ShouldBe(Score(Imported));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_fake_with_an_ORCID_account_gains_what_the_account_is_worth_and_no_more(int works)
    {
        var before = Imported with { ValidatedWorks = works };
        (Score(WithOrcid(before)) - Score(before)).ShouldBe(8);
        // Any number of accounts is one source.
        Score(before with { Claimed = true, Validations = [.. Enumerable.Repeat(new Validation("identity", "orcid", "sign-in"), 100)] }).ShouldBe(Score(WithOrcid(before)));
    }

    [Fact]
    public void Accounts_elsewhere_make_nobody_a_seed_however_many_works_there_are() =>
        (Imported with { ValidatedWorks = 1_000, Claimed = true, Validations = [new("identity", "orcid", "sign-in"), new("affiliation", "orcid", "sign-in")] }).IsSeed(TrustModel.First.SeedWorks).ShouldBeFalse();

    [Fact]
    public void A_newcomer_with_one_validated_work_has_11_without_any_follower() => TrustModel.First.Evaluate(Imported with { ValidatedWorks = 1 }).ShouldSatisfyAllConditions(
        trust => trust.Score.ShouldBe(11),
        trust => trust.Level.ShouldBe("Baseline"));
}
