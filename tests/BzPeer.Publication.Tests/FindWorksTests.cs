using System.Text.Json.Nodes;
using BzPeer.ServiceDefaults;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>GET /api/works, /api/topics and /api/institutions with a question.</summary>
public sealed class FindWorksTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A word that no other test uses.</summary>
    private static string Word() => $"w{Records.Number()}";

    private static JsonObject Titled(string title, string? date = "2024-05-17", string[]? topics = null, string? at = null)
    {
        var record = Records.OpenAlexBy(Records.Number(), Records.Author("Ada", $"A{Records.Number()}", institution: at));
        record["title"] = title;
        record["publication_date"] = date;
        record["topics"] = new JsonArray([.. (topics ?? []).Select(topic => new JsonObject { ["display_name"] = topic })]);
        return record;
    }

    private async Task<List<T>> Find<T>(string of, string q, int limit = 80)
    {
        List<T> all = [];
        for (string? cursor = null; ;)
        {
            var page = await service.Get<Page<T>>($"/api/{of}?q={Uri.EscapeDataString(q)}&limit={limit}&cursor={cursor}");
            page.Items.Count.ShouldBeLessThanOrEqualTo(limit);
            all.AddRange(page.Items);
            all.Count.ShouldBeLessThanOrEqualTo(100, "the pages come to an end");
            if ((cursor = page.Next) is null) return all;
        }
    }

    private async Task<string[]> Titles(string q, int limit = 80) => [.. (await Find<ListedWork>("works", q, limit)).Select(work => work.Title)];

    [Fact]
    public async Task Every_word_begins_a_word_of_the_title_without_case_and_accents_the_newest_first_and_a_whole_title_before_all()
    {
        var word = Word();
        await service.Import(WorkSource.OpenAlex, Records.Lines(
            Titled($"{word} Élan", "2001-01-01"), Titled($"The élan vital of {word}s", "2020-01-01"), Titled($"Elan & {word}", "2021-01-01"), Titled($"{word} élan, once more", null), Titled($"{word}", "2022-01-01")));
        string[] all = [$"{word} Élan", $"Elan & {word}", $"The élan vital of {word}s", $"{word} élan, once more"];

        (await Titles($"{word.ToUpperInvariant()} ELAN")).ShouldBe(all);
        foreach (var limit in new[] { 1, 2, 3 }) (await Titles($"{word} elan", limit)).ShouldBe(all);
        (await Titles($"vit {word}")).ShouldBe([$"The élan vital of {word}s"]);
        (await Titles($"{word} nothing")).ShouldBeEmpty();
        (await Titles("' & | ! :* (")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_corrected_title_is_found_and_the_old_one_no_longer()
    {
        var (before, after) = (Word(), Word());
        var record = Titled(before);
        await service.Import(WorkSource.OpenAlex, Records.Lines(record));
        record["title"] = after;
        await service.Import(WorkSource.OpenAlex, Records.Lines(record));

        (await Titles(after)).ShouldBe([after]);
        (await Titles(before)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_work_is_found_by_its_doi_and_its_arxiv_id_in_any_form()
    {
        var (doi, arxiv) = ($"10.1000/{Word()}", Records.ArxivId());
        var record = Titled("By its ids");
        record["doi"] = $"https://doi.org/{doi}";
        await service.Import(WorkSource.OpenAlex, Records.Lines(record));
        await service.Import(WorkSource.Arxiv, Records.Feed(Records.Entry(arxiv, "A preprint", "Ada")), "application/atom+xml");

        foreach (var q in new[] { doi, doi.ToUpperInvariant(), $"https://doi.org/{doi}", $"doi:{doi}" }) (await Titles(q)).ShouldBe(["By its ids"], q);
        foreach (var q in new[] { arxiv, $"arXiv:{arxiv}v2", $"https://arxiv.org/abs/{arxiv}" }) (await Titles(q)).ShouldBe(["A preprint"], q);
        (await Titles("10.1000/nobody-has-this-one")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Titles_no_index_has_room_for_are_found_by_their_beginning()
    {
        var word = Word();
        var title = $"{word} {string.Concat(Enumerable.Range(0, 500).Select(n => $"{n:x}數"))} last";
        (await service.Import(WorkSource.OpenAlex, Records.Lines(Titled(title)))).Created.ShouldBe(1);

        (await Find<ListedWork>("works", $"{word} 0數1數2數3數4數5數6數7數8數9數a數b數c數d數e數f數10數11數12數13數14數15數16數17數18數19數1a數1b數1c數1d數1e數1f數20數21數22數23數24數25數26數27數28數29數2a數2b數2c數2d數2e數2f數30數31數32數33數34數35數36數37數38數39數")).Count.ShouldBe(1);
        (await Find<ListedWork>("works", $"{word} last")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Topics_and_institutions_are_found_by_name_those_of_most_works_first_and_a_whole_name_before_all()
    {
        var word = Word();
        await service.Import(WorkSource.OpenAlex, Records.Lines(
            Titled("One", topics: [$"Théorie {word}", $"{word}"], at: $"Université {word}"), Titled("Two", topics: [$"théorie {word}"], at: $"Université {word}"), Titled("Three", topics: [$"{word} theory"])));

        foreach (var limit in new[] { 1, 2, 80 })
        {
            (await Find<CountedLabel>("topics", word, limit)).Select(topic => (topic.Label, topic.Works)).Take(2).ShouldBe([(word, 1), ($"Théorie {word}", 2)]);
            (await Find<CountedLabel>("topics", $"theor {word}", limit)).Select(topic => topic.Works).ShouldBe([2, 1]);
        }

        var place = (await Find<CountedLabel>("institutions", $"{word} univ")).ShouldHaveSingleItem();
        (place.Label, place.Works).ShouldBe(($"Université {word}", 2));
        (await service.Get<TopicOrInstitution>($"/api/institutions/{place.Id}")).Label.ShouldBe(place.Label);
        (await Find<CountedLabel>("topics", $"{word} nothing")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_topic_that_no_work_has_any_more_is_not_found()
    {
        var word = Word();
        var record = Titled("About something", topics: [word]);
        await service.Import(WorkSource.OpenAlex, Records.Lines(record));
        (await Find<CountedLabel>("topics", word)).ShouldHaveSingleItem();
        record["topics"] = new JsonArray(new JsonObject { ["display_name"] = Word() });
        await service.Import(WorkSource.OpenAlex, Records.Lines(record));

        (await Find<CountedLabel>("topics", word)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Nothing_to_search_for_lists_all()
    {
        await service.Import(WorkSource.OpenAlex, Records.Lines(Titled("Listed", topics: ["Listed"], at: "Listed")));

        foreach (var of in new[] { "works", "topics", "institutions" })
        {
            using var answer = await service.Anonymous.GetAsync($"/api/{of}?limit=1&q=", Ct);
            (await Read<Page<JsonObject>>(answer)).Items.ShouldHaveSingleItem();
        }
    }

    [Theory]
    [InlineData("works")]
    [InlineData("topics")]
    [InlineData("institutions")]
    public async Task A_question_too_long_and_a_cursor_that_is_not_ours_are_refused(string of)
    {
        using var tooLong = await service.Anonymous.GetAsync($"/api/{of}?q={new string('x', 201)}", Ct);
        await ShouldBeProblem(tooLong, 400, "malformed-q");
        foreach (var cursor in new[] { "~", "bm8", "MS8yMDI0LTAxLTAxL25v" })
        {
            using var malformed = await service.Anonymous.GetAsync($"/api/{of}?q=a&cursor={cursor}", Ct);
            await ShouldBeProblem(malformed, 400, "malformed-cursor");
        }
    }
}
