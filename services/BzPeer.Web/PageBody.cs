using System.Buffers;

namespace BzPeer.Web;

/// <summary>
/// Collects what a page writes until the page itself flushes. Razor writes text synchronously, which the server refuses once its own buffer is
/// full, and hands on everything it has after each piece of markup: a hundred small packets.
/// </summary>
internal sealed class PageBody(Stream answer) : Stream
{
    private readonly ArrayBufferWriter<byte> written = new(32 * 1024);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => written.Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer) => written.Write(buffer);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        written.Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        written.Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await HandOnAsync(cancellationToken);
        await answer.FlushAsync(cancellationToken);
    }

    /// <summary>Writes what was collected to the answer, and leaves it to the answer when to send it.</summary>
    public async Task HandOnAsync(CancellationToken cancellation)
    {
        if (written.WrittenCount > 0) await answer.WriteAsync(written.WrittenMemory, cancellation);
        written.ResetWrittenCount();
    }

    /// <summary>Nothing: whoever flushes without waiting means no more than that it has been handed over.</summary>
    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
