using BzPeer.ServiceDefaults;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Ids of elsewhere, each in its one normal form.</summary>
public sealed class IdentifiersSpecs
{
    [Theory]
    [InlineData("10.1000/182", "10.1000/182")]
    [InlineData("https://doi.org/10.48550/ArXiv.2301.01178", "10.48550/arxiv.2301.01178")]
    [InlineData("http://dx.doi.org/10.1002/(SICI)1097-4571(199806)49:8<693::AID-ASI4>3.0.CO;2-O", "10.1002/(sici)1097-4571(199806)49:8<693::aid-asi4>3.0.co;2-o")]
    [InlineData(" doi: 10.1000/A and 10.1000/b", "10.1000/a")]
    [InlineData("11.1000/182", null)]
    [InlineData("10.1000", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_DOI_is_bare_and_in_lower_case(string? text, string? doi) => Identifiers.Doi(text).ShouldBe(doi);

    [Fact]
    public void A_DOI_of_more_than_500_characters_is_none() => Identifiers.Doi("10.1000/" + new string('x', 500)).ShouldBeNull();

    [Theory]
    [InlineData("2301.01178", "2301.01178")]
    [InlineData("arXiv:2301.01178v3", "2301.01178")]
    [InlineData("http://arxiv.org/abs/2301.01178v1", "2301.01178")]
    [InlineData("https://arxiv.org/pdf/0901.0001.pdf", "0901.0001")]
    [InlineData("http://arxiv.org/abs/math.GT/0309136v1", "math/0309136")]
    [InlineData("cond-mat/9612001", "cond-mat/9612001")]
    [InlineData("https://example.org/abs/2301.01178", null)]
    [InlineData("2301.1", null)]
    [InlineData(null, null)]
    public void An_arXiv_id_has_neither_version_nor_subject_class(string? text, string? id) => Identifiers.Arxiv(text).ShouldBe(id);

    [Theory]
    [InlineData("10.48550/arxiv.2301.01178", "2301.01178")]
    [InlineData("10.1000/182", null)]
    [InlineData(null, null)]
    public void The_DOI_that_arXiv_gives_holds_its_own_id(string? doi, string? id) => Identifiers.ArxivOfDoi(doi).ShouldBe(id);

    [Theory]
    [InlineData('A', "https://openalex.org/A5023888391", "A5023888391")]
    [InlineData('A', "a5023888391", "A5023888391")]
    [InlineData('W', "https://api.openalex.org/works/W2741809807", "W2741809807")]
    [InlineData('A', "https://openalex.org/W2741809807", null)]
    [InlineData('I', "I12345678901234", null)]
    [InlineData('I', null, null)]
    public void An_OpenAlex_id_is_of_the_kind_that_is_asked_for(char kind, string? text, string? id) => Identifiers.OpenAlex(kind, text).ShouldBe(id);

    [Fact]
    public void The_ids_of_streams_stay_what_they_were()
    {
        // Stored streams are found by them: they may never change. Python: uuid.uuid5(uuid.UUID('1d0c7c1e-6f2b-5b8e-8a55-3f1c2b9e7d40'), key).
        StableId.Of("doi:10.1000/182").ShouldBe(new Guid("76291b31-d789-51f1-bb96-2e79a00877cf"));
        StableId.Of("orcid:0000-0002-1825-0097").ShouldBe(new Guid("cf73f4d8-8d1c-58f4-98a0-99f164de26eb"));
    }
}
