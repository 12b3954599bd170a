using System.Diagnostics;

namespace BzPeer.Testing;

/// <summary>Waits for what becomes true by itself, and says what it last saw when it does not.</summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromMinutes(3);

    /// <summary>Asks <paramref name="read"/> again and again until the answer satisfies <paramref name="isAsExpected"/>.</summary>
    public static async Task<T> Async<T>(
        Func<CancellationToken, Task<T>> read, Func<T, bool> isAsExpected, string because, TimeSpan? within = null, CancellationToken ct = default)
    {
        var limit = within ?? DefaultLimit;
        var watch = Stopwatch.StartNew();
        var pause = TimeSpan.FromMilliseconds(10);
        object? last = "nothing";
        Exception? lastFailure = null;
        do
        {
            try
            {
                var value = await read(ct);
                (last, lastFailure) = (value, null);
                if (isAsExpected(value))
                    return value;
            }
            catch (Exception e) when (!ct.IsCancellationRequested && e is not OutOfMemoryException)
            {
                // What is still starting, or restarting, answers with failures until it does not.
                (last, lastFailure) = ($"{e.GetType().Name}: {e.Message}", e);
            }
            await Task.Delay(pause, ct);
            pause = TimeSpan.FromMilliseconds(Math.Min(200, pause.TotalMilliseconds * 1.5));
        }
        while (watch.Elapsed < limit);
        throw new TimeoutException($"Not within {limit.TotalSeconds:0.#} s: {because}. Last seen: {last ?? "null"}", lastFailure);
    }

    /// <summary>Asks until the answer is true.</summary>
    public static Task Async(Func<CancellationToken, Task<bool>> condition, string because, TimeSpan? within = null, CancellationToken ct = default) =>
        Async(condition, isTrue => isTrue, because, within, ct);

    /// <summary>Looks until the condition holds.</summary>
    public static Task Async(Func<bool> condition, string because, TimeSpan? within = null, CancellationToken ct = default) =>
        Async(_ => Task.FromResult(condition()), isTrue => isTrue, because, within, ct);
}
