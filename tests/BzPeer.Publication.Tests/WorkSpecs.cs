using System.Text.Json;
using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What becomes of a work when sources speak of it: state and word in, events out.</summary>
public sealed class WorkSpecs
{
    private static readonly Guid Id = new("00000000-0000-0000-0000-000000000001");
    private static readonly Guid Ada = new("00000000-0000-0000-0000-00000000000a");
    private static readonly Guid Bob = new("00000000-0000-0000-0000-00000000000b");
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly SourceWork Preprint = new("A preprint", "preprint", 2023, new(2023, 1, 3), "arXiv", null, "2301.01178", null, "Abstract", ["cs.NI"], [new("Ada", Ada), new("Bob", Bob)]);
    private static readonly SourceWork Article = new("The article", "article", 2024, null, null, "10.1000/182", null, "W1", null, [], [new("Ada L.", Ada)]);

    private static readonly Assertion FromArxiv = new(WorkSource.Arxiv, "2301.01178", Preprint);
    private static readonly Assertion FromOpenAlex = new(WorkSource.OpenAlex, "W1", Article);
    private static readonly Assertion BySelf = new(WorkSource.SelfAsserted, "doi:10.1000/182", Article with { Title = "My article" });

    private static readonly Assertion FromCrossref = new(WorkSource.Crossref, "10.1000/182", Article with { Title = "The article: as deposited", OpenAlex = null, Authors = [new("Ada Lovelace"), new("Bob Byron")] });
    private static readonly Assertion ByList = new(WorkSource.List, "lovelace2024", Article with { Title = "what I wrote", OpenAlex = null, Authors = [new("Bob", Bob)] });

    private static Work? Given(params IEnumerable<Assertion> said) =>
        said.Aggregate((Work?)null, (work, assertion) => Work.Decide(work, Id, assertion, Now).Aggregate(work, Work.Apply));

    [Fact]
    public void A_work_nobody_spoke_of_is_published() =>
        Work.Decide(null, Id, FromArxiv, Now).ShouldBe([new Published(Id, WorkSource.Arxiv, "2301.01178", Preprint, null, Validated: true, Now)]);

    [Fact]
    public void The_same_word_again_changes_nothing() => Work.Decide(Given(FromArxiv), Id, FromArxiv, Now.AddDays(1)).ShouldBeEmpty();

    [Fact]
    public void To_whom_the_authors_were_matched_does_not_make_it_another_word() =>
        Work.Decide(Given(FromArxiv), Id, FromArxiv with { Work = Preprint with { Authors = [new("Ada"), new("Bob")] } }, Now).ShouldBeEmpty();

    [Fact]
    public void What_a_source_says_now_replaces_what_it_said_before()
    {
        var again = FromArxiv with { Work = Preprint with { Title = "A better title" } };
        var corrected = Work.Decide(Given(FromArxiv), Id, again, Now).ShouldHaveSingleItem().ShouldBeOfType<Corrected>();
        corrected.Work.ShouldBe(again.Work);
        corrected.Left.ShouldBeEmpty();
        Given(FromArxiv, again)!.Said.ShouldBe([again with { At = Now }]);
    }

    [Fact]
    public void Every_field_stands_as_the_source_believed_first_has_it_and_the_others_fill_in()
    {
        var stands = Given(FromArxiv, FromOpenAlex)!.Stands;
        (stands.Title, stands.Type, stands.Year, stands.PublicationDate, stands.Venue).ShouldBe(("The article", "article", 2024, null, "arXiv"));
        (stands.Doi, stands.ArxivId, stands.OpenAlex, stands.Abstract).ShouldBe(("10.1000/182", "2301.01178", "W1", "Abstract"));
        stands.Topics.ShouldBe(["cs.NI"]);
        stands.Authors.ShouldBe([new("Ada L.", Ada)]);
    }

    [Fact]
    public void What_was_stored_before_markup_was_kept_is_read_and_written_as_it_was()
    {
        var stored = JsonSerializer.Serialize(Preprint);
        stored.ShouldNotContain("Markup");
        JsonSerializer.Deserialize<SourceWork>(stored)!.SaysTheSameAs(Preprint).ShouldBeTrue();
        Preprint.SaysTheSameAs(Preprint with { TitleMarkup = "A <i>preprint</i>" }).ShouldBeFalse();
    }

