using System.Net;
using System.Net.Sockets;

namespace BzPeer.EndToEnd.Tests;

/// <summary>
/// Researchers who follow and unfollow at random, all at once, and what must come of it. Only the follower ever changes
/// an edge, and each follower does one thing after the other: so the model is right whatever the order between them.
/// </summary>
internal sealed class FollowTraffic
{
    private sealed class Actor(Guid id, HttpClient http, int seed)
    {
        public Guid Id => id;
        public HttpClient Http => http;
        public Random Random { get; } = new(seed);
        public HashSet<Guid> Following { get; } = [];
    }

    private readonly BzPeerSystem system;
    private readonly IReadOnlyList<Guid> followees;
    private readonly List<Actor> actors;
    private int acknowledged;
    private int unknown;

    public FollowTraffic(BzPeerSystem system, IReadOnlyList<Guid> followers, IReadOnlyList<Guid> followees, int seed)
    {
        (this.system, this.followees) = (system, followees);
        actors = [.. followers.Select((id, n) => new Actor(id, system.As(id), seed + n))];
        TestContext.Current.TestOutputHelper?.WriteLine($"The seed of the traffic is {seed}.");
    }

    /// <summary>Commands that were answered.</summary>
    public int Acknowledged => Volatile.Read(ref acknowledged);

    /// <summary>Commands of which the client could not know whether they happened, until it looked.</summary>
    public int Unknown => Volatile.Read(ref unknown);

    /// <summary>Every follower gives that many commands, some of them twice.</summary>
    public Task RunAsync(int commands, CancellationToken ct) => Task.WhenAll(actors.Select(async actor =>
    {
        for (var n = 0; n < commands; n++)
        {
            var followee = followees[actor.Random.Next(followees.Count)];
            if (followee == actor.Id) continue;
            var follow = actor.Random.NextDouble() < 0.6;
            for (var times = actor.Random.Next(4) == 0 ? 2 : 1; times > 0; times--)
                await CommandAsync(actor, followee, follow, ct);
        }
    }));

    private async Task CommandAsync(Actor actor, Guid followee, bool follow, CancellationToken ct)
    {
        try
        {
            using var request = new HttpRequestMessage(follow ? HttpMethod.Put : HttpMethod.Delete, $"/api/me/following/{followee}");
            using var answer = await actor.Http.SendAsync(request, ct);
            await answer.ShouldBeSuccessAsync();
            Set(actor, followee, follow);
            Interlocked.Increment(ref acknowledged);
        }
        catch (Exception e) when (IsUnknown(e, ct))
        {
            Interlocked.Increment(ref unknown);
            Set(actor, followee, await IsFollowingAsync(actor, followee, ct));
        }
    }

    /// <summary>Whether a failure leaves open what became of the command.</summary>
    public static bool IsUnknown(Exception e, CancellationToken ct) =>
        (e is HttpRequestException failed && failed.StatusCode is null or >= HttpStatusCode.InternalServerError)
        // HttpClient lets a SocketException through as it is when the other side goes while it connects.
        || e is IOException or SocketException
        || (e is TaskCanceledException && !ct.IsCancellationRequested);

    /// <summary>After an unknown outcome: what the service says once it answers again.</summary>
    private static async Task<bool> IsFollowingAsync(Actor actor, Guid followee, CancellationToken ct)
    {
        var status = await Eventually.Async(async token =>
        {
            using var answer = await actor.Http.GetAsync($"/api/me/following/{followee}", token);
            return answer.StatusCode;
        }, status => status is HttpStatusCode.NoContent or HttpStatusCode.NotFound, "the service answers again", TimeSpan.FromMinutes(3), ct);
        return status == HttpStatusCode.NoContent;
    }

    private static void Set(Actor actor, Guid followee, bool following)
    {
        if (following) actor.Following.Add(followee);
        else actor.Following.Remove(followee);
    }

    /// <summary>Waits until counts, digests, lists and cards of everybody agree with the model, all at the same time.</summary>
    public Task ShouldAgreeAsync(TimeSpan within, CancellationToken ct) => system.ShouldShowAsync(
        [.. followees.Union(actors.Select(actor => actor.Id))],
        [.. actors.SelectMany(actor => actor.Following.Select(followee => (actor.Id, followee)))], within, ct);
}
