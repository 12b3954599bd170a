using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Profile;

/// <summary>
/// The sections of the card that other services own. One statement each, guarded by the section's version: a newer message
/// replaces an older one whatever order they come in, and a repeat changes nothing. Sections may arrive before the researcher does.
/// </summary>
public static class CardSections
{
    internal static Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<FollowerCountChanged>> batch, CancellationToken cancellation)
    {
        var news = Newest(batch, e => e.ResearcherId, e => e.CountVersion);
        var write = Write("follow_version", ["followers", "following", "counts_hidden"],
            news.Select(e => e.ResearcherId).ToArray(), news.Select(e => e.CountVersion).ToArray(),
            news.Select(e => e.Followers).ToArray(), news.Select(e => e.Following).ToArray(), news.Select(e => e.CountsHidden).ToArray());
        return ExecuteAsync(services, cancellation, write, FollowMark.Advance(batch));
    }

    internal static Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<BibliographyChanged>> batch, CancellationToken cancellation)
    {
        var news = Newest(batch, e => e.ResearcherId, e => e.BibliographyVersion);
        return ExecuteAsync(services, cancellation, Write("publication_version", ["works", "topics", "close_collaborators"],
            news.Select(e => e.ResearcherId).ToArray(), news.Select(e => e.BibliographyVersion).ToArray(),
            news.Select(e => e.Works).ToArray(), news.Select(e => e.Topics).ToArray(), news.Select(e => e.CloseCollaborators).ToArray()));
    }

    internal static Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<TrustRecalculated>> batch, CancellationToken cancellation)
    {
        var news = Newest(batch, e => e.ResearcherId, e => e.Origin.Sequence);
        return ExecuteAsync(services, cancellation, Write("trust_version", ["score", "level"],
            news.Select(e => e.ResearcherId).ToArray(), news.Select(e => e.Origin.Sequence).ToArray(),
            news.Select(e => e.Score).ToArray(), news.Select(e => e.Level).ToArray()));
    }

    private static List<T> Newest<T>(IReadOnlyList<Delivered<T>> batch, Func<T, Guid> researcher, Func<T, long> version) =>
        [.. batch.Select(delivered => delivered.Message).GroupBy(researcher).Select(same => same.MaxBy(version)!)];

    /// <summary>Rows are written in id order, so that two sections being written at once cannot lock each other out.</summary>
    private static NpgsqlBatchCommand Write(string version, string[] columns, Guid[] ids, long[] versions, params Array[] values)
    {
        var parameters = string.Join(", ", Enumerable.Range(3, columns.Length).Select(n => $"${n}"));
        var command = new NpgsqlBatchCommand(
            $"""
            insert into researcher_cards (id, {version}, {string.Join(", ", columns)})
            select * from unnest($1, $2, {parameters}) as news(id, version, {string.Join(", ", columns)}) order by id
            on conflict (id) do update set {version} = excluded.{version}, {string.Join(", ", columns.Select(c => $"{c} = excluded.{c}"))}
            where researcher_cards.{version} < excluded.{version}
            """);
        foreach (var value in (Array[])[ids, versions, .. values]) command.Parameters.Add(new() { Value = value });
        return command;
    }

    /// <summary>One round trip, one transaction.</summary>
    private static async Task ExecuteAsync(IServiceProvider services, CancellationToken cancellation, params NpgsqlBatchCommand[] commands)
    {
        await using var batch = services.GetRequiredService<NpgsqlDataSource>().CreateBatch();
        foreach (var command in commands) batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(cancellation);
    }
}
