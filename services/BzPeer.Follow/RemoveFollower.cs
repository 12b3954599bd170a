using BzPeer.ServiceDefaults;

namespace BzPeer.Follow;

/// <summary>DELETE /api/me/followers/{id}: ends that somebody follows the caller, without blocking them.</summary>
public static class RemoveFollower
{
    /// <summary>Ends the other's follow, if there is one.</summary>
    public static Decision Decide(FollowPair pair, Guid followee, DateTimeOffset now) =>
        UnfollowResearcher.Decide(pair, pair.OtherThan(followee), now);

    internal static void MapRemoveFollower(this WebApplication app) => app.MapDelete("/api/me/followers/{id}", HandleAsync)
        .WithName("RemoveFollower").WithTags("Follow").Produces<Relationship>().Produces(204);

    private static async Task<IResult> HandleAsync(Guid id, HttpContext http, FollowCommands commands, CancellationToken cancellation)
    {
        var command = new PairCommand(http.ResearcherId(), id, Decide);
        return Relationship.Answer(http, command, await commands.ExecuteAsync(command, cancellation));
    }
}
