using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using BzPeer.Contracts;
using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>The numbers of one researcher as a page that stays open hears of them.</summary>
public sealed class LiveNumbersTests(AnalyticsService service) : IClassFixture<AnalyticsService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task At_the_start_the_newest_of_each_kind_is_told_with_its_position_at_the_source()
    {
        var ada = Guid.NewGuid();
        await InTheLogAsync(Counts(ada, followers: 6), Bibliography(ada, works: 1), Trust(ada, 11, "Baseline"));
        var counts = Counts(ada, followers: 7);
        await InTheLogAsync(counts, Bibliography(ada, works: 2), Trust(ada, 23, "Emerging"), Counts(Guid.NewGuid(), followers: 99));

        await using var page = await OpenAsync(ada);
        List<(string Kind, JsonNode Data)> told = [await page.NextAsync(), await page.NextAsync(), await page.NextAsync()];

        told.Select(each => each.Kind).ShouldBe(["counts", "bibliography", "trust"]);
        told[0].Data.ToJsonString().ShouldBe($$"""{"position":"follow:{{counts.CountVersion}}","followers":7,"following":2}""");
        told[1].Data.ToJsonString().ShouldMatch("""\{"position":"publication:\d+","works":2,"topics":3,"closeCollaborators":4\}""");
        told[2].Data.ToJsonString().ShouldMatch("""\{"position":"trust:\d+","score":23,"level":"Emerging"\}""");
    }

    [Fact]
    public async Task What_changes_is_told_and_what_happens_to_others_is_not()
    {
        var ada = Guid.NewGuid();
        await InTheLogAsync(Counts(ada, followers: 1));
        await using var page = await OpenAsync(ada);
        (await page.NextAsync()).Data["followers"]!.GetValue<int>().ShouldBe(1);

        await InTheLogAsync(service.Followed(Guid.NewGuid(), ada), Counts(Guid.NewGuid(), followers: 5), Counts(ada, followers: 2));
        await InTheLogAsync(Trust(ada, 13, "Baseline"));

        (await page.NextAsync()).Data["followers"]!.GetValue<int>().ShouldBe(2);
        (await page.NextAsync()).Data["score"]!.GetValue<int>().ShouldBe(13);
    }

    [Fact]
    public async Task Counts_that_somebody_hides_are_null_until_they_are_shown_again()
    {
        var ada = Guid.NewGuid();
        await InTheLogAsync(Counts(ada, followers: 1), Counts(ada, followers: 1, hidden: true));
        await using var page = await OpenAsync(ada);

        var (_, counts) = await page.NextAsync();
        counts["followers"].ShouldBeNull();
        counts["following"].ShouldBeNull();
        await InTheLogAsync(Counts(ada, followers: 2, hidden: true));
        (await page.NextAsync()).Data["followers"].ShouldBeNull();
        await InTheLogAsync(Counts(ada, followers: 2));
        (await page.NextAsync()).Data["followers"]!.GetValue<int>().ShouldBe(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_was_away_is_told_what_changed_since_and_nothing_else(bool reconnects)
    {
        var ada = Guid.NewGuid();
        await InTheLogAsync(Counts(ada, followers: 1), Trust(ada, 11, "Baseline"));
        await using var before = await OpenAsync(ada);
        await before.NextAsync();
        await before.NextAsync();
        await InTheLogAsync(Counts(ada, followers: 2), Counts(ada, followers: 3));

        await using var page = reconnects ? await OpenAsync(ada, lastEventId: before.LastId) : await OpenAsync(ada, $"?after={before.LastId}");
        await InTheLogAsync(Bibliography(ada, works: 1));

        (await page.NextAsync()).Data["followers"]!.GetValue<int>().ShouldBe(3);
        (await page.NextAsync()).Kind.ShouldBe("bibliography");
    }

    [Fact]
    public async Task Who_comes_from_another_log_is_told_everything()
    {
        var ada = Guid.NewGuid();
        await InTheLogAsync(Counts(ada, followers: 1));

        await using var page = await OpenAsync(ada, lastEventId: long.MaxValue.ToString(CultureInfo.InvariantCulture));

        (await page.NextAsync()).Data["followers"]!.GetValue<int>().ShouldBe(1);
    }

    [Fact]
    public async Task Of_somebody_not_heard_of_the_first_number_is_told_when_there_is_one()
    {
        var newcomer = Guid.NewGuid();
        await using var page = await OpenAsync(newcomer);

        await InTheLogAsync(Trust(newcomer, 9, "Baseline"));

        (await page.NextAsync()).Data["score"]!.GetValue<int>().ShouldBe(9);
    }

    [Fact]
    public async Task The_correction_of_a_work_is_told_to_its_authors_pages_although_no_number_changes()
    {
        var (ada, work) = (Guid.NewGuid(), Guid.NewGuid());
        await InTheLogAsync(Trust(ada, 11, "Baseline"));
        await using var page = await OpenAsync(ada);
        await page.NextAsync();

        await InTheLogAsync(Corrected(Guid.NewGuid(), Guid.NewGuid()));
        var corrected = Corrected(work, ada, Guid.NewGuid());
        await InTheLogAsync(corrected, Trust(ada, 13, "Baseline"));

        var (kind, data) = await page.NextAsync();
        kind.ShouldBe("work");
        data.ToJsonString().ShouldBe($$"""{"position":"publication:{{corrected.Origin.Sequence}}","workId":"{{work}}"}""");
        (await page.NextAsync()).Kind.ShouldBe("trust");
    }

    [Theory]
    [InlineData("/api/researchers/00000000-0000-0000-0000-000000000001/live?after=yesterday", "malformed-after")]
    [InlineData("/api/researchers/ada/live", "malformed-id")]
    public async Task What_is_no_cursor_or_no_id_is_refused_and_named(string path, string rule)
    {
        using var response = await service.Anonymous().GetAsync(path, Ct);

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.Content.ReadFromJsonAsync<JsonObject>(Ct))!["type"]!.GetValue<string>().ShouldEndWith("/" + rule);
    }

    private FollowerCountChanged Counts(Guid of, long followers, bool hidden = false) => service.Next(
        of, origin => new FollowerCountChanged(origin, of, followers, new string('0', 64), 2, new string('0', 64), origin.Sequence - 1, false, hidden));

    private BibliographyChanged Bibliography(Guid of, int works) => service.Next(
        of, origin => new BibliographyChanged(origin, of, works, works, 0, 0, 3, 4, [], origin.Sequence - 1));

    private TrustRecalculated Trust(Guid of, int score, string level) => service.Next(
        of, origin => new TrustRecalculated(origin, of, score, level, 0, "Baseline", 1, [], new("WorkPublished", Guid.NewGuid(), "a work was published")));

    private WorkCorrected Corrected(Guid work, params Guid[] authors) => service.Next(work, origin => new WorkCorrected(
        origin, work, new("A title without its misprint", "article", 2024, null, null, null, null, [], [.. authors.Select((author, n) => new WorkAuthor(author, "Ada", n + 1)), new(null, "Bob", 9)], true, false)));

    /// <summary>Sources keep no order among each other: one after the other.</summary>
    private async Task InTheLogAsync(params IIntegrationEvent[] events)
    {
        foreach (var one in events)
        {
            await service.TellAsync(one);
            await service.InTheLogAsync(one);
        }
    }

    private async Task<Page> OpenAsync(Guid researcher, string query = "", string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{researcher}/live{query}");
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        var response = await service.Anonymous().SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        return new(response, await response.Content.ReadAsStreamAsync(Ct));
    }

    private sealed class Page(HttpResponseMessage response, Stream stream) : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<SseItem<string>> events = SseParser.Create(stream).EnumerateAsync(Ct).GetAsyncEnumerator(Ct);

        public string LastId { get; private set; } = "";

        public async Task<(string Kind, JsonNode Data)> NextAsync()
        {
            (await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(3), Ct)).ShouldBeTrue();
            LastId = events.Current.EventId!;
            return (events.Current.EventType, JsonNode.Parse(events.Current.Data)!);
        }

        public async ValueTask DisposeAsync()
        {
            response.Dispose();
            await stream.DisposeAsync();
        }
    }
}
