using System.Globalization;
using System.Text.Json.Serialization;
using BzPeer.Contracts;
using BzPeer.Trust.Flow;

namespace BzPeer.Trust;

/// <summary>A score with what it is made of; the points of the contributions sum to it.</summary>
public sealed record TrustResult(int Score, string Level, IReadOnlyList<FactorResult> Factors)
{
    /// <summary>What each factor gives, as others are told.</summary>
    public IReadOnlyList<TrustContribution> Contributions => [.. Factors.Select(factor => new TrustContribution(factor.Factor, factor.Evidence, factor.Points, factor.Max, factor.Why))];
}

/// <summary>What one factor gives.</summary>
/// <param name="Factor">One of <see cref="Trust.Factors"/>.</param>
/// <param name="Evidence">How much of it there is.</param>
/// <param name="Points">Whole points; all factors' sum to the score.</param>
/// <param name="Exact">Points before they are rounded.</param>
/// <param name="Max">The most it can give to this profile as it is.</param>
/// <param name="Why">In plain language.</param>
/// <param name="Next">What would raise it next; null when nothing can.</param>
public sealed record FactorResult(string Factor, int Evidence, int Points, double Exact, int Max, string Why, NextStep? Next);

/// <summary>The next step of one factor.</summary>
/// <param name="What">In plain language.</param>
/// <param name="Points">What it would add to the factor, before rounding.</param>
public sealed record NextStep(string What, double Points);

