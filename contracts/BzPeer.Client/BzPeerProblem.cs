using System.Net.Http.Headers;
using System.Text.Json;

namespace BzPeer.Client;

/// <summary>An answer that is not a success, as the API explains it (problem details, RFC 9457).</summary>
public class BzPeerProblem : Exception
{
    internal BzPeerProblem(int status, string rule, string title, string? detail, TimeSpan? retryAfter)
        : base(detail is null ? $"{title} ({status})" : $"{title} ({status}): {detail}") =>
        (Status, Rule, Title, Detail, RetryAfter) = (status, rule, title, detail, retryAfter);

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>Names the failed rule, the last part of the problem's type: <c>unknown-researcher</c>, <c>not-there-yet</c>. Stable, to decide by.</summary>
    public string Rule { get; }

    /// <summary>The rule in words.</summary>
    public string Title { get; }

    /// <summary>What is wrong with this request and what to do, or null.</summary>
    public string? Detail { get; }

    /// <summary>When to ask again, where the service says so.</summary>
    public TimeSpan? RetryAfter { get; }

    internal static async Task<BzPeerProblem> ReadAsync(HttpResponseMessage answer, TimeProvider clock, CancellationToken cancellation)
    {
        var (status, retryAfter) = ((int)answer.StatusCode, In(answer.Headers.RetryAfter, clock));
        Body? body = null;
        if (answer.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            try
            {
                body = JsonSerializer.Deserialize<Body>(await answer.Content.ReadAsStringAsync(cancellation), JsonSerializerOptions.Web);
            }
            catch (JsonException)
            {
                // Something on the way answered in its own words: the status says what there is to say.
            }
        }

        var rule = body?.Type?[(body.Type.LastIndexOf('/') + 1)..] ?? "error";
        var title = body?.Title ?? answer.ReasonPhrase ?? "Error";
        return rule == "cursor-too-old" ? new CursorTooOld(title, body?.Detail) : new BzPeerProblem(status, rule, title, body?.Detail, retryAfter);
    }

    private static TimeSpan? In(RetryConditionHeaderValue? header, TimeProvider clock) => header switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > clock.GetUtcNow() => date - clock.GetUtcNow(),
        { Date: not null } => TimeSpan.Zero,
        _ => null,
    };

    private sealed record Body(string? Type, string? Title, string? Detail);
}

/// <summary>
/// The log no longer keeps what comes next after the position asked for. Whoever reads on from the beginning of what is kept
/// (<c>after: null</c>) misses events in between: begin anew from an export, or from nothing.
/// </summary>
public sealed class CursorTooOld : BzPeerProblem
{
    internal CursorTooOld(string title, string? detail) : base(400, "cursor-too-old", title, detail, retryAfter: null)
    {
    }
}
