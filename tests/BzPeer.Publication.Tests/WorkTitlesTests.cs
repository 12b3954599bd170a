using System.Text.Json.Nodes;
using BzPeer.ServiceDefaults;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>Works that are found by their title, and their versions.</summary>
public sealed class WorkTitlesTests(SharedPublication service)
{
    /// <summary>Nobody else's name: whoever has a name within arXiv is one person.</summary>
    private readonly string author = $"Ada Lovelace{Records.Number()}";

    private static string Title() => $"On the analytical engine number {Records.Number()}";

    private JsonObject Article(string title, string? doi, string type = "article", string date = "2025-02-01")
    {
        var article = Records.OpenAlexBy(Records.Number(), Records.Author(author, $"A{Records.Number()}"));
        (article["title"], article["doi"], article["type"], article["publication_date"]) = (title, doi, type, date);
        return article;
    }

    private static string Doi() => $"10.5555/{Records.Number()}";

    private Task<ImportStatus> Preprint(string arxiv, string title) => service.Import(WorkSource.Arxiv, Records.Feed(Records.Entry(arxiv, title, author)), "application/atom+xml");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_preprint_and_its_article_are_one_work_that_counts_once_and_shows_both(bool preprintFirst)
    {
        var (title, arxiv, doi) = (Title(), Records.ArxivId(), Doi());
        var article = Article(title, doi);
        if (preprintFirst) (await Preprint(arxiv, title)).Created.ShouldBe(1);
        await service.Import(WorkSource.OpenAlex, Records.Lines(article));
        if (!preprintFirst) (await Preprint(arxiv, title)).Updated.ShouldBe(1);

        var work = await service.WorkKnownAs($"doi:{doi}");
        (await service.WorkKnownAs($"arxiv:{arxiv}")).Id.ShouldBe(work.Id);
        (work.Type, work.Doi, work.ArxivId).ShouldBe(("article", doi, arxiv));
        work.Versions.Select(version => (version.Kind, version.Doi, version.ArxivId, version.PublicationDate)).ShouldBe(
            [("article", doi, null, new DateOnly(2025, 2, 1)), ("preprint", null, arxiv, new DateOnly(2024, 5, 17))]);
        work.Versions.SelectMany(version => version.Sources).ShouldBe([WorkSource.OpenAlex, WorkSource.Arxiv]);

        var ada = work.Authors.ShouldHaveSingleItem().ResearcherId!.Value;
        (await service.GetAll<ListedWork>($"/api/researchers/{ada}/works")).ShouldHaveSingleItem().ShouldBeEquivalentTo(work);
        (await service.Sums(ada)).Works.ShouldBe(1);

        var events = await service.Events();
        (await Preprint(arxiv, title)).Unchanged.ShouldBe(1);
        (await service.Import(WorkSource.OpenAlex, Records.Lines(article))).Unchanged.ShouldBe(1);
        await service.SumsAreTold();
        (await service.Scalar($"select count(*) from mt_events where stream_id in ('{work.Id}', '{StableId.Of($"doi:{doi}")}', '{StableId.Of($"arxiv:{arxiv}")}')")).ShouldBe(3);
    }

    [Fact]
    public async Task Two_articles_of_one_title_stay_two_and_a_third_record_that_either_could_be_stays_apart_from_both()
    {
        var title = Title();
        (await service.Import(WorkSource.OpenAlex, Records.Lines(Article(title, Doi()), Article(title, Doi())))).Created.ShouldBe(2);
        (await Preprint(Records.ArxivId(), title)).Created.ShouldBe(1);
    }

    [Fact]
    public async Task Records_of_one_batch_are_found_by_their_titles_too()
    {
        var title = Title();
        var status = await service.Import(WorkSource.OpenAlex, Records.Lines(Article(title, Doi()), Article(title, Doi(), "preprint")));
        (status.Created, status.Updated).ShouldBe((1, 1));
    }

    [Fact]
    public async Task A_work_that_is_posted_again_without_an_id_is_the_work_that_stands()
    {
        var title = Title();
        await service.Import(WorkSource.OpenAlex, Records.Lines(Article(title, Doi(), date: "2024-05-17")));
        var work = new { title, type = "article", publicationDate = "2024-05-17", authors = new[] { new { name = author } } };
        var standing = await Publish(service.Curator, work, System.Net.HttpStatusCode.OK);
        standing.Versions.ShouldHaveSingleItem().Doi.ShouldBe(standing.Doi);
        (await Publish(service.Curator, work with { type = "book" })).Id.ShouldNotBe(standing.Id);
    }

    [Fact]
    public async Task Of_many_works_with_one_title_none_is_meant()
    {
        var title = Title();
        await service.Import(WorkSource.OpenAlex, Records.Lines([.. Enumerable.Range(0, WorkTitles.MostHomonyms + 2).Select(_ => Article(title, Doi()))]));
        (await Preprint(Records.ArxivId(), title)).Created.ShouldBe(1);
    }
}
