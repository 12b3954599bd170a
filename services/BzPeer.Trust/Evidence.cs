using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.Trust.Flow;

namespace BzPeer.Trust;

/// <summary>Everything a trust statement is computed from: what other services told about one researcher, and what the flow of trust gave them.</summary>
/// <param name="RegisteredFrom">The source that first named them; null until their registration arrived.</param>
/// <param name="ValidatedWorks">Works a source of record or a curator vouches for, unretracted.</param>
/// <param name="SelfAssertedWorks">Works only an author vouches for: shown, never counted.</param>
/// <param name="RetractedWorks">Works under a retraction: shown, never counted.</param>
/// <param name="Topics">Distinct topics of validated works.</param>
/// <param name="CloseCollaborators">Co-authors with a strength of at least 0.2.</param>
/// <param name="Claimed">Whether the person behind the profile claimed it, or one that was merged into it.</param>
/// <param name="Validations">Standing validations of the profile and of those merged into it.</param>
public sealed record Evidence(
    string? RegisteredFrom, int ValidatedWorks, int SelfAssertedWorks, int RetractedWorks, int Topics, int CloseCollaborators,
    bool Claimed, IReadOnlyList<Validation> Validations)
{
    /// <summary>Nothing known yet.</summary>
    public static readonly Evidence None = new(null, 0, 0, 0, 0, 0, false, []);

    /// <summary>What the trust flow last gave; null before the first.</summary>
    public FlowEvidence? Flow { get; init; }

    /// <summary>What it gave last under other parameters, for statements of the model they belong to.</summary>
    public FlowEvidence? FlowBefore { get; init; }

    /// <summary>The ring a curator marked them as part of; null for everybody else.</summary>
    public Guid? Ring { get; init; }

    /// <summary>Somebody stands behind the profile: it is claimed, and at least one validation of the identity stands.</summary>
    public bool IsVerified => Claimed && Validations.Any(validation => validation.Kind == Validation.Identity);

    /// <summary>
    /// Whether trust starts from them: a curator looked at identity and affiliation, and so many validated works stand behind them.
    /// Signing in somewhere never makes a seed, and a member of a marked ring is none.
    /// </summary>
    public bool IsSeed(int works) => IsVouched && ValidatedWorks >= works;

    /// <summary>Whether a curator looked at both, which few have been through.</summary>
    public bool IsVouched => ByCurator(Validation.Identity) && ByCurator(Validation.Affiliation);

    /// <summary>The factors whose evidence is another than in <paramref name="before"/>, in the order of the statement.</summary>
    public IReadOnlyList<string> Differences(Evidence before) => [.. Parts(this).Zip(Parts(before)).Where(pair => pair.First != pair.Second).Select(pair => pair.First.Factor)];

    private bool ByCurator(string kind) => Validations.Any(validation => validation.Kind == kind && validation.Method == Validation.Curator);

    private static (string Factor, string Evidence)[] Parts(Evidence e) =>
    [
        (Factors.Record, e.RegisteredFrom ?? ""),
        (Factors.Works, $"{e.ValidatedWorks} {e.SelfAssertedWorks} {e.RetractedWorks}"),
        (Factors.Identity, $"{e.Claimed} {JsonSerializer.Serialize(e.Validations)}"),
        (Factors.Topics, $"{e.Topics}"),
        (Factors.Collaborators, $"{e.CloseCollaborators}"),
        (Factors.Followers, $"{e.Flow} {e.FlowBefore} {e.Ring}"),
    ];
}

/// <summary>The factors of a statement, in its order.</summary>
public static class Factors
{
    /// <summary>Registered from a source of record.</summary>
    public const string Record = "record";

    /// <summary>Validated works.</summary>
    public const string Works = "works";

    /// <summary>Who stands behind the profile.</summary>
    public const string Identity = "identity";

    /// <summary>Topics of the works.</summary>
    public const string Topics = "topics";

    /// <summary>Close collaborators.</summary>
    public const string Collaborators = "collaborators";

    /// <summary>Trust that flows along follows.</summary>
    public const string Followers = "followers";
}

/// <summary>One standing validation.</summary>
/// <param name="Kind"><c>identity</c> or <c>affiliation</c>.</param>
/// <param name="Source">Who vouches: <c>orcid</c>, <c>ror</c>, a registry's name.</param>
/// <param name="Method"><c>curator</c> or <c>sign-in</c>.</param>
/// <param name="Value">What was validated.</param>
/// <param name="Id">Names it.</param>
public sealed record Validation(string Kind, string Source, string Method = Validation.Curator, string Value = "", Guid Id = default)
{
    /// <summary>That a person is who they say.</summary>
    public const string Identity = "identity";

    /// <summary>That a person belongs where they say.</summary>
    public const string Affiliation = "affiliation";

    /// <summary>A curator looked at it.</summary>
    public const string Curator = "curator";
}

/// <summary>What the flow of trust gave.</summary>
/// <param name="EffectiveFollowers">Followers, each counted by the voice it has: rounded to thousandths.</param>
/// <param name="Parameters">Under which it was computed.</param>
public sealed record FlowEvidence(double EffectiveFollowers, FlowParameters Parameters);

/// <summary>
/// What the profile service told of one profile, whatever it was merged into. Of claims the one with the greatest version counts, and a
/// withdrawal is for good: messages in any order and number lead to the same.
/// </summary>
/// <param name="ClaimVersion">Version of the newest claim or withdrawal of one in the profile's stream.</param>
/// <param name="Claimed">What it said.</param>
/// <param name="Validations">Those not withdrawn, by id.</param>
/// <param name="Withdrawn">Ids of withdrawn ones.</param>
public sealed record ProfileEvidence(long ClaimVersion, bool Claimed, IReadOnlyList<Validation> Validations, IReadOnlyList<Guid> Withdrawn)
{
    /// <summary>Nothing was told yet.</summary>
    public static readonly ProfileEvidence None = new(0, false, [], []);

    /// <summary>Sequence, in the profile service's events, of the newest that was taken in: what a reader's <c>Min-Position</c> waits for.</summary>
    public long Position { get; init; }

    /// <summary>With one more thing told; the same instance when it says nothing new.</summary>
    public ProfileEvidence With(IIntegrationEvent told) =>
        Take(told) is var taken && ReferenceEquals(taken, this) ? this : taken with { Position = Math.Max(Position, told.Origin.Sequence) };

    private ProfileEvidence Take(IIntegrationEvent told) => told switch
    {
        ProfileClaimed or ClaimWithdrawn when told.Origin.Version > ClaimVersion => this with { ClaimVersion = told.Origin.Version, Claimed = told is ProfileClaimed },
        IdentityValidated e when !Withdrawn.Contains(e.ValidationId) && Validations.All(standing => standing.Id != e.ValidationId) =>
            this with { Validations = [.. Validations.Append(new(e.Kind, e.ValidatedBy, e.Method, e.Value, e.ValidationId)).OrderBy(standing => standing.Id)] },
        ValidationWithdrawn e when !Withdrawn.Contains(e.ValidationId) =>
            this with { Validations = [.. Validations.Where(standing => standing.Id != e.ValidationId)], Withdrawn = [.. Withdrawn.Append(e.ValidationId).Order()] },
        _ => this,
    };
}
