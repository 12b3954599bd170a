using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>The cursor contract of <c>/api/events</c>: exclusive, nothing left out, nothing twice, nothing passed over in silence.</summary>
public sealed class ReadEventsTests(AnalyticsService service) : IClassFixture<AnalyticsService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<IIntegrationEvent[]> FollowsAsync(int times, Guid? followee = null)
    {
        IIntegrationEvent[] events = [.. Enumerable.Range(0, times).Select(_ => service.Followed(Guid.NewGuid(), followee ?? Guid.NewGuid()))];
        await service.TellAsync(events);
        await service.InTheLogAsync(events[^1]);
        return events;
    }

    [Fact]
    public async Task Pages_follow_each_other_without_a_gap_or_a_repeat()
    {
        var from = await service.HeadAsync();
        var bob = Guid.NewGuid();
        var events = await FollowsAsync(25, bob);
        List<Guid> read = [];
        for (long? after = from; after is not null;)
        {
            var page = await service.PageAsync($"?after={after}&limit=10&subject={bob}");
            read.AddRange(page["items"]!.AsArray().Select(item => item!["id"]!.GetValue<Guid>()));
            after = page["next"]?.GetValue<long>();
            if (after is null) page["upTo"]!.GetValue<long>().ShouldBeGreaterThanOrEqualTo(from + 25);
        }

        read.ShouldBe(events.Select(e => e.Origin.EventId));
    }

    [Fact]
    public async Task A_page_links_to_the_next()
    {
        await FollowsAsync(3);
        using var response = await service.Anonymous().GetAsync("/api/events?limit=2&type=ResearcherFollowed", Ct);
        var next = (await response.Content.ReadFromJsonAsync<JsonObject>(Ct))!["next"]!.GetValue<long>();
        var link = response.Headers.GetValues("Link").ShouldHaveSingleItem();
        link.ShouldEndWith("; rel=\"next\"");
        link.ShouldContain($"after={next}");
        link.ShouldContain("type=ResearcherFollowed");
    }

    [Fact]
    public async Task Filters_are_anded_and_a_subject_is_also_who_acted()
    {
        var (ada, bob, eve) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        var (followed, registered, other) = (service.Followed(ada, bob), service.Registered(ada), service.Followed(eve, bob));
        await service.TellAsync(followed, registered, other);
        await service.InTheLogAsync(other);
        await service.InTheLogAsync(registered);
        (await service.IdsAsync($"?subject={ada}")).ShouldBe([followed.Origin.EventId, registered.Origin.EventId], ignoreOrder: true);
        (await service.IdsAsync($"?subject={ada}&type=ResearcherFollowed")).ShouldBe([followed.Origin.EventId]);
        (await service.IdsAsync($"?subject={ada}&type=org.bzpeer.profile.ResearcherRegistered")).ShouldBe([registered.Origin.EventId]);
        (await service.IdsAsync($"?subject={ada}&type=ResearcherRegistered&type=ResearcherFollowed")).Length.ShouldBe(2);
        (await service.IdsAsync($"?subject={bob}")).ShouldBe([followed.Origin.EventId, other.Origin.EventId]);
        (await service.IdsAsync($"?subject={ada}&type=TrustRestated")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("?limits=3", "unknown-parameter")]
    [InlineData("?type=Followed", "malformed-type")]
    [InlineData("?type=org.bzpeer.trust.ResearcherFollowed", "malformed-type")]
    [InlineData("?type=", "malformed-type")]
    [InlineData("?subject=ada", "malformed-subject")]
    [InlineData("?after=-1", "malformed-after")]
    [InlineData("?after=1.5", "malformed-after")]
    [InlineData("?after=9000000000000", "cursor-ahead")]
    [InlineData("?limit=0", "malformed-limit")]
    [InlineData("?limit=many", "malformed-limit")]
    [InlineData("?wait=31", "malformed-wait")]
    public async Task What_is_not_understood_is_refused_and_named(string query, string rule)
    {
        using var response = await service.Anonymous().GetAsync($"/api/events{query}", Ct);
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.Content.ReadFromJsonAsync<JsonObject>(Ct))!["type"]!.GetValue<string>().ShouldEndWith("/" + rule);
    }

    [Fact]
    public async Task The_log_and_what_is_counted_from_it_wait_for_a_position()
    {
        var followed = (await FollowsAsync(1))[0];
        foreach (var path in new[] { "/api/events?after=latest", "/api/events/days", "/api/webhooks", "/api/analytics/movers?window=7d&of=followers", "/api/analytics/trust?by=day" })
        {
            using var there = await Eventually.Async(_ => Read(path, $"follow:{followed.Origin.Sequence}"), answer => answer.IsSuccessStatusCode, $"{path} is there", ct: Ct);
            (await Read(path, "follow:99999999")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
            (await Read(path, "soon")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        }

        async Task<HttpResponseMessage> Read(string path, string position)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Min-Position", position } } };
            return await service.As(Guid.NewGuid()).SendAsync(request, Ct);
        }
    }

    [Fact]
    public async Task A_stream_asked_for_without_its_body_has_its_headers_and_an_end()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/api/events") { Headers = { Accept = { new("text/event-stream") } } };
        using var response = await service.Anonymous().SendAsync(request, Ct);
        (response.StatusCode, response.Content.Headers.ContentType!.MediaType).ShouldBe((HttpStatusCode.OK, "text/event-stream"));
    }

    [Fact]
    public async Task The_description_names_what_can_be_asked()
    {
        var document = (await service.Anonymous().GetFromJsonAsync<JsonObject>("/openapi/v1.json", Ct))!;
        document["paths"]!["/api/events"]!["get"]!["responses"]!.AsObject().Select(answer => answer.Key).ShouldBe(["200", "400", "409", "503"]);
        document["paths"]!["/api/events"]!["get"]!["parameters"]!.AsArray().Select(parameter => parameter!["name"]!.GetValue<string>())
            .ShouldBe(["after", "type", "subject", "limit", "wait"]);
    }

    [Fact]
    public async Task A_cursor_older_than_the_log_is_refused_and_told_where_it_begins()
    {
        await using var fresh = new AnalyticsService();
        await fresh.InitializeAsync();
        IIntegrationEvent[] events = [.. Enumerable.Range(0, 5).Select(_ => fresh.Followed(Guid.NewGuid(), Guid.NewGuid()))];
        await fresh.TellAsync(events);
        await fresh.InTheLogAsync(events[^1]);
        await using (var drop = fresh.Database.CreateCommand("with gone as (delete from log where position < 4) update log_head set floor = 4")) await drop.ExecuteNonQueryAsync(Ct);

        foreach (var query in (string[])["?after=0", "?after=2"])
        {
            using var response = await fresh.Anonymous().GetAsync($"/api/events{query}", Ct);
            response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            var problem = (await response.Content.ReadFromJsonAsync<JsonObject>(Ct))!;
            problem["type"]!.GetValue<string>().ShouldEndWith("/cursor-too-old");
            problem["detail"]!.GetValue<string>().ShouldContain("begins at position 4");
        }

        (await fresh.IdsAsync("")).ShouldBe([events[3].Origin.EventId, events[4].Origin.EventId]);
        (await fresh.IdsAsync("?after=3")).Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_long_poll_answers_as_soon_as_something_comes_and_is_empty_when_nothing_does()
    {
        var bob = Guid.NewGuid();
        var from = await service.HeadAsync();
        var waiting = service.IdsAsync($"?after={from}&subject={bob}&wait=30");
        var events = await FollowsAsync(1, bob);
        (await waiting).ShouldBe([events[0].Origin.EventId]);
        (await service.IdsAsync($"?after={from}&subject={Guid.NewGuid()}&wait=1")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stream_goes_from_history_to_live_and_on_from_the_last_event_id_without_gap_or_repeat()
    {
        var bob = Guid.NewGuid();
        var all = (await FollowsAsync(20, bob)).ToList();
        List<(long Position, Guid Id)> read = [];
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct))
        {
            var reading = ReadAsync(await OpenAsync($"?subject={bob}", lastEventId: null), read, until: 60, stop.Token);
            // While it reads history, more comes.
            for (var n = 0; n < 4; n++) all.AddRange(await FollowsAsync(10, bob));
            await reading;
        }

        all.AddRange(await FollowsAsync(15, bob));
        await ReadAsync(await OpenAsync($"?subject={bob}", read[^1].Position), read, until: 75, Ct);
        read.Select(e => e.Id).ShouldBe(all.Select(e => e.Origin.EventId));
    }

    [Fact]
    public async Task A_stream_from_the_end_hears_only_what_is_new()
    {
        var bob = Guid.NewGuid();
        await FollowsAsync(3, bob);
        List<(long Position, Guid Id)> read = [];
        var reading = ReadAsync(await OpenAsync($"?subject={bob}&after=latest", lastEventId: null), read, until: 1, Ct);
        var events = await FollowsAsync(1, bob);
        await reading;
        read.ShouldHaveSingleItem().Id.ShouldBe(events[0].Origin.EventId);
    }

    [Fact]
    public async Task Edges_and_counts_that_somebody_hides_are_for_analysts_only()
    {
        var (ada, bob, eve) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        FollowerCountChanged Counts(Guid of, bool lists, bool counts) => service.Next(of, origin => new FollowerCountChanged(origin, of, 1, new string('0', 64), 0, new string('0', 64), origin.Sequence, lists, counts));
        IIntegrationEvent[] events = [service.Followed(ada, bob), Counts(bob, false, false), service.Followed(eve, ada), Counts(ada, true, true)];
        await service.TellAsync(events);
        await service.InTheLogAsync(events[^1]);
        var analyst = service.As(Guid.NewGuid(), Authentication.Analytics);

        (await service.IdsAsync($"?subject={ada}")).ShouldBeEmpty();
        (await service.IdsAsync($"?subject={bob}")).ShouldBe([events[1].Origin.EventId]);
        (await service.IdsAsync($"?subject={ada}", service.As(ada))).ShouldBeEmpty("what one sees of oneself is in one's lists");
        (await service.IdsAsync($"?subject={ada}", analyst)).ShouldBe([events[0].Origin.EventId, events[2].Origin.EventId, events[3].Origin.EventId]);
        (await service.ReplayAsync($"?subject={ada}")).ShouldBeEmpty();

        var shown = Counts(ada, false, false);
        await service.TellAsync(shown);
        await service.InTheLogAsync(shown);
        (await service.IdsAsync($"?subject={ada}")).Length.ShouldBe(4);
    }

    private async Task<StreamReader> OpenAsync(string query, long? lastEventId)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/events{query}");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastEventId is { } last) request.Headers.Add("Last-Event-ID", last.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var response = await service.Anonymous().SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        return new(await response.Content.ReadAsStreamAsync(Ct));
    }

    private static async Task ReadAsync(StreamReader stream, List<(long, Guid)> read, int until, CancellationToken ct)
    {
        using (stream)
        {
            var position = 0L;
            while (read.Count < until)
            {
                var line = (await stream.ReadLineAsync(ct)).ShouldNotBeNull();
                if (line.StartsWith("id: ", StringComparison.Ordinal)) position = long.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture);
                if (line.StartsWith("data: ", StringComparison.Ordinal)) read.Add((position, JsonNode.Parse(line[6..])!["id"]!.GetValue<Guid>()));
            }
        }
    }
}
