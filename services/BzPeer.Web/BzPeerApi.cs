using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using BzPeer.ServiceDefaults;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Primitives;

namespace BzPeer.Web;

/// <summary>The public API as the pages call it: straight to the services, each call with its own patience, never an exception.</summary>
internal sealed partial class BzPeerApi(IHttpClientFactory clients, Patience patience, Kept kept, IHttpContextAccessor asking, ILogger<BzPeerApi> log)
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

    public Task<Answer<GraphSlice>> Graph(string kind, string id, int limit, CancellationToken ct, string? minPosition = null) =>
        Send<GraphSlice>(Upstream.Publication, HttpMethod.Get, $"/api/graph/{kind}/{Uri.EscapeDataString(id)}?limit={limit}", Patient, ct, minPosition: minPosition);

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
        string service, HttpMethod method, string path, TimeSpan usual, CancellationToken ct,
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
        using var limit = patience.For(usual, ct);
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
                service.ToLowerInvariant(), services => new UpstreamHealth(services.GetRequiredService<IHttpClientFactory>(), services.GetRequiredService<Patience>(), service), null, null));
        }
        builder.Services.AddSingleton(new Patience(builder.Configuration.Number("Pages:Patience", 1, least: 1)));
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddSingleton<BzPeerApi>();
    }
}
