namespace BzPeer.Client;

// What the API answers, as far as this client reads it. What is added to an answer later is passed over.

/// <summary>A position in a source's store: what a write answered with, and what a later read must not be older than.</summary>
/// <param name="Source">One of <see cref="Contracts.Sources"/>.</param>
/// <param name="Sequence">Position in that source's store.</param>
public readonly record struct Position(string Source, long Sequence)
{
    /// <summary>Reads <c>follow:1234</c>.</summary>
    /// <exception cref="FormatException">It is no position.</exception>
    public static Position Parse(string text) =>
        text.Split(':') is [var source, var number] && long.TryParse(number, System.Globalization.CultureInfo.InvariantCulture, out var sequence)
            ? new(source, sequence)
            : throw new FormatException($"'{text}' is no position; one is 'follow:1234'.");

    /// <summary><c>follow:1234</c></summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Source}:{Sequence}");
}

/// <summary>What a write led to.</summary>
/// <param name="Value">How it is now.</param>
/// <param name="At">Give it to a read that must show this; null when nothing had to be written.</param>
public sealed record Written<T>(T Value, Position? At);

/// <summary>A researcher: the head of their page.</summary>
/// <param name="Id">The researcher; of one that was merged, the survivor.</param>
/// <param name="Name">Full name.</param>
/// <param name="Headline">One line about them.</param>
/// <param name="Role">What they are here, in words.</param>
/// <param name="Affiliation">Latest affiliation, or null.</param>
/// <param name="OpenToCollaborate">Whether they say so.</param>
/// <param name="Claimed">Whether the person behind it took the profile over.</param>
/// <param name="Verified">Claimed, with an identity that a named source vouches for.</param>
/// <param name="Trust">How far they can be trusted.</param>
/// <param name="Counts">Sums over everything known of them.</param>
/// <param name="ExternalIds">What they are called elsewhere.</param>
/// <param name="AsOf">Up to which position of each source the card is complete.</param>
public sealed record ResearcherCard(
    Guid Id, string Name, string Headline, string Role, string? Affiliation, bool OpenToCollaborate, bool Claimed, bool Verified,
    ScoreAndLevel Trust, CardCounts Counts, ExternalIds ExternalIds, CardAsOf AsOf);

/// <summary>A score from 0 to 100 and the band it is in.</summary>
/// <param name="Score">0 to 100.</param>
/// <param name="Level"><c>Baseline</c>, <c>Emerging</c>, <c>Established</c> or <c>Trusted</c>.</param>
public sealed record ScoreAndLevel(int Score, string Level);

/// <summary>Sums over everything known of a researcher.</summary>
/// <param name="Works">Works listed.</param>
/// <param name="Followers">Followers, or null when hidden.</param>
/// <param name="Following">Whom they follow, or null when hidden.</param>
/// <param name="Topics">Distinct topics of validated, unretracted works.</param>
/// <param name="CloseCollaborators">Co-authors they often write with.</param>
/// <param name="Hidden">They hide how many follow them.</param>
public sealed record CardCounts(int Works, long? Followers, long? Following, int Topics, int CloseCollaborators, bool Hidden = false);

/// <summary>What a researcher is called elsewhere.</summary>
/// <param name="Orcid">ORCID iD, or null.</param>
/// <param name="OpenAlex">OpenAlex author id, or null.</param>
public sealed record ExternalIds(string? Orcid, string? OpenAlex);

/// <summary>Up to which position of each source a card is complete.</summary>
/// <param name="Profile">Of the profile service.</param>
/// <param name="Follow">Of the follow service.</param>
/// <param name="Publication">Of the publication service.</param>
/// <param name="Trust">Of the trust service.</param>
public sealed record CardAsOf(long Profile, long Follow, long Publication, long Trust);

/// <summary>What another researcher is to the caller.</summary>
/// <param name="ResearcherId">The other one.</param>
/// <param name="Following">The caller follows them.</param>
/// <param name="FollowedBy">They follow the caller.</param>
/// <param name="Blocking">The caller blocks them.</param>
/// <param name="FollowingSince">Since when the caller follows them, or null.</param>
/// <param name="NotFound">Nobody has this id.</param>
public sealed record Relationship(Guid ResearcherId, bool Following, bool FollowedBy, bool Blocking, DateTimeOffset? FollowingSince, bool NotFound = false);

