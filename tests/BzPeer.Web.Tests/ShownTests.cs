namespace BzPeer.Web.Tests;

public sealed class ShownTests
{
    [Theory]
    [InlineData("10.1016/j.comnet.2013.07.031", "https://doi.org/10.1016/j.comnet.2013.07.031")]
    [InlineData("10.1000/a<b>\"c", "https://doi.org/10.1000/a%3Cb%3E%22c")]
    [InlineData("javascript:alert(1)", null)]
    [InlineData("10.1000/with space", null)]
    [InlineData(null, null)]
    public void A_doi_becomes_an_address_only_when_it_is_one(string? doi, string? address) => Shown.DoiAddress(doi).ShouldBe(address);

    [Theory]
    [InlineData("2301.01178", "https://arxiv.org/abs/2301.01178")]
    [InlineData("quant-ph/0201082", "https://arxiv.org/abs/quant-ph/0201082")]
    [InlineData("\"><script>", null)]
    public void So_does_an_arxiv_id(string id, string? address) => Shown.ArxivAddress(id).ShouldBe(address);

    [Theory]
    [InlineData("Daniel Bernier", "DB")]
    [InlineData("Ada", "A")]
    [InlineData("João da Silva", "JS")]
    [InlineData("محمد بن عبد الله", "ما")]
    [InlineData("", "?")]
    public void Initials_are_whole_characters_of_any_script(string name, string initials) => Shown.Initials(name).ShouldBe(initials);

    [Theory]
    [InlineData("0000-0002-1825-009x", "orcid=0000-0002-1825-009X")]
    [InlineData("https://orcid.org/0000-0002-1825-0097", "orcid=0000-0002-1825-0097")]
    [InlineData("a5023888391", "openAlex=A5023888391")]
    [InlineData(" daniel & co ", "q=daniel%20%26%20co")]
    public void What_was_typed_is_recognised(string typed, string parameter) => ResearcherQuery.From(typed)!.Parameter.ShouldBe(parameter);

    [Theory]
    [InlineData("One two three", 13, "One two three")]
    [InlineData("One two three", 12, "One two…")]
    [InlineData("One two three", 8, "One two…")]
    [InlineData("One Donaudampfschifffahrt", 12, "One Donauda…")]
    [InlineData("👩‍🔬👩‍🔬👩‍🔬👩‍🔬", 3, "👩‍🔬👩‍🔬…")]
    public void A_text_is_cut_after_a_word_or_else_after_a_character(string text, int length, string cut) => Shown.Short(text, length).ShouldBe(cut);

    [Theory]
    [InlineData(null)]
    [InlineData("  ")]
    public void Nothing_typed_is_no_query(string? typed) => ResearcherQuery.From(typed).ShouldBeNull();
}
