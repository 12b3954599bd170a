using Microsoft.Extensions.Localization;

namespace BzPeer.Web;

/// <summary>What others may see: who follows whom, and how many.</summary>
internal sealed record Visibility(bool Lists, bool Counts);

internal sealed record FeedPage(IReadOnlyList<FeedEntry> Items, string? Next, long Marker, long UpTo);

internal sealed record FeedEntry(Work Work, IReadOnlyList<FeedReason> Reasons, long Position, bool Unread);

internal sealed record FeedReason(Guid ResearcherId, string Name);

/// <summary>Works that came into the feed since its owner looked at it last.</summary>
internal sealed record UnseenWorks(long Count, bool More)
{
    /// <summary>For a badge: nothing where there is nothing new.</summary>
    public string Badge => Count == 0 ? "" : More ? $"{Shown.Count(Count)}+" : Shown.Count(Count);

    /// <summary>The same in words.</summary>
    public string Said(IStringLocalizer texts) => Count == 0 ? "" : More ? texts["more than {0:N0} new works", Count] : texts.Plural("{0:N0} new work|{0:N0} new works", Count);
}

/// <summary>The calls that are about whoever holds the token.</summary>
internal sealed partial class BzPeerApi
{
    /// <summary>No page waits longer for what stands at its edge.</summary>
    private static readonly TimeSpan Briefly = TimeSpan.FromMilliseconds(500);

    public Task<Answer<UnseenWorks>> UnseenWorks(string token, CancellationToken ct) =>
        Send<UnseenWorks>(Upstream.Publication, HttpMethod.Get, "/api/me/feed/unseen", Briefly, ct, token: token);

    public Task<Answer<object>> MarkFeedSeen(long seenTo, string token, CancellationToken ct) =>
        Send<object>(Upstream.Publication, HttpMethod.Put, "/api/me/feed/seen", Quick, ct, token: token, body: JsonContent.Create(new { seenTo }));

    public Task<Answer<Card>> EditProfile(Guid id, string headline, bool openToCollaborate, string token, CancellationToken ct) =>
        Send<Card>(Upstream.Profile, HttpMethod.Patch, $"/api/researchers/{id}", Patient, ct, token: token, body: JsonContent.Create(new { headline, openToCollaborate }));

    public Task<Answer<object>> Claim(Guid id, bool claim, string token, CancellationToken ct) =>
        Send<object>(Upstream.Profile, claim ? HttpMethod.Post : HttpMethod.Delete, $"/api/researchers/{id}/claim", Patient, ct, token: token);

    public Task<Answer<Visibility>> Visibility(string token, CancellationToken ct) =>
        Send<Visibility>(Upstream.Follow, HttpMethod.Get, "/api/me/follow-visibility", Quick, ct, token: token);

    public Task<Answer<Visibility>> ChooseVisibility(Visibility choice, string token, CancellationToken ct) =>
        Send<Visibility>(Upstream.Follow, HttpMethod.Put, "/api/me/follow-visibility", Patient, ct, token: token, body: JsonContent.Create(choice));

    public Task<Answer<Paged<FollowListed>>> Blocks(string? cursor, string token, CancellationToken ct) =>
        Send<Paged<FollowListed>>(Upstream.Follow, HttpMethod.Get, $"/api/me/blocks?limit=20{Cursor(cursor)}", Quick, ct, token: token);

    public Task<Answer<Relationship>> Block(Guid id, bool block, string token, CancellationToken ct) =>
        Send<Relationship>(Upstream.Follow, block ? HttpMethod.Put : HttpMethod.Delete, $"/api/me/blocks/{id}", Patient, ct, token: token);

    public Task<Answer<FeedPage>> Feed(string? cursor, string token, CancellationToken ct) =>
        Send<FeedPage>(Upstream.Publication, HttpMethod.Get, $"/api/me/feed?limit=20{Cursor(cursor)}", Patient, ct, token: token);

    public Task<Answer<object>> MarkFeedRead(long readTo, string token, CancellationToken ct) =>
        Send<object>(Upstream.Publication, HttpMethod.Put, "/api/me/feed/marker", Patient, ct, token: token, body: JsonContent.Create(new { readTo }));
}
