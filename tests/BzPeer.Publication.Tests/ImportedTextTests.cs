using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using BzPeer.ServiceDefaults;
using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Whatever a source sends, what is kept of it is markup that a browser may have.</summary>
public sealed class ImportedTextTests
{
    private static readonly HtmlParser Parser = new();

    /// <summary>Pieces that mean something to a parser of HTML, and what has been used against sanitizers.</summary>
    private static readonly string[] Pieces =
    [
        "<i>", "</i>", "<b>", "</b>", "<sub>", "</sub>", "<sup>", "</sup>", "<jats:italic>", "</jats:italic>", "<p>", "</p>", "<jats:title>", "</jats:title>", "<h3>", "</h3>", "<br/>",
        "<math>", "</math>", "<mml:math>", "</mml:math>", "<mi>", "</mi>", "<mo>", "</mo>", "<mn>", "</mn>", "<mtext>", "</mtext>", "<mrow>", "</mrow>", "<msub>", "</msub>", "<mfenced open=\"(\">", "</mfenced>", "<mspace width=\"1em\"/>",
        "<mtable>", "<mtr>", "<mtd>", "</mtd>", "</mtr>", "</mtable>", "<mglyph>", "<malignmark>", "<semantics>", "<annotation-xml encoding=\"text/html\">", "</annotation-xml>", "<annotation>", "</annotation>", "<maction actiontype=\"toggle\">",
        "<svg>", "</svg>", "<svg onload=alert(1)>", "<foreignObject>", "<desc>", "<style>", "</style>", "<script>", "</script>", "<template>", "<noscript>", "<title>", "<textarea>", "<xmp>", "<plaintext>", "<table>", "<select>", "<form>", "<a href=\"javascript:alert(1)\">", "</a>",
        "<img src=x onerror=alert(1)>", "<iframe srcdoc=\"<script>alert(1)</script>\">", "<!--", "-->", "<!-- x -->", "<![CDATA[", "]]>", "<?xml ?>", "<!DOCTYPE html>",
        "&lt;", "&gt;", "&amp;", "&amp;lt;", "&#60;script&#62;", "&quot;", "&nbsp;", "<", ">", "\"", "'", "=", "/", " ", "\n", "x", "2", "−", "é", "\u202E", "\0", "\uD835", "\uDC00", "$x^2$",
        "<i style=\"background:url(javascript:alert(1))\">", "<mi mathvariant=\"bold\" href=\"javascript:alert(1)\" xlink:href='x'>", "<math onclick=alert(1)>", "<mo stretchy='false'>", "<I>", "<MATH>", "<mi/>", "<b/>",
    ];

    [Fact]
    public void Whatever_goes_in_what_comes_out_is_of_the_allow_list_says_the_same_and_stays_as_it_is()
    {
        var kept = 0;
        Gen.Int[0, Pieces.Length - 1].Select(n => Pieces[n]).Array[1, 40].Select(string.Concat).Sample(source =>
        {
            foreach (var text in new[] { ImportedText.Line(source), ImportedText.Paragraphs(source) })
            {
                text?.Plain.ShouldBe(PlainText.FromMarkup(source));
                if (text?.Marked is not { } marked) continue;
                Interlocked.Increment(ref kept);
                var parsed = Parse(marked);
                foreach (var element in parsed.QuerySelectorAll("*"))
                {
                    Markup.Elements.ShouldContain(element.LocalName);
                    Markup.Allows(element.LocalName, element.ParentElement == parsed ? null : element.ParentElement!.LocalName).ShouldBeTrue(marked);
                    element.Attributes.ShouldAllBe(attribute => Markup.AllowsAttribute(attribute.Name, attribute.Value));
                    element.NamespaceUri.ShouldBe(element.LocalName is "b" or "i" or "p" or "sub" or "sup" ? "http://www.w3.org/1999/xhtml" : "http://www.w3.org/1998/Math/MathML");
                }

                parsed.Descendants().ShouldAllBe(node => node is IElement || node.NodeType == NodeType.Text);
                parsed.InnerHtml.ShouldBe(marked);
                PlainText.Flat(parsed.TextContent).ShouldBe(PlainText.Flat(text.Plain));
                PlainText.Flat(Markup.Text(Markup.Read(marked)!)).ShouldBe(PlainText.Flat(text.Plain));
                ImportedText.Paragraphs(marked)!.Marked.ShouldBe(marked);
            }
        }, iter: 10_000);
        // Of the pieces most fit together in no way; but a sanitizer that keeps nothing would pass all of this.
        kept.ShouldBeGreaterThan(500);
    }

