using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace BzPeer.Client;

/// <summary>Which events: of any of the types, and about or by the subject. Whatever is not said is not asked for.</summary>
/// <param name="Types">Names of contracts (<c>ResearcherFollowed</c>) or whole CloudEvents types; null for all.</param>
/// <param name="Subject">The subject or the actor of an event, or null for anybody.</param>
public sealed record EventFilter(IReadOnlyList<string>? Types = null, Guid? Subject = null);

/// <summary>
/// The API of a BZPEER site. Errors are <see cref="BzPeerProblem"/>, or what <see cref="HttpClient"/> throws where there was no answer. A call that
/// may be repeated (GET, PUT, DELETE) and is answered 429 or 503 is, when that time has come, if it comes within half a minute.
/// </summary>
/// <param name="http">With the site as its base address, and with what identifies the caller as its <c>Authorization</c>; reading is public.</param>
/// <param name="clock">Time; null for the machine's.</param>
public sealed class BzPeerClient(HttpClient http, TimeProvider? clock = null)
{
    private const int Attempts = 4;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    internal TimeProvider Clock { get; } = clock ?? TimeProvider.System;

    /// <summary>The card of a researcher; of one that was merged, the survivor's.</summary>
    /// <param name="researcher">Whose.</param>
    /// <param name="notBefore">The position of a write that it must show.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task<ResearcherCard> CardAsync(Guid researcher, Position? notBefore = null, CancellationToken cancellation = default) =>
        GetAsync<ResearcherCard>($"api/researchers/{researcher}", notBefore, cancellation);

    /// <summary>The cards of up to 100 researchers; whoever does not exist is left out.</summary>
    public async Task<IReadOnlyList<ResearcherCard>> CardsAsync(IEnumerable<Guid> researchers, CancellationToken cancellation = default) =>
        (await GetAsync<Page<ResearcherCard>>($"api/researchers{Query([.. researchers.Select(id => ("id", (string?)$"{id}"))])}", null, cancellation)).Items ?? [];

    /// <summary>Researchers by name, ORCID iD or OpenAlex author id; pages are fetched as they are needed.</summary>
    public IAsyncEnumerable<ResearcherCard> SearchAsync(string? name = null, string? orcid = null, string? openAlex = null, CancellationToken cancellation = default) =>
        ListAsync<ResearcherCard>("api/researchers", [("q", name), ("orcid", orcid), ("openAlex", openAlex)], null, cancellation);

    /// <summary>The caller follows a researcher from now on; doing it again changes nothing.</summary>
    public Task<Written<Relationship>> FollowAsync(Guid researcher, CancellationToken cancellation = default) => WriteAsync<Relationship>(HttpMethod.Put, $"api/me/following/{researcher}", cancellation);

    /// <summary>The caller no longer follows a researcher; doing it again changes nothing.</summary>
    public Task<Written<Relationship>> UnfollowAsync(Guid researcher, CancellationToken cancellation = default) => WriteAsync<Relationship>(HttpMethod.Delete, $"api/me/following/{researcher}", cancellation);

    /// <summary>What up to 100 researchers are to the caller.</summary>
    public async Task<IReadOnlyList<Relationship>> RelationshipsAsync(IEnumerable<Guid> researchers, Position? notBefore = null, CancellationToken cancellation = default) =>
        (await GetAsync<Page<Relationship>>($"api/me/relationships{Query([.. researchers.Select(id => ("id", (string?)$"{id}"))])}", notBefore, cancellation)).Items ?? [];

    /// <summary>How many follow a researcher and whom they follow, with the digests that prove it.</summary>
    public Task<FollowCounts> FollowCountsAsync(Guid researcher, Position? notBefore = null, CancellationToken cancellation = default) =>
        GetAsync<FollowCounts>($"api/researchers/{researcher}/follow-counts", notBefore, cancellation);

    /// <summary>Who follows a researcher, newest first.</summary>
    /// <exception cref="HiddenList">They hide it.</exception>
    public IAsyncEnumerable<ListedResearcher> FollowersAsync(Guid researcher, Position? notBefore = null, CancellationToken cancellation = default) =>
        ListAsync<ListedResearcher>($"api/researchers/{researcher}/followers", [], notBefore, cancellation);

    /// <summary>Whom a researcher follows, newest first.</summary>
    /// <exception cref="HiddenList">They hide it.</exception>
    public IAsyncEnumerable<ListedResearcher> FollowingAsync(Guid researcher, Position? notBefore = null, CancellationToken cancellation = default) =>
        ListAsync<ListedResearcher>($"api/researchers/{researcher}/following", [], notBefore, cancellation);

