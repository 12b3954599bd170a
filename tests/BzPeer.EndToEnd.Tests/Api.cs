using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace BzPeer.EndToEnd.Tests;

/// <summary>The public API as its clients use it: through the gateway.</summary>
internal static class Api
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>A curator whom nobody has heard of.</summary>
    public static HttpClient AsCurator(this BzPeerSystem system) => system.As(Guid.NewGuid(), "curator");

    /// <summary>The answer to a GET, which has to be a success.</summary>
    public static async Task<T> ReadAsync<T>(this HttpClient http, string path, CancellationToken ct)
    {
        using var answer = await http.GetAsync(path, ct);
        await answer.ShouldBeSuccessAsync();
        return (await answer.Content.ReadFromJsonAsync<T>(ct))!;
    }

    /// <summary>Every item of a list, page by page; the <c>Link</c> header has to name the page that the body names.</summary>
    public static async Task<List<T>> ReadAllAsync<T>(this HttpClient http, string path, int limit, CancellationToken ct)
    {
        var all = new List<T>();
        for (string? cursor = ""; cursor is not null;)
        {
            using var answer = await http.GetAsync($"{path}?limit={limit}{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}", ct);
            await answer.ShouldBeSuccessAsync();
            var page = (await answer.Content.ReadFromJsonAsync<Page<T>>(ct))!;
            page.Items.Count.ShouldBeLessThanOrEqualTo(limit);
            if (page.Next is null) answer.Headers.Contains("Link").ShouldBeFalse();
            else answer.Headers.GetValues("Link").Single().ShouldContain($"cursor={page.Next}");
            all.AddRange(page.Items);
            cursor = page.Next;
        }

        return all;
    }

    public static Task<Card> CardAsync(this HttpClient http, Guid researcher, CancellationToken ct) => http.ReadAsync<Card>($"/api/researchers/{researcher}", ct);

    public static Task<FollowCounts> FollowCountsAsync(this HttpClient http, Guid researcher, CancellationToken ct) =>
        http.ReadAsync<FollowCounts>($"/api/researchers/{researcher}/follow-counts", ct);

    public static Task<Statement> TrustAsync(this HttpClient http, Guid researcher, CancellationToken ct) =>
        http.ReadAsync<Statement>($"/api/researchers/{researcher}/trust", ct);

    public static Task<List<TrustChange>> LedgerAsync(this HttpClient http, Guid researcher, CancellationToken ct) =>
        http.ReadAllAsync<TrustChange>($"/api/researchers/{researcher}/trust/changes", 40, ct);

    /// <summary>Imports a file and waits until it is done.</summary>
    public static async Task<ImportStatus> ImportAsync(this BzPeerSystem system, string format, string contentType, byte[] file, CancellationToken ct)
    {
        using var body = new ByteArrayContent(file) { Headers = { ContentType = new MediaTypeHeaderValue(contentType) } };
        using var answer = await system.AsCurator().PostAsync($"/api/imports?format={format}", body, ct);
        await answer.ShouldBeSuccessAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var import = answer.Headers.Location!.ToString();
        return await Eventually.Async(token => system.Http.ReadAsync<ImportStatus>(import, token), status => status.State != "running", "the import ends", Patience, ct);
    }

    /// <summary>
    /// New researchers, each the only author of one work that OpenAlex vouches for, once everybody has heard of them: their
    /// cards say trust 11, and they can be followed.
    /// </summary>
    public static async Task<Guid[]> RegisterAsync(this BzPeerSystem system, int count, CancellationToken ct)
    {
        var numbers = Enumerable.Range(0, count).Select(_ => Random.Shared.NextInt64(100_000_000_000, 999_999_999_999)).ToArray();
        var file = string.Join('\n', numbers.Select(number => JsonSerializer.Serialize(new
        {
            id = $"https://openalex.org/W{number}",
            title = $"On the number {number}",
            display_name = $"On the number {number}",
            type = "article",
            publication_year = 2024,
            publication_date = "2024-05-17",
            topics = new[] { new { id = "https://openalex.org/T10102", display_name = "Bibliometrics" } },
            authorships = new[]
            {
                new { author_position = "first", author = new { id = $"https://openalex.org/A{number}", display_name = $"Author {number}" }, institutions = Array.Empty<object>() },
            },
        })));
        var import = await system.ImportAsync("openalex", "application/x-ndjson", Encoding.UTF8.GetBytes(file), ct);
        import.Created.ShouldBe(count, string.Join("; ", import.Rejections.Select(rejection => rejection.Reason)));

        var ids = new Guid[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = ct }, async (n, token) =>
        {
            var found = await Eventually.Async(
                t => system.Http.ReadAsync<Page<Card>>($"/api/researchers?openAlex=A{numbers[n]}", t),
                page => page.Items is [{ Trust.Score: 11, Counts.Works: 1 }], $"the author A{numbers[n]} has a card with trust 11", Patience, token);
            ids[n] = found.Items[0].Id;
            await Eventually.Async(t => system.Http.FollowCountsAsync(ids[n], t), _ => true, $"Follow knows the author A{numbers[n]}", Patience, token);
        });
        return ids;
    }

    /// <summary>Publishes a work by the API, as the client is.</summary>
    public static async Task<Work> PublishAsync(this HttpClient http, string title, IEnumerable<Guid> authors, CancellationToken ct, string? doi = null)
    {
        using var answer = await http.PostAsJsonAsync("/api/works", new
        {
            title,
            type = "article",
            publicationDate = "2025-03-01",
            doi,
            topics = new[] { "Bibliometrics" },
            authors = authors.Select(author => new { researcherId = author }),
        }, ct);
        await answer.ShouldBeSuccessAsync();
        return (await answer.Content.ReadFromJsonAsync<Work>(ct))!;
    }

    public static async Task ShouldBeSuccessAsync(this HttpResponseMessage answer)
    {
        if (!answer.IsSuccessStatusCode)
            throw new HttpRequestException(
                $"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri!.PathAndQuery} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}",
                inner: null, answer.StatusCode);
    }
}
