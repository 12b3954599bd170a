using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BzPeer.Web.Tests;

/// <summary>What the fake services answer to people about themselves, and to curators.</summary>
internal sealed partial class FakeServices
{
    private static readonly IResult NoReason = Results.Problem("Say in 'reason' how you know, up to 2000 characters.", statusCode: 422);

    /// <summary>Answers who is signed in, as themselves; everybody else with 401.</summary>
    private IResult Mine(HttpContext context, Func<Guid, IResult> answer) => Caller(context) is { } me && !Expired.Contains(me) ? answer(me) : Results.Unauthorized();

    /// <summary>Answers curators; everybody else with 403.</summary>
    private static IResult Curated(HttpContext context, Func<IResult> answer) =>
        context.Request.Headers.Authorization.ToString().EndsWith("|curator", StringComparison.Ordinal) ? answer() : Results.Problem(statusCode: 403);

    private void MapDeadLetters(WebApplication app, string service)
    {
        var letters = app.MapGroup($"/api/dead-letters/{service.ToLowerInvariant()}");
        letters.MapGet("", (HttpContext context) => Mine(context, _ => Curated(context, () =>
        {
            var waiting = World.DeadLetters.Where(letter => letter.Service == service).ToArray();
            return Results.Ok(new { total = waiting.Length, items = waiting.Take(100).Select(letter => new { letter.Id, letter.Type, subject = (string?)null, failedAt = DateTimeOffset.UtcNow, letter.Reason, letter.Content }) });
        })));
        letters.MapPost("/resend", (HttpContext context) => Curated(context, () => Results.Ok(new { moved = World.DeadLetters.RemoveAll(letter => letter.Service == service) })));
        letters.MapPost("/{id}/resend", (HttpContext context, string id) => Curated(context, () => Moved(World.DeadLetters.RemoveAll(letter => letter.Service == service && letter.Id == id))));
        letters.MapDelete("/{id}", (HttpContext context, string id, string? reason) => Curated(context, () => string.IsNullOrWhiteSpace(reason)
            ? Results.Problem("Say in 'reason' why it can be done without, in up to 2,000 characters.", statusCode: 422)
            : Moved(World.DeadLetters.RemoveAll(letter => letter.Service == service && letter.Id == id))));

        static IResult Moved(int count) => count > 0 ? Results.Ok(new { moved = count }) : Results.Problem("No message of this id waits. Somebody may have sent it again or discarded it.", statusCode: 404);
    }

    private void MapOwnProfile(WebApplication app)
    {
        app.MapPatch("/api/researchers/{id:guid}", (HttpContext context, Guid id, Edit edit) => Mine(context, me =>
        {
            if (me != id)
                return Results.Problem("Only the researcher edits their own profile.", statusCode: 403);
            if (edit.Headline.Length > 300)
                return Results.Problem($"A headline has at most 300 characters, this one {edit.Headline.Length}.", statusCode: 422);
            World.Headlines[id] = edit.Headline;
            _ = edit.OpenToCollaborate ? World.Closed.Remove(id) : World.Closed.Add(id);
            return Results.Ok(World.Card(id));
        }));
        app.MapPost("/api/researchers/{id:guid}/claim", (HttpContext context, Guid id) => Mine(context, me =>
        {
            if (World.ClaimsRevoked.Contains(id))
                return Results.Problem("A curator ended the claim of this profile.", statusCode: 403);
            World.Claimed.Add(id);
            return Results.Ok(new { researcherId = id, since = DateTimeOffset.UtcNow });
        }));
        app.MapDelete("/api/researchers/{id:guid}/claim", (HttpContext context, Guid id) => Mine(context, me =>
        {
            World.Claimed.Remove(id);
            return Results.NoContent();
        }));
    }

