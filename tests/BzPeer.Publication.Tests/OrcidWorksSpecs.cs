using System.Text;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What an ORCID record says of works, in every form ORCID answers in, and on whose word.</summary>
public sealed class OrcidWorksSpecs
{
    private const string Ada = "0000-0002-1825-0097";
    private const string Bob = "0000-0003-1613-5981";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<List<ReadRecord>> Read(string body)
    {
        List<ReadRecord> all = [];
        var type = body.TrimStart().StartsWith('<') ? "application/vnd.orcid+xml" : "application/vnd.orcid+json";
        await foreach (var read in ImportReader.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(body)), WorkSource.Orcid, type, long.MaxValue, Ct)) all.Add(read);
        return all;
    }

    private static async Task<ReadRecord> ReadOne(string body) => (await Read(body)).ShouldHaveSingleItem();

    /// <summary>A source is a person, an organisation, or an organisation on behalf of a person.</summary>
    private static string Source(string? person = null, string? client = null, string? behalf = null) =>
        $$"""{ "source-orcid": {{Path(person)}}, "source-client-id": {{Path(client)}}, "source-name": { "value": "A source" }, "assertion-origin-orcid": {{Path(behalf)}} }""";

    private static string Path(string? id) => id is null ? "null" : $$"""{ "path": "{{id}}" }""";

    private static string Summary(string source, string more = "", int code = 7) =>
        $$"""{ "put-code": {{code}}, "title": { "title": { "value": "On engines" } }, "type": "journal-article", "source": {{source}} {{more}} }""";

    private static string Record(params IEnumerable<string> summaries) =>
        $$"""
        { "orcid-identifier": { "path": "{{Ada}}" }, "person": { "name": { "given-names": { "value": "Ada" }, "family-name": { "value": "Lovelace" }, "credit-name": null } },
          "activities-summary": { "works": { "group": [{{string.Join(',', summaries.Select(summary => $$"""{ "work-summary": [{{summary}}] }"""))}}] } } }
        """;

    private const string AsJson =
        $$"""
        { "put-code": 7, "path": "/{{Ada}}/work/7", "type": "journal-article", "journal-title": { "value": "Engines" }, "short-description": "What it does",
          "title": { "title": { "value": "On engines" }, "subtitle": { "value": "Engines" } },
          "source": { "source-client-id": { "path": "APP-1" }, "source-name": { "value": "Crossref" } },
          "publication-date": { "year": { "value": "2019" }, "month": { "value": "05" }, "day": { "value": "03" } },
          "external-ids": { "external-id": [
            { "external-id-type": "doi", "external-id-value": "10.1000/WHOLE", "external-id-relationship": "part-of" },
            { "external-id-type": "doi", "external-id-value": "https://doi.org/10.1000/OWN", "external-id-relationship": "self" },
            { "external-id-type": "arxiv", "external-id-value": "arXiv:1905.00001v2", "external-id-relationship": "self" }] },
          "contributors": { "contributor": [
            { "credit-name": { "value": "Bob" }, "contributor-orcid": { "path": "{{Bob}}" }, "contributor-attributes": { "contributor-role": "author" } },
            { "credit-name": { "value": "Ada Lovelace" }, "contributor-orcid": { "path": "{{Ada}}" }, "contributor-attributes": null },
            { "credit-name": { "value": "An editor" }, "contributor-attributes": { "contributor-role": "editor" } }] } }
        """;

    private const string AsXml =
        $"""
        <work:work put-code="7" path="/{Ada}/work/7" xmlns:work="http://www.orcid.org/ns/work" xmlns:common="http://www.orcid.org/ns/common">
          <common:source><common:source-client-id><common:path>APP-1</common:path></common:source-client-id><common:source-name>Crossref</common:source-name></common:source>
          <work:title><common:title>On engines</common:title><common:subtitle>Engines</common:subtitle></work:title>
          <work:journal-title>Engines</work:journal-title><work:short-description>What it does</work:short-description>
          <work:type>journal-article</work:type>
          <common:publication-date><common:year>2019</common:year><common:month>05</common:month><common:day>03</common:day></common:publication-date>
          <common:external-ids>
            <common:external-id><common:external-id-type>doi</common:external-id-type><common:external-id-value>10.1000/WHOLE</common:external-id-value><common:external-id-relationship>part-of</common:external-id-relationship></common:external-id>
            <common:external-id><common:external-id-type>doi</common:external-id-type><common:external-id-value>https://doi.org/10.1000/OWN</common:external-id-value><common:external-id-relationship>self</common:external-id-relationship></common:external-id>
            <common:external-id><common:external-id-type>arxiv</common:external-id-type><common:external-id-value>arXiv:1905.00001v2</common:external-id-value><common:external-id-relationship>self</common:external-id-relationship></common:external-id>
          </common:external-ids>
          <work:contributors>
            <work:contributor><common:contributor-orcid><common:path>{Bob}</common:path></common:contributor-orcid><work:credit-name>Bob</work:credit-name>
              <work:contributor-attributes><work:contributor-role>author</work:contributor-role></work:contributor-attributes></work:contributor>
            <work:contributor><common:contributor-orcid><common:path>{Ada}</common:path></common:contributor-orcid><work:credit-name>Ada Lovelace</work:credit-name></work:contributor>
            <work:contributor><work:credit-name>An editor</work:credit-name>
              <work:contributor-attributes><work:contributor-role>editor</work:contributor-role></work:contributor-attributes></work:contributor>
          </work:contributors>
        </work:work>
        """;

    [Theory]
    [InlineData(AsJson)]
    [InlineData(AsXml)]
    public async Task A_work_is_read_whole_and_says_the_same_as_JSON_and_as_XML(string body)
    {
        var read = await ReadOne(body);
        (read.SourceId, read.Source).ShouldBe(($"{Ada}/work/7", WorkSource.Orcid));
        var work = read.Work.ShouldNotBeNull();
        (work.Title, work.Type, work.Year, work.PublicationDate, work.Venue, work.Abstract).ShouldBe(("On engines", "journal-article", 2019, new DateOnly(2019, 5, 3), "Engines", "What it does"));
        (work.Doi, work.ArxivId).ShouldBe(("10.1000/own", "1905.00001"));
        work.Authors.ShouldBe([new("Bob", Orcid: Bob), new("Ada Lovelace", Orcid: Ada)]);
    }

    [Fact]
    public async Task Only_what_an_organisation_added_in_its_own_name_is_the_word_of_a_source_of_record() =>
        (await Read(Record(Summary(Source(person: Ada)), Summary(Source(client: "APP-1")), Summary(Source(client: "APP-1", behalf: Ada)), Summary(Source(person: Bob)), Summary("null"))))
            .Select(read => read.Source).ShouldBe([WorkSource.OrcidOwn, WorkSource.Orcid, WorkSource.OrcidOwn, WorkSource.OrcidOwn, WorkSource.OrcidOwn]);

    [Fact]
    public async Task The_owner_is_an_author_of_every_entry_by_the_iD_of_the_record() =>
        (await ReadOne(Record(Summary(Source(person: Ada))))).Work!.Authors.ShouldBe([new("Ada Lovelace", Orcid: Ada)]);

    [Theory]
    [InlineData("Lovelace, A.")]
    [InlineData("A. B. LOVELACE")]
    public async Task Among_named_contributors_the_owner_is_whoever_alone_has_that_name(string name)
    {
        var authors = (await ReadOne(Record(Summary(Source(person: Ada), $$""", "contributors": { "contributor": [{ "credit-name": { "value": "Bob" } }, { "credit-name": { "value": "{{name}}" } }] }""")))).Work!.Authors;
        authors.ShouldBe([new("Bob"), new(name, Orcid: Ada)]);
    }

    [Fact]
    public async Task An_owner_who_cannot_be_told_among_the_contributors_is_added() =>
        (await ReadOne(Record(Summary(Source(person: Ada), """, "contributors": { "contributor": [{ "credit-name": { "value": "A. Lovelace" } }, { "credit-name": { "value": "Annabella Lovelace" } }] }"""))))
            .Work!.Authors.ShouldBe([new("A. Lovelace"), new("Annabella Lovelace"), new("Ada Lovelace", Orcid: Ada)]);

    [Fact]
    public async Task What_people_add_themselves_says_nothing_of_the_iD_of_others() =>
        (await ReadOne(Record(Summary(Source(person: Ada), $$""", "contributors": { "contributor": [{ "credit-name": { "value": "Bob" }, "contributor-orcid": { "path": "{{Bob}}" } }, { "contributor-orcid": { "path": "{{Ada}}" } }] }"""))))
            .Work!.Authors.ShouldBe([new("Bob"), new("Ada Lovelace", Orcid: Ada)]);

    [Fact]
    public async Task A_record_of_the_first_API_is_read_and_names_its_owner_by_what_they_added()
    {
        var read = await ReadOne($$"""
            { "message-version": "1.2", "orcid-profile": { "orcid-identifier": { "path": "{{Ada}}" }, "orcid-bio": null, "orcid-activities": { "orcid-works": { "orcid-work": [
              { "put-code": "7", "work-title": { "title": { "value": "On engines" }, "subtitle": null }, "journal-title": { "value": "Engines" }, "work-type": "JOURNAL_ARTICLE",
                "publication-date": { "year": { "value": "2016" }, "month": { "value": "09" }, "day": null },
                "work-external-identifiers": { "work-external-identifier": [{ "work-external-identifier-type": "ISSN", "work-external-identifier-id": { "value": "0193-0826" } },
                  { "work-external-identifier-type": "DOI", "work-external-identifier-id": { "value": "10.1000/OWN" } }] },
                "work-contributors": { "contributor": [{ "contributor-orcid": null, "credit-name": null }] },
                "source": { "source-orcid": { "path": "{{Ada}}" }, "source-client-id": null, "source-name": { "value": "Ada K. Lovelace" } } }] } } }, "error-desc": null }
            """);
        (read.SourceId, read.Source).ShouldBe(($"{Ada}/work/7", WorkSource.OrcidOwn));
        var work = read.Work.ShouldNotBeNull();
        (work.Type, work.Year, work.PublicationDate, work.Doi, work.Venue).ShouldBe(("journal-article", 2016, null, "10.1000/own", "Engines"));
        work.Authors.ShouldBe([new("Ada K. Lovelace", Orcid: Ada)]);
    }

    [Fact]
    public async Task The_works_of_a_record_and_works_asked_for_together_are_read()
    {
        (await ReadOne($$"""{ "group": [{ "work-summary": [{{Summary(Source(person: Ada))}}] }], "path": "/{{Ada}}/works" }""")).SourceId.ShouldBe($"{Ada}/work/7");
        (await Read($$"""{ "bulk": [{ "work": {{Summary(Source(person: Ada))}} }, { "error": { "developer-message": "404 Not Found" } }] }""")).Select(read => read.SourceId ?? read.Rejection)
            .ShouldBe(["work/7", "ORCID answered with an error: 404 Not Found"]);
        var xml = AsXml.Replace("work:work ", "work:work-summary ", StringComparison.Ordinal).Replace("</work:work>", "</work:work-summary>", StringComparison.Ordinal).Replace($"path=\"/{Ada}/work/7\"", "", StringComparison.Ordinal);
        (await ReadOne($"""<a:works path="/{Ada}/works" xmlns:a="http://www.orcid.org/ns/activities"><a:group>{xml}</a:group></a:works>""")).SourceId.ShouldBe($"{Ada}/work/7");
    }

    [Fact]
    public async Task In_a_record_as_XML_the_owner_is_named_by_the_record()
    {
        var xml = AsXml.Replace("work:work ", "work:work-summary ", StringComparison.Ordinal).Replace("</work:work>", "</work:work-summary>", StringComparison.Ordinal);
        xml = xml[..xml.IndexOf("<work:contributors>", StringComparison.Ordinal)] + "</work:work-summary>";
        var read = await ReadOne($"""
            <r:record path="/{Ada}" xmlns:r="http://www.orcid.org/ns/record" xmlns:c="http://www.orcid.org/ns/common" xmlns:p="http://www.orcid.org/ns/person" xmlns:d="http://www.orcid.org/ns/personal-details" xmlns:a="http://www.orcid.org/ns/activities">
              <c:orcid-identifier><c:path>{Ada}</c:path></c:orcid-identifier>
              <p:person><p:name><d:given-names>Ada</d:given-names><d:family-name>Lovelace</d:family-name><d:credit-name>Countess Lovelace</d:credit-name></p:name></p:person>
              <a:activities-summary><a:works><a:group>{xml}</a:group></a:works></a:activities-summary>
            </r:record>
            """);
        read.Work!.Authors.ShouldBe([new("Countess Lovelace", Orcid: Ada)]);
    }

    [Theory]
    [InlineData("""<e:error xmlns:e="http://www.orcid.org/ns/error"><e:response-code>404</e:response-code><e:developer-message>404 Not Found</e:developer-message></e:error>""", "ORCID answered with an error: 404 Not Found")]
    [InlineData("""{ "response-code": 404, "developer-message": "404 Not Found", "user-message": "Nothing is there", "error-code": 9016 }""", "ORCID answered with an error: 404 Not Found")]
    [InlineData("""{ "message-version": "1.2", "orcid-profile": null, "error-desc": { "value": "No entity found" } }""", "ORCID answered with an error: No entity found")]
    [InlineData("""<s:record-summary xmlns:s="http://www.orcid.org/ns/summary"/>""", "This is ORCID's 'record-summary', which lists no works. Send a record, its works, or a work.")]
    [InlineData("""{ "affiliation-group": [], "path": "/0000-0002-1825-0097/employments" }""", "This is no ORCID record, no list of its works and no work.")]
    [InlineData("7", "The record is not a JSON object.")]
    [InlineData("<feed xmlns=\"http://www.w3.org/2005/Atom\"/>", "The XML breaks off or is not well-formed here: This is no answer of ORCID.")]
    public async Task What_lists_no_works_says_so(string body, string reason) => (await ReadOne(body)).Rejection.ShouldBe(reason);

    [Fact]
    public async Task A_record_without_works_is_nothing_to_reject()
    {
        (await Read(Record())).ShouldBeEmpty();
        (await Read($$"""{ "orcid-identifier": { "path": "{{Ada}}" }, "person": null, "activities-summary": null }""")).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_entry_that_cannot_be_kept_says_why_and_the_others_are_kept()
    {
        var read = await Read(Record(
            Summary(Source(person: Ada), code: 1), """{ "put-code": 2, "title": null }""", """{ "title": { "title": { "value": "T" } } }""",
            """{ "put-code": 4, "title": { "title": { "value": "\ud835" } } }""", Summary(Source(person: Ada), code: 5)));
        read.Select(r => r.SourceId).ShouldBe([$"{Ada}/work/1", $"{Ada}/work/2", null, null, $"{Ada}/work/5"]);
        read.Select(r => r.Rejection?.Split(':')[0]).ShouldBe([null, "The record has no title.", "The work has neither a put-code nor a DOI.", "The record holds text that cannot be read", null]);
    }
}
