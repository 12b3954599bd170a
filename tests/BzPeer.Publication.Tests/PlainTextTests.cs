using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What is left of text that a store, or Unicode itself, would choke on.</summary>
public sealed class PlainTextTests
{
    [Theory]
    [InlineData("  Ada \n Lovelace ", "Ada Lovelace")]
    [InlineData("Ada\u0000Lovelace", "AdaLovelace")]
    [InlineData("Ada\uFFFELovelace", "AdaLovelace")]
    [InlineData("Ada\u202ELovelace", "AdaLovelace")]
    [InlineData("\uFFFE", null)]
    public void Whatever_is_no_text_is_dropped_and_the_rest_folds(string text, string? clean)
    {
        PlainText.Clean(text).ShouldBe(clean);
        if (clean is not null) PlainText.Fold(clean).ShouldBe(clean.ToLowerInvariant());
    }

    [Theory]
    [InlineData("TiO<sub>2</sub> at 10<jats:sup>-4</jats:sup>", "TiO₂ at 10⁻⁴")]
    [InlineData("a dose of 210 kg ha&lt;sup&gt;−1&lt;/sup&gt;", "a dose of 210 kg ha⁻¹")]
    [InlineData("<mml:math><mml:msub><mml:mi>LaSrVO</mml:mi><mml:mn>4</mml:mn></mml:msub></mml:math>: a candidate", "LaSrVO₄: a candidate")]
    [InlineData("R<sub>HI</sub> and the 4<sup>th</sup>", "RHI and the 4th")]
    [InlineData("x<sup><i>2</i></sup> <sup>2", "x2 2")]
    public void What_is_raised_or_lowered_stays_so_where_there_are_characters_for_it(string markup, string text)
    {
        PlainText.FromMarkup(markup).ShouldBe(text);
        // Found by the same words as before.
        PlainText.Fold(text).ShouldNotContain("₂");
    }
}
