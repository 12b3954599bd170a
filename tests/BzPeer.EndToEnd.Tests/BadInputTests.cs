using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace BzPeer.EndToEnd.Tests;

/// <summary>What is refused is refused with a problem that names the rule, whichever process refuses it.</summary>
public sealed class BadInputTests(RunningSystem running)
{
    private const string Nobody = "5a5a5a5a-0000-4000-8000-5a5a5a5a5a5a";
    private const string Json = "application/json";

    /// <summary>Too long for a call that takes at most 1 MB.</summary>
    private const string TooLong = "<1,100,000 bytes>";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public enum Caller
    {
        Anonymous,
        Forged,
        Researcher,
        Curator,
    }

    public static TheoryData<string, string, Caller, string?, string?, int, string> Requests => new()
    {
        // Malformed ids
        { "GET", "/api/researchers/no-id", Caller.Anonymous, null, null, 400, "malformed-id" },
        { "GET", "/api/researchers/no-id/followers", Caller.Anonymous, null, null, 400, "malformed-id" },
        { "GET", "/api/researchers/no-id/follow-counts", Caller.Anonymous, null, null, 400, "malformed-id" },
        { "GET", "/api/researchers/no-id/works", Caller.Anonymous, null, null, 400, "malformed-id" },
        { "GET", "/api/researchers/no-id/collaborators", Caller.Anonymous, null, null, 400, "malformed-id" },
        { "GET", "/api/researchers/no-id/trust", Caller.Anonymous, null, null, 400, "malformed-id" },
        { "GET", "/api/researchers/no-id/trust/changes", Caller.Anonymous, null, null, 400, "malformed-id" },
        { "GET", "/api/works/no-id", Caller.Anonymous, null, null, 400, "malformed-id" },
        { "GET", "/api/imports/no-id", Caller.Curator, null, null, 400, "malformed-id" },
        { "GET", "/api/graph/researcher/no-id", Caller.Anonymous, null, null, 400, "malformed-id" },
        { "PUT", "/api/me/following/no-id", Caller.Researcher, null, null, 400, "malformed-id" },
        { "DELETE", "/api/me/following/no-id", Caller.Researcher, null, null, 400, "malformed-id" },
        { "GET", "/api/researchers?orcid=0000-0002-1825-0", Caller.Anonymous, null, null, 400, "malformed-orcid" },
        { "GET", "/api/researchers?openAlex=X1", Caller.Anonymous, null, null, 400, "malformed-openalex" },

        // Malformed cursors, limits and positions
        { "GET", "/api/researchers?q=a&cursor=%21%21", Caller.Anonymous, null, null, 400, "malformed-cursor" },
        { "GET", $"/api/researchers/{Nobody}/followers?cursor=%21%21", Caller.Anonymous, null, null, 400, "malformed-cursor" },
        { "GET", $"/api/researchers/{Nobody}/following?cursor=bm8", Caller.Anonymous, null, null, 400, "malformed-cursor" },
        { "GET", $"/api/researchers/{Nobody}/works?cursor=%21%21", Caller.Anonymous, null, null, 400, "malformed-cursor" },
        { "GET", $"/api/researchers/{Nobody}/trust/changes?cursor=%21%21", Caller.Anonymous, null, null, 400, "malformed-cursor" },
        { "GET", $"/api/researchers/{Nobody}/followers?limit=many", Caller.Anonymous, null, null, 400, "malformed-limit" },

        // Malformed bodies
        { "POST", "/api/works", Caller.Curator, Json, "{ \"title\": ", 400, "malformed-json" },
        { "POST", "/api/works", Caller.Curator, Json, "{ \"title\": 7, \"authors\": \"me\" }", 400, "malformed-json" },
        { "POST", "/api/dev/tokens", Caller.Anonymous, Json, "{ \"researcherId\": \"no-id\" }", 400, "malformed-json" },
        { "POST", "/api/dev/tokens", Caller.Anonymous, Json, "", 400, "malformed-json" },
        { "POST", "/api/dev/tokens", Caller.Anonymous, "text/plain", "token", 415, "unsupported-media-type" },
        { "POST", "/api/works", Caller.Curator, "text/plain", "title", 415, "unsupported-media-type" },
        { "PATCH", $"/api/researchers/{Nobody}", Caller.Researcher, "text/plain", "headline", 415, "unsupported-media-type" },
        { "POST", "/api/imports?format=papyrus", Caller.Curator, Json, "[]", 400, "" },
        { "POST", "/api/imports", Caller.Curator, Json, "[]", 400, "" },
        { "POST", "/api/works", Caller.Curator, Json, TooLong, 413, "body-too-large" },
        { "POST", "/api/dev/tokens", Caller.Anonymous, Json, TooLong, 413, "body-too-large" },

        // Who calls
        { "PUT", $"/api/me/following/{Nobody}", Caller.Anonymous, null, null, 401, "no-token" },
        { "PUT", $"/api/me/following/{Nobody}", Caller.Forged, null, null, 401, "no-token" },
        { "GET", $"/api/me/following/{Nobody}", Caller.Anonymous, null, null, 401, "no-token" },
        { "POST", "/api/works", Caller.Anonymous, Json, "{}", 401, "no-token" },
        { "POST", "/api/imports?format=openalex", Caller.Anonymous, Json, "[]", 401, "no-token" },
        { "PATCH", $"/api/researchers/{Nobody}", Caller.Anonymous, Json, "{}", 401, "no-token" },
        { "PATCH", $"/api/researchers/{Nobody}", Caller.Researcher, Json, "{}", 403, "not-yours" },
        { "POST", "/api/imports?format=openalex", Caller.Researcher, Json, "[]", 403, "not-yours" },
        { "DELETE", $"/api/researchers/{Nobody}", Caller.Researcher, null, null, 403, "not-yours" },

        // What there is not
        { "GET", $"/api/researchers/{Nobody}", Caller.Anonymous, null, null, 404, "unknown-researcher" },
        { "GET", $"/api/researchers/{Nobody}/followers", Caller.Anonymous, null, null, 404, "unknown-researcher" },
        { "GET", $"/api/researchers/{Nobody}/follow-counts", Caller.Anonymous, null, null, 404, "unknown-researcher" },
        { "GET", $"/api/researchers/{Nobody}/works", Caller.Anonymous, null, null, 404, "unknown-researcher" },
        { "GET", $"/api/researchers/{Nobody}/collaborators", Caller.Anonymous, null, null, 404, "unknown-researcher" },
        { "GET", $"/api/researchers/{Nobody}/trust", Caller.Anonymous, null, null, 404, "unknown-researcher" },
        { "GET", $"/api/researchers/{Nobody}/trust/changes", Caller.Anonymous, null, null, 404, "unknown-researcher" },
        { "GET", $"/api/graph/researcher/{Nobody}", Caller.Anonymous, null, null, 404, "unknown-" },
        { "GET", $"/api/works/{Nobody}", Caller.Anonymous, null, null, 404, "unknown-work" },
        { "GET", $"/api/imports/{Nobody}", Caller.Curator, null, null, 404, "unknown-import" },
        { "PUT", $"/api/me/following/{Nobody}", Caller.Researcher, null, null, 404, "unknown-researcher" },
        { "GET", $"/api/me/following/{Nobody}", Caller.Researcher, null, null, 404, "not-following" },
        { "GET", "/api/nothing", Caller.Anonymous, null, null, 404, "no-such-call" },
        { "GET", $"/api/researchers/{Nobody}/nothing", Caller.Anonymous, null, null, 404, "no-such-" },
        { "GET", $"/api/researchers/{Nobody}/trust/nothing", Caller.Anonymous, null, null, 404, "no-such-resource" },
        { "GET", "/api/dev/tokens", Caller.Anonymous, null, null, 405, "method-not-allowed" },
        { "POST", $"/api/researchers/{Nobody}/followers", Caller.Researcher, null, null, 405, "method-not-allowed" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Bad_input_gets_a_problem_that_names_the_rule(string method, string path, Caller caller, string? contentType, string? body, int status, string rule)
    {
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body == TooLong ? new byte[1_100_000] : Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType!);
        }

        using var answer = await As(caller).SendAsync(request, Stop);

        await ShouldBeProblemAsync(answer, status, rule);
    }

