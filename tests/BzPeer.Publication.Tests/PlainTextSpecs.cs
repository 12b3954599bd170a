using System.Text;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Text of a source as plain text.</summary>
public sealed class PlainTextSpecs
{
    [Theory]
    [InlineData(" one\r\n  two\tthree ", "one two three")]
    [InlineData("nul\0bell\a", "nulbell")]
    [InlineData("\u202Eright to left\u202C", "right to left")]
    [InlineData("\u2067\u0634\u0628\u0643\u0629\u2069", "\u0634\u0628\u0643\u0629")]
    [InlineData("\u05D0\u05B8\u200F\u05D1", "\u05D0\u05B8\u200F\u05D1")]
    [InlineData("\U0001D54F", "\U0001D54F")]
    [InlineData(" \r\n ", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Text_becomes_one_line_without_what_a_page_chokes_on(string? text, string? clean) => PlainText.Clean(text).ShouldBe(clean);

    [Fact]
    public void Half_a_character_is_dropped() => PlainText.Clean("a\uD835b\uDC00").ShouldBe("ab");

    [Theory]
    [InlineData("On <i>E. coli</i> and H<sub>2</sub>O", "On E. coli and H₂O")]
    [InlineData("<p>First.</p><p>Second.</p>", "First. Second.")]
    [InlineData("<jats:title>Abstract</jats:title><jats:p>Text</jats:p>", "Abstract Text")]
    [InlineData("<mml:math xmlns:mml=\"http://www.w3.org/1998/Math/MathML\"><mml:mi>x</mml:mi></mml:math>", "x")]
    [InlineData("Search &amp;amp; find", "Search & find")]
    [InlineData("&lt;b&gt;bold&lt;/b&gt;", "bold")]
    [InlineData("a < b and c > d", "a < b and c > d")]
    [InlineData("List<T> of <unknown>", "List<T> of <unknown>")]
    [InlineData("<script>alert(1)</script>", "alert(1)")]
    [InlineData("<img src=x onerror=\"alert(1)\">Title", "Title")]
    [InlineData("before <!-- hidden --> after", "before after")]
    [InlineData("<p></p>", null)]
    [InlineData(null, null)]
    public void Markup_is_taken_out_and_what_only_looks_like_it_stays(string? text, string? plain) => PlainText.FromMarkup(text).ShouldBe(plain);

    // A pattern that backtracks would not be done with these in the lifetime of a machine.
    [Theory]
    [InlineData("<a", " =")]
    [InlineData("", "<!--")]
    [InlineData("", "<a ")]
    public void Markup_that_is_never_closed_is_read_like_any_other_text(string start, string again)
    {
        var text = start + new StringBuilder().Insert(0, again, 100_000);
        PlainText.FromMarkup(text).ShouldBe(PlainText.Clean(text));
    }

    [Theory]
    [InlineData("Ada LOVELACE", "ada  lovelace")]
    [InlineData("\uFF21da", "Ada")]
    [InlineData("Müller", "Mu\u0308ller")]
    [InlineData("Groß", "GROSS")]
    [InlineData("Παππάς", "ΠΑΠΠΆΣ")]
    public void Names_that_differ_in_form_only_fold_to_the_same(string one, string other) => PlainText.Fold(one).ShouldBe(PlainText.Fold(other));

    [Theory]
    [InlineData("Müller", "Muller")]
    [InlineData("Ada B. Lovelace", "Ada Lovelace")]
    public void Names_that_differ_in_letters_do_not(string one, string other) => PlainText.Fold(one).ShouldNotBe(PlainText.Fold(other));

    [Fact]
    public void Text_is_shortened_between_characters()
    {
        PlainText.Shorten("abc", 3).ShouldBe("abc");
        PlainText.Shorten("abcd", 3).ShouldBe("abc");
        PlainText.Shorten("ab\U0001D54F", 3).ShouldBe("ab");
        PlainText.Shorten(null, 3).ShouldBeNull();
    }
}
