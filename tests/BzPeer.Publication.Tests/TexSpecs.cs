using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Text written for TeX, and the names in it, as plain text.</summary>
public sealed class TexSpecs
{
    [Theory]
    [InlineData("plain text, 5 < 6", "plain text, 5 < 6")]
    [InlineData(@"G{\""o}del, G\""odel, G\""{o}del", "Gödel, Gödel, Gödel")]
    [InlineData(@"Erd\H{o}s, Erd{\H o}s", "Erdős, Erdős")]
    [InlineData(@"\'{\i}, \'\i, \v{S}, \c{c}, \k a, \r{A}, {\aa}ngstr{\""o}m", "í, í, Š, ç, ą, Å, ångström")]
    [InlineData(@"Stra{\ss}e, \L{}{\'o}d{\'z}, \O stergaard, {\AE}ther", "Straße, Łódź, Østergaard, Æther")]
    [InlineData(@"Nguy\~{\^e}n", "Nguyễn")]
    [InlineData(@"\'{}, \'", ",")]
    [InlineData("The {DNA} of {NASA}", "The DNA of NASA")]
    [InlineData(@"\emph{In vitro} and \textbf{bold}", "In vitro and bold")]
    [InlineData(@"R\&D: 5\,\% of 10\$ \#1 a\_b \{x\}", "R&D: 5 % of 10$ #1 a_b {x}")]
    [InlineData("pages 1--2, yes---no, ``so'', a~b", "pages 1–2, yes—no, “so”, a b")]
    [InlineData(@"of $O(n^{2})$ and $\alpha$", @"of $O(n^{2})$ and $\alpha$")]
    [InlineData("one $ alone", "one $ alone")]
    [InlineData("\\", "")]
    [InlineData("{}", "")]
    public void It_is_read_as_it_would_be_printed(string tex, string text) => Tex.ToText(tex).ShouldBe(text == "" ? text : text.Normalize());

    [Fact]
    public void An_accent_on_a_character_of_two_halves_does_not_part_them() => Tex.ToText("\\'{\U0001D54F}x").ShouldBe("\U0001D54F\u0301x");

    [Fact]
    public void Whatever_it_is_it_comes_to_text()
    {
        string[] pieces = ["\\", "'", "\"", "{", "}", "$", "~", "-", "`", "\\v", "\\i", "\\ss ", "\uD835", "\uDD4F", "\uFFFE", "a", " ", "\u00E9", "x\u0301", "\\H"];
        var piece = Gen.Int[0, pieces.Length - 1].Select(n => pieces[n]);
        piece.Array[0, 30].Select(string.Concat).Sample(tex => Tex.ToText(tex).IsNormalized().ShouldBeTrue(), iter: 5_000);
        Tex.ToText(string.Concat(Enumerable.Repeat("\\'", 1_000_000))).ShouldBe("");
    }

    [Theory]
    [InlineData("Ada Lovelace", "Ada Lovelace")]
    [InlineData("Lovelace, Ada", "Ada Lovelace")]
    [InlineData("van Beethoven, Ludwig", "Ludwig van Beethoven")]
    [InlineData("King, Jr., Martin Luther", "Martin Luther King Jr.")]
    [InlineData("", "")]
    public void A_name_is_put_in_the_order_it_is_spoken_in(string name, string natural) => PersonName.Natural(name).ShouldBe(natural);

    [Theory]
    [InlineData("Ada Lovelace", "Ada Lovelace")]
    [InlineData("A. One, B. Two and C. Three", "A. One|B. Two|C. Three")]
    [InlineData("A. One (1), B. Two (2, 3), and C. Three (1) ((1) Here, (2) There)", "A. One|B. Two|C. Three")]
    [InlineData(@"Andr\'e One, Jr., B. Two", "André One Jr.|B. Two")]
    [InlineData("A. One (Here, B. Two", "A. One (Here|B. Two")]
    [InlineData(null, "")]
    public void A_line_of_authors_is_parted(string? line, string names) => string.Join('|', AuthorLine.Split(line)).ShouldBe(names);
}