/// <summary>One entry of a list of followers or followed.</summary>
/// <param name="ResearcherId">Who.</param>
/// <param name="Since">Since when.</param>
public sealed record ListedResearcher(Guid ResearcherId, DateTimeOffset Since);

/// <summary>How many follow a researcher and whom they follow.</summary>
/// <param name="Followers">How many follow them.</param>
/// <param name="Following">How many they follow.</param>
/// <param name="AsOf">Position of the follow service that the counts hold.</param>
/// <param name="Hidden">They hide it: values and digests are null.</param>
public sealed record FollowCounts(ProvenCount Followers, ProvenCount Following, long AsOf, bool Hidden = false);

/// <summary>A count that anybody can check.</summary>
/// <param name="Value">How many, or null when hidden.</param>
/// <param name="Digest">XOR of the SHA-256 of each id's lower-case text, 64 hex digits; null when hidden.</param>
public sealed record ProvenCount(long? Value, string? Digest);

/// <summary>A work of a bibliography.</summary>
/// <param name="Id">The work.</param>
/// <param name="Title">Plain text.</param>
/// <param name="Type">The source's own term.</param>
/// <param name="Year">Year of publication, or null.</param>
/// <param name="PublicationDate">Date of publication, or null.</param>
/// <param name="Venue">Journal, conference or repository, or null.</param>
/// <param name="Doi">Bare lower-case DOI, or null.</param>
/// <param name="ArxivId">arXiv id without version, or null.</param>
/// <param name="Abstract">Plain text, or null.</param>
/// <param name="Authors">In printed order; of very many the first ones.</param>
/// <param name="Topics">Most fitting first.</param>
/// <param name="Validated">A source of record or a curator vouches for it.</param>
/// <param name="Retracted">A retraction stands.</param>
/// <param name="AuthorCount">How many authors there are.</param>
/// <param name="TitleMarkup">The title as HTML of the elements <c>b</c>, <c>i</c>, <c>sub</c>, <c>sup</c> and presentation MathML, or null.</param>
/// <param name="AbstractMarkup">The same of the abstract, which may also have paragraphs (<c>p</c>), or null.</param>
public sealed record ListedWork(
    Guid Id, string Title, string Type, int? Year, DateOnly? PublicationDate, string? Venue, string? Doi, string? ArxivId, string? Abstract,
    IReadOnlyList<ListedAuthor> Authors, IReadOnlyList<string> Topics, bool Validated, bool Retracted, int AuthorCount,
    string? TitleMarkup = null, string? AbstractMarkup = null);

/// <summary>One author of a work.</summary>
/// <param name="ResearcherId">The researcher, or null when unresolved.</param>
/// <param name="Name">As printed.</param>
/// <param name="Position">From 1, in printed order.</param>
public sealed record ListedAuthor(Guid? ResearcherId, string Name, int Position);

/// <summary>How far a researcher can be trusted, and why. The points of the contributions sum to the score.</summary>
/// <param name="ResearcherId">Whom it is about.</param>
/// <param name="Score">0 to 100.</param>
/// <param name="Level">The band of the score.</param>
/// <param name="ModelVersion">Version of the trust model.</param>
/// <param name="AsOf">Position of the trust service.</param>
/// <param name="Contributions">What each factor gives.</param>
public sealed record TrustStatement(Guid ResearcherId, int Score, string Level, int ModelVersion, long AsOf, IReadOnlyList<TrustFactor> Contributions);

/// <summary>What one factor gives.</summary>
/// <param name="Factor"><c>record</c>, <c>works</c>, <c>identity</c>, <c>topics</c>, <c>collaborators</c> or <c>followers</c>.</param>
/// <param name="Evidence">How much of it there is.</param>
/// <param name="Points">Whole points.</param>
/// <param name="Max">The most it can give.</param>
/// <param name="Why">In plain language.</param>
public sealed record TrustFactor(string Factor, int Evidence, int Points, int Max, string Why);

/// <summary>One entry of the ledger of trust, newest first.</summary>
/// <param name="At">When.</param>
/// <param name="From">Before.</param>
/// <param name="To">After.</param>
/// <param name="ModelVersion">Version of the trust model.</param>
/// <param name="Cause">What led to it.</param>
/// <param name="Restated">Evidence was taken back or the model changed.</param>
public sealed record TrustChange(DateTimeOffset At, ScoreAndLevel From, ScoreAndLevel To, int ModelVersion, Contracts.TrustCause Cause, bool Restated);