    [Fact]
    public void Markup_is_of_the_source_whose_text_stands()
    {
        var crossref = FromCrossref with { Work = FromCrossref.Work with { TitleMarkup = "The <i>article</i>: as deposited" } };
        var openAlex = FromOpenAlex with { Work = Article with { TitleMarkup = "<b>The</b> article", Abstract = "H₂O", AbstractMarkup = "H<sub>2</sub>O" } };
        var arxiv = FromArxiv with { Work = Preprint with { TitleMarkup = "A <i>preprint</i>", AbstractMarkup = "<b>Abstract</b>" } };

        Markup(crossref, openAlex, arxiv).ShouldBe(("The article: as deposited", "The <i>article</i>: as deposited", "H₂O", "H<sub>2</sub>O"));
        Markup(openAlex, arxiv).ShouldBe(("The article", "<b>The</b> article", "H₂O", "H<sub>2</sub>O"));
        Markup(FromCrossref, openAlex, arxiv).ShouldBe(("The article: as deposited", null, "H₂O", "H<sub>2</sub>O"));
        Markup(FromCrossref, FromOpenAlex, arxiv).ShouldBe(("The article: as deposited", null, "Abstract", "<b>Abstract</b>"));
        Markup(openAlex, FromOpenAlex, arxiv).ShouldBe(("The article", null, "Abstract", "<b>Abstract</b>"));

        static (string, string?, string?, string?) Markup(params IEnumerable<Assertion> said) =>
            Given(said)!.Stands is var stands ? (stands.Title, stands.TitleMarkup, stands.Abstract, stands.AbstractMarkup) : default;
    }

    [Fact]
    public void Who_is_no_author_any_more_has_left() =>
        Work.Decide(Given(FromArxiv), Id, FromOpenAlex, Now).ShouldHaveSingleItem().ShouldBeOfType<Corrected>().Left.ShouldBe([Bob]);

    [Fact]
    public void Only_an_author_vouches_for_a_self_asserted_work_until_somebody_else_does()
    {
        Given(BySelf)!.Validated.ShouldBeFalse();
        Given(BySelf, FromOpenAlex)!.Validated.ShouldBeTrue();
        Given(FromOpenAlex, BySelf)!.Stands.Title.ShouldBe("The article");
    }

    [Fact]
    public void Crossref_is_believed_first_on_the_work_and_OpenAlex_on_its_authors()
    {
        var stands = Given(FromOpenAlex, FromCrossref)!.Stands;
        stands.Title.ShouldBe("The article: as deposited");
        stands.Authors.ShouldBe([new("Ada L.", Ada)]);
        Given(FromCrossref, FromArxiv)!.Stands.Authors.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(100, 101, 101)]
    [InlineData(100, 100, 100)]
    [InlineData(99, 5_000, 99)]
    [InlineData(100, 3, 100)]
    public void A_list_of_authors_that_OpenAlex_cut_off_gives_way_to_a_whole_one(int openAlex, int crossref, int stand)
    {
        static IReadOnlyList<PrintedAuthor> Authors(int count) => [.. Enumerable.Range(1, count).Select(n => new PrintedAuthor($"Author {n}"))];
        Given(FromOpenAlex with { Work = Article with { Authors = Authors(openAlex) } }, FromCrossref with { Work = Article with { Authors = Authors(crossref) } })!
            .Stands.Authors.Count.ShouldBe(stand);
    }

