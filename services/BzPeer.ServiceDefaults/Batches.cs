using System.Threading.Channels;

namespace BzPeer.ServiceDefaults;

/// <summary>More waits already than can be served soon: come back in a moment.</summary>
public sealed class QueueIsFull() : Exception("Too many requests wait already.");

/// <summary>
/// Gathers what arrives at the same time and applies it together: while one batch is being written the next one
/// collects, so nothing waits when idle and the batch grows with the load. Items with the same key go through the
/// same loop, in order. An item's task completes when its batch is durable, or fails with its own failure only.
/// </summary>
public sealed class Batches<T> : IAsyncDisposable
{
    private sealed record Pending(T Item, TaskCompletionSource Done);

    private readonly Channel<Pending>[] loops;
    private readonly Task[] running;
    private readonly Func<T, Guid> key;
    private readonly Func<IReadOnlyList<T>, CancellationToken, Task> apply;
    private readonly int size;
    private readonly CancellationTokenSource stopping = new();
    private volatile bool closed;
    private int underWay;

    /// <summary>
    /// Starts <paramref name="parallel"/> loops that hand at most <paramref name="size"/> items at a time to <paramref name="apply"/>. At
    /// most <paramref name="queueLength"/> items wait in each; left out, the callers have to bound them (as prefetched messages do).
    /// </summary>
    public Batches(Func<T, Guid> key, Func<IReadOnlyList<T>, CancellationToken, Task> apply, int size = 256, int parallel = 2, int queueLength = int.MaxValue)
    {
        (this.key, this.apply, this.size) = (key, apply, size);
        loops = [.. Enumerable.Range(0, parallel).Select(_ => Channel.CreateBounded<Pending>(new BoundedChannelOptions(queueLength) { SingleReader = true }))];
        running = [.. loops.Select(loop => Task.Run(() => RunAsync(loop.Reader)))];
    }

    /// <summary>Items that wait for their batch or are in it.</summary>
    public int UnderWay => underWay;

    /// <summary>Adds an item and waits until it is applied.</summary>
    /// <exception cref="QueueIsFull">As many items wait as may.</exception>
    public async Task ApplyAsync(T item, CancellationToken cancellation)
    {
        var pending = new Pending(item, new(TaskCreationOptions.RunContinuationsAsynchronously));
        var loop = loops[(uint)key(item).GetHashCode() % loops.Length];
        if (!loop.Writer.TryWrite(pending)) throw closed ? new OperationCanceledException("This process is stopping.") : new QueueIsFull();
        Interlocked.Increment(ref underWay);
        try
        {
            await pending.Done.Task.WaitAsync(cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref underWay);
        }
    }

    private async Task RunAsync(ChannelReader<Pending> reader)
    {
        var batch = new List<Pending>(size);
        while (await reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < size && reader.TryRead(out var pending)) batch.Add(pending);
            await ApplyAsync(batch);
        }
    }

    /// <summary>Halves a failed batch until the one that fails stands alone, so that it never takes its neighbours along.</summary>
    private async Task ApplyAsync(List<Pending> batch, int attempt = 1)
    {
        try
        {
            await apply([.. batch.Select(p => p.Item)], stopping.Token);
            foreach (var pending in batch) pending.Done.TrySetResult();
        }
        catch (Exception failure) when (attempt < 3 && EventStore.IsConflict(failure))
        {
            // Lost a race against a writer elsewhere: nothing is wrong with any item.
            await ApplyAsync(batch, attempt + 1);
        }
        catch (Exception failure) when (batch.Count == 1 || failure is OperationCanceledException || ExceptionToProblem.IsStoreOutage(failure))
        {
            // Alone, or nothing to do with any single item: everyone hears of it and their message comes again.
            foreach (var pending in batch) pending.Done.TrySetException(failure);
        }
        catch (Exception)
        {
            await ApplyAsync(batch[..(batch.Count / 2)]);
            await ApplyAsync(batch[(batch.Count / 2)..]);
        }
    }

    /// <summary>Finishes what was added and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        closed = true;
        foreach (var loop in loops) loop.Writer.TryComplete();
        stopping.CancelAfter(TimeSpan.FromSeconds(20));
        await Task.WhenAll(running);
        stopping.Dispose();
    }
}
