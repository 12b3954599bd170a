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
}
