using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>When a title, a first author and a year say that two records are of one work.</summary>
public sealed class WorkTitlesSpecs
{
    private const string Title = "On the analytical engine and its powers";

    private static SourceWork Said(string title = Title, string author = "Ada Lovelace", string type = "article", int? year = 2024, string? doi = null, string? arxiv = null, string? openAlex = null) =>
        new(title, type, year, null, null, doi, arxiv, openAlex, null, [], [new(author)]);

    private static bool AreOne(SourceWork known, SourceWork other, string source = WorkSource.Crossref, string otherSource = WorkSource.Arxiv)
    {
        var work = Work.Decide(null, Guid.Empty, new(source, "1", known), default).Aggregate<object, Work?>(null, Work.Apply)!;
        var record = new Assertion(otherSource, "2", other);
        return WorkTitles.Key(other) is { } key && key == WorkTitles.Key(known) && WorkTitles.IsSame(work, record);
    }

    private static readonly SourceWork Article = Said(doi: "10.1000/1");
    private static readonly SourceWork Preprint = Said(type: "preprint", year: 2023, arxiv: "2301.00001");

    [Theory]
    [InlineData("ON THE ANALYTICAL ENGINE, AND ITS POWERS.", "Ada Lovelace")]
    [InlineData("On the “analytical engine” – and its powers", "A. Lovelace")]
    [InlineData("On the analytical engine and its powers", "Lovelace, Ada")]
    [InlineData("On the analytical engine and its powers", "Ada Lovelace Jr.")]
    [InlineData("On  thé ánalytical\tengine and its powers", "Ada LOVELACE")]
    public void However_a_source_writes_it_a_title_and_an_author_have_one_key(string title, string author) =>
        WorkTitles.Key(Said(title, author)).ShouldBe(WorkTitles.Key(Said()).ShouldNotBeNull());

    [Theory]
    [InlineData("Editorial")]
    [InlineData("Introduction")]
    [InlineData("Book review")]
    [InlineData("Erratum")]
    [InlineData("Deep learning everywhere")]
    [InlineData("Introduction to the special issue on engines")]
    [InlineData("Editorial: the analytical engine and its powers")]
    [InlineData("Erratum to: On the analytical engine and its powers")]
    [InlineData("Correction: On the analytical engine and its powers")]
    [InlineData("Book Review: The analytical engine and its many powers")]
    [InlineData("Electroencephalographically determined")]
    public void A_title_that_many_works_have_or_that_tells_of_another_finds_nothing(string title) => WorkTitles.Key(Said(title)).ShouldBeNull();

    [Fact]
    public void Without_a_first_author_nothing_is_found()
    {
        WorkTitles.Key(Said() with { Authors = [] }).ShouldBeNull();
        WorkTitles.Key(Said(author: PrintedAuthor.Unnamed)).ShouldBeNull();
        WorkTitles.Key(Said(author: "Charles Babbage")).ShouldNotBe(WorkTitles.Key(Said()));
    }

    [Theory]
    [InlineData(2024, true)]
    [InlineData(2023, false)]
    [InlineData(null, false)]
    public void Of_one_kind_they_are_one_in_the_same_year(int? year, bool one) => AreOne(Article, Said(year: year), otherSource: WorkSource.Orcid).ShouldBe(one);

    [Theory]
    [InlineData(2024, true)]
    [InlineData(2023, true)]
    [InlineData(2022, true)]
    [InlineData(2026, true)]
    [InlineData(2021, false)]
    [InlineData(2027, false)]
    public void A_preprint_and_the_article_are_one_also_with_up_to_two_years_between(int year, bool one)
    {
        AreOne(Article, Preprint with { Year = year }).ShouldBe(one);
        AreOne(Preprint with { Year = year }, Article, WorkSource.Arxiv, WorkSource.Crossref).ShouldBe(one);
    }

    [Fact]
    public void Two_DOIs_are_two_works_unless_one_is_of_a_preprint_and_the_other_of_the_article()
    {
        AreOne(Article, Said(doi: "10.1000/2"), otherSource: WorkSource.OpenAlex).ShouldBeFalse();
        AreOne(Article, Said(type: "posted-content", doi: "10.1101/2"), otherSource: WorkSource.Crossref).ShouldBeTrue();
        AreOne(Article, Said(doi: "10.48550/arxiv.2301.00001", arxiv: "2301.00001"), otherSource: WorkSource.OpenAlex).ShouldBeTrue();
        AreOne(Said(type: "posted-content", doi: "10.1101/1"), Said(type: "posted-content", doi: "10.1101/2"), otherSource: WorkSource.OpenAlex).ShouldBeFalse();
        AreOne(Preprint, Preprint with { ArxivId = "2301.00002" }).ShouldBeFalse();
    }

    [Fact]
    public void A_work_that_has_its_article_takes_no_other_one()
    {
        var work = new[] { new Assertion(WorkSource.Arxiv, "1", Preprint), new Assertion(WorkSource.Crossref, "2", Article) }
            .Aggregate((Work?)null, (work, said) => Work.Decide(work, Guid.Empty, said, default).Aggregate(work, Work.Apply))!;
        WorkTitles.IsSame(work, new(WorkSource.Crossref, "3", Said(doi: "10.1000/3"))).ShouldBeFalse();
        WorkTitles.IsSame(work, new(WorkSource.Orcid, "o/work/3", Said())).ShouldBeTrue();
    }

    [Theory]
    [InlineData("dissertation")]
    [InlineData("dataset")]
    [InlineData("book")]
    [InlineData("other")]
    public void A_record_of_another_kind_or_of_none_that_says_anything_stays_apart(string type) => AreOne(Article, Said(type: type), otherSource: WorkSource.OpenAlex).ShouldBeFalse();

    [Fact]
    public void Two_records_of_one_collection_are_two_works()
    {
        AreOne(Said(), Said(doi: "10.1000/2"), WorkSource.List, WorkSource.List).ShouldBeFalse();
        AreOne(Said(openAlex: "W1"), Said(openAlex: "W2"), WorkSource.OpenAlex, WorkSource.OpenAlex).ShouldBeFalse();
        AreOne(Said(openAlex: "W1"), Said(openAlex: "W2", type: "preprint"), WorkSource.OpenAlex, WorkSource.OpenAlex).ShouldBeTrue();
    }
}