    [Theory]
    [InlineData("<script>alert(1)</script><i>x</i>", "alert(1) <i>x</i>")]
    [InlineData("<i onmouseover=\"alert(1)\">x</i><img src=x onerror=alert(1)>", "<i>x</i>")]
    [InlineData("<svg onload=alert(1)><i>x</i></svg>", "<i>x</i>")]
    [InlineData("<svg><style><i title=\"</style><img src onerror=alert(1)>\">y</i>", null)]
    [InlineData("<math href=\"javascript:alert(1)\"><mi xlink:href=\"javascript:alert(1)\">x</mi></math>", "<math><mi>x</mi></math>")]
    [InlineData("<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">x", null)]
    [InlineData("<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>x", null)]
    [InlineData("<math><annotation-xml encoding=\"text/html\"><style><img src onerror=alert(1)></style></annotation-xml><mi>x</mi></math>", "<math><mi>x</mi></math>")]
    [InlineData("<math><maction actiontype=\"statusline#http://x\" xlink:href=\"javascript:alert(1)\"><mi>x</mi></maction></math>", "<math><mrow><mi>x</mi></mrow></math>")]
    [InlineData("<i>a<![CDATA[<img src=x onerror=alert(1)>]]></i>", null)]
    [InlineData("<i>a<!--</i><script>alert(1)</script>-->b</i>", "<i>a b</i>")]
    [InlineData("<i>&lt;img src=x onerror=alert(1)&gt;&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;x</i>", "<i>alert(1) x</i>")]
    [InlineData("<i title=\"x>y<script>alert(1)</script>\">z</i>", null)]
    public void What_would_run_in_a_browser_is_text_or_gone(string source, string? marked)
    {
        var text = ImportedText.Line(source)!;
        if (marked is not null) text.Marked.ShouldBe(marked);
        text.Plain.ShouldBe(PlainText.FromMarkup(source));
        if (text.Marked is null) return;
        foreach (var element in Parse(text.Marked).QuerySelectorAll("*"))
        {
            Markup.Elements.ShouldContain(element.LocalName);
            element.Attributes.ShouldBeEmpty();
        }
    }

    // A parser that calls itself for every level would end the process here.
    [Theory]
    [InlineData("<i>", "</i>")]
    [InlineData("<b>", "")]
    [InlineData("<sub><i>", "</i></sub>")]
    [InlineData("<mml:mrow>", "</mml:mrow>")]
    [InlineData("</i>", "<b>")]
    [InlineData("<b><i></b>", "x")]
    [InlineData("<p><i>x", "</p>")]
    [InlineData("<mml:annotation>", "<jats:tex-math>")]
    public void Neither_depth_nor_length_holds_anything_up(string start, string end)
    {
        var nested = $"<mml:math>{string.Concat(Enumerable.Repeat(start, 10_000))}x{string.Concat(Enumerable.Repeat(end, 10_000))}</mml:math>";
        foreach (var source in new[] { nested, nested["<mml:math>".Length..] })
        {
            var text = ImportedText.Paragraphs(source)!;
            text.Plain.ShouldBe(PlainText.FromMarkup(source));
            (text.Marked?.Length ?? 0).ShouldBeLessThan(2 * source.Length);
        }
    }

    private static IElement Parse(string html)
    {
        var document = Parser.ParseDocument("<!DOCTYPE html><div></div>");
        var root = document.QuerySelector("div")!;
        root.InnerHtml = html;
        return root;
    }
}
