using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Primitives;

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
internal sealed record WorkAssertions(IReadOnlyList<StandingField> Stands, IReadOnlyList<Assertion> Assertions, IReadOnlyList<Notice> Notices);

internal sealed record StandingField(string Field, string Source, string SourceId);

internal sealed record Assertion(string Source, string SourceId, DateTimeOffset? TakenAt);

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
    public string Label { get; init; } = Mathematics.Text(Label);
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

/// <summary>The public API as the pages call it: straight to the services, each call with its own patience, never an exception.</summary>
internal sealed partial class BzPeerApi(IHttpClientFactory clients, Kept kept, IHttpContextAccessor asking, ILogger<BzPeerApi> log)
{
    private sealed record KeptAnswer(object Answer, IReadOnlyCollection<Guid> Ids);

    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(3);
    // A graph around a prolific researcher may take a while, and the page has been sent by then.
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(10);
    private static readonly string[] OfOne = ["/api/researchers/", "/api/works/", "/api/graph/"];
    // An answer as objects takes more than as text, about so many times.
    private const int InMemory = 4;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public Task<Answer<Card>> Card(Guid id, CancellationToken ct, string? minPosition = null) =>
        Get<Card>(Upstream.Profile, $"/api/researchers/{id}", ct, minPosition);

    public async Task<IReadOnlyDictionary<Guid, Card>> Cards(IEnumerable<Guid> ids, CancellationToken ct)
    {
        var asked = ids.Distinct().Take(100).ToArray();
        if (asked.Length == 0)
            return new Dictionary<Guid, Card>();
        var answer = await Get<Paged<Card>>(
            Upstream.Profile, $"/api/researchers?limit=100&{string.Join('&', asked.Select(id => $"id={id}"))}", ct);
        return (answer.Value?.Items ?? []).DistinctBy(card => card.Id).ToDictionary(card => card.Id);
    }

    public Task<Answer<Paged<Card>>> Search(ResearcherQuery query, int limit, string? cursor, CancellationToken ct) =>
        Get<Paged<Card>>(Upstream.Profile, $"/api/researchers?{query.Parameter}&limit={limit}{Cursor(cursor)}", ct);

    /// <summary>With a researcher's own token also what they hide from everybody else.</summary>
    public Task<Answer<FollowCounts>> FollowCounts(Guid id, string? minPosition, string? token, CancellationToken ct) =>
        Send<FollowCounts>(Upstream.Follow, HttpMethod.Get, $"/api/researchers/{id}/follow-counts", Quick, ct, token: token, minPosition: minPosition);

    /// <summary>With a researcher's own token also what they hide from everybody else.</summary>
    public Task<Answer<FollowPage>> FollowList(Guid id, string list, string? cursor, string? token, CancellationToken ct) =>
        Send<FollowPage>(Upstream.Follow, HttpMethod.Get, $"/api/researchers/{id}/{list}?limit=40{Cursor(cursor)}", Quick, ct, token: token);

    /// <summary>What the holder of the token and somebody else are to each other.</summary>
    public Task<Answer<Paged<Relationship>>> Relationship(Guid id, string token, CancellationToken ct) =>
        Send<Paged<Relationship>>(Upstream.Follow, HttpMethod.Get, $"/api/me/relationships?id={id}", Quick, ct, token: token);

    public Task<Answer<Relationship>> Follow(Guid id, bool follow, string token, CancellationToken ct) =>
        Send<Relationship>(
            Upstream.Follow, follow ? HttpMethod.Put : HttpMethod.Delete, $"/api/me/following/{id}", Patient, ct, token: token);

    /// <summary>The works of a researcher, a topic or an institution (<paramref name="of"/>, as addresses begin); <paramref name="filter"/> has the parameters that choose and sort them, each beginning with <c>&amp;</c>.</summary>
    public Task<Answer<Paged<Work>>> Works(Guid id, string? cursor, CancellationToken ct, string filter = "", int limit = 20, string of = "researchers", string? minPosition = null) =>
        Get<Paged<Work>>(Upstream.Publication, $"/api/{of}/{id}/works?limit={limit}{filter}{Cursor(cursor)}", ct, minPosition);

