namespace BzPeer.Web;

/// <summary>A topic or an institution.</summary>
internal sealed record TopicOrInstitution(Guid Id, string Label, long Works, long Researchers);

internal sealed record CountedLabel(Guid Id, string Label, long Works);

internal sealed record CountedResearcher(Guid ResearcherId, string Name, long Works);

/// <summary>The calls that are about topics and institutions; <c>of</c> is <c>researchers</c>, <c>topics</c> or <c>institutions</c>.</summary>
internal sealed partial class BzPeerApi
{
    public Task<Answer<TopicOrInstitution>> Subject(string of, Guid id, CancellationToken ct) =>
        Get<TopicOrInstitution>(Upstream.Publication, $"/api/{of}/{id}", ct);

    public Task<Answer<Paged<CountedResearcher>>> SubjectResearchers(string of, Guid id, int limit, string? cursor, CancellationToken ct) =>
        Get<Paged<CountedResearcher>>(Upstream.Publication, $"/api/{of}/{id}/researchers?limit={limit}{Cursor(cursor)}", ct);

    /// <summary>The topics or institutions (<paramref name="what"/>) that have to do with it, those of most works first.</summary>
    public Task<Answer<Paged<CountedLabel>>> Labels(string of, Guid id, string what, int limit, string? cursor, CancellationToken ct) =>
        Get<Paged<CountedLabel>>(Upstream.Publication, $"/api/{of}/{id}/{what}?limit={limit}{Cursor(cursor)}", ct);

    /// <summary>Works by their titles, or the work of a DOI or an arXiv id.</summary>
    public Task<Answer<Paged<Work>>> FindWorks(string q, int limit, string? cursor, CancellationToken ct) =>
        Get<Paged<Work>>(Upstream.Publication, $"/api/works?q={Uri.EscapeDataString(q)}&limit={limit}{Cursor(cursor)}", ct);

    /// <summary>Topics or institutions by name.</summary>
    public Task<Answer<Paged<CountedLabel>>> FindLabels(string what, string q, int limit, string? cursor, CancellationToken ct) =>
        Get<Paged<CountedLabel>>(Upstream.Publication, $"/api/{what}?q={Uri.EscapeDataString(q)}&limit={limit}{Cursor(cursor)}", ct);
}
