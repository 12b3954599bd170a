namespace BzPeer.Publication;

/// <summary>
/// Reads on from another stream, whose beginning can be looked at first, and refuses to go beyond a limit: whatever is
/// compressed into a few bytes, and whatever never ends, stops here.
/// </summary>
internal sealed class PeekStream(Stream inner) : ReadOnlyStream
{
    private byte[] head = [];
    private int used;
    private long total, recordEnd = long.MaxValue;

    /// <summary>Most bytes to read in all.</summary>
    public long MaxBytes { get; set; } = long.MaxValue;

    /// <summary>A record begins here; it may be as long as <see cref="JsonRecords.MaxRecordBytes"/>.</summary>
    public void BeginRecord() => recordEnd = total + JsonRecords.MaxRecordBytes;

    public async Task<bool> StartsWithAsync(byte[] bytes, CancellationToken cancellation)
    {
        await FillAsync(bytes.Length, cancellation);
        return head.AsSpan(used).StartsWith(bytes);
    }

    /// <summary>Whether the first character is that of markup.</summary>
    public async Task<bool> StartsWithMarkupAsync(CancellationToken cancellation)
    {
        await FillAsync(64, cancellation);
        var text = head.AsSpan(used);
        if (text.StartsWith("\uFEFF"u8)) text = text[3..];
        return text.TrimStart(" \t\r\n"u8).StartsWith("<"u8) || text is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..];
    }

    private async Task FillAsync(int bytes, CancellationToken cancellation)
    {
        if (head.Length >= bytes) return;
        var buffer = new byte[bytes];
        head.CopyTo(buffer, 0);
        var read = await inner.ReadAtLeastAsync(buffer.AsMemory(head.Length), bytes - head.Length, throwOnEndOfStream: false, cancellation);
        head = buffer[..(head.Length + read)];
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (used < head.Length)
        {
            var length = Math.Min(buffer.Length, head.Length - used);
            head.AsMemory(used, length).CopyTo(buffer);
            used += length;
            return Count(length);
        }

        return Count(await inner.ReadAsync(buffer, cancellationToken));
    }

    private int Count(int read)
    {
        total += read;
        if (total > MaxBytes) throw new InvalidDataException($"It expands to more than {MaxBytes:N0} bytes.");
        if (total > recordEnd) throw new InvalidDataException($"The record is larger than {JsonRecords.MaxRecordBytes:N0} bytes.");
        return read;
    }
}

/// <summary>What every stream has to say that can only be read, forwards.</summary>
internal abstract class ReadOnlyStream : Stream
{
    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