    [Theory]
    [InlineData(WorkSource.List)]
    [InlineData(WorkSource.OrcidOwn)]
    [InlineData(WorkSource.SelfAsserted)]
    public void Nobody_becomes_the_author_of_a_validated_work_by_listing_it(string source)
    {
        var listed = ByList with { Source = source };
        Given(listed)!.Validated.ShouldBeFalse();
        Given(listed)!.Stands.Authors.ShouldBe([new("Bob", Bob)]);
        var nobody = FromOpenAlex with { Work = Article with { Authors = [] } };
        foreach (var work in new[] { Given(listed, nobody)!, Given(nobody, listed)! })
        {
            work.Validated.ShouldBeTrue();
            work.Stands.Authors.ShouldBeEmpty();
        }

        Work.Decide(Given(listed), Id, nobody, Now).ShouldHaveSingleItem().ShouldBeOfType<Corrected>().Left.ShouldBe([Bob]);
    }

    [Fact]
    public void The_sources_are_believed_in_this_order()
    {
        string[] order = [WorkSource.Curator, WorkSource.Crossref, WorkSource.OpenAlex, WorkSource.Arxiv, WorkSource.Orcid, WorkSource.OrcidOwn, WorkSource.List, WorkSource.SelfAsserted];
        order.Reverse().OrderBy(WorkSource.Precedence).ShouldBe(order);
        order.Where(WorkSource.Validates).ShouldBe(order[..5]);
        order.OrderBy(WorkSource.PrecedenceOnPeople).Take(3).ShouldBe([WorkSource.Curator, WorkSource.OpenAlex, WorkSource.Crossref]);
    }

    [Fact]
    public void A_record_that_is_retracted_when_it_comes_is_published_so()
    {
        var work = Given(FromOpenAlex with { Work = Article with { Retracted = true } })!;
        work.Retracted.ShouldBeTrue();
        work.Stands.Retracted.ShouldBeTrue();
    }

    [Fact]
    public void A_source_that_lists_it_as_retracted_retracts_it()
    {
        var decided = Work.Decide(Given(FromOpenAlex), Id, FromOpenAlex with { Work = Article with { Retracted = true } }, Now);
        decided.Count.ShouldBe(2);
        decided[0].ShouldBeOfType<Corrected>().Work.Retracted.ShouldBeTrue();
        decided[1].ShouldBe(new Retracted(Id, "The article", "Listed as retracted by openalex.", "openalex", Now, "openalex:W1"));
    }

    [Fact]
    public void A_curator_retracts_it_once_and_nothing_takes_it_back()
    {
        var work = Given(FromOpenAlex)!;
        var retracted = Work.Apply(work, Work.Retract(work, "Fabricated data", "Retraction Watch", Now).ShouldHaveSingleItem())!;
        Work.Retract(retracted, "Again", "Somebody", Now).ShouldBeEmpty();
        var corrected = Work.Decide(retracted, Id, FromArxiv, Now).ShouldHaveSingleItem().ShouldBeOfType<Corrected>();
        corrected.Work.Retracted.ShouldBeTrue();
        Work.Apply(retracted, corrected)!.Stands.Retracted.ShouldBeTrue();
    }

    [Fact]
    public void The_same_records_leave_the_same_work_whatever_their_order()
    {
        Assertion[] records = [FromArxiv, FromOpenAlex, FromCrossref, ByList, BySelf, FromOpenAlex with { SourceId = "W2", Work = Article with { Title = "A copy", Venue = "PeerJ", OpenAlex = "W2" } }];
        var usual = Given(records)!.Stands;
        Gen.Shuffle(records).Sample(shuffled => Given(shuffled)!.Stands.SaysTheSameAs(usual));
        Assertion[] twice = [.. records, .. records];
        Gen.Shuffle(twice).Sample(shuffled => Given(shuffled)!.Stands.SaysTheSameAs(usual));
    }

    [Fact]
    public void One_person_counts_once_and_everybody_unresolved_as_one()
    {
        var work = Preprint with { Authors = [new("Ada", Ada), new("A. Lovelace", Ada), new("Bob", Bob), new("X"), new("X")] };
        work.People().ShouldBe(4);
        work.Researchers().ShouldBe([Ada, Bob]);
    }

    [Fact]
    public void The_DOI_decides_before_the_arXiv_id_and_the_OpenAlex_id() =>
        (Preprint with { Doi = "10.1000/182", OpenAlex = "W1" }).Keys().ShouldBe(["doi:10.1000/182", "arxiv:2301.01178", "openalex:W1"]);
}