    [Fact]
    public async Task Nobody_follows_themselves()
    {
        var somebody = Guid.NewGuid();

        using var answer = await running.System.As(somebody).PutAsync($"/api/me/following/{somebody}", null, Stop);

        await ShouldBeProblemAsync(answer, 422, "self-follow");
    }

    [Fact]
    public async Task A_body_that_grows_too_long_while_it_is_sent_is_too_long()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/works") { Content = new StreamContent(new MemoryStream(new byte[1_100_000])) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(Json);
        request.Headers.TransferEncodingChunked = true;

        using var answer = await running.System.AsCurator().SendAsync(request, Stop);

        await ShouldBeProblemAsync(answer, 413, "body-too-large");
    }

    private HttpClient As(Caller caller)
    {
        if (caller != Caller.Forged)
            return caller switch { Caller.Researcher => running.System.As(Guid.NewGuid()), Caller.Curator => running.System.AsCurator(), _ => running.System.Http };
        var forger = running.System.As(Guid.NewGuid());
        var token = forger.DefaultRequestHeaders.Authorization!.Parameter!;
        forger.DefaultRequestHeaders.Authorization = new("Bearer", token[..^4] + (token.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA"));
        return forger;
    }

    private static async Task ShouldBeProblemAsync(HttpResponseMessage answer, int status, string rule)
    {
        var body = await answer.Content.ReadAsStringAsync(Stop);
        ((int)answer.StatusCode).ShouldBe(status, body);
        answer.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json", body);
        var problem = (await answer.Content.ReadFromJsonAsync<Problem>(Stop))!;
        problem.Type.ShouldStartWith("https://bzpeer.org/problems/" + rule);
        problem.Status.ShouldBe(status);
        problem.Title.ShouldNotBeNullOrWhiteSpace();
        problem.Detail.ShouldNotBeNullOrWhiteSpace();
    }
}
