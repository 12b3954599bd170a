namespace BzPeer.Web;

/// <summary>
/// How long the gateway waits for services, as <c>Pages:Patience</c> says: so many times the usual. Usual is what a visitor
/// may be kept waiting; a machine that has too much to do shows whole pages late rather than pages with gaps.
/// </summary>
internal sealed record Patience(long Times)
{
    /// <summary>Cancelled after the usual time, so many times, and whenever <paramref name="also"/> is.</summary>
    public CancellationTokenSource For(TimeSpan usual, CancellationToken also)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(also);
        limit.CancelAfter(usual * Times);
        return limit;
    }
}
