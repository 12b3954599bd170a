using System.Globalization;
using System.Net;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>GET /api/works/{id} and /api/researchers/{id}/works.</summary>
public sealed class WorksTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A researcher with works of these dates; null is none.</summary>
    private async Task<Guid> With(params string?[] dates)
    {
        var author = $"A{Records.Number()}";
        var records = dates.Select(date =>
        {
            var record = Records.OpenAlex(Records.Number(), author);
            record["publication_date"] = date?.Length > 4 ? date : null;
            record["publication_year"] = date is null ? null : int.Parse(date[..4], CultureInfo.InvariantCulture);
            return record;
        });
        (await service.Import(WorkSource.OpenAlex, records.Lines())).Created.ShouldBe(dates.Length);
        return await service.OpenAlexAuthor(author);
    }

    [Fact]
    public async Task The_newest_come_first_a_year_alone_as_its_first_day_and_what_has_no_date_last()
    {
        var author = await With("2020-06-01", null, "2021", "2020-12-31", "2021-01-02");
        var works = await service.GetAll<ListedWork>($"/api/researchers/{author}/works");
        works.Select(work => (work.Year, work.PublicationDate)).ShouldBe([(2021, new(2021, 1, 2)), (2021, null), (2020, new(2020, 12, 31)), (2020, new(2020, 6, 1)), (null, null)]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(80)]
    public async Task Pages_of_any_size_hold_every_work_once_also_those_of_one_day(int limit)
    {
        var author = await With("2020-06-01", "2020-06-01", "2020-06-01", "2020-06-01", null, null, "2019");
        var whole = await service.GetAll<ListedWork>($"/api/researchers/{author}/works");
        whole.Select(work => work.Id).Distinct().Count().ShouldBe(7);
        (await service.GetAll<ListedWork>($"/api/researchers/{author}/works", limit)).Select(work => work.Id).ShouldBe(whole.Select(work => work.Id));
    }

    [Fact]
    public async Task A_work_that_comes_while_somebody_turns_pages_moves_nothing_they_see()
    {
        var author = await With("2020-06-01", "2020-05-01", "2020-04-01");
        var first = await service.Get<Page<ListedWork>>($"/api/researchers/{author}/works?limit=2");
        await Publish(service.Curator, new { title = "Newest", type = "article", publicationDate = "2025-01-01", authors = new[] { new { researcherId = author } } });
        var second = await service.Get<Page<ListedWork>>($"/api/researchers/{author}/works?limit=2&cursor={first.Next}");
        second.Items.ShouldHaveSingleItem().PublicationDate.ShouldBe(new DateOnly(2020, 4, 1));
        second.Next.ShouldBeNull();
    }

    [Fact]
    public async Task A_page_names_the_next_one_in_its_body_and_as_a_link_and_the_last_one_none()
    {
        var author = await With("2020-06-01", "2020-05-01");
        using var answer = await service.Anonymous.GetAsync($"/api/researchers/{author}/works?limit=1", Ct);
        var page = await Read<Page<ListedWork>>(answer);
        answer.Headers.GetValues("Link").ShouldBe([$"</api/researchers/{author}/works?limit=1&cursor={page.Next}>; rel=\"next\""]);
        using var last = await service.Anonymous.GetAsync($"/api/researchers/{author}/works?limit=1&cursor={page.Next}", Ct);
        (await Read<Page<ListedWork>>(last)).Next.ShouldBeNull();
        last.Headers.Contains("Link").ShouldBeFalse();
    }

    [Theory]
    [InlineData("~")]
    [InlineData("bm8")]
    [InlineData("MjAyMC0wNi0wMXxubw")]
    [InlineData("MjAyMC0wNi0zMXwwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA")]
    public async Task A_cursor_that_is_not_ours_is_refused(string cursor)
    {
        using var answer = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/works?cursor={cursor}", Ct);
        await ShouldBeProblem(answer, 400, "malformed-cursor");
    }

    [Fact]
    public async Task Whom_or_what_nobody_knows_is_not_found()
    {
        using var researcher = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/works", Ct);
        await ShouldBeProblem(researcher, 404, "unknown-researcher");
        using var work = await service.Anonymous.GetAsync($"/api/works/{Guid.NewGuid()}", Ct);
        await ShouldBeProblem(work, 404, "unknown-work");
    }

    [Fact]
    public async Task A_read_waits_for_the_position_of_a_write_and_says_how_far_it_is_behind()
    {
        var author = await With("2020-06-01");
        async Task<HttpResponseMessage> At(string position)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{author}/works") { Headers = { { "Min-Position", position } } };
            return await service.Anonymous.SendAsync(request, Ct);
        }

        var position = $"publication:{await service.Scalar("select max(seq_id) from mt_events")}";
        using var there = await Eventually.Async(_ => At(position), answer => answer.StatusCode == HttpStatusCode.OK, "the position is reached", ct: Ct);
        using var ahead = await At("publication:99999999");
        await ShouldBeProblem(ahead, 409, "not-there-yet");
        using var malformed = await At("publication:soon");
        await ShouldBeProblem(malformed, 400, "malformed-position");
    }
}
