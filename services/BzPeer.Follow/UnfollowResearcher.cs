using BzPeer.ServiceDefaults;

namespace BzPeer.Follow;

/// <summary>DELETE /api/me/following/{id}: unfollow. Always allowed; not following is not an error.</summary>
public static class UnfollowResearcher
{
    /// <summary>Unfollows, if the actor follows.</summary>
    public static Decision Decide(FollowPair pair, Guid follower, DateTimeOffset now) =>
        pair.FollowingSince(follower) is null
            ? Decision.Nothing
            : Decision.Of(new Unfollowed(follower, pair.OtherThan(follower), now));

    internal static void MapUnfollowResearcher(this WebApplication app) => app.MapDelete("/api/me/following/{id}", HandleAsync)
        .WithName("UnfollowResearcher").WithTags("Follow").Produces<Relationship>().Produces(204);

    private static async Task<IResult> HandleAsync(Guid id, HttpContext http, FollowCommands commands, CancellationToken cancellation)
    {
        var command = new PairCommand(http.ResearcherId(), id, Decide);
        return Relationship.Answer(http, command, await commands.ExecuteAsync(command, cancellation));
    }
}
