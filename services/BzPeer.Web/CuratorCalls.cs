using System.Net.Http.Headers;
using System.Text.Json;

namespace BzPeer.Web;

internal sealed record ImportStatus(
    Guid Id, string Format, string State, long Received, long Created, long Updated, long Unchanged, long Rejected, IReadOnlyList<ImportRejection> Rejections);

internal sealed record ImportRejection(long Index, string? SourceId, string Reason);

internal sealed record SuspectedPair(Guid Id, int Strength, IReadOnlyList<SuspectedResearcher> Researchers, IReadOnlyList<PairEvidence> Evidence, DateTimeOffset SuspectedAt);

internal sealed record SuspectedResearcher(Guid ResearcherId, string Name, IReadOnlyList<string> Keys, long Works);

internal sealed record PairEvidence(string Kind, string Detail, int Weight);

internal sealed record Merge(Guid Id, Guid MergedId, Guid SurvivorId);

/// <summary>Accounts whose follows a curator took out of trust; <paramref name="Counted"/> once the flow of trust has taken in what was last decided.</summary>
internal sealed record Ring(Guid Id, IReadOnlyList<Guid> Members, string Reason, DateTimeOffset At, DateTimeOffset? ReinstatedAt, string? ReinstatedFor, bool Counted, int MovedTotal);

/// <summary>A message that a service could not handle.</summary>
internal sealed record DeadLetter(string Id, string? Type, string? Subject, DateTimeOffset? FailedAt, string Reason, string Content);

internal sealed record DeadLetterList(long Total, IReadOnlyList<DeadLetter> Items);

internal sealed record DeadLettersMoved(long Moved);

/// <summary>The calls that take the role of a curator.</summary>
internal sealed partial class BzPeerApi
{
    // A ring is answered for when the flow of trust has taken it in, or after ten seconds.
    private static readonly TimeSpan VeryPatient = TimeSpan.FromSeconds(20);

    public Task<Answer<ImportStatus>> Import(Guid id, CancellationToken ct) =>
        Get<ImportStatus>(Upstream.Publication, $"/api/imports/{id}", ct);

    /// <summary>Hands a file on while it arrives, however long that takes: whoever sends it may have a slow line.</summary>
    public async Task<Answer<ImportStatus>> StartImport(string format, Stream file, string mediaType, string token, CancellationToken ct)
    {
        using var client = clients.CreateClient(Upstream.Publication);
        client.Timeout = Timeout.InfiniteTimeSpan;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/imports?format={Uri.EscapeDataString(format)}") { Content = new StreamContent(file) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        // What is refused for its format is refused before the file is sent, and the reason is heard.
        request.Headers.ExpectContinue = true;
        request.Content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        try
        {
            using var response = await client.SendAsync(request, ct);
            return Read<ImportStatus>(Upstream.Publication, response, await response.Content.ReadAsByteArrayAsync(ct));
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException)
        {
            log.LogWarning("{Service} did not take an import: {Reason}", Upstream.Publication, failure.Message);
            return new(Upstream.Publication, null, null);
        }
    }

    public Task<Answer<Paged<SuspectedPair>>> SuspectedPairs(string? cursor, string token, CancellationToken ct) =>
        Send<Paged<SuspectedPair>>(Upstream.Publication, HttpMethod.Get, $"/api/suspected-pairs?limit=20{Cursor(cursor)}", Patient, ct, token: token);

    public Task<Answer<Merge>> MergeInto(Guid survivor, Guid researcherId, string? reason, string token, CancellationToken ct) =>
        Send<Merge>(Upstream.Publication, HttpMethod.Post, $"/api/researchers/{survivor}/merges", VeryPatient, ct, token: token, body: JsonContent.Create(new { researcherId, reason }));

    public Task<Answer<object>> TakeMergeBack(Guid id, string? reason, string token, CancellationToken ct) =>
        Send<object>(Upstream.Publication, HttpMethod.Delete, $"/api/merges/{id}?reason={Uri.EscapeDataString(reason ?? "")}", VeryPatient, ct, token: token);

    public Task<Answer<object>> TellApart(Guid pair, string? reason, string token, CancellationToken ct) =>
        Send<object>(Upstream.Publication, HttpMethod.Post, $"/api/suspected-pairs/{pair}/distinction", Patient, ct, token: token, body: JsonContent.Create(new { reason }));

    public Task<Answer<DeadLetterList>> DeadLetters(string service, string token, CancellationToken ct) =>
        Send<DeadLetterList>(service, HttpMethod.Get, DeadLettersOf(service), Patient, ct, token: token);

    /// <summary>Sends one message to its service again, or all that wait there.</summary>
    public Task<Answer<DeadLettersMoved>> Resend(string service, string? id, string token, CancellationToken ct) =>
        Send<DeadLettersMoved>(service, HttpMethod.Post, $"{DeadLettersOf(service)}{(id is null ? "" : $"/{Uri.EscapeDataString(id)}")}/resend", VeryPatient, ct, token: token);

    public Task<Answer<DeadLettersMoved>> Discard(string service, string id, string? reason, string token, CancellationToken ct) =>
        Send<DeadLettersMoved>(service, HttpMethod.Delete, $"{DeadLettersOf(service)}/{Uri.EscapeDataString(id)}?reason={Uri.EscapeDataString(reason ?? "")}", VeryPatient, ct, token: token);

    private static string DeadLettersOf(string service) => $"/api/dead-letters/{service.ToLowerInvariant()}";

    public Task<Answer<Paged<Ring>>> Rings(string? cursor, string token, CancellationToken ct) =>
        Send<Paged<Ring>>(Upstream.Trust, HttpMethod.Get, $"/api/trust/rings?limit=20{Cursor(cursor)}", Patient, ct, token: token);

    public Task<Answer<Ring>> MarkRing(IReadOnlyList<Guid> members, string? reason, string token, CancellationToken ct) =>
        Send<Ring>(Upstream.Trust, HttpMethod.Post, "/api/trust/rings", VeryPatient, ct, token: token, body: JsonContent.Create(new { members, reason }));

    public Task<Answer<Ring>> ReinstateRing(Guid id, string? reason, string token, CancellationToken ct) =>
        Send<Ring>(Upstream.Trust, HttpMethod.Delete, $"/api/trust/rings/{id}?reason={Uri.EscapeDataString(reason ?? "")}", VeryPatient, ct, token: token);
}
