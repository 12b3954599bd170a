using Microsoft.Extensions.Time.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.ServiceDefaults.Tests;

/// <summary>What follows from commands gives way to a crowd of them, but is never starved.</summary>
public sealed class ForegroundSpecs
{
    private readonly FakeTimeProvider clock = new();
    private readonly Foreground foreground;

    public ForegroundSpecs() => foreground = new(clock);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Lets time pass until nothing waits any more; how much it was.</summary>
    private async Task<TimeSpan> Waits(Action? meanwhile = null)
    {
        var start = clock.GetTimestamp();
        var waiting = foreground.GiveWayAsync(Ct);
        while (!waiting.IsCompleted)
        {
            meanwhile?.Invoke();
            clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(1, Ct);
        }

        return clock.GetElapsedTime(start);
    }

    [Fact]
    public async Task Few_commands_keep_nothing_waiting()
    {
        foreground.Arrived(32);
        (await Waits()).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_crowd_is_given_way_to_also_in_the_moment_between_two_batches()
    {
        foreground.Arrived(33);
        foreground.Arrived(0);
        (await Waits()).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public async Task A_crowd_that_stays_is_given_way_to_but_not_for_ever()
    {
        foreground.Arrived(100);
        (await Waits(() => foreground.Arrived(100))).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(2));
    }
}
