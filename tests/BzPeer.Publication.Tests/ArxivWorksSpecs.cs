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