    private void MapOwnTies(WebApplication app)
    {
        app.MapGet("/api/me/relationships", (HttpContext context, Guid id) => Mine(context, me => Results.Ok(new { items = new[] { Tie(me, id) }, next = (string?)null })));
        app.MapGet("/api/me/blocks", (HttpContext context) => Mine(context, me =>
            Page(context, World.Blocks.Where(block => block.Blocker == me).Reverse().Select(block => new { researcherId = block.Blocked, since = DateTimeOffset.UtcNow }))));
        app.MapMethods("/api/me/blocks/{id:guid}", ["PUT", "DELETE"], (HttpContext context, Guid id) => Mine(context, me =>
        {
            if (me == id)
                return Results.Problem("Nobody blocks themselves.", statusCode: 422);
            World.Blocks.Remove((me, id));
            if (context.Request.Method == "PUT")
            {
                World.Unfollow(me, id);
                World.Unfollow(id, me);
                World.Blocks.Add((me, id));
            }
            context.Response.Headers["X-BzPeer-Position"] = "follow:43";
            return Results.Ok(Tie(me, id));
        }));
        app.MapGet("/api/me/follow-visibility", (HttpContext context) => Mine(context, me => Results.Ok(Choice(me))));
        app.MapPut("/api/me/follow-visibility", (HttpContext context, Visibility choice) => Mine(context, me =>
        {
            World.Visible[me] = (choice.Lists, choice.Counts);
            return Results.Ok(Choice(me));
        }));

        Visibility Choice(Guid me) => World.Visible.TryGetValue(me, out var chosen) ? new(chosen.Lists, chosen.Counts) : new(true, true);
        object Tie(Guid me, Guid id) => new
        {
            researcherId = id,
            following = World.Follows.Any(edge => edge.Follower == me && edge.Followee == id),
            followedBy = World.Follows.Any(edge => edge.Follower == id && edge.Followee == me),
            blocking = World.Blocks.Contains((me, id)),
            followingSince = (DateTimeOffset?)null,
        };
    }

    private void MapFeedAndPairs(WebApplication app)
    {
        app.MapGet("/api/me/feed", (HttpContext context) => Mine(context, me =>
        {
            if (context.Request.Query["cursor"] is [{ Length: > 0 } cursor] && !int.TryParse(cursor, out _))
                return Page(context, Entries(me));
            var entries = Entries(me).ToArray();
            var skip = int.TryParse(context.Request.Query["cursor"], out var from) ? from : 0;
            return Results.Ok(new { items = entries.Skip(skip).Take(20), next = entries.Length > skip + 20 ? $"{skip + 20}" : null, marker = World.ReadTo.GetValueOrDefault(me), upTo = World.Papers.Count });
        }));
        app.MapGet("/api/me/feed/unseen", (HttpContext context) => Mine(context, me =>
        {
            var unseen = Positions(me).Count(position => position > Math.Max(World.SeenTo.GetValueOrDefault(me), World.ReadTo.GetValueOrDefault(me)));
            return Results.Ok(new { count = Math.Min(unseen, 99), more = unseen > 99, seenTo = World.SeenTo.GetValueOrDefault(me), upTo = World.Papers.Count });
        }));
        app.MapPut("/api/me/feed/seen", (HttpContext context, Seen seen) => Mine(context, me =>
        {
            World.SeenTo[me] = Math.Max(seen.SeenTo, World.SeenTo.GetValueOrDefault(me));
            return Results.Ok(seen);
        }));
        app.MapPut("/api/me/feed/marker", (HttpContext context, Marker marker) => Mine(context, me =>
        {
            World.ReadTo[me] = Math.Max(marker.ReadTo, World.ReadTo.GetValueOrDefault(me));
            return Results.Ok(marker);
        }));
        app.MapGet("/api/suspected-pairs", (HttpContext context) => Curated(context, () => Page(context, World.Pairs.Select(pair => new
        {
            pair.Id,
            strength = 7,
            researchers = new[] { pair.One, pair.Other }.Select(one => new { researcherId = one, name = World.NameOf(one), keys = new[] { $"openalex:A{one.ToByteArray()[0]}" }, works = World.PapersOf(one).Count() }),
            evidence = new[] { new { kind = "coauthors", detail = pair.Evidence, weight = 7 } },
            suspectedAt = DateTimeOffset.UtcNow,
        }))));
        app.MapPost("/api/suspected-pairs/{id:guid}/distinction", (HttpContext context, Guid id, Why why) => Curated(context, () =>
        {
            if (why.Reason is not { Length: > 0 and <= 2000 })
                return NoReason;
            World.Pairs.RemoveAll(pair => pair.Id == id);
            return Results.Ok(new { id });
        }));
        app.MapPost("/api/researchers/{id:guid}/merges", (HttpContext context, Guid id, Why why) => Curated(context, () =>
        {
            if (why.Reason is not { Length: > 0 and <= 2000 })
                return NoReason;
            World.Merged[why.ResearcherId] = id;
            World.Pairs.RemoveAll(pair => pair.One == why.ResearcherId || pair.Other == why.ResearcherId);
            return Results.Ok(new { id = why.ResearcherId, mergedId = why.ResearcherId, survivorId = id });
        }));
        app.MapDelete("/api/merges/{id:guid}", (HttpContext context, Guid id) => Curated(context, () => World.Merged.Remove(id) ? Results.Ok(new { id }) : Results.NotFound()));

        HashSet<Guid> Followed(Guid me) => World.Follows.Where(edge => edge.Follower == me).Select(edge => edge.Followee).ToHashSet();
        IEnumerable<int> Positions(Guid me) => World.Papers.Select((paper, n) => (paper, n)).Where(each => each.paper.Authors.Any(Followed(me).Contains)).Select(each => each.n + 1);
        IEnumerable<object> Entries(Guid me) => Positions(me).Reverse().Select(position => new
        {
            work = WorkOf(World.Papers[position - 1]),
            reasons = World.Papers[position - 1].Authors.Where(Followed(me).Contains).Select(author => new { researcherId = author, name = World.NameOf(author) }).ToArray(),
            position,
            unread = position > World.ReadTo.GetValueOrDefault(me),
        });
    }

