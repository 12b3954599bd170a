using Microsoft.AspNetCore.Html;

namespace BzPeer.Web.Tests;

public sealed class TypographyTests
{
    [Theory]
    [InlineData("H<sub>2</sub>O <i>in <b>vitro</b></i>, 10<sup>−4</sup>", "H<sub>2</sub>O <i>in <b>vitro</b></i>, 10<sup>−4</sup>")]
    [InlineData("<i>AT&amp;T</i>: a &lt; b &gt; c \"'", "<i>AT&amp;T</i>: a &lt; b &gt; c &quot;&#x27;")]
    [InlineData("<b>Sorting</b> in $O(n^2)$", "<b>Sorting</b> in <i>O</i>(<i>n</i><sup>2</sup>)")]
    [InlineData("<p>One</p><p>two</p>", "One two ")]
    public void Raised_lowered_italic_and_bold_text_is_shown_as_such_and_formulas_in_it_as_ever(string markup, string html) => Title(markup).ShouldBe(html);

    [Theory]
    [InlineData("<math><msub><mi mathvariant=\"normal\">VO</mi><mn>4</mn></msub></math>: a", "<math><msub><mi mathvariant=\"normal\">VO</mi><mn>4</mn></msub></math>: a")]
    [InlineData("<math><mo stretchy=\"false\">(</mo><mspace width=\"0.3em\"></mspace><mo>&lt;</mo><mtext>$x$</mtext></math>", "<math><mo stretchy=\"false\">(</mo><mspace width=\"0.3em\"></mspace><mo>&lt;</mo><mtext>$x$</mtext></math>")]
    [InlineData("<math><mi mathvariant=\"double-struck\">RK1+</mi><mi mathvariant=\"script\">L</mi><mi mathvariant=\"fraktur\">g</mi><mi mathvariant=\"bold\">xβΩ</mi></math>", "<math><mi>ℝ&#x1D542;&#x1D7D9;&#x2B;</mi><mi>ℒ</mi><mi>&#x1D524;</mi><mi>&#x1D431;&#x1D6C3;&#x1D6C0;</mi></math>")]
    [InlineData("<math><mrow mathvariant=\"bold\"><mi>x</mi><mi mathvariant=\"no-such-face\">y</mi></mrow></math>", "<math><mrow><mi>&#x1D431;</mi><mi>y</mi></mrow></math>")]
    [InlineData("<math><mfenced><mi>a</mi><mi>b</mi><mi>c</mi></mfenced></math>", "<math><mrow><mo>(</mo><mi>a</mi><mo>,</mo><mi>b</mi><mo>,</mo><mi>c</mi><mo>)</mo></mrow></math>")]
    [InlineData("<math><mfenced open=\"[\" close=\"⟩\" separators=\";|\"><mi>a</mi><mi>b</mi><mi>c</mi><mi>d</mi></mfenced></math>", "<math><mrow><mo>[</mo><mi>a</mi><mo>;</mo><mi>b</mi><mo>|</mo><mi>c</mi><mo>|</mo><mi>d</mi><mo>⟩</mo></mrow></math>")]
    [InlineData("<math><mfenced separators=\"\"><mi>a</mi><mi>b</mi></mfenced></math>", "<math><mrow><mo>(</mo><mi>a</mi><mi>b</mi><mo>)</mo></mrow></math>")]
    public void Formulas_are_shown_with_what_browsers_know_of_MathML(string markup, string html) => Title(markup).ShouldBe(html);

    [Fact]
    public void A_long_formula_may_be_broken_after_a_sign_and_what_may_not_is_reached_by_the_keyboard()
    {
        var many = new string('x', 20);
        Title($"<math><mrow><mi>a</mi><mo>=</mo><mrow><mi>{many}</mi><mo>+</mo></mrow><mn>1</mn></mrow></math>").ShouldBe($"<math><mrow><mi>a</mi><mo>=</mo><mrow><mi>{many}</mi><mo>&#x2B;</mo></mrow><mn>1</mn></mrow></math>");
        Title($"<math><mrow><mi>ab</mi><mo>=</mo><mrow><mi>{many}</mi><mo>+</mo></mrow><mn>1</mn></mrow></math>").ShouldBe($"<math><mi>ab</mi><mo>=</mo></math><math><mi>{many}</mi><mo>&#x2B;</mo></math><math><mn>1</mn></math>");
        Title($"<math><mi>{many}{many}</mi></math>").ShouldBe($"<math tabindex=\"0\"><mi>{many}{many}</mi></math>");
    }