    public Task<Answer<Work>> Work(Guid id, CancellationToken ct) =>
        Get<Work>(Upstream.Publication, $"/api/works/{id}", ct);

    public Task<Answer<WorkAssertions>> Assertions(Guid id, CancellationToken ct) =>
        Get<WorkAssertions>(Upstream.Publication, $"/api/works/{id}/assertions", ct);

    public Task<Answer<Paged<Collaborator>>> Collaborators(Guid id, int limit, string? cursor, CancellationToken ct, string? minPosition = null) =>
        Get<Paged<Collaborator>>(Upstream.Publication, $"/api/researchers/{id}/collaborators?limit={limit}{Cursor(cursor)}", ct, minPosition);

    public Task<Answer<GraphSlice>> Graph(string kind, string id, int limit, CancellationToken ct) =>
        Send<GraphSlice>(Upstream.Publication, HttpMethod.Get, $"/api/graph/{kind}/{Uri.EscapeDataString(id)}?limit={limit}", Patient, ct);

    public Task<Answer<GraphConnection>> Connection(Guid from, Guid to, CancellationToken ct) =>
        Send<GraphConnection>(Upstream.Publication, HttpMethod.Get, $"/api/graph/connection?from={from}&to={to}", Patient, ct);

    public Task<Answer<TrustStatement>> Trust(Guid id, CancellationToken ct, string? minPosition = null) =>
        Get<TrustStatement>(Upstream.Trust, $"/api/researchers/{id}/trust", ct, minPosition);

    public Task<Answer<Paged<TrustChange>>> TrustChanges(Guid id, string? cursor, CancellationToken ct, string? minPosition = null) =>
        Get<Paged<TrustChange>>(Upstream.Trust, $"/api/researchers/{id}/trust/changes?limit=40{Cursor(cursor)}", ct, minPosition);

    /// <summary>With a researcher's own token also what they hide from everybody else.</summary>
    public Task<Answer<Growth>> FollowerGrowth(Guid id, string by, string? token, CancellationToken ct) =>
        Send<Growth>(Upstream.Analytics, HttpMethod.Get, $"/api/analytics/followers/{id}?by={by}", Quick, ct, token: token);

    public Task<Answer<TopicYears>> TopicsByYear(int limit, CancellationToken ct) =>
        Get<TopicYears>(Upstream.Analytics, $"/api/analytics/topics?by=year&limit={limit}", ct);

    public Task<Answer<TrustOverTime>> TrustOverTime(CancellationToken ct) =>
        Get<TrustOverTime>(Upstream.Analytics, "/api/analytics/trust?by=day", ct);

    public Task<Answer<MoversList>> Movers(string window, string of, int limit, CancellationToken ct) =>
        Get<MoversList>(Upstream.Analytics, $"/api/analytics/movers?window={window}&of={of}&limit={limit}", ct);

    public Task<Answer<LogFreshness>> Freshness(string window, CancellationToken ct) =>
        Get<LogFreshness>(Upstream.Analytics, $"/api/analytics/freshness?window={window}", ct);

    /// <summary>Who the person is here whom the sign-in provider vouches for.</summary>
    public Task<Answer<SignInAnswer>> SignIn(string idToken, CancellationToken ct) =>
        Send<SignInAnswer>(Upstream.Profile, HttpMethod.Post, "/api/sign-ins", Patient, ct, token: idToken);