    private void MapRings(WebApplication app)
    {
        app.MapGet("/api/trust/rings", (HttpContext context) => Curated(context, () => Page(context, World.Rings.AsEnumerable().Reverse().Select(ring => Ring(ring.Id)))));
        app.MapPost("/api/trust/rings", (HttpContext context, RingToMark ring) => Curated(context, () =>
        {
            if (string.IsNullOrWhiteSpace(ring.Reason))
                return Results.Problem("Say in 'reason' why it is marked.", statusCode: 422);
            var id = Guid.NewGuid();
            World.Rings.Add((id, ring.Members, ring.Reason, null));
            return Results.Created($"/api/trust/rings/{id}", Ring(id));
        }));
        app.MapDelete("/api/trust/rings/{id:guid}", (HttpContext context, Guid id, string? reason) => Curated(context, () =>
        {
            if (string.IsNullOrWhiteSpace(reason))
                return Results.Problem("Say in 'reason' why it is reinstated.", statusCode: 422);
            var at = World.Rings.FindIndex(ring => ring.Id == id);
            World.Rings[at] = World.Rings[at] with { ReinstatedFor = reason };
            return Results.Ok(Ring(id));
        }));

        object Ring(Guid id)
        {
            var (_, members, reason, reinstatedFor) = World.Rings.Single(ring => ring.Id == id);
            return new { id, members, reason, at = DateTimeOffset.UtcNow, reinstatedAt = reinstatedFor is null ? null : (DateTimeOffset?)DateTimeOffset.UtcNow, reinstatedFor, counted = true, movedTotal = 2, moved = Array.Empty<object>() };
        }
    }

    private sealed record Edit(string Headline, bool OpenToCollaborate);

    private sealed record Marker(long ReadTo);

    private sealed record Seen(long SeenTo);

    private sealed record Why(string? Reason, Guid ResearcherId);

    private sealed record RingToMark(Guid[] Members, string? Reason);
}
