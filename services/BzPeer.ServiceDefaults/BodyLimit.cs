using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BzPeer.ServiceDefaults;

/// <summary>
/// Reads at most so much of a body, and then fails with 413. Kestrel's own limit does the same and closes the connection on
/// a client that is still sending, which then sees a broken pipe and never the answer. With its limit off, Kestrel reads what
/// is left of a body that nobody wants, for up to five seconds, before it closes or reuses the connection: nginx calls it a lingering close.
/// </summary>
internal sealed class BodyLimit(Stream body, long? announced) : Stream, IHttpMaxRequestBodySizeFeature
{
    private long read;

    /// <inheritdoc />
    public long? MaxRequestBodySize { get; set; } = ServiceDefaults.MaxBodyBytes;

    /// <inheritdoc />
    public bool IsReadOnly => read > 0;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Puts the limit around every body there is.</summary>
    public static Task ApplyAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false })
        {
            var limited = new BodyLimit(context.Request.Body, context.Request.ContentLength);
            context.Request.Body = limited;
            context.Features.Set<IHttpMaxRequestBodySizeFeature>(limited);
        }
        return next(context);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ThrowIfTooLarge(announced);
        var bytes = await body.ReadAsync(buffer, cancellationToken);
        ThrowIfTooLarge(read += bytes);
        return bytes;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Bodies are read asynchronously.");

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void ThrowIfTooLarge(long? bytes)
    {
        if (bytes > MaxRequestBodySize)
            throw new BadHttpRequestException($"The body is too large: at most {MaxRequestBodySize} bytes are taken.", StatusCodes.Status413PayloadTooLarge);
    }
}
