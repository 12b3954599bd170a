using System.Net;

namespace BzPeer.Web;

/// <summary>
/// What a service answered, or that it did not. A page asks several services at once and shows what it got,
/// so no answer is an exception.
/// </summary>
/// <param name="Service">Who was asked.</param>
/// <param name="Status">The HTTP status; null when nothing came in time.</param>
/// <param name="Value">The body of a success.</param>
internal sealed record Answer<T>(string Service, HttpStatusCode? Status, T? Value) where T : class
{
    /// <summary>Detail of the problem, in the service's words.</summary>
    public string? Problem { get; init; }

    /// <summary>Where what was asked about went.</summary>
    public Uri? Location { get; init; }

    /// <summary>Into whom the researcher asked about was merged; null when they were not.</summary>
    public Guid? Survivor =>
        Status is HttpStatusCode.MovedPermanently or HttpStatusCode.PermanentRedirect && Guid.TryParse(Location?.OriginalString.Split('?')[0].Split('/')[^1], out var survivor) ? survivor : null;

    /// <summary>Position token of a write.</summary>
    public string? Position { get; init; }

    /// <summary>The service did not answer, or says it cannot now: worth trying again.</summary>
    public bool Unavailable => Status is null or >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests;

    /// <summary>Nothing as new as was asked for came in time.</summary>
    public bool Late => Unavailable || Status is HttpStatusCode.Conflict;
}

internal sealed record Paged<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>A page of followers or followees; <paramref name="Items"/> is null when the researcher hides them.</summary>
internal sealed record FollowPage(IReadOnlyList<FollowListed>? Items, string? Next);

internal sealed record Card(
    Guid Id, string Name, string? Headline, string? Role, string? Affiliation, bool OpenToCollaborate,
    TrustScore? Trust, CardCounts? Counts, ExternalIds? ExternalIds, CardAsOf? AsOf = null, bool Claimed = false, bool Verified = false)
{
    /// <summary>What everybody's page says who wrote nothing.</summary>
    public string DefaultHeadline => $"{Name} contributes to research discovery and scholarly infrastructure.";

    /// <summary>What the researcher wrote; null when that is the default, or nothing.</summary>
    public string? OwnHeadline => Headline == DefaultHeadline ? null : Headline;
}

/// <summary>How far each source's part of the card is, in that source's events.</summary>
internal sealed record CardAsOf(long Follow, long Publication, long Trust);

internal sealed record TrustScore(int Score, string Level);

/// <summary>Followers and following are null when the researcher hides them.</summary>
internal sealed record CardCounts(long Works, long? Followers, long? Following, long Topics, long CloseCollaborators);

internal sealed record ExternalIds(string? Orcid, string? OpenAlex);

internal sealed record FollowCounts(FollowCount Followers, FollowCount Following, bool Hidden = false, long AsOf = 0);

internal sealed record FollowCount(long? Value, string? Digest);

internal sealed record FollowListed(Guid ResearcherId, DateTimeOffset Since);

internal sealed record Relationship(Guid ResearcherId, bool Following, bool FollowedBy, bool Blocking, DateTimeOffset? FollowingSince);

internal sealed record Work(
    Guid Id, string Title, string? Type, int? Year, string? Venue, string? Doi, string? ArxivId, string? Abstract,
    IReadOnlyList<Author>? Authors, IReadOnlyList<string>? Topics, bool? Validated, bool Retracted, int? AuthorCount = null,
    DateOnly? PublicationDate = null, IReadOnlyList<WorkVersion>? Versions = null, IReadOnlyList<Guid>? TopicIds = null,
    string? TitleMarkup = null, string? AbstractMarkup = null)
{
    /// <summary>Its topics with their ids; null where the service does not say them.</summary>
    public IEnumerable<(Guid? Id, string Label)> NamedTopics => (Topics ?? []).Select((label, n) => (TopicIds is { } ids && n < ids.Count ? (Guid?)ids[n] : null, label));
}

internal sealed record WorkVersion(string Kind, string? Doi, string? ArxivId, string? Venue, int? Year, DateOnly? PublicationDate, IReadOnlyList<string> Sources);

