using System.Diagnostics;
using System.Net.ServerSentEvents;
using Microsoft.Extensions.Time.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>When the progress of an import is told, on a clock of the test's own.</summary>
public sealed class ImportProgressSpecs
{
    private static readonly ImportStatus Waiting = new(Guid.Empty, WorkSource.OpenAlex, "running", 0, 0, 0, 0, 0, []);
    private readonly FakeTimeProvider clock = new();
    private readonly List<DateTimeOffset> asked = [];
    private readonly CancellationTokenSource stopping = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What is told of an import that stands like this, one after the other, each time it is looked at, and then stays as it is.</summary>
    private IAsyncEnumerator<SseItem<ImportStatus>> Told(string? seen, params ImportStatus[] states) =>
        ImportProgress.FollowAsync(states[0], seen, (_, _) =>
        {
            asked.Add(clock.GetUtcNow());
            return Task.FromResult(states[Math.Min(asked.Count, states.Length - 1)]);
        }, clock, stopping.Token, Ct).GetAsyncEnumerator(Ct);

    /// <summary>The next of them, or null at the end; time goes on until it comes.</summary>
    private async Task<ImportStatus?> Next(IAsyncEnumerator<SseItem<ImportStatus>> told)
    {
        var next = told.MoveNextAsync().AsTask();
        for (var watch = Stopwatch.StartNew(); !next.IsCompleted;)
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30), "something is told");
            clock.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        return await next ? told.Current.Data : null;
    }

    [Fact]
    public async Task What_changes_is_told_once_and_looked_at_at_most_every_200_milliseconds()
    {
        var (some, end) = (Waiting with { Received = 100, Created = 100 }, Waiting with { State = "completed", Received = 100, Created = 100 });
        await using var told = Told(null, Waiting, Waiting, Waiting, some, some, end);

        (await Next(told)).ShouldBe(Waiting);
        asked.ShouldBeEmpty();
        (await Next(told)).ShouldBe(some);
        (await Next(told)).ShouldBe(end);
        (await Next(told)).ShouldBeNull();

        asked.Count.ShouldBe(5);
        asked.Zip(asked.Skip(1), (one, next) => next - one).ShouldAllBe(pause => pause >= TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public async Task A_long_silence_is_broken_by_the_same_state_again()
    {
        await using var told = Told(null, Waiting);
        await Next(told);
        var start = clock.GetUtcNow();

        (await Next(told)).ShouldBe(Waiting);

        // The gateway gives up on a stream after 100 s of silence.
        (clock.GetUtcNow() - start).ShouldBeInRange(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(90));
        asked.Count.ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task Who_has_a_state_is_told_the_next_one()
    {
        var some = Waiting with { Received = 100, Created = 100 };
        await using var told = Told("running-0", Waiting, Waiting, some);
        (await Next(told)).ShouldBe(some);
    }

    [Fact]
    public async Task Nothing_more_is_told_when_the_service_stops()
    {
        await using var told = Told(null, Waiting);
        await Next(told);
        var next = told.MoveNextAsync();
        next.IsCompleted.ShouldBeFalse();
        await stopping.CancelAsync();
        (await next).ShouldBeFalse();
    }
}
