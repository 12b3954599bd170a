using System.Collections.Concurrent;
using System.Globalization;
using BzPeer.ServiceDefaults;

namespace BzPeer.Follow;

/// <summary>
/// How many follows an actor may make in a day and in a minute (<c>Follow:DailyLimit</c>, default 400, and
/// <c>Follow:BurstPerMinute</c>, default 200; 0 switches one off). Exact sliding windows, in the memory of one instance: a limit
/// against abuse that a restart forgives, not an account. Curators have none. Answers carry <c>RateLimit-Policy</c> and
/// <c>RateLimit</c> (draft-ietf-httpapi-ratelimit-headers-10).
/// </summary>
public sealed class FollowLimits
{
    private sealed record Window(string Name, long Limit, TimeSpan Length);

    private const int RequestsBetweenSweeps = 10_000;

    private readonly TimeProvider clock;
    private readonly Window[] windows;
    private readonly string policy;
    private readonly TimeSpan longest;

    /// <summary>When each actor followed, oldest first, within the longest window.</summary>
    private readonly ConcurrentDictionary<Guid, List<DateTimeOffset>> ticks = [];
    private int untilSweep = RequestsBetweenSweeps;

    /// <summary>Limits of so many follows; 0 is none.</summary>
    public FollowLimits(long perDay, long perMinute, TimeProvider clock)
    {
        this.clock = clock;
        Window[] all = [new("day", perDay, TimeSpan.FromDays(1)), new("minute", perMinute, TimeSpan.FromMinutes(1))];
        windows = [.. all.Where(window => window.Limit > 0)];
        longest = windows.Select(window => window.Length).DefaultIfEmpty().Max();
        policy = string.Join(", ", windows.Select(window => string.Create(CultureInfo.InvariantCulture, $"\"{window.Name}\";q={window.Limit};w={window.Length.TotalSeconds}")));
    }

    /// <summary>Reads the settings.</summary>
    public static FollowLimits From(IConfiguration configuration, TimeProvider clock) =>
        new(configuration.Number("Follow:DailyLimit", 400), configuration.Number("Follow:BurstPerMinute", 200), clock);

    /// <summary>
    /// Takes up to <paramref name="wanted"/> follows out of the caller's windows and runs <paramref name="follow"/> with as many as there are;
    /// those that stored nothing (it answers how many did) are given back. 429 when there is none, unless what is asked for <paramref name="stands"/>
    /// already: then that is the answer.
    /// </summary>
    public async Task<IResult> RunAsync(HttpContext http, int wanted, Func<int, Task<(IResult Answer, int Stored)>> follow, Func<Task<IResult?>>? stands = null)
    {
        if (windows.Length == 0 || http.IsCurator() || wanted == 0) return (await follow(wanted)).Answer;

        var actor = http.ResearcherId();
        var granted = Take(actor, wanted);
        if (granted == 0) return (stands is null ? null : await stands()) ?? Exceeded(http, actor);

        var stored = 0;
        try
        {
            (var answer, stored) = await follow(granted);
            return answer;
        }
        finally
        {
            GiveBack(actor, granted - stored);
            WriteHeaders(http, actor);
        }
    }

    private int Take(Guid actor, int wanted) => With(actor, (own, now) =>
    {
        var granted = (int)Math.Clamp(windows.Min(window => Left(window, own, now)), 0, wanted);
        own.AddRange(Enumerable.Repeat(now, granted));
        return granted;
    });

    private void GiveBack(Guid actor, int count) => With(actor, (own, _) =>
    {
        own.RemoveRange(own.Count - Math.Min(count, own.Count), Math.Min(count, own.Count));
        return 0;
    });

    private IResult Exceeded(HttpContext http, Guid actor)
    {
        var wait = WriteHeaders(http, actor);
        http.Response.Headers.RetryAfter = Seconds(wait);
        return Problems.Of(429, "too-many-follows", "Too many follows", $"You may follow {string.Join(" and ", windows.Select(window => $"{window.Limit} a {window.Name}"))}. Come back in {Seconds(wait)} s.");
    }

    /// <summary>What is left of the window with the least left, and how long until it has more.</summary>
    private TimeSpan WriteHeaders(HttpContext http, Guid actor)
    {
        var (window, left, wait) = With(actor, (own, now) => windows
            .Select(window => (window, Left: Left(window, own, now), Wait: own.FirstOrDefault(tick => tick > now - window.Length) is { } first && first != default ? first + window.Length - now : window.Length))
            .MinBy(state => state.Left));
        http.Response.Headers["RateLimit-Policy"] = policy;
        http.Response.Headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"{window.Name}\";r={Math.Max(left, 0)};t={Seconds(wait)}");
        return wait;
    }

    private static long Left(Window window, List<DateTimeOffset> own, DateTimeOffset now) => window.Limit - own.Count(tick => tick > now - window.Length);

    private static string Seconds(TimeSpan wait) => Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private T With<T>(Guid actor, Func<List<DateTimeOffset>, DateTimeOffset, T> look)
    {
        var now = clock.GetUtcNow();
        if (Interlocked.Decrement(ref untilSweep) == 0) Sweep(now);
        while (true)
        {
            var own = ticks.GetOrAdd(actor, _ => []);
            lock (own)
            {
                // Swept between finding and locking it: the one that stands there now counts.
                if (!ticks.TryGetValue(actor, out var current) || !ReferenceEquals(own, current)) continue;
                own.RemoveAll(tick => tick <= now - longest);
                return look(own, now);
            }
        }
    }

    /// <summary>Forgets actors that have not followed for as long as counts.</summary>
    private void Sweep(DateTimeOffset now)
    {
        foreach (var (actor, own) in ticks)
            lock (own)
                if (own.Count == 0 || own[^1] <= now - longest) ticks.TryRemove(actor, out _);
        Interlocked.Exchange(ref untilSweep, RequestsBetweenSweeps);
    }
}
