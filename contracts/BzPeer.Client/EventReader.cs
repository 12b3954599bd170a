using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace BzPeer.Client;

/// <summary>
/// Reads the event log from a position on and follows it, for as long as it is let: what there is, then what comes, each event once and in order.
/// When the connection breaks or the service is away it goes on after the last event it gave.
/// </summary>
/// <remarks>
/// Where it is, the caller says: keep <see cref="ReceivedEvent.Position"/> in the same transaction as what the event led to, and begin there the
/// next time. Then every event has its effect once, whatever ends the process in between.
/// </remarks>
/// <param name="client">The site. Its token must last, or be renewed by a handler of its <see cref="HttpClient"/>.</param>
/// <param name="filter">Which events; null for all.</param>
public sealed class EventReader(BzPeerClient client, EventFilter? filter = null)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>The connection is taken for dead after this long without a byte. The service says something every 15 s.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Told each time the connection broke, with the reason, before it is opened again.</summary>
    public Action<Exception>? Broken { get; init; }

    /// <summary>The events after a position, one by one, without end.</summary>
    /// <param name="after">The position of the last event you have, or null for the beginning of what is kept.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="CursorTooOld">What comes next is no longer kept.</exception>
    /// <exception cref="BzPeerProblem">The service refuses, and would again: the token, the filter.</exception>
    public async IAsyncEnumerable<ReceivedEvent> ReadAsync(long? after, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        for (var pause = FirstPause; ; pause = Longer(pause))
        {
            await using var events = client.FollowEventsAsync(after, filter, Silence, cancellation).GetAsyncEnumerator(cancellation);
            Exception broken;
            for (; ; )
            {
                try
                {
                    if (!await events.MoveNextAsync())
                    {
                        broken = new IOException("The service ended the connection.");
                        break;
                    }
                }
                catch (Exception e) when (IsPassing(e) && !cancellation.IsCancellationRequested)
                {
                    broken = e;
                    break;
                }

                // A connection that was replaced on the way may have something left to say.
                if (events.Current.Position <= after) continue;
                (after, pause) = (events.Current.Position, FirstPause);
                yield return events.Current;
            }

            Broken?.Invoke(broken);
            await Task.Delay(broken is BzPeerProblem { RetryAfter: { } asked } && asked > pause ? asked : pause, client.Clock, cancellation);
        }
    }

    /// <summary>As <see cref="ReadAsync"/>, but what has arrived together comes together: one transaction for many.</summary>
    /// <param name="after">The position of the last event you have, or null for the beginning of what is kept.</param>
    /// <param name="most">At most how many together.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="CursorTooOld">What comes next is no longer kept.</exception>
    public async IAsyncEnumerable<IReadOnlyList<ReceivedEvent>> ReadBatchesAsync(long? after, int most = 1_000, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var arrived = Channel.CreateBounded<ReceivedEvent>(new BoundedChannelOptions(most) { SingleReader = true, SingleWriter = true });
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = FillAsync(arrived.Writer, after, ending.Token);
        try
        {
            while (await arrived.Reader.WaitToReadAsync(cancellation))
            {
                var together = new List<ReceivedEvent>();
                while (together.Count < most && arrived.Reader.TryRead(out var e)) together.Add(e);
                yield return together;
            }
        }
        finally
        {
            await ending.CancelAsync();
            await reading;
        }
    }

    /// <summary>What ends it reaches whoever reads the channel.</summary>
    private async Task FillAsync(ChannelWriter<ReceivedEvent> arrived, long? after, CancellationToken cancellation)
    {
        try
        {
            await foreach (var e in ReadAsync(after, cancellation)) await arrived.WriteAsync(e, cancellation);
        }
        catch (Exception e)
        {
            arrived.TryComplete(e);
        }
    }

    /// <summary>Whether it may be over the next time: the network, a gateway without a service behind it, too many requests.</summary>
    private static bool IsPassing(Exception e) => e switch
    {
        BzPeerProblem problem => problem.Status is 408 or 429 or >= 500,
        HttpRequestException { StatusCode: { } status } => status >= HttpStatusCode.InternalServerError,
        HttpRequestException or IOException or TimeoutException => true,
        // The time-out of the HttpClient.
        TaskCanceledException => true,
        _ => false,
    };

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;
}

/// <summary>A stream that ends with an exception when nothing comes for a while: a peer that is gone without a word would be waited for for ever.</summary>
internal sealed class AttentiveStream(Stream inner, TimeSpan silence) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(silence);
        try
        {
            return await inner.ReadAsync(buffer, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"Nothing came for {silence.TotalSeconds:0} s.");
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
