using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Titles and abstracts with the markup that their sources gave.</summary>
public sealed class ImportedTextSpecs
{
    private const string Math = "http://www.w3.org/1998/Math/MathML";

    [Theory]
    [InlineData("On <i>E. coli</i> and H<sub>2</sub>O", "On <i>E. coli</i> and H<sub>2</sub>O")]
    [InlineData("<jats:italic>In vivo</jats:italic> <em>a</em> <jats:bold>b</jats:bold> <strong>c</strong> 10<jats:sup>-4</jats:sup>", "<i>In vivo</i> <i>a</i> <b>b</b> <b>c</b> 10<sup>-4</sup>")]
    [InlineData("a dose of 210 kg ha&lt;sup&gt;−1&lt;/sup&gt;", "a dose of 210 kg ha<sup>−1</sup>")]
    [InlineData("<i>AT&amp;T</i>: a < b, List<T>", "<i>AT&amp;T</i>: a &lt; b, List&lt;T&gt;")]
    [InlineData("<i class=\"x\" onclick=\"alert(1)\" style='color:red'>c</i><sub><i>p</i></sub>", "<i>c</i><sub><i>p</i></sub>")]
    [InlineData("The\n   <scp>AI</scp>\n   in <i>\n ecology </i>\n .", "The AI in <i>ecology</i> .")]
    [InlineData("Mn<sub>2−x\n   </sub>O<sub>4</sub> and R<sub>HI </sub>then", "Mn<sub>2−x</sub>O<sub>4</sub> and R<sub>HI</sub> then")]
    [InlineData("<b>never <i>closed", "<b>never <i>closed</i></b>")]
    [InlineData("</i>closed <b>too</i> often</b></b>", "closed <b>too often</b>")]
    [InlineData("<b><i>one</b> two</i>", "<b><i>one</i></b> two")]
    [InlineData("<i></i>x<sub/><b> </b>y<sup>2</sup>", "x y<sup>2</sup>")]
    [InlineData("<sup>1</sup> a <b><i> </i></b>", "<sup>1</sup> a")]
    [InlineData("<i><p>one</p><p>line</p></i>", "<i>one line</i>")]
    public void Of_HTML_and_JATS_raised_lowered_italic_and_bold_text_stays(string source, string marked) => ImportedText.Line(source)!.Marked.ShouldBe(marked);

    [Theory]
    [InlineData("plain")]
    [InlineData("a < b and c > d, AT&amp;T")]
    [InlineData("<p>One paragraph</p>")]
    [InlineData("List<T> of <unknown>")]
    [InlineData("<i></i><b><sub></sub></b>text")]
    [InlineData("<mi>x</mi>")]
    [InlineData("three times &amp;amp;lt;i&amp;amp;gt; <i>encoded</i>")]
    public void What_says_no_more_than_the_plain_text_is_not_kept(string source)
    {
        ImportedText.Line(source)!.Marked.ShouldBeNull();
        ImportedText.Paragraphs(source)!.Marked.ShouldBeNull();
    }

