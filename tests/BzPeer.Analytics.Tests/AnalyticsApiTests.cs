using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BzPeer.Contracts;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>The numbers by the API, from events that came over the broker.</summary>
public sealed class AnalyticsApiTests(AnalyticsService service) : IClassFixture<AnalyticsService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<JsonObject> AskAsync(string path, HttpClient? client = null) => (await (client ?? service.Anonymous()).GetFromJsonAsync<JsonObject>($"/api/analytics{path}", Ct))!;

    /// <summary>Tells these and waits until the numbers hold them.</summary>
    private async Task CountedAsync(params IReadOnlyList<IIntegrationEvent> events)
    {
        await service.TellAsync(events);
        foreach (var last in events.GroupBy(e => e.Origin.Source).Select(source => source.Last())) await service.InTheLogAsync(last);
        var head = await service.HeadAsync();
        await Eventually.Async(async _ => (await AskAsync("/trust"))["upTo"]!.GetValue<long>(), upTo => upTo >= head, "the numbers hold what the log holds", ct: Ct);
    }

    private ResearcherFollowed Followed(Guid follower, Guid followee, double daysAgo) =>
        service.Next(followee, origin => new ResearcherFollowed(origin with { OccurredAt = origin.OccurredAt.AddDays(-daysAgo) }, follower, followee));

    private FollowerCountChanged Shows(Guid researcher, bool countsHidden) =>
        service.Next(researcher, origin => new FollowerCountChanged(origin, researcher, 1, new('0', 64), 0, new('0', 64), origin.Sequence, ListsHidden: false, countsHidden));

    private WorkPublished Published(DateOnly? date, int? year, params string[] topics)
    {
        var work = Guid.NewGuid();
        return service.Next(work, origin => new WorkPublished(origin, work, new("A work", "article", year, date, null, null, null, topics, [], true, false)));
    }

    private TrustRecalculated Recalculated(Guid id, int score, string level) =>
        service.Next(id, origin => new TrustRecalculated(origin, id, score, level, 0, "Baseline", 1, [], new("WorkPublished", Guid.NewGuid(), "published")));

    private static string Steps(JsonObject answer) => string.Join(' ', answer["items"]!.AsArray().Select(item => $"{item!["followers"]}+{item["gained"]}-{item["lost"]}"));

    [Fact]
    public async Task Followers_grow_by_day_and_by_month()
    {
        var (researcher, fan) = (Guid.NewGuid(), Guid.NewGuid());
        var first = Followed(fan, researcher, 3);
        var today = first.Origin.OccurredAt.UtcDateTime.Date.AddDays(3);
        await CountedAsync(
            first, Followed(Guid.NewGuid(), researcher, 3), Followed(Guid.NewGuid(), researcher, 1),
            service.Next(researcher, origin => new ResearcherUnfollowed(origin, fan, researcher)));

        var days = await AskAsync($"/followers/{researcher}?by=day&from={today.AddDays(-4):yyyy-MM-dd}&to={today.AddDays(5):yyyy-MM-dd}");
        Steps(days).ShouldBe("0+0-0 2+2-0 2+0-0 3+1-0 2+0-1");
        days["items"]![4]!["at"]!.GetValue<string>().ShouldBe($"{today:yyyy-MM-dd}");
        Steps(await AskAsync($"/followers/{researcher}?from={today.AddDays(-2):yyyy-MM-dd}&to={today.AddDays(-2):yyyy-MM-dd}")).ShouldBe("2+0-0");

        var months = await AskAsync($"/followers/{researcher}?by=month");
        months["items"]!.AsArray().Count.ShouldBe(12);
        months["items"]![11]!["followers"]!.GetValue<long>().ShouldBe(2);
        months["items"]![11]!["at"]!.GetValue<string>().ShouldBe($"{today:yyyy-MM}");
    }

    [Fact]
    public async Task Who_hides_counts_is_left_out_for_all_but_themselves_and_analysts()
    {
        var researcher = Guid.NewGuid();
        await CountedAsync([.. Enumerable.Range(0, 30).Select(_ => Followed(Guid.NewGuid(), researcher, 0)), Shows(researcher, countsHidden: true)]);

        var hidden = await service.Anonymous().GetAsync($"/api/analytics/followers/{researcher}", Ct);
        hidden.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await hidden.Content.ReadAsStringAsync(Ct)).ShouldContain("problems/counts-hidden");
        (await service.As(Guid.NewGuid()).GetAsync($"/api/analytics/followers/{researcher}", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        Movers(await AskAsync("/movers?limit=100")).ShouldNotContain(researcher);
        foreach (var client in (HttpClient[])[service.As(researcher), service.As(Guid.NewGuid(), "analytics")])
        {
            (await AskAsync($"/followers/{researcher}", client))["items"]![29]!["followers"]!.GetValue<long>().ShouldBe(30);
            Movers(await AskAsync("/movers?limit=100", client)).ShouldContain(researcher);
        }

        await CountedAsync(Shows(researcher, countsHidden: false));
        (await AskAsync($"/followers/{researcher}"))["items"]![29]!["followers"]!.GetValue<long>().ShouldBe(30);
    }

    private static Guid[] Movers(JsonObject answer) => [.. answer["items"]!.AsArray().Select(item => item!["researcherId"]!.GetValue<Guid>())];

    [Fact]
    public async Task Movers_are_those_who_gained_within_the_window()
    {
        var (rising, steady, risen) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        await CountedAsync(
        [
            .. Enumerable.Range(0, 60).Select(_ => Followed(Guid.NewGuid(), rising, 0)), .. Enumerable.Range(0, 70).Select(_ => Followed(Guid.NewGuid(), steady, 20)),
            Recalculated(rising, 9, "Baseline"), Recalculated(risen, 80, "Trusted"), Recalculated(rising, 40, "Emerging"),
        ]);
        Movers(await AskAsync("/movers?window=24h&limit=1")).ShouldBe([rising]);
        Movers(await AskAsync("/movers?window=7d&limit=100")).ShouldNotContain(steady);
        var month = await AskAsync("/movers?window=30d&of=followers&limit=1");
        Movers(month).ShouldBe([steady]);
        (month["items"]![0]!["gained"]!.GetValue<long>(), month["items"]![0]!["now"]!.GetValue<long>()).ShouldBe((70, 70));

        var trust = await AskAsync("/movers?of=trust&limit=100");
        trust["items"]!.AsArray().Single(item => item!["researcherId"]!.GetValue<Guid>() == rising)!["gained"]!.GetValue<long>().ShouldBe(31);
        Movers(trust).ShouldNotContain(risen, "the score one begins with is no gain");
    }

    [Fact]
    public async Task Works_count_in_their_month_as_they_stand_and_year_only_ones_in_their_year()
    {
        string topic = $"topic {Guid.NewGuid()}", other = $"topic {Guid.NewGuid()}";
        var (moved, retracted, removed) = (Published(new(2019, 3, 1), 2019, topic), Published(new(2019, 3, 31), 2019, topic), Published(new(2019, 3, 2), 2019, topic, other));
        await CountedAsync(
            moved, retracted, removed, Published(null, 2019, topic), Published(null, null, topic), Published(new(2019, 5, 5), 2019, topic),
            service.Next(moved.WorkId, origin => new WorkCorrected(origin, moved.WorkId, moved.Work with { PublicationDate = new DateOnly(2019, 4, 9) })),
            service.Next(retracted.WorkId, origin => new WorkRetracted(origin, retracted.WorkId, "wrong", "curator")),
            service.Next(removed.WorkId, origin => new WorkRemoved(origin, removed.WorkId, "no source speaks of it", null)));

        var answer = (await AskAsync($"/topics?by=month&topic={Uri.EscapeDataString(topic)}&from=2019&to=2019"))["items"]!.AsArray().ShouldHaveSingleItem()!;
        string.Join(' ', answer["items"]!.AsArray().Select(item => $"{item!["at"]}:{item["works"]}/{item["retracted"]}")).ShouldBe("2019-03:0/1 2019-04:1/0 2019-05:1/0");
        (answer["works"]!.GetValue<long>(), answer["retracted"]!.GetValue<long>(), answer["yearOnly"]!.GetValue<long>()).ShouldBe((3, 1, 1));
        var year = (await AskAsync($"/topics?by=year&topic={Uri.EscapeDataString(topic)}&from=2019&to=2019"))["items"]![0]!;
        (year["items"]![0]!["at"]!.GetValue<string>(), year["items"]![0]!["works"]!.GetValue<long>()).ShouldBe(("2019", 3));
        (await AskAsync($"/topics?topic={Uri.EscapeDataString(topic)}&topic={Uri.EscapeDataString(other)}&from=2019-01&to=2019-02"))["items"]!.AsArray()
            .ShouldAllBe(item => item!["works"]!.GetValue<long>() == 0);
        var top = (await AskAsync("/topics?by=year&from=2019&to=2019&limit=1"))["items"]!.AsArray().ShouldHaveSingleItem()!;
        top["topic"]!.GetValue<string>().ShouldBe(topic);
    }

    [Fact]
    public async Task Trust_is_told_by_level_and_band_and_a_merged_profile_is_nobody_of_its_own()
    {
        // In a service of its own: this is about everybody.
        await using var fresh = new AnalyticsService();
        await fresh.InitializeAsync();
        var (one, two, gone) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        TrustRecalculated Scored(Guid id, int score, string level, int daysAgo) => fresh.Next(id, origin => new TrustRecalculated(
            origin with { OccurredAt = origin.OccurredAt.AddDays(-daysAgo) }, id, score, level, 0, "Baseline", 1, [], new("WorkPublished", Guid.NewGuid(), "published")));
        await fresh.TellAsync(
            Scored(one, 9, "Baseline", 2), Scored(two, 21, "Emerging", 2), Scored(gone, 9, "Baseline", 2), Scored(one, 100, "Trusted", 1), Scored(gone, 11, "Baseline", 1),
            fresh.Next(gone, origin => new ResearchersMerged(origin, Guid.NewGuid(), gone, two, [gone])));
        await Eventually.Async(
            async _ => string.Join(' ', (await fresh.Anonymous().GetFromJsonAsync<JsonObject>("/api/analytics/trust?by=day", Ct))!["items"]!.AsArray().TakeLast(4)
                .Select(item => $"{item!["researchers"]}{item["levels"]!.ToJsonString()}")),
            days => days == """0{} 2{"Baseline":1,"Emerging":1} 2{"Emerging":1,"Trusted":1} 2{"Emerging":1,"Trusted":1}""", "three statements of two researchers", ct: Ct);
        var today = (await fresh.Anonymous().GetFromJsonAsync<JsonObject>("/api/analytics/trust", Ct))!["items"]![29]!;
        today["bands"]!.AsArray().Where(band => band!["researchers"]!.GetValue<long>() > 0).Select(band => $"{band!["from"]}-{band["to"]}").ShouldBe(["20-29", "90-100"]);

        var moved = await fresh.Anonymous().GetAsync($"/api/analytics/followers/{gone}?by=month", Ct);
        (moved.StatusCode, moved.Headers.Location!.ToString()).ShouldBe((HttpStatusCode.MovedPermanently, $"/api/analytics/followers/{two}?by=month"));
        var live = await fresh.Anonymous().GetAsync($"/api/researchers/{gone}/live?after=0", Ct);
        (live.StatusCode, live.Headers.Location!.ToString()).ShouldBe((HttpStatusCode.MovedPermanently, $"/api/researchers/{two}/live?after=0"));
        await fresh.TellAsync(fresh.Next(gone, origin => new ResearchersSplit(origin, Guid.NewGuid(), gone, two, [gone])));
        await Eventually.Async(
            async _ => (await fresh.Anonymous().GetFromJsonAsync<JsonObject>("/api/analytics/trust", Ct))!["items"]![29]!["researchers"]!.GetValue<long>(), all => all == 3, "they are their own again", ct: Ct);
    }

    [Fact]
    public async Task Freshness_tells_how_long_events_took_and_what_is_missing()
    {
        await using var fresh = new AnalyticsService();
        await fresh.InitializeAsync();
        var late = fresh.Next(Guid.NewGuid(), origin => new ResearcherFollowed(origin with { OccurredAt = origin.OccurredAt.AddMinutes(-10) }, Guid.NewGuid(), origin.Subject));
        await fresh.TellAsync(late);
        await fresh.InTheLogAsync(late);
        _ = fresh.Followed(Guid.NewGuid(), Guid.NewGuid());
        var ahead = fresh.Followed(Guid.NewGuid(), Guid.NewGuid());
        await fresh.TellAsync(ahead);
        var answer = (await Eventually.Async(
            async _ => await fresh.Anonymous().GetFromJsonAsync<JsonObject>("/api/analytics/freshness?window=15m", Ct), answer => answer!["gaps"]!.AsArray().Count == 1, "an event waits for the one that is missing", ct: Ct))!;
        (answer["gaps"]![0]!["source"]!.GetValue<string>(), answer["gaps"]![0]!["after"]!.GetValue<long>(), answer["gaps"]![0]!["waiting"]!.GetValue<long>())
            .ShouldBe(("follow", late.Origin.Sequence, 1));
        var delay = answer["items"]!.AsArray().ShouldHaveSingleItem()!;
        (delay["source"]!.GetValue<string>(), delay["type"]!.GetValue<string>(), delay["events"]!.GetValue<long>()).ShouldBe(("follow", "ResearcherFollowed", 1));
        delay["p50"]!.GetValue<double>().ShouldBeGreaterThanOrEqualTo(600);
        (await fresh.Anonymous().GetFromJsonAsync<JsonObject>("/api/analytics/freshness", Ct))!["rejected"]!.GetValue<long>().ShouldBe(0);
    }

    [Theory]
    [InlineData("/followers/nobody", "malformed-researcherid")]
    [InlineData("/followers/{id}?by=week", "malformed-by")]
    [InlineData("/followers/{id}?from=yesterday", "malformed-from")]
    [InlineData("/followers/{id}?to=2026-13", "malformed-to")]
    [InlineData("/followers/{id}?from=2026-03-02&to=2026-03-01", "malformed-from")]
    [InlineData("/followers/{id}?from=1999-01-01&to=2026-03-01", "period-too-long")]
    [InlineData("/followers/{id}?since=2026", "unknown-parameter")]
    [InlineData("/topics?by=day", "malformed-by")]
    [InlineData("/topics?limit=0", "malformed-limit")]
    [InlineData("/topics?limit=many", "malformed-limit")]
    [InlineData("/trust?by=hour", "malformed-by")]
    [InlineData("/trust?level=Trusted", "unknown-parameter")]
    [InlineData("/movers?window=1y", "malformed-window")]
    [InlineData("/movers?of=works", "malformed-of")]
    [InlineData("/movers?limit=-1", "malformed-limit")]
    [InlineData("/freshness?window=5m", "malformed-window")]
    public async Task What_cannot_be_answered_is_refused_by_name(string path, string rule)
    {
        var answer = await service.Anonymous().GetAsync($"/api/analytics{path.Replace("{id}", Guid.NewGuid().ToString(), StringComparison.Ordinal)}", Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadFromJsonAsync<JsonObject>(Ct))!["type"]!.GetValue<string>().ShouldBe($"https://bzpeer.org/problems/{rule}");
    }

    [Fact]
    public async Task What_nobody_has_heard_of_is_not_found_and_a_known_researcher_without_followers_has_none()
    {
        (await service.Anonymous().GetAsync($"/api/analytics/followers/{Guid.NewGuid()}", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await service.Anonymous().GetAsync("/api/analytics/topics?topic=nothing", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var registered = service.Registered(Guid.NewGuid());
        await CountedAsync(registered);
        (await AskAsync($"/followers/{registered.ResearcherId}"))["items"]!.AsArray().ShouldAllBe(item => item!["followers"]!.GetValue<long>() == 0);
    }
}
