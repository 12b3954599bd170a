using BzPeer.ServiceDefaults;

namespace BzPeer.Follow;

/// <summary>PUT /api/me/following/{id}: follow. Repeating it changes nothing and answers the same.</summary>
public static class FollowResearcher
{
    /// <summary>Follows, unless the actor already does; refused while either blocks the other.</summary>
    public static Decision Decide(FollowPair pair, Guid follower, DateTimeOffset now) => pair switch
    {
        _ when pair.From(follower).BlocksSince is not null => Refusal.YouBlock,
        _ when pair.Towards(follower).BlocksSince is not null => Refusal.Blocked,
        _ when pair.FollowingSince(follower) is not null => Decision.Nothing,
        _ => Decision.Of(new Followed(follower, pair.OtherThan(follower), now)),
    };

    internal static void MapFollowResearcher(this WebApplication app) => app.MapPut("/api/me/following/{id}", HandleAsync)
        .WithName("FollowResearcher").WithTags("Follow").Produces<Relationship>().Produces(204).ProducesProblem(403).ProducesProblem(404).ProducesProblem(422).ProducesProblem(429);

    private static async Task<IResult> HandleAsync(
        Guid id, HttpContext http, FollowCommands commands, FollowLimits limits, KnownResearchers known, CancellationToken cancellation)
    {
        var actor = http.ResearcherId();
        if (id == actor) return Relationship.WithOneself("self-follow", "Nobody follows themselves");

        return await limits.RunAsync(http, 1, async _ =>
        {
            var command = new PairCommand(actor, id, Decide, Requires.Registered);
            var outcome = await commands.ExecuteAsync(command, cancellation);
            if (!outcome.IsKnown && (await known.ArriveSoonAsync([id], cancellation)).Count > 0) outcome = await commands.ExecuteAsync(command, cancellation);
            return (Relationship.Answer(http, command, outcome), outcome.Changed ? 1 : 0);
        }, stands: async () =>
        {
            var look = new PairCommand(actor, id, (_, _, _) => Decision.Nothing);
            var outcome = await commands.ExecuteAsync(look, cancellation);
            return outcome.Pair.FollowingSince(actor) is null ? null : Relationship.Answer(http, look, outcome);
        });
    }
}
