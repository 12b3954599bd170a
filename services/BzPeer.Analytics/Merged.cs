using BzPeer.Contracts;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>Whose profile is somebody else's: two profiles of one person are one researcher, also in numbers of the days before.</summary>
internal static class Merged
{
    internal const string Schema = "create table if not exists merged (researcher uuid primary key, survivor uuid not null);";

    /// <summary>Where a question about somebody merged is answered, or null for who is merged into nobody.</summary>
    /// <param name="moment">The numbers, which know of merges.</param>
    /// <param name="researcher">Whom the address names.</param>
    /// <param name="address">The same question about another one.</param>
    /// <param name="http">The request.</param>
    internal static async Task<IResult?> MovedAsync(Moment moment, Guid researcher, Func<Guid, string> address, HttpContext http)
    {
        if (await moment.AskAsync("select survivor from numbers.merged where researcher = $1", row => row.GetGuid(0), http.RequestAborted, researcher) is not [var survivor]) return null;
        // A merge can be taken back: nobody keeps this answer.
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers.Location = address(survivor) + http.Request.QueryString;
        return TypedResults.StatusCode(StatusCodes.Status301MovedPermanently);
    }

    internal static async Task FoldAsync(NpgsqlConnection connection, IReadOnlyList<Logged> events, CancellationToken cancellation)
    {
        var newest = new Dictionary<Guid, Guid>();
        foreach (var e in events)
        {
            if (e.Type == nameof(ResearchersMerged) && e.Data<ResearchersMerged>() is var merge)
                foreach (var member in merge.Members) newest[member] = merge.SurvivorId;
            else if (e.Type == nameof(ResearchersSplit) && e.Data<ResearchersSplit>() is var split)
                foreach (var member in split.Members) newest[member] = split.RestoredId;
        }

        if (newest.Count == 0) return;
        await Statements.ExecuteAsync(connection, "delete from merged where researcher = any($1)", cancellation, newest.Keys.ToArray());
        await Statements.ExecuteAsync(connection, "insert into merged select * from unnest($1, $2) m(researcher, survivor) where researcher <> survivor", cancellation, newest.Keys.ToArray(), newest.Values.ToArray());
    }
}
