using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>The versions of a work: what each of its sources describes.</summary>
public sealed class WorkVersionSpecs
{
    private static readonly Assertion Arxiv = new(WorkSource.Arxiv, "2301.00001", new("T", "preprint", 2023, new(2023, 1, 3), "arXiv", "10.1000/1", "2301.00001", null, null, [], []));
    private static readonly Assertion OpenAlex = new(WorkSource.OpenAlex, "W1", new("T", "article", 2024, null, "PeerJ", "10.1000/1", "2301.00001", "W1", null, [], []));
    private static readonly Assertion Crossref = new(WorkSource.Crossref, "10.1000/1", new("T", "journal-article", 2024, new(2024, 5, 6), "PeerJ Computer Science", "10.1000/1", null, null, null, [], []));
    private static readonly Assertion PreprintDoi = new(WorkSource.OpenAlex, "W2", new("T", "preprint", 2023, new(2023, 1, 4), "arXiv (Cornell)", "10.48550/arxiv.2301.00001", "2301.00001", "W2", null, [], []));
    private static readonly Assertion Listed = new(WorkSource.List, "k", new("T", "article", 2024, null, null, null, null, null, null, [], []));

    private static Work Given(IEnumerable<Assertion> said) =>
        said.Aggregate((Work?)null, (work, assertion) => Work.Decide(work, Guid.Empty, assertion, default).Aggregate(work, Work.Apply))!;

    [Fact]
    public void A_preprint_and_the_article_are_two_versions_each_with_what_is_its_own_the_article_first()
    {
        var versions = Given([Arxiv, OpenAlex, Crossref, PreprintDoi, Listed]).Versions;
        versions.Select(version => (version.Kind, version.Doi, version.ArxivId, version.Venue, version.PublicationDate)).ShouldBe(
        [
            ("journal-article", "10.1000/1", null, "PeerJ Computer Science", new DateOnly(2024, 5, 6)),
            ("preprint", "10.48550/arxiv.2301.00001", "2301.00001", "arXiv (Cornell)", new DateOnly(2023, 1, 4)),
        ]);
        versions[0].Sources.ShouldBe([WorkSource.Crossref, WorkSource.OpenAlex, WorkSource.List]);
        versions[1].Sources.ShouldBe([WorkSource.OpenAlex, WorkSource.Arxiv]);
    }

    [Fact]
    public void They_are_the_same_in_whatever_order_the_records_come() =>
        Gen.Shuffle((Assertion[])[Arxiv, OpenAlex, Crossref, PreprintDoi, Listed]).Sample(said =>
            System.Text.Json.JsonSerializer.Serialize(Given(said).Versions) == System.Text.Json.JsonSerializer.Serialize(Given([Arxiv, OpenAlex, Crossref, PreprintDoi, Listed]).Versions));

    [Fact]
    public void The_article_stands_before_the_preprint_whoever_describes_it_but_for_who_vouches_for_nothing()
    {
        var posted = Crossref with { SourceId = "10.1101/1", Work = Crossref.Work with { Type = "posted-content", Doi = "10.1101/1", Title = "The preprint", Year = 2023 } };
        var article = OpenAlex with { Work = OpenAlex.Work with { Title = "The article" } };
        var stands = Given([posted, article]).Stands;
        (stands.Title, stands.Type, stands.Doi, stands.Year).ShouldBe(("The article", "article", "10.1000/1", 2024));
        Given([posted, article with { Source = WorkSource.List }]).Stands.Title.ShouldBe("The preprint");
    }

    [Fact]
    public void The_date_of_the_preprint_is_not_that_of_the_article()
    {
        var stands = Given([Arxiv, OpenAlex]).Stands;
        (stands.Year, stands.PublicationDate).ShouldBe((2024, null));
    }
}
