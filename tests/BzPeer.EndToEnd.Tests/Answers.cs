namespace BzPeer.EndToEnd.Tests;

// What a client reads of the answers: written from the API's contract, not from the services' types.

internal sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

internal sealed record Card(
    Guid Id, string Name, string Headline, string Role, string? Affiliation, bool OpenToCollaborate, TrustScore Trust, CardCounts Counts, ExternalIds ExternalIds, AsOf AsOf);

internal sealed record TrustScore(int Score, string Level);

internal sealed record CardCounts(int Works, long Followers, long Following, int Topics, int CloseCollaborators);

internal sealed record ExternalIds(string? Orcid, string? OpenAlex);

internal sealed record AsOf(long Profile, long Follow, long Publication, long Trust);

internal sealed record Listed(Guid ResearcherId, DateTimeOffset Since);

internal sealed record ProvenCount(long Value, string Digest);

internal sealed record FollowCounts(ProvenCount Followers, ProvenCount Following);

internal sealed record Relationship(Guid ResearcherId, bool Following, bool FollowedBy, bool Blocking, DateTimeOffset? FollowingSince);

internal sealed record Work(
    Guid Id, string Title, string Type, int? Year, DateOnly? PublicationDate, string? Venue, string? Doi, string? Abstract,
    IReadOnlyList<Author> Authors, IReadOnlyList<string> Topics, bool Retracted);

internal sealed record Author(Guid? ResearcherId, string Name, int Position);

internal sealed record FeedEntry(Work Work, IReadOnlyList<FeedReason> Reasons, long Position, bool Unread);

internal sealed record FeedReason(Guid ResearcherId, string Name);

internal sealed record Collaborator(Guid ResearcherId, int Works, double Strength);

internal sealed record Graph(IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges, int Shown, int Total);

internal sealed record GraphNode(string Id, string Kind, string Label);

internal sealed record GraphEdge(string Source, string Target, string Kind, double Weight, string Reason);

internal sealed record Statement(int Score, string Level, int ModelVersion, IReadOnlyList<Contribution> Contributions)
{
    public Contribution this[string factor] => Contributions.Single(contribution => contribution.Factor == factor);
}

internal sealed record Contribution(string Factor, int Evidence, int Points, int Max, string Why);

internal sealed record TrustChange(DateTimeOffset At, TrustScore From, TrustScore To, int ModelVersion, Cause Cause);

internal sealed record Cause(string Type, Guid EventId, string Reason, Guid? WorkId);

internal sealed record ImportStatus(string State, int Received, int Created, int Updated, int Unchanged, int Rejected, IReadOnlyList<Rejection> Rejections);

internal sealed record Rejection(int Index, string? SourceId, string Reason);

internal sealed record Health(string Status, IReadOnlyDictionary<string, Check> Checks);

internal sealed record Check(string Status, string? Detail);

internal sealed record Problem(string Type, string Title, int Status, string? Detail);
