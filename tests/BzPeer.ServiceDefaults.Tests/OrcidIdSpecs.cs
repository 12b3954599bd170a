using Shouldly;
using Xunit;

namespace BzPeer.ServiceDefaults.Tests;

/// <summary>Which texts are ORCID iDs.</summary>
public sealed class OrcidIdSpecs
{
    [Theory]
    [InlineData("0000-0002-1825-0097", "0000-0002-1825-0097")]
    [InlineData("https://orcid.org/0000-0002-1825-0097", "0000-0002-1825-0097")]
    [InlineData("000000021694233x", "0000-0002-1694-233X")]
    [InlineData("0000-0002-1825-0098", null)]
    [InlineData("0000-0002-1825-009X", null)]
    [InlineData("0000-0002-1825", null)]
    [InlineData(null, null)]
    public void An_ORCID_iD_has_the_right_check_digit(string? text, string? orcid) => OrcidId.Read(text).ShouldBe(orcid);
}
