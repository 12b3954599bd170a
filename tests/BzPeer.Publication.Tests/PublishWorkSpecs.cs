using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What is asked for when a work is posted, and the first rule it breaks.</summary>
public sealed class PublishWorkSpecs
{
    private static readonly Guid Ada = new("00000000-0000-0000-0000-00000000000a");
    private static readonly Dictionary<Guid, string> Names = new() { [Ada] = "Ada Lovelace" };
    private static readonly WorkToPublish Good = new("Title", "article", new(2024, 5, 17), null, null, null, null, null, [new(Ada, null, null)]);

    [Fact]
    public void A_work_is_taken_in_the_normal_form_of_everything()
    {
        var (work, broken) = PublishWork.Read(new(" A\n title ", " article ", new(2024, 5, 17), " Nature ", "https://doi.org/10.48550/arXiv.2301.01178", null, " Text ",
            ["Networks", " networks", null, " "], [new(Ada, null, "0000-0002-1825-0097"), new(Ada, "A. Lovelace", null), new(null, "Bob", "https://orcid.org/0000-0002-1825-0097")]), Names);

        broken.ShouldBeNull();
        (work!.Title, work.Type, work.Year, work.PublicationDate, work.Venue, work.Doi, work.ArxivId, work.Abstract).ShouldBe(
            ("A title", "article", 2024, new DateOnly(2024, 5, 17), "Nature", "10.48550/arxiv.2301.01178", "2301.01178", "Text"));
        work.Topics.ShouldBe(["Networks"]);
        work.Authors.ShouldBe([new("Ada Lovelace", Ada), new("A. Lovelace", Ada), new("Bob", Orcid: "0000-0002-1825-0097")]);
    }

    public static TheoryData<string, WorkToPublish> Broken => new()
    {
        { "no-publication-date", Good with { PublicationDate = null } },
        { "malformed-doi", Good with { Doi = "182" } },
        { "malformed-doi", Good with { Doi = "" } },
        { "malformed-arxiv-id", Good with { ArxivId = "physics" } },
        { "author-without-name", Good with { Authors = [null] } },
        { "author-without-name", Good with { Authors = [new(null, " ", "0000-0002-1825-0097")] } },
        { "malformed-orcid", Good with { Authors = [new(null, "Ada", "0000-0002-1825-0098")] } },
        { "no-title", Good with { Title = null } },
        { "no-title", Good with { Title = "\u202E \0" } },
        { "no-type", Good with { Type = " " } },
        { "title-too-long", Good with { Title = new('x', 2_001) } },
        { "abstract-too-long", Good with { Abstract = new('x', 50_001) } },
        { "author-too-long", Good with { Authors = [new(null, new('x', 501), null)] } },
    };

    [Theory]
    [MemberData(nameof(Broken), DisableDiscoveryEnumeration = true)]
    public void A_work_that_breaks_a_rule_is_told_which(string rule, WorkToPublish body)
    {
        var (work, broken) = PublishWork.Read(body, Names);
        work.ShouldBeNull();
        broken!.Rule.ShouldBe(rule);
    }
}
