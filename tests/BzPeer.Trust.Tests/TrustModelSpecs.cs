using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Trust.Tests;

/// <summary>Model 1: its calibration, its caps, and that what it shows sums.</summary>
public sealed class TrustModelSpecs
{
    private static Evidence Import(int works, int topics = 0, int collaborators = 0) => Evidence.None with
    {
        RegisteredFrom = "arxiv",
        ValidatedWorks = works,
        Topics = topics,
        CloseCollaborators = collaborators,
    };

    private static Evidence Verified(int works, int topics = 0, int collaborators = 0) =>
        Import(works, topics, collaborators) with { Claimed = true, Validations = [new("identity", "orcid")] };

    [Theory]
    [InlineData(1, 1, 11)]
    [InlineData(2, 1, 13)]
    [InlineData(3, 1, 15)]
    [InlineData(5, 1, 19)]
    [InlineData(9, 16, 21)]
    [InlineData(17, 3, 21)]
    public void The_six_observed_profiles_have_their_scores(int works, int topics, int score) =>
        TrustModel.Evaluate(Import(works, topics)).Score.ShouldBe(score);

    [Fact]
    public void The_seed_page_is_11_Baseline_made_of_9_and_2()
    {
        var result = TrustModel.Evaluate(Import(works: 1, topics: 1, collaborators: 4));
        (result.Score, result.Level).ShouldBe((11, "Baseline"));
        result.Contributions.Where(c => c.Points > 0).Select(c => (c.Factor, c.Evidence, c.Points, c.Max, c.Why))
            .ShouldBe([("record", 1, 9, 9, "registered from arXiv"), ("works", 1, 2, 12, "1 validated work")]);
    }

    [Theory]
    [InlineData(0, "Baseline")]
    [InlineData(20, "Baseline")]
    [InlineData(21, "Emerging")]
    [InlineData(44, "Emerging")]
    [InlineData(45, "Established")]
    [InlineData(69, "Established")]
    [InlineData(70, "Trusted")]
    [InlineData(100, "Trusted")]
    public void Levels_are_bands_of_the_score(int score, string level) => TrustModel.LevelOf(score).ShouldBe(level);

    [Fact]
    public void Verified_profiles_get_works_beyond_six_topics_and_collaborators()
    {
        // 9 + min(30, 12 + 6*log2(12/6)) + 8 + 2*log2(1+3) + 4
        TrustModel.Evaluate(Verified(works: 12, topics: 3, collaborators: 4)).Score.ShouldBe(9 + 18 + 8 + 4 + 4);
        TrustModel.Evaluate(Verified(works: 100_000, topics: 100, collaborators: 100)).Score.ShouldBe(9 + 30 + 8 + 6 + 10);
    }

    [Fact]
    public void Identity_is_worth_8_for_ORCID_7_for_an_affiliation_5_for_a_second_source_and_nothing_unclaimed()
    {
        Validation[] all = [new("identity", "orcid"), new("identity", "university"), new("affiliation", "ror")];
        int Points(bool claimed, params Validation[] validations) =>
            TrustModel.Evaluate(Import(0) with { Claimed = claimed, Validations = validations }).Contributions.Single(c => c.Factor == "identity").Points;
        Points(true, all).ShouldBe(20);
        Points(true, all[0]).ShouldBe(8);
        Points(true, all[2]).ShouldBe(7);
        Points(true, all[1]).ShouldBe(0);
        Points(true).ShouldBe(0);
        Points(false, all).ShouldBe(0);
    }

    [Fact]
    public void A_self_asserted_work_earns_nothing_and_the_statement_says_why()
    {
        var result = TrustModel.Evaluate(Import(1) with { SelfAssertedWorks = 1 });
        result.Score.ShouldBe(11);
        result.Contributions.Single(c => c.Factor == "works").Why.ShouldBe("1 validated work; 1 self-asserted work not counted: only an author vouches for it");
    }

    [Fact]
    public void Followers_give_no_points_yet_and_the_statement_says_so() =>
        TrustModel.Evaluate(Verified(3)).Contributions.Single(c => c.Factor == "followers").ShouldSatisfyAllConditions(
            followers => followers.Points.ShouldBe(0), followers => followers.Max.ShouldBe(25), followers => followers.Why.ShouldContain("no points yet"));

    [Fact]
    public void Whatever_the_evidence_contributions_sum_to_the_score_within_their_caps_and_it_equals_the_formula_written_anew()
    {
        var evidence = Gen.Select(Gen.Int[0, 400], Gen.Int[0, 80], Gen.Int[0, 40], Gen.Bool, Gen.Int[0, 3].Select(i => Standing[i]),
            (works, topics, collaborators, claimed, validations) => Import(works, topics, collaborators) with { Claimed = claimed, Validations = validations });

        evidence.Sample(e =>
        {
            var result = TrustModel.Evaluate(e);
            result.Contributions.Sum(c => c.Points).ShouldBe(result.Score);
            result.Contributions.ShouldAllBe(c => c.Points >= 0 && c.Points <= c.Max && c.Why.Length > 0);
            result.Contributions.Select(c => c.Factor).ShouldBe(["record", "works", "identity", "topics", "collaborators", "followers"]);
            result.Score.ShouldBe(Reference(e));
            if (!(e.Claimed && e.Validations.Any(v => v.Kind == "identity")) && !e.Claimed) result.Score.ShouldBeLessThanOrEqualTo(21);
        }, iter: 2_000);
    }

    private static readonly Validation[][] Standing =
    [
        [], [new("identity", "orcid")], [new("affiliation", "ror")], [new("identity", "a"), new("identity", "orcid"), new("affiliation", "ror")],
    ];

    /// <summary>The design's table, transcribed without looking at the service.</summary>
    private static int Reference(Evidence e)
    {
        var verified = e.Claimed && e.Validations.Any(v => v.Kind == "identity");
        double sum = 9;
        sum += e.ValidatedWorks <= 6 ? 2 * e.ValidatedWorks : verified ? Math.Min(30, 12 + 6 * (Math.Log(e.ValidatedWorks / 6.0) / Math.Log(2))) : 12;
        if (e.Claimed)
        {
            if (e.Validations.Contains(new Validation("identity", "orcid"))) sum += 8;
            if (e.Validations.Any(v => v.Kind == "affiliation")) sum += 7;
            if (e.Validations.Where(v => v.Kind == "identity").DistinctBy(v => v.Source).Count() > 1) sum += 5;
        }

        if (verified) sum += Math.Min(6, 2 * Math.Log(1 + e.Topics, 2)) + Math.Min(10, e.CloseCollaborators);
        return (int)Math.Floor(sum + 0.5);
    }
}
