using System.Text.Json;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What an OpenAlex record says of a work, however little of it there is.</summary>
public sealed class OpenAlexWorksSpecs
{
    private static ReadRecord Read(string json)
    {
        using var record = JsonDocument.Parse(json);
        return OpenAlexWorks.Read(record.RootElement);
    }

    private static SourceWork Work(string members) =>
        Read($$"""{ "id": "https://openalex.org/W1", "title": "T", {{members}} }""").Work.ShouldNotBeNull();

    private static PrintedAuthor Author(string authorship) => Work($$"""
        "authorships": [{{authorship}}]
        """).Authors.ShouldHaveSingleItem();

    [Fact]
    public void A_record_of_today_is_read_whole()
    {
        var read = Read(
            """
            {
              "id": "https://openalex.org/W2741809807", "doi": "https://doi.org/10.7717/PEERJ.4375", "title": "The state of OA", "type": "article",
              "publication_year": 2018, "publication_date": "2018-02-13",
              "primary_location": { "source": { "display_name": "PeerJ" }, "landing_page_url": "https://doi.org/10.7717/peerj.4375" },
              "locations": [{ "landing_page_url": "https://arxiv.org/abs/1801.00001v2" }],
              "authorships": [
                { "author": { "id": "https://openalex.org/A5048491430", "display_name": "Heather Piwowar", "orcid": "https://orcid.org/0000-0003-1613-5981" },
                  "institutions": [{ "id": "https://openalex.org/I4200000001", "display_name": "OurResearch" }, { "id": null, "display_name": null }] }],
              "topics": [{ "display_name": "Scholarly communication" }, { "display_name": "Bibliometrics" }],
              "primary_topic": { "display_name": "Scholarly communication" },
              "concepts": [{ "display_name": "Citation", "level": 1, "score": 0.9 }],
              "abstract_inverted_index": { "access": [1, 4], "Open": [0], "is": [2], "open": [3] },
              "is_retracted": false
            }
            """);

        read.SourceId.ShouldBe("W2741809807");
        var work = read.Work.ShouldNotBeNull();
        (work.Title, work.Type, work.Year, work.PublicationDate, work.Venue).ShouldBe(("The state of OA", "article", 2018, new DateOnly(2018, 2, 13), "PeerJ"));
        (work.Doi, work.ArxivId, work.OpenAlex, work.Abstract, work.Retracted).ShouldBe(("10.7717/peerj.4375", "1801.00001", "W2741809807", "Open access is open access", false));
        work.Topics.ShouldBe(["Scholarly communication", "Bibliometrics"]);
        var author = work.Authors.ShouldHaveSingleItem();
        (author.Name, author.Orcid, author.OpenAlex, author.ResearcherId).ShouldBe(("Heather Piwowar", "0000-0003-1613-5981", "A5048491430", null));
        author.Institutions.ShouldBe([new("OurResearch", "I4200000001")]);
    }

    [Fact]
    public void A_record_of_2023_has_its_venue_and_concepts_elsewhere()
    {
        var work = Work(
            """
            "host_venue": { "display_name": "Nature" },
            "concepts": [
              { "display_name": "Deep", "level": 3, "score": 0.9 }, { "display_name": "Weak", "level": 1, "score": 0.1 },
              { "display_name": "Second", "level": 2, "score": "0.5" }, { "display_name": "First", "level": 0, "score": 0.8 }]
            """);

        work.Venue.ShouldBe("Nature");
        work.Topics.ShouldBe(["First", "Second"]);
    }

    [Theory]
    [InlineData("""{ "id": "https://openalex.org/W7", "title": null }""", "W7", "The record has no title.")]
    [InlineData("""{ "id": "https://openalex.org/W7", "title": " <p> </p> " }""", "W7", "The record has no title.")]
    [InlineData("""{ "id": "https://openalex.org/W7" }""", "W7", "The record has no title.")]
    [InlineData("""{ "id": "https://example.org/7", "title": "T" }""", "https://example.org/7", "The record has neither an OpenAlex work id nor a DOI.")]
    [InlineData("""{ "title": "T" }""", null, "The record has neither an OpenAlex work id nor a DOI.")]
    [InlineData("[]", null, "The record is not a JSON object.")]
    [InlineData("\"W7\"", null, "The record is not a JSON object.")]
    public void A_record_that_cannot_be_kept_says_why(string json, string? sourceId, string reason) =>
        Read(json).ShouldBe(new ReadRecord(sourceId, null, reason));

