using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>
/// On <see cref="ResearcherRegistered"/>: somebody registered by signing in is an author of whom no work is known yet, and from now on a
/// researcher here as all others are: with an empty list and a graph of one node, and to be named as an author. Everybody
/// else was identified here before they were registered there.
/// </summary>
internal static class IdentifyNewcomers
{
    internal static async Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<ResearcherRegistered>> batch, CancellationToken cancellation)
    {
        var database = services.GetRequiredService<NpgsqlDataSource>();
        var known = await Researchers.NamesAsync(database, [.. batch.Select(delivered => delivered.Message.ResearcherId)], cancellation);
        var newcomers = batch.Select(delivered => delivered.Message).Where(registered => registered.Orcid is not null && !known.ContainsKey(registered.ResearcherId))
            .Select(registered => new AuthorRecord(WorkSource.Orcid, new(registered.Name, ResearcherId: null, registered.Orcid), AsOf: null)).ToList();
        if (newcomers.Count == 0) return;
        await EventStore.DecideAsync(async () =>
        {
            await using var session = services.GetRequiredService<IDocumentStore>().LightweightSession();
            await services.GetRequiredService<RecordWorks>().AddAsync(session, [], newcomers, cancellation);
            await session.SaveChangesAsync(cancellation);
            return true;
        }, cancellation);
    }
}
