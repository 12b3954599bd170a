using System.Security.Cryptography;

namespace BzPeer.EndToEnd.Tests;

public sealed class TraceTests(RunningSystem running)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_follow_is_one_trace_from_the_request_to_the_card()
    {
        var people = await running.System.RegisterAsync(2, Stop);
        var (trace, caller) = (NewId(16), NewId(8));
        using var follow = new HttpRequestMessage(HttpMethod.Put, $"/api/me/following/{people[1]}") { Headers = { { "traceparent", $"00-{trace}-{caller}-01" } } };

        (await running.System.As(people[0]).SendAsync(follow, Stop)).EnsureSuccessStatusCode();

        // From the gateway and the service, through the event and its relay, over the broker, to the consumer that writes the card.
        var spans = await Eventually.Async(() => running.Traces.Of(trace), spans =>
            Has(spans, "bzpeer-web", "PUT") && Has(spans, "bzpeer-follow", "PUT")
            && Has(spans, "bzpeer-follow", "relay followed") && Has(spans, "bzpeer-follow", "relay follow_counts_changed") && Has(spans, "bzpeer-follow", "FollowerCountChanged send")
            && Has(spans, "bzpeer-profile", "receive") && Has(spans, "bzpeer-profile", "process")
            // Every span hangs on another one of the trace; the processes send theirs when they get to it.
            && Loose(spans).Count == 0);
        Loose(spans).ShouldBeEmpty();

        List<Span> Loose(IReadOnlyList<Span> spans)
        {
            var ids = spans.Select(span => span.Id).Append(caller).ToHashSet();
            return [.. spans.Where(span => !ids.Contains(span.ParentId))];
        }
    }

    [Fact]
    public async Task A_published_work_is_one_trace_from_the_request_to_the_trust_on_the_card()
    {
        var author = (await running.System.RegisterAsync(1, Stop))[0];
        var trace = NewId(16);
        var curator = running.System.AsCurator();
        curator.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-{NewId(8)}-01");

        await curator.PublishAsync("Traced", [author], Stop);

        await Eventually.Async(() => running.Traces.Of(trace), spans =>
            Has(spans, "bzpeer-publication", "POST") && Has(spans, "bzpeer-publication", "BibliographyChanged send")
            && Has(spans, "bzpeer-trust", "process") && Has(spans, "bzpeer-trust", "TrustRecalculated send")
            && Has(spans, "bzpeer-profile", "process"));
    }

    private static bool Has(IReadOnlyList<Span> spans, string service, string name) =>
        spans.Any(span => span.Service == service && span.Name.Contains(name, StringComparison.Ordinal));

    private static string NewId(int bytes) => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(bytes));

    private static class Eventually
    {
        public static Task<T> Async<T>(Func<T> read, Func<T, bool> isAsExpected) =>
            Testing.Eventually.Async(_ => Task.FromResult(read()), isAsExpected, "the trace is whole", Patience, Stop);
    }
}
