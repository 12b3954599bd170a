using Shouldly;
using Xunit;

namespace BzPeer.ServiceDefaults.Tests;

/// <summary>What arrives together is applied together, and a bad item fails alone.</summary>
public sealed class BatchesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Items_that_arrive_while_a_batch_is_written_go_together_in_order()
    {
        var written = new List<int[]>();
        var gate = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        await using var batches = new Batches<int>(_ => Guid.Empty, async (items, _) =>
        {
            written.Add([.. items]);
            started.TrySetResult();
            await gate.Task;
        }, size: 3, parallel: 1);

        var first = batches.ApplyAsync(1, Ct);
        await started.Task;
        var rest = new[] { 2, 3, 4, 5 }.Select(item => batches.ApplyAsync(item, Ct)).ToList();
        gate.SetResult();
        await Task.WhenAll([first, .. rest]);
        written.ShouldBe([[1], [2, 3, 4], [5]]);
    }

    [Fact]
    public async Task A_poison_item_fails_alone()
    {
        var applied = new HashSet<int>();
        var gate = new TaskCompletionSource();
        await using var batches = new Batches<int>(_ => Guid.Empty, async (items, _) =>
        {
            await gate.Task;
            if (items.Contains(13)) throw new InvalidOperationException("13");
            lock (applied) applied.UnionWith(items);
        }, parallel: 1);

        var all = Enumerable.Range(0, 40).Select(item => (Item: item, Task: batches.ApplyAsync(item, Ct))).ToList();
        gate.SetResult();
        foreach (var (item, task) in all)
        {
            if (item == 13) await task.ShouldThrowAsync<InvalidOperationException>();
            else await task;
        }

        applied.ShouldBe(Enumerable.Range(0, 40).Where(item => item != 13), ignoreOrder: true);
    }

    [Fact]
    public async Task An_outage_fails_everybody_at_once_instead_of_being_tried_in_halves()
    {
        var calls = 0;
        await using var batches = new Batches<int>(_ => Guid.Empty, (_, _) =>
        {
            Interlocked.Increment(ref calls);
            throw new TimeoutException();
        }, parallel: 1);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(item => batches.ApplyAsync(item, Ct).ShouldThrowAsync<TimeoutException>()));
        calls.ShouldBeLessThanOrEqualTo(20);
    }
}
