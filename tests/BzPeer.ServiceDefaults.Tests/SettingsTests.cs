using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;

namespace BzPeer.ServiceDefaults.Tests;

/// <summary>A missing or wrong setting is named in one sentence.</summary>
public sealed class SettingsTests
{
    private static IConfiguration With(string key, string? value) =>
        new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void A_missing_setting_names_itself_and_its_environment_variable(string? value) =>
        Should.Throw<InvalidSetting>(() => With("A:B", value).Required("A:B", "what it is for")).Message
            .ShouldBe("The setting 'A:B' is missing: what it is for. Set the environment variable A__B.");

    [Theory]
    [InlineData("many")]
    [InlineData("-1")]
    [InlineData("1.5")]
    public void A_number_that_is_none_is_refused(string value) =>
        Should.Throw<InvalidSetting>(() => With("N", value).Number("N", 7)).Message.ShouldContain($"'{value}'");

    [Fact]
    public void A_number_not_set_is_the_default() => With("N", null).Number("N", 7).ShouldBe(7);
}
