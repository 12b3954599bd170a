using BzPeer.Contracts;
using BzPeer.ServiceDefaults;

namespace BzPeer.Follow;

/// <summary>Whom to follow and whom to unfollow.</summary>
public sealed record FollowManyRequest(IReadOnlyList<Guid>? Follow, IReadOnlyList<Guid>? Unfollow);

/// <summary>What became of each id; every id asked about stands in exactly one of the lists.</summary>
/// <param name="Followed">Followed now.</param>
/// <param name="AlreadyFollowing">Followed before.</param>
/// <param name="Unfollowed">Not followed any more.</param>
/// <param name="NotFollowing">Not followed before either.</param>
/// <param name="NotFound">Nobody has this id.</param>
/// <param name="Refused">Blocked by one of the two, the caller's own id, or beyond the caller's limit.</param>
public sealed record FollowManyAnswer(
    IReadOnlyList<Guid> Followed, IReadOnlyList<Guid> AlreadyFollowing, IReadOnlyList<Guid> Unfollowed,
    IReadOnlyList<Guid> NotFollowing, IReadOnlyList<Guid> NotFound, IReadOnlyList<Guid> Refused);

/// <summary>
/// POST /api/me/following/batch: up to 1,000 follows and unfollows; what fails for one id leaves the others alone. Somebody merged is followed
/// as the survivor, and answered for by the id that was sent.
/// </summary>
public static class FollowMany
{
    private const int MostIds = 1_000;

    private enum Bucket { Followed, AlreadyFollowing, Unfollowed, NotFollowing, NotFound, Refused }

    internal static void MapFollowMany(this WebApplication app) => app.MapPost("/api/me/following/batch", HandleAsync)
        .WithName("FollowMany").WithTags("Follow").Produces<FollowManyAnswer>().ProducesProblem(422).ProducesProblem(429);

    private static async Task<IResult> HandleAsync(FollowManyRequest request, HttpContext http, FollowCommands commands, FollowLimits limits, KnownResearchers known, Survivors survivors, CancellationToken cancellation)
    {
        var (follow, unfollow) = ((request.Follow ?? []).Distinct().ToArray(), (request.Unfollow ?? []).Distinct().ToArray());
        if (follow.Length + unfollow.Length > MostIds)
            return Problems.Refused("batch-too-large", "Too many at once", $"A batch has at most {MostIds} ids, this one has {follow.Length + unfollow.Length}. Send several.");
        if (follow.Select(survivors.Of).Intersect(unfollow.Select(survivors.Of)).ToArray() is [var both, ..])
            return Problems.Refused("contradiction", "Follow and unfollow at once", $"{both} stands in both lists, by this id or that of somebody merged. Name it in one of them.");

        var actor = http.ResearcherId();
        var others = follow.Where(id => survivors.Of(id) != actor).ToArray();
        var position = 0L;
        return await limits.RunAsync(http, others.Length, async granted =>
        {
            var outcomes = await Task.WhenAll([
                .. others.Take(granted).Select(async id => (Id: id, Bucket: await FollowAsync(id))),
                .. unfollow.Select(async id => (Id: id, Bucket: await UnfollowAsync(id)))]);
            // Those not heard of yet are waited for together, like one alone.
            var unknown = outcomes.Where(outcome => outcome.Bucket == Bucket.NotFound).Select(outcome => survivors.Of(outcome.Id)).ToArray();
            var arrived = await known.ArriveSoonAsync(unknown, cancellation);
            if (arrived.Count > 0)
                outcomes = await Task.WhenAll(outcomes.Select(async outcome =>
                    outcome.Bucket == Bucket.NotFound && arrived.Contains(survivors.Of(outcome.Id)) ? (outcome.Id, await FollowAsync(outcome.Id)) : outcome));
            var refused = others.Skip(granted).Concat(follow.Where(id => survivors.Of(id) == actor));

            Position.Write(http, Sources.Follow, position);
            IReadOnlyList<Guid> In(Bucket bucket) => [.. outcomes.Where(outcome => outcome.Bucket == bucket).Select(outcome => outcome.Id)];
            var answer = new FollowManyAnswer(
                In(Bucket.Followed), In(Bucket.AlreadyFollowing), In(Bucket.Unfollowed), In(Bucket.NotFollowing), In(Bucket.NotFound), [.. In(Bucket.Refused), .. refused]);
            return (TypedResults.Ok(answer), answer.Followed.Count);
        });

        async Task<Bucket> FollowAsync(Guid id)
        {
            var outcome = await commands.ExecuteAsync(new(actor, survivors.Of(id), FollowResearcher.Decide, Requires.Registered), cancellation);
            return outcome switch
            {
                { IsKnown: false } => Bucket.NotFound,
                { Refusal: not null } => Bucket.Refused,
                _ => At(outcome, Bucket.Followed, Bucket.AlreadyFollowing),
            };
        }

        async Task<Bucket> UnfollowAsync(Guid id) => survivors.Of(id) == actor
            ? Bucket.NotFollowing
            : At(await commands.ExecuteAsync(new(actor, survivors.Of(id), UnfollowResearcher.Decide), cancellation), Bucket.Unfollowed, Bucket.NotFollowing);

        Bucket At(PairOutcome outcome, Bucket changed, Bucket unchanged)
        {
            Interlocked.Exchange(ref position, Math.Max(Interlocked.Read(ref position), outcome.Pair.Position));
            return outcome.Changed ? changed : unchanged;
        }
    }
}
