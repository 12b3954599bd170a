using System.Text.Json;
using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What an arXiv entry says of a work, as Atom and as JSON.</summary>
public sealed class ArxivWorksSpecs
{
    private static ReadRecord Entry(string content) => ArxivWorks.Read(XElement.Parse(
        $"""<entry xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">{content}</entry>"""));

    private static ReadRecord Json(string json)
    {
        using var record = JsonDocument.Parse(json);
        return ArxivWorks.Read(record.RootElement);
    }

    private const string Atom =
        """
        <id>http://arxiv.org/abs/2301.01178v2</id>
        <published>2023-01-03T16:13:57Z</published>
        <title>Extending
          Kubernetes</title>
        <summary>a &lt; b</summary>
        <author><name>Ada Lovelace</name><arxiv:affiliation>Analytical Engines</arxiv:affiliation></author>
        <author><name>Bob</name><uri>https://orcid.org/0000-0002-1825-0097</uri></author>
        <arxiv:doi>10.1000/ABC</arxiv:doi>
        <arxiv:primary_category term="cs.NI"/>
        <category term="cs.NI"/><category term="68M10"/><category term="cs.DC"/>
        """;

    private const string SameAsJson =
        """
        {
          "arxiv_id": "2301.01178", "title": "Extending Kubernetes", "abstract": "a < b", "created": "2023-01-03", "doi": "10.1000/abc",
          "categories": ["cs.NI", "cs.DC"],
          "authors": [{ "name": "Ada Lovelace", "affiliation": "Analytical Engines" }, { "name": "Bob", "orcid": "0000-0002-1825-0097" }]
        }
        """;

    [Fact]
    public void An_entry_is_read_whole()
    {
        var read = Entry(Atom);
        read.SourceId.ShouldBe("2301.01178");
        var work = read.Work.ShouldNotBeNull();
        (work.Title, work.Type, work.Year, work.PublicationDate, work.Venue).ShouldBe(("Extending Kubernetes", "preprint", 2023, new DateOnly(2023, 1, 3), "arXiv"));
        (work.Doi, work.ArxivId, work.OpenAlex, work.Abstract).ShouldBe(("10.1000/abc", "2301.01178", null, "a < b"));
        work.Topics.ShouldBe(["cs.NI", "cs.DC"]);
        work.Authors.Select(author => (author.Name, author.Orcid)).ShouldBe([("Ada Lovelace", null), ("Bob", "0000-0002-1825-0097")]);
        work.Authors[0].Institutions.ShouldBe([new("Analytical Engines", null)]);
    }

    [Fact]
    public void An_entry_says_the_same_as_Atom_and_as_JSON() => Json(SameAsJson).Work!.SaysTheSameAs(Entry(Atom).Work!).ShouldBeTrue();

    // Made by hand from facts of arXiv:2301.01178, in the three formats in which arXiv lets its records be harvested.
    private const string Harvested =
        """
        <arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2301.01178</id><created>2023-01-03</created>
          <authors><author><keyname>Lovelace</keyname><forenames>Ada</forenames><affiliation>Analytical Engines</affiliation></author><author><keyname>Bob</keyname></author></authors>
          <title>Extending
            Kubernetes</title><categories>cs.NI cs.DC</categories><doi>10.1000/ABC</doi><abstract>  a &lt; b
        </abstract></arXiv>
        """;

    private const string HarvestedRaw =
        """
        <arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>2301.01178</id><submitter>Somebody Else</submitter>
          <version version="v1"><date>Tue, 3 Jan 2023 16:13:57 GMT</date><size>1kb</size></version><version version="v2"><date>Mon, 9 Jan 2023 08:00:00 GMT</date></version>
          <title>Extending Kubernetes</title><authors>Ada Lovelace (Analytical Engines), Bob</authors><categories>cs.NI cs.DC</categories><doi>10.1000/ABC</doi><abstract>a &lt; b</abstract></arXivRaw>
        """;

    private const string HarvestedDublinCore =
        """
        <oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Extending Kubernetes</dc:title>
          <dc:creator>Lovelace, Ada</dc:creator><dc:creator>Bob</dc:creator><dc:subject>Computer Science - Networking and Internet Architecture</dc:subject>
          <dc:description>a &lt; b</dc:description><dc:description>Comment: 5 pages</dc:description><dc:date>2023-01-09</dc:date><dc:date>2023-01-03</dc:date><dc:type>text</dc:type>
          <dc:identifier>http://arxiv.org/abs/2301.01178</dc:identifier><dc:identifier>doi:10.1000/ABC</dc:identifier></oai_dc:dc>
        """;

