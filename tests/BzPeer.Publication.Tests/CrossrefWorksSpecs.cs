using System.Globalization;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What a Crossref record says of a work, however little of it there is.</summary>
public sealed class CrossrefWorksSpecs
{
    private static ReadRecord Read(string json)
    {
        using var record = JsonDocument.Parse(json);
        return CrossrefWorks.Read(record.RootElement);
    }

    private static SourceWork Work(string members) => Read($$"""{ "DOI": "10.1000/1", "title": ["T"], {{members}} }""").Work.ShouldNotBeNull();

    [Fact]
    public void A_title_and_an_abstract_keep_the_markup_of_their_record()
    {
        var work = Read(
            """
            {
              "DOI": "10.1000/182", "title": ["Antisite defects in La<sub>0.7</sub>Sr<sub>0.3</sub>MnO<sub>3</sub>"], "subtitle": ["<i>In situ</i>"],
              "abstract": "<jats:title>Abstract</jats:title><jats:p>We have <jats:italic>Q</jats:italic>.</jats:p>"
            }
            """).Work.ShouldNotBeNull();
        (work.Title, work.TitleMarkup).ShouldBe(("Antisite defects in La0.7Sr0.3MnO₃: In situ", "Antisite defects in La<sub>0.7</sub>Sr<sub>0.3</sub>MnO<sub>3</sub>: <i>In situ</i>"));
        (work.Abstract, work.AbstractMarkup).ShouldBe(("We have Q.", "We have <i>Q</i>."));
    }

    [Fact]
    public void A_record_is_read_whole()
    {
        var read = Read(
            """
            {
              "DOI": "10.7717/PeerJ.4375", "type": "journal-article", "title": ["The state of <i>OA</i>"], "subtitle": ["A large-scale analysis"],
              "published": { "date-parts": [[2018, 2, 13]] }, "created": { "date-parts": [[2018, 2, 12]] }, "container-title": ["PeerJ"], "subject": ["General Medicine", "general medicine"],
              "abstract": "<jats:title>Abstract</jats:title><jats:p>Despite growing interest in <jats:italic>Open</jats:italic> Access &lt; 5 %</jats:p>",
              "author": [
                { "given": "Heather", "family": "Piwowar", "suffix": "Jr.", "ORCID": "http://orcid.org/0000-0003-1613-5981", "affiliation": [{ "name": "Impactstory" }, { "id": [] }] },
                { "name": "OLYMPUS Collaboration", "affiliation": [] }, { "family": "Priem" }, {}]
            }
            """);
        read.SourceId.ShouldBe("10.7717/peerj.4375");
        var work = read.Work.ShouldNotBeNull();
        (work.Title, work.Type, work.Year, work.PublicationDate, work.Venue).ShouldBe(("The state of OA: A large-scale analysis", "journal-article", 2018, new DateOnly(2018, 2, 13), "PeerJ"));
        (work.Doi, work.ArxivId, work.OpenAlex, work.Retracted).ShouldBe(("10.7717/peerj.4375", null, null, false));
        work.Abstract.ShouldBe("Despite growing interest in Open Access < 5 %");
        work.Topics.ShouldBe(["General Medicine"]);
        work.Authors.Select(author => (author.Name, author.Orcid, author.Unlinked)).ShouldBe(
            [("Heather Piwowar Jr.", "0000-0003-1613-5981", false), ("OLYMPUS Collaboration", null, true), ("Priem", null, false), ("Unnamed author", null, true)]);
        work.Authors[0].Institutions.ShouldBe([new("Impactstory", null)]);
    }

    [Theory]
    [InlineData("\"published\": { \"date-parts\": [[2019]] }", 2019, null)]
    [InlineData("\"published\": { \"date-parts\": [[2019, 5]] }", 2019, null)]
    [InlineData("\"published-print\": { \"date-parts\": [[2019, 5]] }, \"published-online\": { \"date-parts\": [[2018, 12, 31]] }", 2019, null)]
    [InlineData("\"issued\": { \"date-parts\": [[null]] }, \"published-online\": { \"date-parts\": [[2018, 12, 31]] }", 2018, "2018-12-31")]
    [InlineData("\"issued\": { \"date-parts\": [[2019, 2, 30]] }", 2019, null)]
    [InlineData("\"issued\": { \"date-parts\": [[null]] }, \"created\": { \"date-parts\": [[2004, 6, 22]] }", 2004, null)]
    [InlineData("\"issued\": { \"date-parts\": [] }", null, null)]
    [InlineData("\"issued\": { \"date-parts\": [[99999, 1, 1]] }", null, null)]
    [InlineData("\"issued\": \"2019-01-01\"", null, null)]
    public void Of_a_date_as_much_is_taken_as_is_there(string dates, int? year, string? day)
    {
        var work = Work(dates);
        (work.Year, work.PublicationDate).ShouldBe((year, day is null ? null : DateOnly.Parse(day, null)));
    }

