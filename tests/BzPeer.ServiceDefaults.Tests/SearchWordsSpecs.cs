using Shouldly;
using Xunit;

namespace BzPeer.ServiceDefaults.Tests;

public sealed class SearchWordsSpecs
{
    [Theory]
    [InlineData("Łukasz Kaiser", "lukasz kaiser")]
    [InlineData("José Ångström-Øre", "jose angstrom ore")]
    [InlineData("Straße, Groß", "strasse gross")]
    [InlineData("李 明", "李 明")]
    [InlineData("عمر", "عمر")]
    [InlineData("J. K. O'Brien", "j k obrien")]
    [InlineData("Ada\uFFFELovelace", "ada lovelace")]
    [InlineData("  ", "")]
    [InlineData("' & | ! :* (", "")]
    public void Names_fold_to_words_without_case_marks_and_punctuation(string name, string folded) =>
        SearchWords.Fold(name).ShouldBe(folded);

    [Fact]
    public void An_apostrophe_is_found_either_way() =>
        SearchWords.Of("Pat O’Brien").Split(' ').ShouldBe(["pat", "obrien", "pat", "o", "brien"]);

    [Fact]
    public void Every_word_of_a_question_begins_a_word_of_what_is_searched() =>
        SearchWords.Query(SearchWords.Fold("Łukasz O'Kai & |")).ShouldBe("'lukasz':* & 'okai':*");

    [Fact]
    public void Of_a_word_no_index_has_room_for_the_beginning_is_looked_at_also_where_the_cut_goes_through_a_letter()
    {
        SearchWords.Fold($"a {new string('x', 4_000)} b").ShouldBe($"a {new string('x', 100)} b");
        SearchWords.Fold($"{new string('x', 99)}𠀀𠀀").ShouldBe(new string('x', 99));
    }
}
