using System.Globalization;
using BzPeer.Contracts;

namespace BzPeer.Trust;

/// <summary>Everything a trust statement is computed from: what other services told about one researcher.</summary>
/// <param name="RegisteredFrom">The source that first named them; null until their registration arrived.</param>
/// <param name="ValidatedWorks">Works a source of record or a curator vouches for, unretracted.</param>
/// <param name="SelfAssertedWorks">Works only an author vouches for: shown, never counted.</param>
/// <param name="RetractedWorks">Works under a retraction: shown, never counted.</param>
/// <param name="Topics">Distinct topics of validated works.</param>
/// <param name="CloseCollaborators">Co-authors with a strength of at least 0.2.</param>
/// <param name="Claimed">Whether the person behind the profile claimed it.</param>
/// <param name="Validations">Standing validations.</param>
public sealed record Evidence(
    string? RegisteredFrom, int ValidatedWorks, int SelfAssertedWorks, int RetractedWorks, int Topics, int CloseCollaborators,
    bool Claimed, IReadOnlyList<Validation> Validations)
{
    /// <summary>Nothing known yet.</summary>
    public static readonly Evidence None = new(null, 0, 0, 0, 0, 0, false, []);
}

/// <summary>One standing validation. <paramref name="Kind"/>: identity or affiliation.</summary>
public sealed record Validation(string Kind, string Source);

/// <summary>A score with what it is made of; the points of the contributions sum to it.</summary>
public sealed record TrustResult(int Score, string Level, IReadOnlyList<TrustContribution> Contributions);

/// <summary>
/// Trust model 1: a pure function of evidence. Points and caps are those of the design's section 6; its calibration are six
/// profiles of the original site, all unclaimed imports, which fit 9 + 2 for each work, capped at 21.
/// </summary>
public static class TrustModel
{
    /// <summary>Version of the model, part of every statement and ledger entry.</summary>
    public const int Version = 1;

    /// <summary>Sources of record: what they name, they vouch for. A curator stands in for one.</summary>
    private static readonly Dictionary<string, string> SourcesOfRecord = new()
    {
        ["arxiv"] = "arXiv",
        ["openalex"] = "OpenAlex",
        ["crossref"] = "Crossref",
        ["orcid"] = "ORCID",
        ["curator"] = "a curator's record",
    };

    private sealed record Factor(string Name, int Evidence, double Points, int Max, string Why);

    /// <summary>The statement that <paramref name="evidence"/> supports.</summary>
    public static TrustResult Evaluate(Evidence evidence)
    {
        var verified = evidence.Claimed && evidence.Validations.Any(v => v.Kind == "identity");
        Factor[] factors =
        [
            Record(evidence),
            Works(evidence, verified),
            Identity(evidence),
            new("topics", evidence.Topics, verified ? Math.Min(6, 2 * Math.Log2(1 + evidence.Topics)) : 0, 6,
                Counts(evidence.Topics, "topic", verified)),
            new("collaborators", evidence.CloseCollaborators, verified ? Math.Min(10, evidence.CloseCollaborators) : 0, 10,
                Counts(evidence.CloseCollaborators, "close collaborator", verified)),
            new("followers", 0, 0, 25, "followers give no points yet: they will count by whom trusted researchers follow, never by their number"),
        ];
        var score = (int)Math.Round(factors.Sum(factor => factor.Points), MidpointRounding.AwayFromZero);
        return new TrustResult(score, LevelOf(score), Apportion(factors, score));
    }

    /// <summary>The band of a score: Baseline 0-20, Emerging 21-44, Established 45-69, Trusted 70-100.</summary>
    public static string LevelOf(int score) => score switch { < 21 => "Baseline", < 45 => "Emerging", < 70 => "Established", _ => "Trusted" };

    /// <summary>A source as people know it; one that vouches for nothing by its own name.</summary>
    public static string SourceName(string source) => SourcesOfRecord.GetValueOrDefault(source, source);

    /// <summary>So many of something: "1 work", "2 works".</summary>
    public static string Number(int n, string what) => string.Create(CultureInfo.InvariantCulture, $"{n} {what}{(n == 1 ? "" : "s")}");

    private static Factor Record(Evidence evidence) =>
        evidence.RegisteredFrom is { } source && SourcesOfRecord.ContainsKey(source)
            ? new("record", 1, 9, 9, $"registered from {SourceName(source)}")
            : new("record", 0, 0, 9, "not registered from a source of record");

    private static Factor Works(Evidence evidence, bool verified)
    {
        var n = evidence.ValidatedWorks;
        // The first six works count two each; more of them only once a person stands behind the profile, and ever less.
        var points = n <= 6 || !verified ? 2.0 * Math.Min(n, 6) : Math.Min(30, 12 + 6 * Math.Log2(n / 6.0));
        var why = Number(n, "validated work");
        if (n > 6 && !verified) why += ", of which 6 count while nobody has claimed and verified the profile";
        if (evidence.SelfAssertedWorks > 0) why += $"; {Number(evidence.SelfAssertedWorks, "self-asserted work")} not counted: only an author vouches for it";
        if (evidence.RetractedWorks > 0) why += $"; {Number(evidence.RetractedWorks, "retracted work")} not counted";
        return new("works", n, points, verified ? 30 : 12, why);
    }

    private static Factor Identity(Evidence evidence)
    {
        if (!evidence.Claimed) return new("identity", evidence.Validations.Count, 0, 20, "nobody has claimed this profile");
        var identities = evidence.Validations.Where(v => v.Kind == "identity").Select(v => v.Source).Distinct().ToList();
        var parts = new List<(int Points, string Why)>();
        if (identities.Contains("orcid")) parts.Add((8, "identity validated by ORCID"));
        if (evidence.Validations.Any(v => v.Kind == "affiliation")) parts.Add((7, "affiliation validated"));
        if (identities.Count >= 2) parts.Add((5, "identity validated by a second source"));
        return new("identity", evidence.Validations.Count, parts.Sum(part => part.Points), 20,
            parts.Count == 0 ? "claimed, not validated yet" : string.Join("; ", parts.Select(part => part.Why)));
    }

    private static string Counts(int n, string what, bool verified) =>
        Number(n, what) + (verified ? "" : ", counted once the profile is claimed and verified");

    /// <summary>
    /// Whole points that sum to the score: each factor its whole part, the rest to the largest fractions (Hamilton's method
    /// of largest remainders), ties in the order of the factors.
    /// </summary>
    private static TrustContribution[] Apportion(Factor[] factors, int score)
    {
        var points = factors.Select(factor => (int)Math.Floor(factor.Points)).ToArray();
        var rest = score - points.Sum();
        foreach (var i in Enumerable.Range(0, factors.Length).OrderByDescending(i => factors[i].Points - points[i]).Take(rest)) points[i]++;
        return [.. factors.Select((factor, i) => new TrustContribution(factor.Name, factor.Evidence, points[i], factor.Max, factor.Why))];
    }
}