    // Of these nothing gets into the store; but what was in it before there was this list, or got in otherwise, is not shown either.
    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<i onclick=\"alert(1)\">x</i>")]
    [InlineData("<i class=\"x\">x</i>")]
    [InlineData("<i style=\"color:red\">x</i>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("<svg><i>x</i></svg>")]
    [InlineData("<a href=\"javascript:alert(1)\">x</a>")]
    [InlineData("<math href=\"javascript:alert(1)\"><mi>x</mi></math>")]
    [InlineData("<math><mi href=\"javascript:alert(1)\">x</mi></math>")]
    [InlineData("<math><maction actiontype=\"toggle\"><mi>x</mi></maction></math>")]
    [InlineData("<math><annotation-xml encoding=\"text/html\"><b>x</b></annotation-xml></math>")]
    [InlineData("<math><mtext><b>x</b></mtext></math>")]
    [InlineData("<math><mi><mglyph></mglyph></mi></math>")]
    [InlineData("<math><b>x</b></math>")]
    [InlineData("<math><math><mi>x</mi></math></math>")]
    [InlineData("<mi>x</mi>")]
    [InlineData("<math><mspace width=\"999em\"></mspace></math>")]
    [InlineData("<math><mi mathvariant=\"normal\" mathvariant=\"normal\">x</mi></math>")]
    [InlineData("<i><p>x</p></i>")]
    [InlineData("<p><p>x</p></p>")]
    [InlineData("<i>x")]
    [InlineData("x</i>")]
    [InlineData("<b><i>x</b></i>")]
    [InlineData("<I>x</I>")]
    [InlineData("<i >x</i>")]
    [InlineData("<i>x</i >")]
    [InlineData("<i/>")]
    [InlineData("<!-- x --><i>x</i>")]
    [InlineData("<![CDATA[x]]><i>x</i>")]
    [InlineData("<i>&nbsp;</i>")]
    [InlineData("<i>&#60;</i>")]
    [InlineData("<i>a & b</i>")]
    [InlineData("<i>a > b</i>")]
    [InlineData("<")]
    public void Of_another_form_it_is_not_shown_and_the_plain_text_is(string markup)
    {
        Title(markup).ShouldBe("plain &amp; H₂O");
        ((HtmlString)Typography.Abstract(Work("plain & H₂O", markup))).Value.ShouldBe("<p dir=\"auto\">plain &amp; H₂O</p>");
    }

    [Fact]
    public void However_deep_or_long_it_is_it_is_read_or_left()
    {
        Title(Nested("i", 64)).ShouldBe(Nested("i", 64));
        Title(Nested("i", 65)).ShouldBe("plain &amp; H₂O");
        Title(Nested("i", 10_000)).ShouldBe("plain &amp; H₂O");
        Title($"<i>{new string('x', 200_000)}</i>").ShouldBe("plain &amp; H₂O");
        Title(string.Concat(Enumerable.Repeat("<i>", 60_000))).ShouldBe("plain &amp; H₂O");

        static string Nested(string name, int depth) => string.Concat(Enumerable.Repeat($"<{name}>", depth)) + "x" + string.Concat(Enumerable.Repeat($"</{name}>", depth));
    }

    [Fact]
    public void An_abstract_is_shown_in_its_paragraphs()
    {
        Abstract("One <i>x</i> in $n$.").ShouldBe("<p dir=\"auto\">One <i>x</i> in <i>n</i>.</p>");
        Abstract("<p><b>Aim</b></p><p>One.</p>").ShouldBe("<p dir=\"auto\"><b>Aim</b></p><p dir=\"auto\">One.</p>");
        Abstract(null).ShouldBe("<p dir=\"auto\">plain &amp; H₂O</p>");

        static string? Abstract(string? markup) => ((HtmlString)Typography.Abstract(Work("plain & H₂O", markup))).Value;
    }

    [Fact]
    public void A_long_title_is_cut_without_its_markup()
    {
        var work = Work("x", "x") with { Title = "H₂O and more", TitleMarkup = "H<sub>2</sub>O and more" };
        ((HtmlString)Typography.Title(work, 20)).Value.ShouldBe("H<sub>2</sub>O and more");
        ((HtmlString)Typography.Title(work, 8)).Value.ShouldBe("H₂O and…");
        // What is printed is longer than what is shown, and a formula is in it whole or not at all.
        var formula = Work("x", null) with { Title = @"Sorting in $O(n \log n)$ & <more>" };
        ((HtmlString)Typography.Title(formula, 31)).Value.ShouldBe("Sorting in <i>O</i>(<i>n</i> log <i>n</i>) &amp; &lt;more&gt;");
        ((HtmlString)Typography.Title(formula, 28)).Value.ShouldBe("Sorting in O(n&#xA0;log&#xA0;n) &amp;…");
        ((HtmlString)Typography.Title(formula, 18)).Value.ShouldBe("Sorting in…");
    }

    private static string Title(string markup) => ((HtmlString)Typography.Title("plain & H₂O", markup)).Value!;

    private static Work Work(string text, string? markup) =>
        new(Guid.NewGuid(), text, "article", 2024, null, null, null, text, [], [], Validated: true, Retracted: false, AbstractMarkup: markup);
}
