using BzPeer.Local;
using Shouldly;
using Xunit;

namespace BzPeer.Provisioning.Tests;

public sealed class WarningsTests
{
    private readonly Warnings warnings = new() { On = true };

    [Theory]
    [InlineData("2026-01-02 03:04:05.678 warn: Relay[3] The broker is away", "follow: warn: Relay[3] The broker is away")]
    [InlineData("2026-01-02 03:04:05.678 fail: Relay[3] The broker is away", "follow: fail: Relay[3] The broker is away")]
    [InlineData("2026-01-02 03:04:05.678 info: Relay[3] I warn: nobody", null)]
    [InlineData("   at Somewhere.In.AStackTrace()", null)]
    public void Warnings_and_failures_are_picked_out(string line, string? shown) => warnings.Pick("follow", line).ShouldBe(shown);

    [Fact]
    public void The_same_warning_with_other_numbers_is_shown_once_per_service()
    {
        warnings.Pick("follow", "2026-01-02 03:04:05.678 warn: Slow after 12.5 ms").ShouldNotBeNull();
        warnings.Pick("follow", "2026-01-02 03:04:06.678 warn: Slow after 13 ms").ShouldBeNull();
        warnings.Pick("trust", "2026-01-02 03:04:06.678 warn: Slow after 13 ms").ShouldNotBeNull();
    }

    [Fact]
    public void Nothing_is_shown_while_services_start_and_stop()
    {
        warnings.On = false;

        warnings.Pick("follow", "2026-01-02 03:04:05.678 warn: The broker is away").ShouldBeNull();
    }
}
