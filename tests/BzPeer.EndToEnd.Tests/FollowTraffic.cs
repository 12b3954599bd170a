using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

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

    private static bool IsUnknown(Exception e, CancellationToken ct) =>
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
        }, status => status is HttpStatusCode.NoContent or HttpStatusCode.NotFound, "the service answers again", TimeSpan.FromSeconds(60), ct);
        return status == HttpStatusCode.NoContent;
    }

    private static void Set(Actor actor, Guid followee, bool following)
    {
        if (following) actor.Following.Add(followee);
        else actor.Following.Remove(followee);
    }

    /// <summary>Waits until counts, digests, lists and cards of everybody agree with the model, all at the same time.</summary>
    public Task ShouldAgreeAsync(TimeSpan within, CancellationToken ct) =>
        Eventually.Async(DifferencesAsync, differences => differences.Length == 0, "counts, digests, lists and cards agree with the model", within, ct);

    private async Task<string> DifferencesAsync(CancellationToken ct)
    {
        var following = actors.ToDictionary(actor => actor.Id, actor => actor.Following);
        var differences = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(followees.Union(following.Keys), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ct }, async (id, token) =>
        {
            var counts = await system.Http.FollowCountsAsync(id, token);
            var card = await system.Http.CardAsync(id, token);
            Compare("followers", actors.Where(actor => actor.Following.Contains(id)).Select(actor => actor.Id).ToHashSet(), counts.Followers, card.Counts.Followers,
                await system.Http.ReadAllAsync<Listed>($"/api/researchers/{id}/followers", 7, token));
            Compare("following", following.GetValueOrDefault(id, []), counts.Following, card.Counts.Following,
                await system.Http.ReadAllAsync<Listed>($"/api/researchers/{id}/following", 7, token));

            void Compare(string what, HashSet<Guid> model, ProvenCount count, long onCard, List<Listed> list)
            {
                var listed = list.Select(entry => entry.ResearcherId).ToList();
                if (!model.SetEquals(listed) || listed.Count != model.Count) Differ($"the list has {listed.Count}");
                if (count.Value != model.Count) Differ($"the count says {count.Value}");
                if (count.Digest != DigestOf(listed)) Differ("the digest is not that of the list");
                if (onCard != model.Count) Differ($"the card says {onCard}");

                void Differ(string how) => differences.Add($"{what} of {id}: the model has {model.Count}, {how}");
            }
        });
        return string.Join('\n', differences.Order().Take(10));
    }

    /// <summary>XOR of the SHA-256 of each id's lower-case text.</summary>
    public static string DigestOf(IEnumerable<Guid> ids)
    {
        var digest = new byte[32];
        foreach (var id in ids)
        {
            var hash = SHA256.HashData(Encoding.ASCII.GetBytes(id.ToString("D")));
            for (var n = 0; n < digest.Length; n++) digest[n] ^= hash[n];
        }

        return Convert.ToHexStringLower(digest);
    }
}
