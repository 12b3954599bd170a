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
        TrustModel.First.Evaluate(Import(works, topics)).Score.ShouldBe(score);

    [Fact]
    public void The_seed_page_is_11_Baseline_made_of_9_and_2()
    {
        var result = TrustModel.First.Evaluate(Import(works: 1, topics: 1, collaborators: 4));
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
    public void Levels_are_bands_of_the_score(int score, string level) => TrustModel.First.LevelOf(score).ShouldBe(level);

    [Fact]
    public void Verified_profiles_get_works_beyond_six_topics_and_collaborators()
    {
        // 9 + min(30, 12 + 6*log2(12/6)) + 8 + 2*log2(1+3) + 4
        TrustModel.First.Evaluate(Verified(works: 12, topics: 3, collaborators: 4)).Score.ShouldBe(9 + 18 + 8 + 4 + 4);
        TrustModel.First.Evaluate(Verified(works: 100_000, topics: 100, collaborators: 100)).Score.ShouldBe(9 + 30 + 8 + 6 + 10);
    }

    [Fact]
    public void Identity_is_worth_8_for_ORCID_7_for_an_affiliation_5_for_a_second_source_and_nothing_unclaimed()
    {
        Validation[] all = [new("identity", "orcid"), new("identity", "university"), new("affiliation", "ror")];
        int Points(bool claimed, params Validation[] validations) =>
            TrustModel.First.Evaluate(Import(0) with { Claimed = claimed, Validations = validations }).Contributions.Single(c => c.Factor == "identity").Points;
        Points(true, all).ShouldBe(20);
        Points(true, all[0]).ShouldBe(8);
        Points(true, all[2]).ShouldBe(7);
        Points(true, all[1]).ShouldBe(0);
        Points(true).ShouldBe(0);
        Points(false, all).ShouldBe(0);
    }

    [Fact]
    public void A_statement_never_says_that_nothing_is_validated_where_something_is()
    {
        string Why(params Validation[] validations) =>
            TrustModel.First.Evaluate(Import(0) with { Claimed = true, Validations = validations }).Contributions.Single(c => c.Factor == "identity").Why;
        Why().ShouldBe("claimed, not validated yet");
        Why(new Validation("identity", "a registry")).ShouldStartWith("identity validated by a registry, which verifies the profile");
    }

    [Fact]
    public void A_self_asserted_work_earns_nothing_and_the_statement_says_why()
    {
        var result = TrustModel.First.Evaluate(Import(1) with { SelfAssertedWorks = 1 });
        result.Score.ShouldBe(11);
        result.Contributions.Single(c => c.Factor == "works").Why.ShouldBe("1 validated work; 1 self-asserted work not counted: only an author vouches for it");
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.5, 5)]
    [InlineData(3.5, 15)]
    [InlineData(1_000, 25)]
    public void Followers_give_a_verified_profile_points_by_the_trust_that_reaches_them(double effective, int points) =>
        TrustModel.First.Evaluate(Verified(3) with { Flow = new(effective, TrustModel.First.Flow) }).Contributions.Single(c => c.Factor == "followers").ShouldSatisfyAllConditions(
            followers => followers.Points.ShouldBe(points), followers => followers.Max.ShouldBe(25), followers => followers.Why.ShouldContain("their number alone gives nothing"));

    [Fact]
    public void Followers_give_an_unverified_profile_nothing_and_the_statement_says_what_they_would() =>
        TrustModel.First.Evaluate(Import(3) with { Flow = new(3.5, TrustModel.First.Flow) }).Factors.Single(factor => factor.Factor == "followers").ShouldSatisfyAllConditions(
            followers => followers.Points.ShouldBe(0), followers => followers.Next!.Points.ShouldBe(15), followers => followers.Next!.What.ShouldBe("claim and verify the profile"));

    [Fact]
    public void A_flow_of_other_parameters_is_no_evidence_for_a_model_and_the_one_held_from_before_is()
    {
        var before = TrustModel.First;
        var after = before with { Version = 7, Flow = before.Flow with { Decay = 0.5 } };
        var evidence = Verified(3) with { Flow = new(3.5, after.Flow), FlowBefore = new(0.5, before.Flow) };

        Points(after).ShouldBe(15);
        Points(before).ShouldBe(5);
        Points(before with { Flow = before.Flow with { Rounds = 2 } }).ShouldBe(0);

        int Points(TrustModel model) => model.Evaluate(evidence).Contributions.Single(c => c.Factor == "followers").Points;
    }

    [Fact]
    public void The_next_step_of_each_factor_adds_what_it_says()
    {
        var evidence = Gen.Select(Gen.Int[0, 40], Gen.Int[0, 12], Gen.Int[0, 12], Gen.Bool, Gen.Int[0, 3].Select(i => Standing[i]), Gen.Int[0, 20_000].Select(thousandths => thousandths / 1_000.0),
            (works, topics, collaborators, claimed, validations, flow) =>
                Import(works, topics, collaborators) with { Claimed = claimed, Validations = validations, Flow = new(flow, TrustModel.First.Flow) });

        evidence.Sample(e =>
        {
            foreach (var factor in TrustModel.First.Evaluate(e).Factors)
            {
                if (factor.Next is null)
                {
                    factor.Exact.ShouldBe(factor.Max, 0.001, $"{factor.Factor} has no next step and is at its cap");
                    continue;
                }

                factor.Next.Points.ShouldBeGreaterThan(0);
                Exact(After(e, factor), factor.Factor).ShouldBe(factor.Exact + factor.Next.Points, 0.002, $"{factor.Factor}: {factor.Next.What}");
            }
        }, iter: 2_000);

        static double Exact(Evidence e, string factor) => TrustModel.First.Evaluate(e).Factors.Single(f => f.Factor == factor).Exact;
    }

    /// <summary>The evidence once the step was done, read from its words.</summary>
    private static Evidence After(Evidence e, FactorResult factor)
    {
        var what = factor.Next!.What;
        if (what.Contains("claim and verify the profile", StringComparison.Ordinal))
        {
            e = e with { Claimed = true, Validations = [.. e.Validations, new("identity", "a curator")] };
            if (what.StartsWith("claim and verify the profile: more than", StringComparison.Ordinal)) e = e with { ValidatedWorks = Math.Max(e.ValidatedWorks, 7) };
        }
        else if (what.Contains("claim the profile", StringComparison.Ordinal)) e = e with { Claimed = true };

        if (what.Contains("ORCID iD validated", StringComparison.Ordinal)) e = e with { Validations = [.. e.Validations, new("identity", "orcid")] };
        if (what.Contains("affiliation validated", StringComparison.Ordinal)) e = e with { Validations = [.. e.Validations, new("affiliation", "ror")] };
        if (what.Contains("second source", StringComparison.Ordinal)) e = e with { Validations = [.. e.Validations, new("identity", "another")] };
        if (what.Contains("one more validated work", StringComparison.Ordinal)) e = e with { ValidatedWorks = e.ValidatedWorks + 1 };
        if (what.Contains("one more topic", StringComparison.Ordinal)) e = e with { Topics = e.Topics + 1 };
        if (what.Contains("one more close collaborator", StringComparison.Ordinal)) e = e with { CloseCollaborators = e.CloseCollaborators + 1 };
        if (what.Contains("one more follower", StringComparison.Ordinal)) e = e with { Flow = e.Flow! with { EffectiveFollowers = e.Flow.EffectiveFollowers + 1 } };
        return e;
    }

    [Fact]
    public void A_rise_is_told_at_once_and_a_fall_two_points_below_the_level()
    {
        (int Score, string Told)[] told = [.. new[] { 21, 20, 21, 20, 19, 20, 21, 70, 69, 68, 21, 0 }.Aggregate(new List<(int Score, string Told)> { (0, "Baseline") },
            (all, score) => [.. all, (score, TrustModel.First.LevelToTell(score, all[^1].Told))])];

        told.Skip(1).Select(t => t.Told).ShouldBe(
            ["Emerging", "Emerging", "Emerging", "Emerging", "Baseline", "Baseline", "Emerging", "Trusted", "Trusted", "Established", "Emerging", "Baseline"]);
    }

    [Fact]
    public void A_model_that_breaks_a_rule_names_it()
    {
        TrustModel.First.BrokenRule().ShouldBeNull();
        TrustModel.Second.BrokenRule().ShouldBeNull();
        (TrustModel.First with { FollowersMax = 26 }).BrokenRule().ShouldBe("All caps together are at most 100.");
        (TrustModel.First with { EstablishedFrom = 21 }).BrokenRule().ShouldBe("The levels begin at rising scores between 1 and 100.");
        (TrustModel.First with { PointsPerWork = double.NaN }).BrokenRule().ShouldNotBeNull();
        (TrustModel.First with { PointsPerWork = -1 }).BrokenRule().ShouldNotBeNull();
        (TrustModel.First with { SeedWorks = 0 }).BrokenRule().ShouldBe("A seed has at least one validated work.");
        (TrustModel.First with { Flow = TrustModel.First.Flow with { Decay = 1.5 } }).BrokenRule().ShouldNotBeNull();
    }

    [Fact]
    public void A_seed_is_vouched_for_by_a_curator_twice_and_has_three_works()
    {
        Validation identity = new("identity", "orcid"), affiliation = new("affiliation", "ror"), signedIn = new("identity", "orcid", "sign-in");
        (Import(3) with { Validations = [identity, affiliation] }).IsSeed(3).ShouldBeTrue();
        (Import(2) with { Validations = [identity, affiliation] }).IsSeed(3).ShouldBeFalse();
        (Import(3) with { Validations = [signedIn, affiliation] }).IsSeed(3).ShouldBeFalse();
        (Import(3) with { Validations = [identity] }).IsSeed(3).ShouldBeFalse();
    }

    [Fact]
    public void Whatever_the_evidence_contributions_sum_to_the_score_within_their_caps_and_it_equals_the_formula_written_anew()
    {
        var evidence = Gen.Select(Gen.Int[0, 400], Gen.Int[0, 80], Gen.Int[0, 40], Gen.Bool, Gen.Int[0, 3].Select(i => Standing[i]), Gen.Int[0, 40_000].Select(thousandths => thousandths / 1_000.0),
            (works, topics, collaborators, claimed, validations, flow) =>
                Import(works, topics, collaborators) with { Claimed = claimed, Validations = validations, Flow = new(flow, TrustModel.First.Flow) });

        evidence.Sample(e =>
        {
            var result = TrustModel.First.Evaluate(e);
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

        if (verified && e.Flow is { } flow) sum += Math.Min(25, 5 * Math.Log(1 + 2 * flow.EffectiveFollowers, 2));
        if (verified) sum += Math.Min(6, 2 * Math.Log(1 + e.Topics, 2)) + Math.Min(10, e.CloseCollaborators);
        return (int)Math.Floor(sum + 0.5);
    }
}
