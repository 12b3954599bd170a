using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace BzPeer.Client.Tests;

public sealed class BzPeerClientSpecs
{
    private const string Counts = """{"followers":{"value":1,"digest":"ab"},"following":{"value":0,"digest":"00"},"asOf":7,"addedLater":{"x":1}}""";

    private static readonly Guid Ada = new("0b8a3a2e-7a51-4c0e-9d57-3f6c6f3d2a10");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refusal_names_the_failed_rule()
    {
        var problem = await Should.ThrowAsync<BzPeerProblem>(() => new FakeSite().Problem(404, "unknown-researcher").Client().CardAsync(Ada, cancellation: Ct));
        (problem.Status, problem.Rule, problem.Title, problem.Detail).ShouldBe((404, "unknown-researcher", "A title", "What to do."));
        problem.Message.ShouldBe("A title (404): What to do.");
    }

    [Fact]
    public async Task An_error_that_is_not_explained_is_a_problem_too()
    {
        var problem = await Should.ThrowAsync<BzPeerProblem>(() => new FakeSite().Answers(HttpStatusCode.BadGateway, "text/html", "<h1>Bad gateway</h1>").Client().CardAsync(Ada, cancellation: Ct));
        (problem.Status, problem.Rule).ShouldBe((502, "error"));
    }

    [Fact]
    public async Task The_position_of_a_write_goes_into_the_read_that_must_show_it()
    {
        var site = new FakeSite()
            .Answers(HttpStatusCode.OK, "application/json", $$"""{"researcherId":"{{Ada}}","following":true,"followedBy":false,"blocking":false,"followingSince":"2026-01-02T03:04:05Z"}""",
                answer => answer.Headers.Add("X-BzPeer-Position", "follow:1234"))
            .Json(Counts);
        var client = site.Client();
        var written = await client.FollowAsync(Ada, Ct);
        (written.Value.Following, written.At).ShouldBe((true, new Position("follow", 1234)));
        (await client.FollowCountsAsync(Ada, written.At, Ct)).Followers.ShouldBe(new ProvenCount(1, "ab"));
        (site.Asked[0].Method, site.Asked[1].Headers.GetValues("Min-Position").Single()).ShouldBe((HttpMethod.Put, "follow:1234"));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task A_call_is_repeated_when_the_service_says_it_may_be(int status)
    {
        var clock = new FakeTimeProvider();
        var site = new FakeSite().Problem(status, "overloaded", "5").Json(Counts);
        var asking = site.Client(clock).FollowCountsAsync(Ada, cancellation: Ct);
        clock.Advance(TimeSpan.FromSeconds(4.9));
        (asking.IsCompleted, site.Asked.Count).ShouldBe((false, 1));
        clock.Advance(TimeSpan.FromSeconds(0.1));
        (await asking).AsOf.ShouldBe(7);
    }

    [Theory]
    [InlineData(503, null)]
    [InlineData(429, "3600")]
    [InlineData(409, "1")]
    public async Task A_call_is_not_repeated_without_a_time_or_after_a_long_one_or_for_another_reason(int status, string? retryAfter)
    {
        var site = new FakeSite().Problem(status, "daily-limit", retryAfter);
        var problem = await Should.ThrowAsync<BzPeerProblem>(() => site.Client().FollowAsync(Ada, Ct));
        problem.RetryAfter.ShouldBe(retryAfter is null ? null : TimeSpan.FromSeconds(int.Parse(retryAfter, System.Globalization.CultureInfo.InvariantCulture)));
        site.Asked.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_list_is_read_page_by_page_and_a_hidden_one_is_not_an_empty_one()
    {
        var (one, two) = (Guid.NewGuid(), Guid.NewGuid());
        var site = new FakeSite()
            .Json($$"""{"items":[{"researcherId":"{{one}}","since":"2026-01-02T03:04:05Z"}],"next":"a b"}""")
            .Json($$"""{"items":[{"researcherId":"{{two}}","since":"2026-01-02T03:04:05Z"}],"next":null}""")
            .Json("""{"items":null,"next":null,"hidden":true}""");
        var client = site.Client();
        (await client.FollowersAsync(Ada, cancellation: Ct).ToListAsync(Ct)).Select(entry => entry.ResearcherId).ShouldBe([one, two]);
        await Should.ThrowAsync<HiddenList>(() => client.FollowersAsync(Ada, cancellation: Ct).ToListAsync(Ct).AsTask());
        site.Paths.ShouldBe([$"/api/researchers/{Ada}/followers", $"/api/researchers/{Ada}/followers?cursor=a%20b", $"/api/researchers/{Ada}/followers"]);
    }
}
