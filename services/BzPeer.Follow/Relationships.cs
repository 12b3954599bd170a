using BzPeer.ServiceDefaults;

namespace BzPeer.Follow;

/// <summary>One entry for an id that was asked about.</summary>
/// <param name="NotFound">Nobody has this id, as far as this service has heard.</param>
public sealed record ListedRelationship(Guid ResearcherId, bool Following, bool FollowedBy, bool Blocking, DateTimeOffset? FollowingSince, bool NotFound);

/// <summary>GET /api/me/relationships?id=&amp;id=: what the caller and up to 100 others are to each other, in the order asked. Of somebody merged it is what the survivor is.</summary>
public static class Relationships
{
    private const int MostIds = 100;

    internal static void MapRelationships(this WebApplication app) => app.MapGet("/api/me/relationships", HandleAsync)
        .WithName("Relationships").WithTags("Follow").Produces<Page<ListedRelationship>>().ProducesProblem(422);

    private static async Task<IResult> HandleAsync(Guid[] id, HttpContext http, FollowLog log, Survivors survivors, TimeProvider clock, CancellationToken cancellation)
    {
        var ids = id.Distinct().ToArray();
        if (ids.Length > MostIds)
            return Problems.Refused("too-many-ids", "Too many ids", $"At most {MostIds} ids can be asked about at once, these are {ids.Length}.");
        if (await log.WaitAsync(http, clock) is { } problem) return problem;

        var actor = http.ResearcherId();
        var others = ids.Select(survivors.Of).Where(other => other != actor).Distinct();
        var pairs = await log.ReadAsync(others.ToDictionary(other => FollowPair.StreamId(actor, other), other => FollowPair.Strangers(actor, other)), cancellation);
        return TypedResults.Ok(new Page<ListedRelationship>([.. ids.Select(asked =>
        {
            var other = survivors.Of(asked);
            if (other == actor) return new ListedRelationship(asked, false, false, false, null, NotFound: false);
            var pair = pairs[FollowPair.StreamId(actor, other)];
            var (_, following, followedBy, blocking, since) = Relationship.Of(pair.State, actor, other);
            return new ListedRelationship(asked, following, followedBy, blocking, since, NotFound: !pair.Knows(other) && pair.State.Version == 0);
        })], Next: null));
    }
}