    [Theory]
    [InlineData("[\"A title\"]", "[\"\"]", "A title")]
    [InlineData("\"A title\"", "[]", "A title")]
    [InlineData("[\"\"]", "[\"All of it\"]", "All of it")]
    [InlineData("[\"Modelling: fit for purpose\"]", "[\"Fit for purpose\"]", "Modelling: fit for purpose")]
    [InlineData("[\"Fit\"]", "[\"Fit for purpose\"]", "Fit for purpose")]
    [InlineData("[\"Rubber\"]", "[\"Rotorless curemeter\"]", "Rubber: Rotorless curemeter")]
    public void A_subtitle_belongs_to_the_title_unless_it_repeats_it(string title, string subtitle, string whole) =>
        Read($$"""{ "DOI": "10.1000/1", "title": {{title}}, "subtitle": {{subtitle}} }""").Work!.Title.ShouldBe(whole);

    [Theory]
    [InlineData("""{ "DOI": "10.1000/1", "title": [""] }""", "10.1000/1", "The record has no title.")]
    [InlineData("""{ "DOI": "10.1000/1", "title": [] }""", "10.1000/1", "The record has no title.")]
    [InlineData("""{ "DOI": "10.1000/1" }""", "10.1000/1", "The record has no title.")]
    [InlineData("""{ "DOI": "none", "title": ["T"] }""", "none", "The record has no DOI.")]
    [InlineData("""{ "title": ["T"] }""", null, "The record has no DOI.")]
    [InlineData("""{ "status": "failed", "message-type": "validation-failure", "message": [] }""", null, "The record is Crossref's answer 'validation-failure', which is no work.")]
    [InlineData("""{ "status": "ok", "message-type": "work", "message": null }""", null, "Crossref's answer holds no work.")]
    [InlineData("7", null, "The record is not a JSON object.")]
    public void A_record_that_cannot_be_kept_says_why(string json, string? sourceId, string reason) => Read(json).ShouldBe(new ReadRecord(sourceId, null, reason));

    [Fact]
    public void An_answer_of_one_work_is_that_work() =>
        Read("""{ "status": "ok", "message-type": "work", "message": { "DOI": "10.1000/1", "title": ["T"] } }""").SourceId.ShouldBe("10.1000/1");

    [Theory]
    [InlineData("\"type\": null, \"author\": null, \"subject\": null, \"container-title\": null, \"abstract\": null, \"published\": null")]
    [InlineData("\"type\": 7, \"author\": {}, \"subject\": \"x\", \"container-title\": {}, \"abstract\": [], \"published\": []")]
    public void A_record_with_a_title_is_kept_whatever_else_is_missing_or_odd(string members)
    {
        var work = Work(members);
        (work.Type, work.Year, work.Venue, work.Abstract, work.Retracted).ShouldBe(("other", null, null, null, false));
        (work.Authors.Count, work.Topics.Count).ShouldBe((0, 0));
    }

    [Theory]
    [InlineData("\"update-to\": [{ \"DOI\": \"10.1000/2\", \"type\": \"retraction\", \"label\": \"Retraction\", \"updated\": { \"date-parts\": [[2020, 1, 2]] } }]", "crossref", "10.1000/1", "10.1000/2", "2020-01-02")]
    [InlineData("\"update-to\": [{ \"DOI\": \"10.1000/2\", \"type\": \"withdrawal\" }]", "crossref", "10.1000/1", "10.1000/2", "0001-01-01")]
    [InlineData("\"update-to\": [{ \"DOI\": \"10.1000/2\", \"type\": \"removal\" }]", "crossref", "10.1000/1", "10.1000/2", "0001-01-01")]
    [InlineData("\"updated-by\": [{ \"DOI\": \"10.1000/2\", \"type\": \"correction\" }, { \"DOI\": \"10.1000/3\", \"type\": \"retraction\" }]", "crossref", "10.1000/3", "10.1000/1", "0001-01-01")]
    [InlineData("\"updated-by\": [{ \"DOI\": \"10.1000/3\", \"type\": \"retraction\", \"source\": \"retraction-watch\", \"record-id\": 1234 }]", "retraction-watch", "1234", "10.1000/1", "0001-01-01")]
    public void A_notice_is_the_same_whether_it_stands_in_its_own_record_or_in_that_of_the_work(string update, string source, string id, string about, string on)
    {
        var read = Read($$"""{ "DOI": "10.1000/1", "title": ["T"], {{update}} }""");
        read.Work!.Retracted.ShouldBeFalse();
        var notice = read.Also.ShouldHaveSingleItem().ShouldBeOfType<Notice>();
        (notice.Source, notice.SourceId, notice.Doi, notice.Reinstates, notice.On).ShouldBe((source, id, about, false, DateOnly.Parse(on, CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("\"updated-by\": [{ \"DOI\": \"10.1000/2\", \"type\": \"correction\" }]")]
    [InlineData("\"update-to\": [{ \"DOI\": \"10.1000/2\", \"type\": \"new_version\" }]")]
    [InlineData("\"update-to\": [{ \"type\": \"retraction\" }, 7, null]")]
    public void What_is_no_retraction_of_a_work_retracts_nothing(string update) => Read($$"""{ "DOI": "10.1000/1", "title": ["T"], {{update}} }""").Also.ShouldBeEmpty();
}