    /// <summary>The works of a researcher.</summary>
    /// <param name="researcher">Whose.</param>
    /// <param name="year">A year or a range: <c>2023</c>, <c>2019..2023</c>.</param>
    /// <param name="type">The source's term: <c>article</c>.</param>
    /// <param name="topic">Id of a topic.</param>
    /// <param name="sort"><c>newest</c> (when null), <c>oldest</c> or <c>title</c>.</param>
    /// <param name="notBefore">The position of a write that they must show.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public IAsyncEnumerable<ListedWork> WorksAsync(
        Guid researcher, string? year = null, string? type = null, string? topic = null, string? sort = null, Position? notBefore = null, CancellationToken cancellation = default) =>
        ListAsync<ListedWork>($"api/researchers/{researcher}/works", [("year", year), ("type", type), ("topic", topic), ("sort", sort)], notBefore, cancellation);

    /// <summary>One work.</summary>
    public Task<ListedWork> WorkAsync(Guid work, Position? notBefore = null, CancellationToken cancellation = default) => GetAsync<ListedWork>($"api/works/{work}", notBefore, cancellation);

    /// <summary>How far a researcher can be trusted, and why.</summary>
    /// <param name="researcher">Whom.</param>
    /// <param name="asOf">What it was at a time, or null for now.</param>
    /// <param name="notBefore">The position of a write that it must show.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task<TrustStatement> TrustAsync(Guid researcher, DateTimeOffset? asOf = null, Position? notBefore = null, CancellationToken cancellation = default) =>
        GetAsync<TrustStatement>($"api/researchers/{researcher}/trust{Query(("asOf", asOf?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)))}", notBefore, cancellation);

    /// <summary>The ledger of a researcher's trust, newest first.</summary>
    public IAsyncEnumerable<TrustChange> TrustChangesAsync(Guid researcher, Position? notBefore = null, CancellationToken cancellation = default) =>
        ListAsync<TrustChange>($"api/researchers/{researcher}/trust/changes", [], notBefore, cancellation);

    /// <summary>Every event after a position up to now, as they come over one connection. To go on after that, and over breaks, use <see cref="EventReader"/>.</summary>
    /// <param name="after">The position of the last event you have, or null for the beginning of what is kept.</param>
    /// <param name="filter">Which events; null for all.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="CursorTooOld">What comes next is no longer kept.</exception>
    public async IAsyncEnumerable<ReceivedEvent> EventsAsync(long? after = null, EventFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var answer = await SendAsync(HttpMethod.Get, EventsPath(after, filter), "application/x-ndjson", null, cancellation);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation));
        while (await lines.ReadLineAsync(cancellation) is { } line)
            if (line.Length > 0) yield return ReceivedEvent.Parse(line);
    }

    /// <summary>Every event after a position and whatever comes, until the connection ends.</summary>
    internal async IAsyncEnumerable<ReceivedEvent> FollowEventsAsync(long? after, EventFilter? filter, TimeSpan silence, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Get, EventsPath(after, filter), "text/event-stream", null, cancellation);
        await using var stream = new AttentiveStream(await answer.Content.ReadAsStreamAsync(cancellation), silence);
        await foreach (var item in SseParser.Create(stream, static (_, data) => ReceivedEvent.Parse(data)).EnumerateAsync(cancellation)) yield return item.Data;
    }

    private static string EventsPath(long? after, EventFilter? filter) =>
        "api/events" + Query([("after", after?.ToString(CultureInfo.InvariantCulture)), ("subject", filter?.Subject?.ToString()), .. (filter?.Types ?? []).Select(type => ("type", (string?)type))]);

    private async IAsyncEnumerable<T> ListAsync<T>(
        string path, (string Name, string? Value)[] query, Position? notBefore, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (string? cursor = null; ;)
        {
            var page = await GetAsync<Page<T>>(path + Query([.. query, ("cursor", cursor)]), notBefore, cancellation);
            foreach (var item in page.Items ?? throw new HiddenList()) yield return item;
            if (page.Next is null) yield break;
            cursor = page.Next;
        }
    }

    private async Task<T> GetAsync<T>(string path, Position? notBefore, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, "application/json", notBefore, cancellation);
        return await ReadAsync<T>(answer, cancellation);
    }

    private async Task<Written<T>> WriteAsync<T>(HttpMethod method, string path, CancellationToken cancellation)
    {
        using var answer = await SendAsync(method, path, "application/json", null, cancellation);
        Position? at = answer.Headers.TryGetValues("X-BzPeer-Position", out var position) ? Position.Parse(position.First()) : null;
        return new(await ReadAsync<T>(answer, cancellation), at);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellation) =>
        await answer.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, cancellation) ?? throw new JsonException("The answer is empty.");

    /// <summary>The answer, which is a success, once its headers are there.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string accept, Position? notBefore, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, path) { Headers = { Accept = { new MediaTypeWithQualityHeaderValue(accept) } } };
            if (notBefore is { } position) request.Headers.Add("Min-Position", position.ToString());
            var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (answer.IsSuccessStatusCode) return answer;
            using (answer)
            {
                var problem = await BzPeerProblem.ReadAsync(answer, Clock, cancellation);
                if (attempt == Attempts || problem.Status is not (429 or 503) || problem.RetryAfter is not { } wait || wait > LongestWait) throw problem;
                await Task.Delay(wait, Clock, cancellation);
            }
        }
    }

    private static string Query(params (string Name, string? Value)[] parameters)
    {
        var said = parameters.Where(parameter => parameter.Value is not null).Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}").ToArray();
        return said.Length == 0 ? "" : "?" + string.Join('&', said);
    }

    private sealed record Page<T>(IReadOnlyList<T>? Items, string? Next);
}

/// <summary>The researcher shows this list to nobody else.</summary>
public sealed class HiddenList() : Exception("The researcher shows this list to nobody else.");
