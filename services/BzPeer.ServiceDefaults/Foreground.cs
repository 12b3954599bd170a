namespace BzPeer.ServiceDefaults;

/// <summary>
/// Lets the work that follows from commands give way while many of them are under way: what people wait for comes first, and
/// counts and messages follow a little later, in larger and so cheaper pages. Never longer than <see cref="Patience"/> at a
/// time, so that nothing is starved.
/// </summary>
public sealed class Foreground
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>Answers how many commands are under way now; 0 where nothing counts them.</summary>
    public Func<int> UnderWay { get; set; } = () => 0;

    /// <summary>Returns at once when few commands are under way, else when they are or patience ends.</summary>
    public async Task GiveWayAsync(TimeProvider clock, CancellationToken cancellation)
    {
        const int few = 32;
        for (var start = clock.GetTimestamp(); UnderWay() > few && clock.GetElapsedTime(start) < Patience;)
            await Task.Delay(TimeSpan.FromMilliseconds(10), clock, cancellation);
    }
}