/// <summary>What every source says of a work, the one believed first being the first; and the notices about it.</summary>
internal sealed record WorkAssertions(IReadOnlyList<StandingField> Stands, IReadOnlyList<Assertion> Assertions, IReadOnlyList<Notice> Notices, CuratorRetraction? RetractedByCurator = null);

internal sealed record StandingField(string Field, string Source, string SourceId);

internal sealed record Assertion(string Source, string SourceId, DateTimeOffset? TakenAt, bool Retracted = false);

internal sealed record CuratorRetraction(string Reason, string Source, DateTimeOffset At);

internal sealed record Notice(string Source, bool Reinstates, DateOnly? Date, string Reason, bool Overruled);

internal sealed record Author(Guid? ResearcherId, string Name, int Position);

internal sealed record Collaborator(Guid ResearcherId, string? Name, int Works, double Strength, bool? Close);

internal sealed record GraphSlice(
    IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges, int Shown, int Total, IReadOnlyDictionary<string, KindShown>? Kinds = null);

internal sealed record KindShown(int Shown, int Total);

/// <param name="Year">Of a work, when it was published.</param>
internal sealed record GraphNode(string Id, string Kind, string Label, int? Year = null)
{
    /// <summary>What it is called, formulas in a title in characters: a drawing has no other.</summary>
    public string Label { get; init; } = Mathematics.Line(Label);
}

/// <param name="First">Year of the first of the works that make it.</param>
/// <param name="Latest">Year of the latest of them.</param>
internal sealed record GraphEdge(string Source, string Target, string? Kind, double? Weight, string? Reason, int? First = null, int? Latest = null)
{
    /// <summary>Why there is a tie; it may quote a title.</summary>
    public string? Reason { get; init; } = Reason is null ? null : Mathematics.Text(Reason);
}

/// <summary>The shortest way between two researchers; <paramref name="Hops"/> is null where none was found, and <paramref name="Reason"/> says why.</summary>
internal sealed record GraphConnection(int? Hops, IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges, IReadOnlyList<HopWorks> Works, string? Reason);

/// <summary>The newest of the works that make one hop of it.</summary>
internal sealed record HopWorks(string Source, string Target, long Total, IReadOnlyList<JoiningWork> Newest);

internal sealed record JoiningWork(Guid Id, string Title, int? Year, string? TitleMarkup = null);

internal sealed record TrustStatement(int Score, string Level, int ModelVersion, IReadOnlyList<Contribution> Contributions, long AsOf = 0);

internal sealed record Contribution(string Factor, int Evidence, int Points, int Max, string Why, NextStep? Next = null);

internal sealed record NextStep(string What, double Points);

internal sealed record TrustChange(DateTimeOffset At, TrustScore? From, TrustScore To, int ModelVersion, TrustCause? Cause);

internal sealed record TrustCause(string Type, string? Reason, Guid? WorkId);

/// <param name="Items">Oldest first; <c>At</c> is a day (<c>2026-03-01</c>) or a month.</param>
internal sealed record Growth(IReadOnlyList<FollowersAt> Items, long UpTo);

internal sealed record FollowersAt(string At, long Followers, long Gained, long Lost);

internal sealed record TopicYears(string From, string To, IReadOnlyList<TopicWorks> Items);

internal sealed record TopicWorks(string Topic, long Works, IReadOnlyList<WorksAt> Items);

internal sealed record WorksAt(string At, long Works);

internal sealed record TrustOverTime(IReadOnlyList<TrustAt> Items);

internal sealed record TrustAt(string At, long Researchers, IReadOnlyDictionary<string, long> Levels, IReadOnlyList<ScoreBand> Bands);

internal sealed record ScoreBand(int From, int To, long Researchers);

internal sealed record MoversList(IReadOnlyList<Mover> Items);

internal sealed record Mover(Guid ResearcherId, long Gained, long Now);

internal sealed record LogFreshness(DateTimeOffset From, IReadOnlyList<Delay> Items, IReadOnlyList<Gap> Gaps, long Rejected, long NumbersBehind, long UpTo);

/// <summary>How long events of a type took to the log, in seconds.</summary>
internal sealed record Delay(string Source, string Type, long Events, double P50, double P95, double P99);

internal sealed record Gap(string Source, long Waiting);

internal sealed record SignInAnswer(Guid ResearcherId, IReadOnlyList<string> Roles, string AccessToken, DateTimeOffset ExpiresAt);