    [Theory]
    [InlineData("<mml:math xmlns:mml=\"" + Math + "\" id=\"M1\"><mml:msub><mml:mrow><mml:mi mathvariant=\"normal\">LaSrVO</mml:mi></mml:mrow><mml:mn>4</mml:mn></mml:msub></mml:math>: A candidate",
        "<math><msub><mrow><mi mathvariant=\"normal\">LaSrVO</mi></mrow><mn>4</mn></msub></math>: A candidate")]
    [InlineData("in <mml:math>\n  <mml:mi>q</mml:mi>\n  <mml:mo><</mml:mo>\n  <mml:mi>&#x221e;</mml:mi>\n</mml:math>\n of", "in <math><mi>q</mi><mo>&lt;</mo><mi>∞</mi></math> of")]
    [InlineData("<math><mmultiscripts><mi>Tb</mi><mprescripts/><none/><mrow><mn>153</mn></mrow></mmultiscripts></math>",
        "<math><mmultiscripts><mi>Tb</mi><mprescripts></mprescripts><mrow></mrow><mrow><mn>153</mn></mrow></mmultiscripts></math>")]
    [InlineData("<mml:math><mml:mmultiscripts><mml:mi>Tb</mml:mi><mml:mprescripts /><mml:none /><mml:mrow><mml:mn>153</mml:mn></mml:mrow></mml:mmultiscripts></mml:math>",
        "<math><mmultiscripts><mi>Tb</mi><mprescripts></mprescripts><mrow></mrow><mrow><mn>153</mn></mrow></mmultiscripts></math>")]
    [InlineData("<mml:math><mml:mfenced open=\"[\" close=\")\" href=\"x\"><mml:mi>a</mml:mi></mml:mfenced><mml:mspace width=\"0.3em\"/><mml:mspace width=\"900em\"/><mml:mn fontstyle=\"italic\">1</mml:mn></mml:math>",
        "<math><mfenced open=\"[\" close=\")\"><mi>a</mi></mfenced><mspace width=\"0.3em\"></mspace><mspace></mspace><mn>1</mn></math>")]
    [InlineData("<mml:math><mml:mstyle mathcolor=\"red\"><mml:mi>a</mml:mi><i>b</i></mml:mstyle></mml:math>", "<math><mrow><mi>a</mi>b</mrow></math>")]
    public void Of_MathML_stays_what_says_how_it_looks(string source, string? marked) => ImportedText.Line(source)!.Marked.ShouldBe(marked);

    [Theory]
    [InlineData("<jats:alternatives><jats:tex-math>$$x^2$$</jats:tex-math><mml:math><mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup></mml:math></jats:alternatives>", "x²", "<math><msup><mi>x</mi><mn>2</mn></msup></math>")]
    [InlineData("<math><semantics><mi>x</mi><annotation encoding=\"application/x-tex\">\\xi</annotation></semantics></math>", "x", "<math><mrow><mi>x</mi></mrow></math>")]
    [InlineData("<math><semantics><mi>x</mi><annotation-xml encoding=\"text/html\"><b>x</b></annotation-xml></semantics></math>", "x", "<math><mrow><mi>x</mi></mrow></math>")]
    [InlineData("<jats:tex-math>$x$</jats:tex-math> alone", "$x$ alone", null)]
    public void A_formula_in_two_notations_is_read_once(string source, string plain, string? marked) => ImportedText.Line(source).ShouldBe(new(plain, marked));

    [Theory]
    [InlineData("<jats:sec><jats:title>Methods</jats:title><jats:p>One.</jats:p></jats:sec><jats:p>Two <jats:italic>x</jats:italic>.</jats:p>", "<p><b>Methods</b></p><p>One.</p><p>Two <i>x</i>.</p>")]
    [InlineData("<h2>Aim</h2> Text<br>on. <p>More</p>", "<p><b>Aim</b></p><p>Text on.</p><p>More</p>")]
    [InlineData("<p><i>open</p><p>again</p>", "<p><i>open</i></p><p>again</p>")]
    [InlineData("<p>Only <b>one</b></p>", "Only <b>one</b>")]
    [InlineData("<jats:list><jats:list-item><jats:p>a</jats:p></jats:list-item><jats:list-item><jats:p>b</jats:p></jats:list-item></jats:list>", "<p>a</p><p>b</p>")]
    public void An_abstract_has_paragraphs_and_headings(string source, string marked) => ImportedText.Paragraphs(source)!.Marked.ShouldBe(marked);

    [Fact]
    public void A_title_and_its_subtitle_are_one_line()
    {
        var joined = ImportedText.Join(ImportedText.Line("H<sub>2</sub>O")!, ": ", ImportedText.Line("a < b")!);
        joined.ShouldBe(new("H₂O: a < b", "H<sub>2</sub>O: a &lt; b"));
        ImportedText.Join(ImportedText.Line("a")!, ": ", ImportedText.Line("b")!).Marked.ShouldBeNull();
    }
}
