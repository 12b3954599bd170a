namespace BzPeer.ServiceDefaults;

/// <summary>
/// Lets the work that follows from commands give way while many of them are under way: what people wait for comes first, and
/// counts and messages follow a little later, in larger and so cheaper pages. Never longer than <see cref="Patience"/> at a
/// time, so that nothing is starved.
/// </summary>
public sealed class Foreground
{
    /// <summary>More commands than this under way at once are a crowd. Below half of what a machine can serve there never are.</summary>
    private const int Few = 32;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Commands are answered by the batch: under load there are hundreds, none, and hundreds again, within a few milliseconds.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(50);

    private readonly TimeProvider clock;
    private long lastCrowd;

    /// <summary>Nothing is under way yet.</summary>
    public Foreground(TimeProvider clock) => (this.clock, lastCrowd) = (clock, clock.GetTimestamp() - clock.TimestampFrequency);

    /// <summary>A command arrives where so many are under way.</summary>
    public void Arrived(int underWay)
    {
        if (underWay > Few) Volatile.Write(ref lastCrowd, clock.GetTimestamp());
    }

    /// <summary>Returns at once when few commands are under way, else when the crowd is gone or patience ends.</summary>
    public async Task GiveWayAsync(CancellationToken cancellation)
    {
        for (var start = clock.GetTimestamp(); clock.GetElapsedTime(Volatile.Read(ref lastCrowd)) < Calm && clock.GetElapsedTime(start) < Patience;)
            await Task.Delay(TimeSpan.FromMilliseconds(10), clock, cancellation);
    }
}
