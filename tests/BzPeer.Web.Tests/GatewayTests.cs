using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace BzPeer.Web.Tests;

public sealed class GatewayTests
{
    private const string Id = "11111111-2222-3333-4444-555555555555";

    [Theory]
    [InlineData("GET", "/api/researchers?q=daniel", "Profile")]
    [InlineData("GET", $"/api/researchers/{Id}", "Profile")]
    [InlineData("PATCH", $"/api/researchers/{Id}", "Profile")]
    [InlineData("POST", $"/api/researchers/{Id}/claim", "Profile")]
    [InlineData("POST", $"/api/researchers/{Id}/validations", "Profile")]
    [InlineData("DELETE", $"/api/researchers/{Id}/validations/7", "Profile")]
    [InlineData("POST", "/api/dev/tokens", "Profile")]
    [InlineData("PUT", $"/api/me/following/{Id}", "Follow")]
    [InlineData("POST", "/api/me/following/batch", "Follow")]
    [InlineData("GET", $"/api/me/relationships?id={Id}", "Follow")]
    [InlineData("DELETE", $"/api/me/followers/{Id}", "Follow")]
    [InlineData("PUT", $"/api/me/blocks/{Id}", "Follow")]
    [InlineData("GET", $"/api/researchers/{Id}/followers", "Follow")]
    [InlineData("GET", $"/api/researchers/{Id}/following", "Follow")]
    [InlineData("GET", $"/api/researchers/{Id}/known-followers", "Follow")]
    [InlineData("GET", $"/api/researchers/{Id}/follow-counts", "Follow")]
    [InlineData("GET", $"/api/researchers/{Id}/works?limit=2&year=2019..2023&sort=title", "Publication")]
    [InlineData("GET", $"/api/researchers/{Id}/topics", "Publication")]
    [InlineData("GET", $"/api/researchers/{Id}/institutions?limit=2", "Publication")]
    [InlineData("GET", $"/api/researchers/{Id}/works.atom", "Publication")]
    [InlineData("GET", $"/api/topics/{Id}/works.atom", "Publication")]
    [InlineData("GET", "/api/me/feed?limit=2", "Publication")]
    [InlineData("PUT", "/api/me/feed/marker", "Publication")]
    [InlineData("GET", "/api/works?q=a", "Publication")]
    [InlineData("GET", "/api/topics?q=a", "Publication")]
    [InlineData("GET", "/api/institutions/0198a3f4-7c3e-7d11-8a55-3f1c2b9e7d40/researchers", "Publication")]
    [InlineData("GET", $"/api/researchers/{Id}/collaborators", "Publication")]
    [InlineData("POST", "/api/works", "Publication")]
    [InlineData("POST", $"/api/works/{Id}/retraction", "Publication")]
    [InlineData("POST", $"/api/works/{Id}/reinstatement", "Publication")]
    [InlineData("POST", "/api/imports?format=arxiv", "Publication")]
    [InlineData("GET", $"/api/imports/{Id}", "Publication")]
    [InlineData("GET", $"/api/graph/researcher/{Id}", "Publication")]
    [InlineData("GET", $"/api/graph/connection?from={Id}&to={Id}", "Publication")]
    [InlineData("GET", $"/api/researchers/{Id}/trust", "Trust")]
    [InlineData("GET", $"/api/researchers/{Id}/trust/changes", "Trust")]
    public async Task A_call_reaches_the_service_it_belongs_to_as_it_was_sent(string method, string path, string service)
    {
        await using var site = await Site.StartAsync();

        await site.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), TestContext.Current.CancellationToken);

        var request = site.Services.Requests.ShouldHaveSingleItem();
        (request.Service, request.Method, request.Path).ShouldBe((service, method, path));
    }

    [Fact]
    public async Task Events_reach_the_reader_one_by_one_while_the_service_goes_on_sending()
    {
        await using var site = await Site.StartAsync();
        site.Services.ImportMayGoOn = new TaskCompletionSource();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/imports/{Id}") { Headers = { { "Accept", "text/event-stream" } } };
        using var response = await site.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        var events = SseParser.Create(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)).EnumerateAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);

        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        (await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken)).ShouldBeTrue();
        (events.Current.EventType, events.Current.Data).ShouldBe(("progress", "running"));

        site.Services.ImportMayGoOn.SetResult();
        (await events.MoveNextAsync()).ShouldBeTrue();
        events.Current.Data.ShouldBe("completed");
        (await events.MoveNextAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Whoever_listens_to_the_live_numbers_is_let_go_when_the_gateway_stops()
    {
        await using var site = await Site.StartAsync();
        site.Services.Live.Writer.TryWrite(new(new { position = "follow:43" }, "counts"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{Id}/live");
        using var response = await site.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        site.Services.Requests.ShouldHaveSingleItem().Service.ShouldBe("Analytics");

        site.StopGateway();

        await Should.ThrowAsync<IOException>(() => new StreamReader(stream).ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/api")]
    [InlineData("/api/nothing")]
    [InlineData($"/api/researchers/{Id}/nothing")]
    [InlineData("/api/dev/tokens/more")]
    public async Task An_unknown_call_is_a_problem_not_a_page(string path)
    {
        await using var site = await Site.StartAsync();

        var response = await site.Get(path);

        await ShouldBeProblem(response, HttpStatusCode.NotFound, "no-such-call");
        site.Services.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_service_that_is_down_is_named_and_the_others_go_on_answering()
    {
        await using var site = await Site.StartAsync();
        await site.Services.StopAsync("Trust");

        var down = await site.Get($"/api/researchers/{site.World.Seed}/trust");
        var up = await site.Get($"/api/researchers/{site.World.Seed}");

        var problem = await ShouldBeProblem(down, HttpStatusCode.ServiceUnavailable, "service-unavailable");
        problem["service"]!.GetValue<string>().ShouldBe("Trust");
        down.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(5));
        up.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_services_own_problem_passes_through_untouched()
    {
        await using var site = await Site.StartAsync();

        var response = await site.Get($"/api/researchers/{Id}");

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("No researcher has this id.");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_ordinary_body_is_limited_to_a_megabyte(bool saysItsLength)
    {
        await using var site = await Site.StartAsync();

        var response = await site.Client.SendAsync(Body("/api/works", 1_000_001, saysItsLength), TestContext.Current.CancellationToken);

        await ShouldBeProblem(response, HttpStatusCode.RequestEntityTooLarge, "body-too-large");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_import_may_be_as_large_as_configured_and_no_larger(bool saysItsLength)
    {
        await using var site = await Site.StartAsync(settings: ("Imports:MaxBytes", "3000000"));

        var fits = await site.Client.SendAsync(Body("/api/imports?format=arxiv", 2_990_000, saysItsLength), TestContext.Current.CancellationToken);
        var exceeds = await site.Client.SendAsync(Body("/api/imports?format=arxiv", 3_000_001, saysItsLength), TestContext.Current.CancellationToken);

        fits.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        fits.Headers.Location!.OriginalString.ShouldBe("/api/imports/1");
        var problem = await ShouldBeProblem(exceeds, HttpStatusCode.RequestEntityTooLarge, "body-too-large");
        problem["maxBytes"]!.GetValue<long>().ShouldBe(3_000_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_goes_on_sending_what_was_refused_has_its_answer_and_keeps_its_connection(bool saysItsLength)
    {
        await using var site = await Site.StartAsync(settings: ("Imports:MaxBytes", "1000000"));
        using var client = new TcpClient();
        await client.ConnectAsync(site.Client.BaseAddress!.Host, site.Client.BaseAddress.Port, TestContext.Current.CancellationToken);
        await using var connection = client.GetStream();
        using var answers = new StreamReader(connection);
        var part = saysItsLength ? new byte[1_000_001] : [.. Encoding.ASCII.GetBytes("F4241\r\n"), .. new byte[1_000_001], .. "\r\n"u8];

        await Send($"POST /api/imports HTTP/1.1\r\nHost: site\r\n{(saysItsLength ? "Content-Length: 2000002" : "Transfer-Encoding: chunked")}\r\n\r\n");
        await connection.WriteAsync(part, TestContext.Current.CancellationToken);
        (await answers.ReadLineAsync(TestContext.Current.CancellationToken)).ShouldBe("HTTP/1.1 413 Payload Too Large");
        await connection.WriteAsync(part, TestContext.Current.CancellationToken);
        await Send($"{(saysItsLength ? "" : "0\r\n\r\n")}GET /alive HTTP/1.1\r\nHost: site\r\n\r\n");

        string? line;
        do line = await answers.ReadLineAsync(TestContext.Current.CancellationToken);
        while (line?.EndsWith("HTTP/1.1 200 OK", StringComparison.Ordinal) == false);
        line.ShouldNotBeNull();

        Task Send(string text) => connection.WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken).AsTask();
    }

    [Fact]
    public async Task Tokens_and_the_origin_are_passed_on_and_the_pages_cookies_are_not()
    {
        await using var site = await Site.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/me/following/{Id}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", $"{Id}|");
        request.Headers.Add("Cookie", "bzpeer.session=secret");
        request.Headers.Add("X-Forwarded-Host", "evil.example");

        await site.Client.SendAsync(request, TestContext.Current.CancellationToken);

        var headers = site.Services.Requests.ShouldHaveSingleItem().Headers;
        headers.Authorization.ToString().ShouldBe($"Bearer {Id}|");
        headers.ContainsKey("Cookie").ShouldBeFalse();
        headers["X-Forwarded-Host"].ToString().ShouldBe(site.Client.BaseAddress!.Authority);
    }

    [Fact]
    public async Task A_follow_list_is_expanded_with_names_and_trust_when_asked()
    {
        await using var site = await Site.StartAsync();
        site.World.Follow(site.World.Find("Stefano Salsano"), site.World.Seed);

        var list = await site.Client.GetFromJsonAsync<JsonObject>($"/api/researchers/{site.World.Seed}/followers?expand=card", TestContext.Current.CancellationToken);

        var item = list!["items"]!.AsArray().ShouldHaveSingleItem()!;
        item["name"]!.GetValue<string>().ShouldBe("Stefano Salsano");
        item["trust"]!["score"]!.GetValue<int>().ShouldBe(11);
    }

    [Fact]
    public async Task An_expanded_follow_list_of_somebody_merged_says_where_they_went()
    {
        await using var site = await Site.StartAsync();
        var gone = site.World.Find("Stefano Salsano");
        site.World.Merged[gone] = site.World.Seed;

        using var answer = await site.Get($"/api/researchers/{gone}/followers?expand=card");

        (answer.StatusCode, answer.Headers.Location?.ToString()).ShouldBe((HttpStatusCode.MovedPermanently, $"/api/researchers/{site.World.Seed}"));
    }

    [Fact]
    public async Task An_expanded_follow_list_without_profile_still_lists_who_follows()
    {
        await using var site = await Site.StartAsync();
        site.World.Follow(site.World.Find("Stefano Salsano"), site.World.Seed);
        await site.Services.StopAsync("Profile");

        var list = await site.Client.GetFromJsonAsync<JsonObject>($"/api/researchers/{site.World.Seed}/followers?expand=card", TestContext.Current.CancellationToken);

        var item = list!["items"]!.AsArray().ShouldHaveSingleItem()!;
        item["researcherId"]!.GetValue<Guid>().ShouldBe(site.World.Find("Stefano Salsano"));
        item["name"].ShouldBeNull();
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/alive")]
    public async Task The_gateway_says_that_it_is_well(string path)
    {
        await using var site = await Site.StartAsync();

        (await site.Get(path)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Health_names_a_service_that_does_not_answer_and_the_gateway_stays_in_service()
    {
        await using var site = await Site.StartAsync();
        await site.Services.StopAsync("Trust");

        var response = await site.Get("/health");

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var health = await response.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken);
        health!["status"]!.GetValue<string>().ShouldBe("Degraded");
        health["checks"]!["trust"]!["detail"]!.GetValue<string>().ShouldBe("Trust does not answer.");
    }

    private static HttpRequestMessage Body(string path, int bytes, bool saysItsLength)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StreamContent(new MemoryStream(new byte[bytes])) };
        if (!saysItsLength)
            request.Headers.TransferEncodingChunked = true;
        return request;
    }

    private static async Task<JsonObject> ShouldBeProblem(HttpResponseMessage response, HttpStatusCode status, string rule)
    {
        response.StatusCode.ShouldBe(status);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = (await response.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!;
        problem["type"]!.GetValue<string>().ShouldEndWith($"/{rule}");
        problem["status"]!.GetValue<int>().ShouldBe((int)status);
        return problem;
    }
}