    private static string Harvest(string metadata, string status = "") =>
        $"""
        <OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-01-02T03:04:05Z</responseDate><ListRecords>
          <record><header {status}><identifier>oai:arXiv.org:2301.01178</identifier><datestamp>2023-01-09</datestamp><setSpec>cs:cs:NI</setSpec><setSpec>cs:cs:DC</setSpec></header>{metadata}</record>
          <resumptionToken>1|1001</resumptionToken></ListRecords></OAI-PMH>
        """;

    private static async Task<ReadRecord> Harvested1(string body)
    {
        List<ReadRecord> all = [];
        await foreach (var read in ImportReader.ReadAsync(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(body)), WorkSource.Arxiv, "text/xml", long.MaxValue, TestContext.Current.CancellationToken)) all.Add(read);
        return all.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData(Harvested)]
    [InlineData(HarvestedRaw)]
    [InlineData(HarvestedDublinCore)]
    public async Task A_harvested_record_says_the_same_as_the_feed_but_for_ids_and_affiliations_it_does_not_have(string metadata)
    {
        static SourceWork Bare(SourceWork work) => work with { Authors = [.. work.Authors.Select(author => new PrintedAuthor(author.Name))] };
        var read = await Harvested1(Harvest($"<metadata>{metadata}</metadata>"));
        read.SourceId.ShouldBe("2301.01178");
        Bare(read.Work!).SaysTheSameAs(Bare(Entry(Atom).Work!)).ShouldBeTrue(read.ToString());
        if (metadata == Harvested) read.Work!.Authors[0].Institutions.ShouldBe([new("Analytical Engines", null)]);
    }

    [Fact]
    public async Task A_record_that_is_gone_or_written_otherwise_says_so()
    {
        var deleted = (await Harvested1(Harvest("", "status=\"deleted\""))).Also.ShouldHaveSingleItem().ShouldBeOfType<Withdrawal>();
        (deleted.Key, deleted.WorkKeys.ShouldHaveSingleItem()).ShouldBe(("arxiv:2301.01178", "arxiv:2301.01178"));
        (await Harvested1(Harvest(""))).ShouldBe(ReadRecord.Rejected("2301.01178", "The record has no metadata."));
        (await Harvested1(Harvest("<metadata><marc xmlns=\"urn:marc\"/></metadata>"))).Rejection.ShouldBe("The record is written in 'marc'. Harvest arXiv with metadataPrefix arXiv, arXivRaw or oai_dc.");
        (await Harvested1("""<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><error code="noRecordsMatch">Nothing matches.</error></OAI-PMH>"""))
            .Rejection.ShouldBe("arXiv answered with an error: noRecordsMatch Nothing matches.");
    }

    [Fact]
    public async Task An_object_of_records_by_their_ids_is_those_records()
    {
        List<ReadRecord> all = [];
        var body = """{ "2301.00001": { "arxiv_id": "2301.00001", "title": "One" }, "2301.00002": { "arxiv_id": "2301.00002" } }""";
        await foreach (var read in ImportReader.ReadAsync(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(body)), WorkSource.Arxiv, "application/json", long.MaxValue, TestContext.Current.CancellationToken)) all.Add(read);
        all.Select(read => (read.SourceId, read.Rejection)).ShouldBe([("2301.00001", null), ("2301.00002", "The record has no title.")]);
    }

    [Fact]
    public void Authors_may_be_names_alone() =>
        Json("""{ "id": "2301.01178", "title": "T", "authors": ["Ada Lovelace", "", null, 7] }""").Work!.Authors.Select(author => author.Name)
            .ShouldBe(["Ada Lovelace", "Unnamed author", "Unnamed author", "Unnamed author"]);

    [Fact]
    public void An_entry_without_authors_is_kept() =>
        Entry("<id>http://arxiv.org/abs/2301.01178v2</id><title>T</title>").Work!.Authors.ShouldBeEmpty();

    [Theory]
    [InlineData("<id>http://arxiv.org/abs/2301.01178v2</id><title> </title>", "2301.01178", "The record has no title.")]
    [InlineData("<id>http://arxiv.org/abs/2301.01178v2</id>", "2301.01178", "The record has no title.")]
    [InlineData("<id>urn:1</id><title>T</title>", "urn:1", "The record has no arXiv id.")]
    [InlineData("<title>T</title>", null, "The record has no arXiv id.")]
    [InlineData("<id>http://arxiv.org/api/errors#incorrect_id</id><title>Error</title><summary>incorrect id</summary>", "http://arxiv.org/api/errors#incorrect_id", "arXiv answered with an error: incorrect id")]
    public void An_entry_that_cannot_be_kept_says_why(string content, string? sourceId, string reason) => Entry(content).ShouldBe(new ReadRecord(sourceId, null, reason));
}