    private static string Cursor(string? cursor) =>
        cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}";

    private Task<Answer<T>> Get<T>(string service, string path, CancellationToken ct, string? minPosition = null) where T : class =>
        Send<T>(service, HttpMethod.Get, path, Quick, ct, minPosition: minPosition);

    private async Task<Answer<T>> Send<T>(
        string service, HttpMethod method, string path, TimeSpan patience, CancellationToken ct,
        string? token = null, string? minPosition = null, HttpContent? body = null) where T : class
    {
        // What everybody is told alike of one researcher, one work, or what is around them.
        var keep = method == HttpMethod.Get && token is null && minPosition is null && Array.Exists(OfOne, prefix => path.StartsWith(prefix, StringComparison.Ordinal)) ? $"{service} {path}" : null;
        if (keep is not null && kept.Find(keep) is KeptAnswer { Answer: Answer<T> known } from)
        {
            PublicPages.MadeFrom(asking.HttpContext, from.Ids);
            return known;
        }
        var asked = kept.Moment;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience);
        using var request = new HttpRequestMessage(method, path) { Content = body };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (minPosition is not null)
            request.Headers.TryAddWithoutValidation("Min-Position", minPosition);
        try
        {
            using var response = await clients.CreateClient(service).SendAsync(request, limit.Token);
            var content = await response.Content.ReadAsByteArrayAsync(limit.Token);
            var answer = Read<T>(service, response, content);
            HashSet<Guid>? ids = answer.Unavailable ? null : [.. Ids.In(content), .. Ids.In(Encoding.UTF8.GetBytes(path))];
            PublicPages.MadeFrom(asking.HttpContext, ids);
            if (keep is not null && ids is not null && answer.Value is not null) kept.Keep(keep, new KeptAnswer(answer, ids), content.Length * InMemory, ids, kept.Longest, TimeSpan.Zero, asked);
            return answer;
        }
        catch (Exception failure) when (
            failure is HttpRequestException or JsonException or NotSupportedException
            || (failure is OperationCanceledException && !ct.IsCancellationRequested))
        {
            PublicPages.MadeFrom(asking.HttpContext, ids: null);
            log.LogWarning("{Service} did not answer {Method} {Path}: {Reason}", service, method, path, failure.Message);
            return new Answer<T>(service, null, null);
        }
    }

    private static Answer<T> Read<T>(string service, HttpResponseMessage response, byte[] content) where T : class
    {
        if (!response.IsSuccessStatusCode)
            return new Answer<T>(service, response.StatusCode, null)
            {
                Location = response.Headers.Location,
                Problem = Detail(response, content),
            };
        var empty = response.StatusCode == HttpStatusCode.NoContent || typeof(T) == typeof(object);
        return new Answer<T>(service, response.StatusCode, empty ? null : JsonSerializer.Deserialize<T>(content, Json))
        {
            Position = response.Headers.TryGetValues("X-BzPeer-Position", out var position) ? new StringValues([.. position]).ToString() : null,
        };
    }

    private static string? Detail(HttpResponseMessage response, byte[] content)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return null;
        var problem = JsonSerializer.Deserialize<JsonElement>(content, Json);
        return problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty("detail", out var detail) ? detail.GetString() : null;
    }
}

internal static class BzPeerApiRegistration
{
    public static void AddBzPeerApi(this WebApplicationBuilder builder)
    {
        foreach (var service in Upstream.All)
        {
            var address = Upstream.Address(builder.Configuration, service);
            builder.Services.AddHttpClient(service, client => client.BaseAddress = address)
                // What goes wrong is logged where it is noticed; four lines about each answer of eight a page are nobody's reading.
                .RemoveAllLoggers()
                // A merged researcher is a redirect the visitor's own address bar should follow.
                .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
                {
                    AllowAutoRedirect = false,
                    UseCookies = false,
                    ConnectTimeout = TimeSpan.FromSeconds(2),
                    PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                });
            builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
                service.ToLowerInvariant(), services => new UpstreamHealth(services.GetRequiredService<IHttpClientFactory>(), service), null, null));
        }
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddSingleton<BzPeerApi>();
    }
}