/// <summary>
/// One version of the trust model: its numbers, and the code that makes a statement of them, a pure function of the evidence. Points and caps
/// of <see cref="First"/> are those of the design's section 6; its calibration are six profiles of the original site, all unclaimed
/// imports, which fit 9 + 2 for each work, capped at 21.
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record TrustModel
{
    /// <summary>The model in force until another is switched to.</summary>
    public static readonly TrustModel First = new();

    /// <summary>
    /// Proposed, for a curator to try and to switch to: a follower with a full voice weighs half as much in the doubling, so that half of the
    /// points take between four and five of them, where <see cref="First"/> takes between two and three.
    /// </summary>
    public static readonly TrustModel Second = First with { Version = 2, FollowersScale = 1 };

    /// <summary>Part of every statement and ledger entry.</summary>
    public int Version { get; init; } = 1;

    /// <summary>For being registered from a source of record.</summary>
    public int RecordPoints { get; init; } = 9;

    /// <summary>For each validated work, up to <see cref="WorksInFull"/>.</summary>
    public double PointsPerWork { get; init; } = 2;

    /// <summary>Works that count in full; more only for a verified profile, and ever less.</summary>
    public int WorksInFull { get; init; } = 6;

    /// <summary>Of a verified profile, for each doubling of the works that count in full.</summary>
    public double PointsPerDoublingOfWorks { get; init; } = 6;

    /// <summary>The most that works give to a verified profile.</summary>
    public int WorksMax { get; init; } = 30;

    /// <summary>For an identity validated by ORCID.</summary>
    public int OrcidPoints { get; init; } = 8;

    /// <summary>For a validated affiliation.</summary>
    public int AffiliationPoints { get; init; } = 7;

    /// <summary>For an identity validated by a second source.</summary>
    public int SecondSourcePoints { get; init; } = 5;

    /// <summary>Of a verified profile, for each doubling of 1 + topics.</summary>
    public double PointsPerDoublingOfTopics { get; init; } = 2;

    /// <summary>The most that topics give.</summary>
    public int TopicsMax { get; init; } = 6;

    /// <summary>Of a verified profile, for each close collaborator.</summary>
    public double PointsPerCollaborator { get; init; } = 1;

    /// <summary>The most that close collaborators give.</summary>
    public int CollaboratorsMax { get; init; } = 10;

    /// <summary>Of a verified profile, for each doubling of 1 + <see cref="FollowersScale"/> * effective followers.</summary>
    public double PointsPerDoublingOfFollowers { get; init; } = 5;

    /// <summary>Weight of one effective follower in that doubling.</summary>
    public double FollowersScale { get; init; } = 2;

    /// <summary>The most that followers give.</summary>
    public int FollowersMax { get; init; } = 25;

    /// <summary>First score of the level Emerging.</summary>
    public int EmergingFrom { get; init; } = 21;

    /// <summary>First score of the level Established.</summary>
    public int EstablishedFrom { get; init; } = 45;

    /// <summary>First score of the level Trusted.</summary>
    public int TrustedFrom { get; init; } = 70;

    /// <summary>How many points below the first score of a level somebody must fall before they are told that they left it. The level itself is always the band of the score.</summary>
    public int Hysteresis { get; init; } = 2;

    /// <summary>Validated works without which nobody is a seed of the trust flow.</summary>
    public int SeedWorks { get; init; } = 3;

    /// <summary>Parameters of the trust flow.</summary>
    public FlowParameters Flow { get; init; } = new();

    /// <summary>Sources of record: what they name, they vouch for. A curator stands in for one.</summary>
    private static readonly Dictionary<string, string> SourcesOfRecord = new()
    {
        ["arxiv"] = "arXiv",
        ["openalex"] = "OpenAlex",
        ["crossref"] = "Crossref",
        ["orcid"] = "ORCID",
        ["curator"] = "a curator's record",
    };

    /// <summary>The statement that <paramref name="evidence"/> supports.</summary>
    public TrustResult Evaluate(Evidence evidence)
    {
        FactorResult[] factors = [Record(evidence), Works(evidence), Identity(evidence), Topics(evidence), Collaborators(evidence), Followers(evidence)];
        var score = (int)Math.Round(factors.Sum(factor => factor.Exact), MidpointRounding.AwayFromZero);
        return new TrustResult(score, LevelOf(score), Apportion(factors, score));
    }

    /// <summary>The band of a score.</summary>
    public string LevelOf(int score) => score < EmergingFrom ? "Baseline" : score < EstablishedFrom ? "Emerging" : score < TrustedFrom ? "Established" : "Trusted";

    /// <summary>
    /// The level to tell of a score, to somebody who was last told <paramref name="told"/>: a rise at once, a fall only
    /// <see cref="Hysteresis"/> points below the level, so that nobody is told back and forth about one point.
    /// </summary>
    public string LevelToTell(int score, string told)
    {
        var first = told switch { "Emerging" => EmergingFrom, "Established" => EstablishedFrom, "Trusted" => TrustedFrom, _ => 0 };
        return score < first && score > first - Hysteresis ? told : LevelOf(score);
    }

    /// <summary>The rule that these numbers break, or null.</summary>
    public string? BrokenRule()
    {
        double[] points =
        [
            RecordPoints, PointsPerWork, WorksInFull, PointsPerDoublingOfWorks, WorksMax, OrcidPoints, AffiliationPoints, SecondSourcePoints, PointsPerDoublingOfTopics, TopicsMax,
            PointsPerCollaborator, CollaboratorsMax, PointsPerDoublingOfFollowers, FollowersScale, FollowersMax, Hysteresis,
        ];
        if (points.Any(point => point is < 0 or > 100 || double.IsNaN(point))) return "Every number of points, and every cap, lies between 0 and 100.";
        if (WorksInFull < 1) return "At least one work counts in full.";
        if (PointsPerWork * WorksInFull > WorksMax) return "Works that count in full give no more than works may give.";
        if (RecordPoints + WorksMax + IdentityMax + TopicsMax + CollaboratorsMax + FollowersMax > 100) return "All caps together are at most 100.";
        if (!(0 < EmergingFrom && EmergingFrom < EstablishedFrom && EstablishedFrom < TrustedFrom && TrustedFrom <= 100)) return "The levels begin at rising scores between 1 and 100.";
        if (SeedWorks < 1) return "A seed has at least one validated work.";
        return Flow.FailedRule();
    }

    /// <summary>A source as people know it; one that vouches for nothing by its own name.</summary>
    public static string SourceName(string source) => SourcesOfRecord.GetValueOrDefault(source, source);

    /// <summary>So many of something: "1 work", "2 works".</summary>
    public static string Number(int n, string what) => string.Create(CultureInfo.InvariantCulture, $"{n} {what}{(n == 1 ? "" : "s")}");

    private int IdentityMax => OrcidPoints + AffiliationPoints + SecondSourcePoints;

    private FactorResult Record(Evidence evidence) => evidence.RegisteredFrom is { } source && SourcesOfRecord.ContainsKey(source)
        ? new(Factors.Record, 1, 0, RecordPoints, RecordPoints, $"registered from {SourceName(source)}", null)
        : new(Factors.Record, 0, 0, 0, RecordPoints, "not registered from a source of record", new("be registered from a source of record", RecordPoints));

    private FactorResult Works(Evidence evidence)
    {
        var (n, verified) = (evidence.ValidatedWorks, evidence.IsVerified);
        var why = Number(n, "validated work");
        if (n > WorksInFull && !verified) why += $", of which {WorksInFull} count while nobody has claimed and verified the profile";
        if (evidence.SelfAssertedWorks > 0) why += $"; {Number(evidence.SelfAssertedWorks, "self-asserted work")} not counted: only an author vouches for it";
        if (evidence.RetractedWorks > 0) why += $"; {Number(evidence.RetractedWorks, "retracted work")} not counted";
        var points = Of(n, verified);
        var next = !verified && n >= WorksInFull
            ? Step($"claim and verify the profile: more than {WorksInFull} works count only then", Of(Math.Max(n, WorksInFull + 1), true) - points)
            : Step("one more validated work", Of(n + 1, verified) - points);
        return new(Factors.Works, n, 0, points, verified ? WorksMax : (int)Math.Ceiling(PointsPerWork * WorksInFull), why, next);

        double Of(int works, bool inFull) => works <= WorksInFull || !inFull
            ? PointsPerWork * Math.Min(works, WorksInFull)
            : Math.Min(WorksMax, PointsPerWork * WorksInFull + PointsPerDoublingOfWorks * Math.Log2(works / (double)WorksInFull));
    }

    private FactorResult Identity(Evidence evidence)
    {
        var identities = evidence.Validations.Where(validation => validation.Kind == Validation.Identity).Select(validation => validation.Source).Distinct().ToList();
        var (orcid, affiliation, second) = (identities.Contains("orcid"), evidence.Validations.Any(validation => validation.Kind == Validation.Affiliation), identities.Count >= 2);
        var points = (orcid ? OrcidPoints : 0) + (affiliation ? AffiliationPoints : 0) + (second ? SecondSourcePoints : 0);
        var next = (orcid, affiliation, second) switch
        {
            (false, _, _) => Step("have the ORCID iD validated", OrcidPoints),
            (_, false, _) => Step("have the affiliation validated", AffiliationPoints),
            (_, _, false) => Step("have the identity validated by a second source", SecondSourcePoints),
            _ => null,
        };
        if (!evidence.Claimed)
            return new(Factors.Identity, evidence.Validations.Count, 0, 0, IdentityMax, "nobody has claimed this profile", points > 0 ? Step("claim the profile", points) : Step("claim the profile, and have its ORCID iD validated", OrcidPoints));
        var parts = new List<string>();
        if (orcid) parts.Add("identity validated by ORCID");
        if (affiliation) parts.Add("affiliation validated");
        if (second) parts.Add("identity validated by a second source");
        if (parts.Count == 0 && identities.Count > 0) parts.Add($"identity validated by {SourceName(identities[0])}, which verifies the profile; ORCID, an affiliation or a second source give points");
        return new(Factors.Identity, evidence.Validations.Count, 0, points, IdentityMax, parts.Count == 0 ? "claimed, not validated yet" : string.Join("; ", parts), next);
    }

    private FactorResult Topics(Evidence evidence) => OfVerified(Factors.Topics, evidence, evidence.Topics, evidence.Topics, TopicsMax,
        n => Math.Min(TopicsMax, PointsPerDoublingOfTopics * Math.Log2(1 + n)), Number(evidence.Topics, "topic"), "a validated work on one more topic");

    private FactorResult Collaborators(Evidence evidence) => OfVerified(Factors.Collaborators, evidence, evidence.CloseCollaborators, evidence.CloseCollaborators, CollaboratorsMax,
        n => Math.Min(CollaboratorsMax, PointsPerCollaborator * n), Number(evidence.CloseCollaborators, "close collaborator"), "one more close collaborator");

    private FactorResult Followers(Evidence evidence)
    {
        var n = (evidence.Flow?.Parameters == Flow ? evidence.Flow : evidence.FlowBefore?.Parameters == Flow ? evidence.FlowBefore : null)?.EffectiveFollowers ?? 0;
        var why = evidence.Ring is not null ? "marked as part of a ring by a curator: no follows of its members count"
            : n == 0 ? "no followers whom trust reaches from a seed; their number alone gives nothing"
            : string.Create(CultureInfo.InvariantCulture, $"worth {n:0.##} followers with a full voice, by the trust that reaches them from seeds; their number alone gives nothing");
        return OfVerified(Factors.Followers, evidence, (int)Math.Round(n, MidpointRounding.AwayFromZero), n, FollowersMax,
            followers => Math.Min(FollowersMax, PointsPerDoublingOfFollowers * Math.Log2(1 + FollowersScale * followers)), why, "one more follower with a full voice: somebody whom seeds, or those they follow, trust");
    }

    private static FactorResult OfVerified(string factor, Evidence evidence, int shown, double n, int max, Func<double, double> points, string why, string more) =>
        evidence.IsVerified
            ? new(factor, shown, 0, points(n), max, why, Step(more, points(n + 1) - points(n)))
            : new(factor, shown, 0, 0, max, $"{why}{(factor == Factors.Followers && n == 0 ? "" : ", counted once the profile is claimed and verified")}", Step("claim and verify the profile", points(n)) ?? Step($"claim and verify the profile, and {more}", points(1)));

    /// <summary>A step that adds something.</summary>
    private static NextStep? Step(string what, double points) => Math.Round(points, 3) is > 0 and var added ? new(what, added) : null;

    /// <summary>
    /// Whole points that sum to the score: each factor its whole part, the rest to the largest fractions (Hamilton's method
    /// of largest remainders), ties in the order of the factors.
    /// </summary>
    private static FactorResult[] Apportion(FactorResult[] factors, int score)
    {
        var points = factors.Select(factor => (int)Math.Floor(factor.Exact)).ToArray();
        var rest = score - points.Sum();
        foreach (var i in Enumerable.Range(0, factors.Length).OrderByDescending(i => factors[i].Exact - points[i]).Take(rest)) points[i]++;
        return [.. factors.Select((factor, i) => factor with { Points = points[i] })];
    }
}
