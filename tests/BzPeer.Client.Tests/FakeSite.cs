using System.Net;
using System.Text;

namespace BzPeer.Client.Tests;

/// <summary>A site that gives prepared answers, one after the other, and keeps what it was asked.</summary>
internal sealed class FakeSite : HttpMessageHandler
{
    private readonly Queue<Func<HttpResponseMessage>> answers = [];

    public List<HttpRequestMessage> Asked { get; } = [];

    public IEnumerable<string> Paths => Asked.Select(request => request.RequestUri!.PathAndQuery);

    public FakeSite Answers(HttpStatusCode status, string type, string body, Action<HttpResponseMessage>? also = null)
    {
        answers.Enqueue(() =>
        {
            var answer = new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, type) };
            also?.Invoke(answer);
            return answer;
        });
        return this;
    }

    public FakeSite Json(string body) => Answers(HttpStatusCode.OK, "application/json", body);

    public FakeSite Problem(int status, string rule, string? retryAfter = null) => Answers(
        (HttpStatusCode)status, "application/problem+json", $$"""{"type":"https://bzpeer.org/problems/{{rule}}","title":"A title","status":{{status}},"detail":"What to do."}""",
        answer =>
        {
            if (retryAfter is not null) answer.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        });

    /// <summary>Server-sent events in pieces of so many bytes; then the connection breaks, or stays without a word.</summary>
    public FakeSite Events(string body, int bytesAtOnce = int.MaxValue, bool silent = false)
    {
        answers.Enqueue(() => new(HttpStatusCode.OK)
        {
            Content = new StreamContent(new PiecesStream(Encoding.UTF8.GetBytes(body), bytesAtOnce, silent)) { Headers = { ContentType = new("text/event-stream") } },
        });
        return this;
    }

    /// <summary>No answer at all.</summary>
    public FakeSite IsAway()
    {
        answers.Enqueue(() => throw new HttpRequestException("Connection refused"));
        return this;
    }

    public BzPeerClient Client(TimeProvider? clock = null) => new(new HttpClient(this) { BaseAddress = new("http://site.test/") }, clock);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Asked.Add(request);
        return Task.FromResult(answers.Dequeue()());
    }

    private sealed class PiecesStream(byte[] bytes, int atOnce, bool silent) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = Read(buffer.Span[..Math.Min(buffer.Length, atOnce)]);
            if (read > 0) return read;
            if (silent) await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new IOException("The connection was reset.");
        }
    }
}
