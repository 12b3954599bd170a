using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using BzPeer.ServiceDefaults;
using CsCheck;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>The filters and orders of GET /api/researchers/{id}/works.</summary>
public sealed class ListWorksTests(SharedPublication service)
{
    private static readonly string[] Types = ["article", "preprint", "book chapter"];
    private static readonly string[] Topics = ["Networks", "Graphs"];
    private static readonly string[] Titles = ["apple", "Äpfel", "Apple", "zebra", "Zebra", "(brackets)", "Ω", "42", "Same", $"{new string('l', 150)} a", $"{new string('l', 150)} b", "𝕏 of a script"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A researcher with works of all kinds, and the works as they are listed without a question.</summary>
    private async Task<(Guid Author, List<ListedWork> Works)> Bibliography()
    {
        var author = $"A{Records.Number()}";
        var records = Enumerable.Range(0, 24).Select(n =>
        {
            var record = Records.OpenAlex(Records.Number(), author);
            record["title"] = Titles[n % Titles.Length];
            record["type"] = Types[n % 3];
            record["publication_date"] = n % 5 == 0 ? null : $"{2019 + (n % 4)}-0{1 + (n % 2)}-01";
            record["publication_year"] = n % 10 == 0 ? null : 2019 + (n % 4);
            record["topics"] = new JsonArray([.. Topics.Where((_, t) => (n & (1 << t)) != 0).Select(topic => new JsonObject { ["display_name"] = topic })]);
            return record;
        });
        (await service.Import(WorkSource.OpenAlex, records.Lines())).Created.ShouldBe(24);
        var id = await service.OpenAlexAuthor(author);
        return (id, await service.GetAll<ListedWork>($"/api/researchers/{id}/works"));
    }

    private async Task<List<ListedWork>> All(Guid author, string question, int limit)
    {
        List<ListedWork> all = [];
        for (string? cursor = null; ;)
        {
            var page = await service.Get<Page<ListedWork>>($"/api/researchers/{author}/works?{question}&limit={limit}&cursor={cursor}");
            page.Items.Count.ShouldBeLessThanOrEqualTo(limit);
            all.AddRange(page.Items);
            all.Count.ShouldBeLessThanOrEqualTo(100, "the pages come to an end");
            if ((cursor = page.Next) is null) return all;
        }
    }

    [Fact]
    public async Task Whatever_is_asked_for_pages_of_any_size_hold_exactly_the_works_that_match_in_order()
    {
        var (author, works) = await Bibliography();
        var questions = Gen.Select(Gen.Int[-5, 4], Gen.Int[0, 4], Gen.Int[-3, 2], Gen.Int[-2, 1], Gen.Int[-1, 2], Gen.Int[1, 9]);
        await questions.SampleAsync(async (from, span, type, topic, sort, limit) =>
        {
            var (first, last) = (2018 + from, 2018 + from + span);
            var years = from < 0 ? "" : span == 0 ? $"{first}" : $"{first}..{last}";
            var topicId = topic < 0 ? "" : WorkTables.TopicId(Topics[topic]).ToString();
            var order = sort < 0 ? "" : new[] { "newest", "oldest", "title" }[sort];

            var found = await All(author, $"year={years}&type={(type < 0 ? "" : Uri.EscapeDataString(Types[type]))}&topic={topicId}&sort={order}", limit);

            var expected = works.Where(work => (from < 0 || (work.Year >= first && work.Year <= last))
                && (type < 0 || work.Type == Types[type]) && (topic < 0 || work.Topics.Contains(Topics[topic])));
            found.Select(work => work.Id).ShouldBe(InOrder(expected, order).Select(work => work.Id));
        }, iter: 60, threads: 1);
    }

    [Theory]
    [InlineData("newest")]
    [InlineData("oldest")]
    [InlineData("title")]
    public async Task Every_order_goes_through_all_works_one_by_one_those_without_a_date_and_of_the_same_title_among_them(string order)
    {
        var (author, works) = await Bibliography();
        works.Count(work => work.Year is null).ShouldBe(3);
        (await All(author, $"sort={order}", 1)).Select(work => work.Id).ShouldBe(InOrder(works, order).Select(work => work.Id));
    }

    private static IEnumerable<ListedWork> InOrder(IEnumerable<ListedWork> works, string order)
    {
        return order switch
        {
            "title" => works.OrderBy(work => string.Concat(work.Title.EnumerateRunes().Take(100)), StringComparer.Create(CultureInfo.InvariantCulture, CompareOptions.None)).ThenBy(work => work.Id),
            "oldest" => works.OrderBy(work => Day(work) ?? DateOnly.MaxValue).ThenBy(work => work.Id),
            _ => works.OrderByDescending(work => Day(work) ?? DateOnly.MinValue).ThenByDescending(work => work.Id),
        };

        static DateOnly? Day(ListedWork work) => work.PublicationDate ?? (work.Year is { } year ? new(year, 1, 1) : null);
    }

    [Fact]
    public async Task A_cursor_of_another_question_is_refused()
    {
        var (author, _) = await Bibliography();
        string[] questions =
            ["sort=newest", "sort=oldest", "sort=title", "year=2019..2022", "year=2020..2022", "type=article", "type=preprint", $"topic={WorkTables.TopicId("Networks")}", $"topic={WorkTables.TopicId("Graphs")}", "type=article&year=2019..2022"];
        var cursors = new List<string>();
        foreach (var question in questions)
            cursors.Add((await service.Get<Page<ListedWork>>($"/api/researchers/{author}/works?{question}&limit=1")).Next.ShouldNotBeNull(question));

        for (var asked = 0; asked < questions.Length; asked++)
        {
            for (var made = 0; made < questions.Length; made++)
            {
                using var answer = await service.Anonymous.GetAsync($"/api/researchers/{author}/works?{questions[asked]}&limit=2&cursor={cursors[made]}", Ct);
                if (asked == made) answer.EnsureSuccessStatusCode();
                else await ShouldBeProblem(answer, 400, "malformed-cursor");
            }
        }

        // What is asked for by default is the same question as when it is said.
        (await service.Get<Page<ListedWork>>($"/api/researchers/{author}/works?cursor={cursors[0]}")).Items.Count.ShouldBe(23);
    }

    [Theory]
    [InlineData("newest", "2020-06-31")]
    [InlineData("oldest", "")]
    [InlineData("title", "\0")]
    public async Task A_cursor_that_nobody_gave_out_is_refused(string sort, string key)
    {
        var (author, _) = await Bibliography();
        var cursor = (await service.Get<Page<ListedWork>>($"/api/researchers/{author}/works?sort={sort}&limit=1")).Next!;
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor).AsSpan(4)).Split('|', 3);
        await ShouldBeRefused($"sort={sort}&cursor={Paging.Encode("/api/researchers/{id}/works", $"{parts[0]}|{parts[1]}|{key}")}", "malformed-cursor");
        await ShouldBeRefused($"sort={sort}&cursor={Paging.Encode("/api/researchers/{id}/works", $"{parts[0]}|nobody|{parts[2]}")}", "malformed-cursor");
    }

    [Fact]
    public async Task An_order_that_is_not_known_is_refused_and_the_known_ones_are_named()
    {
        using var answer = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/works?sort=Newest", Ct);
        await ShouldBeProblem(answer, 400, "malformed-sort");
        (await answer.Content.ReadAsStringAsync(Ct)).ShouldContain("newest, oldest, title");
    }

    [Theory]
    [InlineData("year=23", "malformed-year")]
    [InlineData("year=soon", "malformed-year")]
    [InlineData("year=%2B999", "malformed-year")]
    [InlineData("year=2019..", "malformed-year")]
    [InlineData("year=..2019", "malformed-year")]
    [InlineData("year=2023..2019", "malformed-year")]
    [InlineData("year=2019..2020..2021", "malformed-year")]
    [InlineData("topic=networks", "malformed-topic")]
    [InlineData("type=a%00b", "malformed-type")]
    public Task A_filter_that_is_none_is_refused(string question, string rule) => ShouldBeRefused(question, rule);

    private async Task ShouldBeRefused(string question, string rule)
    {
        using var answer = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/works?{question}", Ct);
        await ShouldBeProblem(answer, 400, rule);
    }

    [Fact]
    public async Task Who_has_no_such_work_has_an_empty_list_and_who_is_unknown_none()
    {
        var (author, _) = await Bibliography();
        (await service.Get<Page<ListedWork>>($"/api/researchers/{author}/works?year=1900")).Items.ShouldBeEmpty();
        using var unknown = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/works?year=1900", Ct);
        await ShouldBeProblem(unknown, 404, "unknown-researcher");
    }
}
