using BzPeer.Contracts;
using BzPeer.ServiceDefaults;

namespace BzPeer.Follow;

/// <summary>What the caller and another researcher are to each other. That the other one blocks the caller is not told.</summary>
public sealed record Relationship(Guid ResearcherId, bool Following, bool FollowedBy, bool Blocking, DateTimeOffset? FollowingSince)
{
    /// <summary>The relationship of <paramref name="actor"/> to <paramref name="other"/>.</summary>
    public static Relationship Of(FollowPair pair, Guid actor, Guid other) => new(
        other, pair.From(actor).FollowsSince is not null, pair.Towards(actor).FollowsSince is not null,
        pair.From(actor).BlocksSince is not null, pair.From(actor).FollowsSince);

    /// <summary>
    /// What a command about a pair is answered with: 200 with the relationship, or 204 for a caller that prefers it, either way
    /// with the position to read from; 403 when it was refused, 404 when there is no such researcher.
    /// </summary>
    internal static IResult Answer(HttpContext http, PairCommand command, PairOutcome outcome)
    {
        if (!outcome.IsKnown) return Problems.UnknownResearcher(command.Other);
        if (outcome.Refusal is { } refusal) return Refused(refusal, command.Other);

        Position.Write(http, Sources.Follow, outcome.Pair.Position);
        if (!PrefersMinimal(http)) return TypedResults.Ok(Of(outcome.Pair, command.Actor, command.Other));
        http.Response.Headers["Preference-Applied"] = "return=minimal";
        return TypedResults.NoContent();
    }

    /// <summary>422: nobody is to themselves what a pair is to each other.</summary>
    internal static IResult WithOneself(string rule, string title) => Problems.Refused(rule, title, "Name another researcher's id.");

    // RFC 7240: preferences are separated by commas, in one header or in several, each a name and a value that may be quoted, and then parameters.
    private static bool PrefersMinimal(HttpContext http) =>
        http.Request.Headers["Prefer"].SelectMany(header => (header ?? "").Split(',')).Any(preference =>
            preference.Split(';')[0].Split('=', 2, StringSplitOptions.TrimEntries) is [var name, var value]
            && name.Equals("return", StringComparison.OrdinalIgnoreCase) && value.Trim('"').Equals("minimal", StringComparison.OrdinalIgnoreCase));

    private static IResult Refused(Refusal refusal, Guid other) => refusal switch
    {
        Refusal.YouBlock => Problems.Of(403, "you-block", "You block this researcher", $"Unblock {other} first: DELETE /api/me/blocks/{other}."),
        _ => Problems.Of(403, "blocked", "Not allowed", $"You cannot follow {other}."),
    };
}
