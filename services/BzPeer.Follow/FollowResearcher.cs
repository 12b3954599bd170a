using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BzPeer.Follow;

/// <summary>What the caller and another researcher are to each other.</summary>
public sealed record Relationship(Guid ResearcherId, bool Following, bool FollowedBy, bool Blocking, DateTimeOffset? FollowingSince)
{
    /// <summary>The relationship of <paramref name="actor"/> to <paramref name="other"/>.</summary>
    public static Relationship Of(FollowPair pair, Guid actor, Guid other) =>
        new(other, pair.FollowingSince(actor) is not null, pair.FollowingSince(other) is not null, Blocking: false, pair.FollowingSince(actor));

    /// <summary>200 with the relationship, or 204 for a caller that prefers it; either way with the position to read from.</summary>
    internal static IResult Answer(HttpContext http, FollowPair pair, Guid actor, Guid other)
    {
        Position.Write(http, Sources.Follow, pair.Position);
        return http.Request.Headers["Prefer"].Contains("return=minimal") ? TypedResults.NoContent() : TypedResults.Ok(Of(pair, actor, other));
    }
}

/// <summary>PUT /api/me/following/{id}: follow. Repeating it changes nothing and answers the same.</summary>
public static class FollowResearcher
{
    /// <summary>Follows, unless the actor already does.</summary>
    public static IReadOnlyList<object> Decide(FollowPair pair, Guid follower, Guid followee, DateTimeOffset now) =>
        pair.FollowingSince(follower) is null ? [new Followed(follower, followee, now)] : [];

    internal static void MapFollowResearcher(this WebApplication app) => app.MapPut("/api/me/following/{id}", HandleAsync)
        .WithName("FollowResearcher").WithTags("Follow").Produces<Relationship>().ProducesProblem(404).ProducesProblem(422);

    private static async Task<IResult> HandleAsync(
        Guid id, HttpContext http, IDocumentStore store, KnownResearchers known, TimeProvider clock, CancellationToken cancellation)
    {
        var actor = http.ResearcherId();
        if (id == actor) return Problems.Refused("self-follow", "Nobody follows themselves", "Name another researcher's id.");
        if (!await known.ContainsSoonAsync(id, cancellation)) return Problems.UnknownResearcher(id);

        var pair = await FollowPair.ExecuteAsync(store, actor, id, pair => Decide(pair, actor, id, clock.Now()), cancellation);
        return Relationship.Answer(http, pair, actor, id);
    }
}
