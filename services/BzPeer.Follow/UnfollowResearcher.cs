using BzPeer.ServiceDefaults;
using Marten;

namespace BzPeer.Follow;

/// <summary>DELETE /api/me/following/{id}: unfollow. Always allowed; not following is not an error.</summary>
public static class UnfollowResearcher
{
    /// <summary>Unfollows, if the actor follows.</summary>
    public static IReadOnlyList<object> Decide(FollowPair pair, Guid follower, Guid followee, DateTimeOffset now) =>
        pair.FollowingSince(follower) is null ? [] : [new Unfollowed(follower, followee, now)];

    internal static void MapUnfollowResearcher(this WebApplication app) => app.MapDelete("/api/me/following/{id}", HandleAsync)
        .WithName("UnfollowResearcher").WithTags("Follow").Produces<Relationship>();

    private static async Task<IResult> HandleAsync(Guid id, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken cancellation)
    {
        var actor = http.ResearcherId();
        var pair = await FollowPair.ExecuteAsync(store, actor, id, pair => Decide(pair, actor, id, clock.Now()), cancellation);
        return Relationship.Answer(http, pair, actor, id);
    }
}
