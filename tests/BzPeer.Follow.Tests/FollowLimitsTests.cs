using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Time.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>The limits by a clock that the test moves.</summary>
public sealed class FollowLimitsTests
{
    private readonly FakeTimeProvider clock = new();
    private readonly Guid actor = Guid.NewGuid();

    private DefaultHttpContext Request(params string[] roles) => new()
    {
        User = new ClaimsPrincipal(new ClaimsIdentity([new("sub", actor.ToString()), .. roles.Select(role => new Claim("roles", role))], "test", "sub", "roles")),
    };

    private static async Task<int> Follow(FollowLimits limits, HttpContext http, int wanted = 1, int? stored = null)
    {
        var answer = await limits.RunAsync(http, wanted, granted => Task.FromResult<(IResult, int)>((TypedResults.Ok(granted), stored ?? granted)));
        return answer is Ok<int> ok ? ok.Value : ((ProblemHttpResult)answer).StatusCode;
    }

    [Fact]
    public async Task Beyond_the_limit_a_follow_is_429_and_says_when_to_come_back()
    {
        var limits = new FollowLimits(perDay: 2, perMinute: 0, clock);
        (await Follow(limits, Request())).ShouldBe(1);
        clock.Advance(TimeSpan.FromHours(1));
        (await Follow(limits, Request())).ShouldBe(1);

        var http = Request();
        (await Follow(limits, http)).ShouldBe(429);
        http.Response.Headers.RetryAfter.ToString().ShouldBe("82800", "the first of the two leaves the window in 23 hours");
        http.Response.Headers["RateLimit"].ToString().ShouldBe("\"day\";r=0;t=82800");
        http.Response.Headers["RateLimit-Policy"].ToString().ShouldBe("\"day\";q=2;w=86400");

        clock.Advance(TimeSpan.FromHours(23));
        (await Follow(limits, Request())).ShouldBe(1);
        (await Follow(limits, Request())).ShouldBe(429);
    }

    [Fact]
    public async Task What_stored_nothing_is_given_back()
    {
        var limits = new FollowLimits(perDay: 1, perMinute: 0, clock);
        for (var repeat = 0; repeat < 5; repeat++) (await Follow(limits, Request(), stored: 0)).ShouldBe(1);
        await Should.ThrowAsync<TimeoutException>(() => limits.RunAsync(Request(), 1, _ => throw new TimeoutException()));
        (await Follow(limits, Request())).ShouldBe(1);
        (await Follow(limits, Request())).ShouldBe(429);
    }

    [Fact]
    public async Task What_stands_already_is_answered_beyond_the_limit_too()
    {
        var limits = new FollowLimits(perDay: 1, perMinute: 0, clock);
        (await Follow(limits, Request())).ShouldBe(1);
        (await limits.RunAsync(Request(), 1, _ => throw new TimeoutException(), stands: () => Task.FromResult<IResult?>(TypedResults.NoContent()))).ShouldBeOfType<NoContent>();
        ((ProblemHttpResult)await limits.RunAsync(Request(), 1, _ => throw new TimeoutException(), stands: () => Task.FromResult<IResult?>(null))).StatusCode.ShouldBe(429);
    }

    [Fact]
    public async Task The_minute_and_the_day_both_count_and_the_answer_tells_of_the_one_with_less_left()
    {
        var limits = new FollowLimits(perDay: 5, perMinute: 2, clock);
        (await Follow(limits, Request(), wanted: 10)).ShouldBe(2, "as many as the minute has");
        var http = Request();
        (await Follow(limits, http)).ShouldBe(429);
        http.Response.Headers["RateLimit"].ToString().ShouldBe("\"minute\";r=0;t=60");
        clock.Advance(TimeSpan.FromMinutes(1));
        (await Follow(limits, Request(), wanted: 10)).ShouldBe(2);
        clock.Advance(TimeSpan.FromMinutes(1));
        (await Follow(limits, Request(), wanted: 10)).ShouldBe(1, "as many as the day has");
    }

    [Fact]
    public async Task Zero_switches_a_limit_off_and_curators_have_none()
    {
        (await Follow(new FollowLimits(0, 0, clock), Request(), wanted: 5_000)).ShouldBe(5_000);
        (await Follow(new FollowLimits(1, 1, clock), Request("curator"), wanted: 5_000)).ShouldBe(5_000);
    }
}
