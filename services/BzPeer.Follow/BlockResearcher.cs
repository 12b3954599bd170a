using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Follow;

/// <summary>
/// PUT and DELETE /api/me/blocks/{id}: a block severs both edges in the same decision and refuses the next follow of either side.
/// Lifting it brings nothing back. GET /api/me/blocks: whom the caller blocks, newest first.
/// </summary>
public static class BlockResearcher
{
    /// <summary>Ends what they are to each other, then blocks. A block that stands already changes nothing.</summary>
    public static Decision Decide(FollowPair pair, Guid blocker, DateTimeOffset now)
    {
        if (pair.From(blocker).BlocksSince is not null) return Decision.Nothing;

        var blocked = pair.OtherThan(blocker);
        return Decision.Of([
            .. UnfollowResearcher.Decide(pair, blocker, now).Events,
            .. UnfollowResearcher.Decide(pair, blocked, now).Events,
            new Blocked(blocker, blocked, now)]);
    }

    /// <summary>Lifts the block, if there is one.</summary>
    public static Decision DecideToUnblock(FollowPair pair, Guid blocker, DateTimeOffset now) =>
        pair.From(blocker).BlocksSince is null ? Decision.Nothing : Decision.Of(new Unblocked(blocker, pair.OtherThan(blocker), now));

    internal static void MapBlockResearcher(this WebApplication app)
    {
        app.MapPut("/api/me/blocks/{id}", BlockAsync)
            .WithName("BlockResearcher").WithTags("Follow").Produces<Relationship>().Produces(204).ProducesProblem(404).ProducesProblem(422);
        app.MapDelete("/api/me/blocks/{id}", UnblockAsync).WithName("UnblockResearcher").WithTags("Follow").Produces<Relationship>().Produces(204);
        app.MapGet("/api/me/blocks", ListAsync).WaitsForPosition(Sources.Follow).WithName("ListBlocks").WithTags("Follow").Produces<Page<ListedResearcher>>();
    }

    private static async Task<IResult> BlockAsync(Guid id, HttpContext http, FollowCommands commands, KnownResearchers known, CancellationToken cancellation)
    {
        var actor = http.ResearcherId();
        if (id == actor) return Relationship.WithOneself("self-block", "Nobody blocks themselves");

        // Somebody without a profile may follow, so they can be blocked once they have.
        var command = new PairCommand(actor, id, Decide, Requires.RegisteredOrMet);
        var outcome = await commands.ExecuteAsync(command, cancellation);
        if (!outcome.IsKnown && (await known.ArriveSoonAsync([id], cancellation)).Count > 0) outcome = await commands.ExecuteAsync(command, cancellation);
        return Relationship.Answer(http, command, outcome);
    }

    private static async Task<IResult> UnblockAsync(Guid id, HttpContext http, FollowCommands commands, CancellationToken cancellation)
    {
        var command = new PairCommand(http.ResearcherId(), id, DecideToUnblock);
        return Relationship.Answer(http, command, await commands.ExecuteAsync(command, cancellation));
    }

    private static async Task<IResult> ListAsync(int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, CancellationToken cancellation)
    {
        if (!Paging.TryDecodeNumber(http, cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        await using var blocks = database.CreateCommand("select blocked, since, position from follow_blocks where blocker = $1 and position < $2 order by position desc limit $3");
        return TypedResults.Ok(await http.ReadPageAsync(blocks, http.ResearcherId(), before, Paging.Clamp(limit), cancellation));
    }
}
