using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using BzPeer.ServiceDefaults;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>POST /api/imports?format=retraction-watch, and the notices of Crossref.</summary>
public sealed class NoticeRetractionsTests(SharedPublication service)
{
    private static string Doi() => $"10.5555/{Records.Number()}";

    private Task<ImportStatus> Import(params IEnumerable<string> rows) =>
        service.Import(ImportReader.Retractions, Encoding.UTF8.GetBytes(string.Join("\r\n", rows.Prepend(RetractionWatchSpecs.Header))), "text/csv");

    private static string Row(string doi, string nature = "Retraction", string date = "10/5/2020 0:00") => RetractionWatchSpecs.Row($"{Records.Number()}", doi, nature, date);

    private static JsonObject Crossref(string doi, string? retracts = null) => new()
    {
        ["DOI"] = doi,
        ["type"] = "journal-article",
        ["title"] = new JsonArray(retracts is null ? "On engines" : "Retraction: On engines"),
        ["author"] = new JsonArray(new JsonObject { ["given"] = "Ada", ["family"] = $"Lovelace{Records.Number()}" }),
        ["update-to"] = retracts is null ? null : new JsonArray(new JsonObject { ["DOI"] = retracts, ["type"] = "retraction", ["updated"] = new JsonObject { ["date-parts"] = new JsonArray(new JsonArray(2020, 10, 5)) } }),
    };

    private async Task<ListedWork> Work(string doi) => await service.WorkKnownAs($"doi:{doi}");

    [Fact]
    public async Task A_notice_retracts_a_work_and_a_later_one_reinstates_it_which_its_authors_are_told()
    {
        var doi = Doi();
        await service.Import(WorkSource.Crossref, Records.Lines(Crossref(doi)));
        var ada = (await Work(doi)).Authors[0].ResearcherId!.Value;

        (await Import(Row(doi))).Updated.ShouldBe(1);
        (await Work(doi)).Retracted.ShouldBeTrue();
        (await service.Sums(ada)).ShouldBe(new(1, 0, 0, 1, 0, 0));

        (await Import(Row(doi, "Reinstatement", "1/2/2021 0:00"))).Updated.ShouldBe(1);
        (await Work(doi)).Retracted.ShouldBeFalse();
        (await service.Sums(ada)).ShouldBe(new(1, 1, 0, 0, 0, 0));
    }

    [Fact]
    public async Task A_notice_that_comes_first_waits_for_the_work_in_no_list_and_under_no_address()
    {
        var doi = Doi();
        (await Import(Row(doi))).Updated.ShouldBe(1);
        using var early = await service.Anonymous.GetAsync($"/api/works/{StableId.Of($"doi:{doi}")}", TestContext.Current.CancellationToken);
        await ShouldBeProblem(early, 404, "unknown-work");
        using var retract = await service.Curator.PostAsJsonAsync($"/api/works/{StableId.Of($"doi:{doi}")}/retraction", new { reason = "R", source = "S" }, TestContext.Current.CancellationToken);
        await ShouldBeProblem(retract, 404, "unknown-work");

        (await service.Import(WorkSource.Crossref, Records.Lines(Crossref(doi)))).Created.ShouldBe(1);

        var work = await Work(doi);
        (work.Retracted, work.Title).ShouldBe((true, "On engines"));
        (await service.GetAll<ListedWork>($"/api/researchers/{work.Authors[0].ResearcherId}/works")).ShouldHaveSingleItem().Retracted.ShouldBeTrue();
    }

    [Fact]
    public async Task A_notice_waits_also_for_a_work_that_is_known_by_another_id_so_far()
    {
        var (doi, openAlex) = (Doi(), Records.OpenAlex(Records.Number(), $"A{Records.Number()}"));
        await service.Import(WorkSource.OpenAlex, Records.Lines(openAlex));
        await Import(Row(doi));
        openAlex["doi"] = doi;
        (await service.Import(WorkSource.OpenAlex, Records.Lines(openAlex))).Updated.ShouldBe(1);
        (await Work(doi)).Retracted.ShouldBeTrue();
        (await service.Scalar($"select count(*) from works where doi = '{doi}'")).ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_notice_of_Crossref_is_a_work_and_retracts_the_one_that_it_names_whichever_comes_first(bool noticeFirst)
    {
        var (doi, notice) = (Doi(), Doi());
        JsonObject[] records = [Crossref(doi), Crossref(notice, retracts: doi)];
        foreach (var record in noticeFirst ? records.Reverse() : records) await service.Import(WorkSource.Crossref, Records.Lines(record));
        ((await Work(doi)).Retracted, (await Work(notice)).Retracted).ShouldBe((true, false));

        var events = await service.Events();
        (await service.Import(WorkSource.Crossref, Records.Lines(records))).Unchanged.ShouldBe(2);
        await service.SumsAreTold();
        (await service.Scalar($"select count(*) from mt_events where stream_id = '{(await Work(doi)).Id}'")).ShouldBe(noticeFirst ? 2 : 3);
    }

    [Fact]
    public async Task A_file_that_comes_twice_makes_no_new_event_and_says_why_it_leaves_the_others()
    {
        var doi = Doi();
        string[] rows = [Row(doi), Row(Doi()), Row(doi, "Expression of concern"), Row("unavailable"), Row(doi, "Reinstatement", "1/2/2021")];
        var first = await Import(rows);
        (first.State, first.Received, first.Updated, first.Rejected).ShouldBe(("completed", 5, 3, 2));
        first.Rejections.Select(rejection => rejection.Index).ShouldBe([2, 3]);
        var again = await Import(rows);
        (again.Unchanged, again.Rejected).ShouldBe((3, 2));
        (await service.Scalar($"select count(*) from mt_events where stream_id = '{StableId.Of($"doi:{doi}")}'")).ShouldBe(2);
    }

    [Fact]
    public async Task A_retraction_that_a_curator_took_back_is_not_brought_again_by_the_same_notice()
    {
        var (doi, row) = (Doi(), "");
        await service.Import(WorkSource.Crossref, Records.Lines(Crossref(doi)));
        await Import(row = Row(doi));
        using var reinstated = await service.Curator.PostAsJsonAsync($"/api/works/{(await Work(doi)).Id}/reinstatement", new { reason = "Another paper", source = "The publisher" }, TestContext.Current.CancellationToken);
        (await Read<ListedWork>(reinstated)).Retracted.ShouldBeFalse();
        (await Import(row)).Unchanged.ShouldBe(1);
        (await Work(doi)).Retracted.ShouldBeFalse();
        (await Import(Row(doi))).Updated.ShouldBe(1);
        (await Work(doi)).Retracted.ShouldBeTrue();
    }
}