    [Theory]
    [InlineData("\"type\": null")]
    [InlineData("\"authorships\": null, \"topics\": null, \"concepts\": null, \"abstract_inverted_index\": null, \"primary_location\": null")]
    [InlineData("\"authorships\": {}, \"topics\": 7, \"concepts\": \"x\", \"abstract_inverted_index\": [], \"primary_location\": []")]
    [InlineData("\"publication_date\": \"soon\", \"publication_year\": \"2020\", \"doi\": 7, \"ids\": null, \"is_retracted\": \"yes\"")]
    [InlineData("\"publication_date\": \"2020-02-31\", \"publication_year\": 99999")]
    public void A_record_with_a_title_is_kept_whatever_else_is_missing_or_odd(string members)
    {
        var work = Work(members);
        (work.Type, work.Year, work.PublicationDate, work.Venue, work.Doi, work.Abstract, work.Retracted).ShouldBe(("other", null, null, null, null, null, false));
        work.Authors.ShouldBeEmpty();
        work.Topics.ShouldBeEmpty();
    }

    [Fact]
    public void A_title_is_text_whatever_markup_it_came_with()
    {
        var work = Read("""{ "id": "W1", "title": "&lt;script&gt;alert(1)&lt;/script&gt; H<sub>2</sub>O \u202E\u05E9\u05DC\u05D5\u05DD" }""").Work;
        work!.Title.ShouldBe("alert(1) H₂O \u05E9\u05DC\u05D5\u05DD");
    }

    [Theory]
    [InlineData("""{ "author": null }""", "Unnamed author", true)]
    [InlineData("{}", "Unnamed author", true)]
    [InlineData("null", "Unnamed author", true)]
    [InlineData("""{ "author": { "id": null, "display_name": null, "orcid": null } }""", "Unnamed author", true)]
    [InlineData("""{ "author": { "display_name": null }, "raw_author_name": "A. Lovelace" }""", "A. Lovelace", false)]
    [InlineData("""{ "author": { "id": "A5", "display_name": null } }""", "A5", true)]
    [InlineData("""{ "author": { "id": null, "display_name": "Ada <b>Lovelace</b>" } }""", "Ada Lovelace", false)]
    public void An_author_is_printed_by_the_name_there_is(string authorship, string name, bool unlinked)
    {
        var author = Author(authorship);
        (author.Name, author.Unlinked).ShouldBe((name, unlinked));
    }

    [Theory]
    [InlineData("""{ "author": { "id": "A9999999999", "display_name": "Deleted Author" }, "raw_author_name": "Ada Lovelace" }""", "Ada Lovelace")]
    [InlineData("""{ "author": { "id": "A9999999999", "display_name": "Deleted Author", "orcid": "0000-0002-1825-0097" } }""", "Deleted Author")]
    public void Whom_OpenAlex_took_down_stays_printed_and_is_nobody_to_be_known(string authorship, string name) =>
        Author(authorship).ShouldBe(new PrintedAuthor(name, Unlinked: true));

    [Fact]
    public void Five_thousand_authors_are_read_in_their_order()
    {
        var authors = Work($$"""
            "authorships": [{{string.Join(',', Enumerable.Range(1, 5_000).Select(n => $$"""{ "author": { "id": "A{{n}}", "display_name": "Author {{n}}" } }"""))}}]
            """).Authors;
        authors.Select(author => author.Name).ShouldBe(Enumerable.Range(1, 5_000).Select(n => $"Author {n}"));
    }

    [Fact]
    public void An_abstract_whose_index_points_anywhere_costs_no_memory() =>
        Work("\"abstract_inverted_index\": { \"far\": [2000000000, -1, 1.5, \"2\", null], \"near\": [3] }").Abstract.ShouldBe("near");
}
