using BzPeer.Contracts;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>Whose profile is somebody else's: two profiles of one person are one researcher, also in numbers of the days before.</summary>
internal static class Merged
{
    internal const string Schema = "create table if not exists merged (researcher uuid primary key, survivor uuid not null);";

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
