using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Follow;

/// <summary>Who exists, learned from <see cref="ResearcherRegistered"/>.</summary>
public sealed class KnownResearchers(NpgsqlDataSource database, TimeProvider clock)
{
    /// <summary>Follow hears of a researcher two hops after an import: one not known yet is waited for this long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Few may wait at the same time; the rest are answered at once.</summary>
    private readonly SemaphoreSlim waiters = new(32);

    /// <summary>Whether a researcher with this id exists, as far as this service has heard.</summary>
    public async Task<bool> ContainsAsync(Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select 1 from known_researchers where id = $1");
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteScalarAsync(cancellation) is not null;
    }

    /// <summary>Gives the news of those just registered, and not known a moment ago, a second to arrive; which of them did.</summary>
    public async Task<IReadOnlySet<Guid>> ArriveSoonAsync(Guid[] ids, CancellationToken cancellation)
    {
        HashSet<Guid> arrived = [];
        if (ids.Length == 0 || !await waiters.WaitAsync(TimeSpan.Zero, cancellation)) return arrived;
        try
        {
            for (var start = clock.GetTimestamp(); arrived.Count < ids.Length && clock.GetElapsedTime(start) < Patience;)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), clock, cancellation);
                arrived = await AmongAsync(ids, cancellation);
            }

            return arrived;
        }
        finally
        {
            waiters.Release();
        }
    }

    private async Task<HashSet<Guid>> AmongAsync(Guid[] ids, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select id from known_researchers where id = any($1)");
        command.Parameters.Add(new() { Value = ids });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        HashSet<Guid> known = [];
        while (await row.ReadAsync(cancellation)) known.Add(row.GetGuid(0));
        return known;
    }

    internal static async Task AddAsync(IServiceProvider services, IReadOnlyList<Delivered<ResearcherRegistered>> batch, CancellationToken cancellation)
    {
        await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            "insert into known_researchers (id) select distinct id from unnest($1) id order by id on conflict do nothing");
        command.Parameters.Add(new() { Value = batch.Select(delivered => delivered.Message.ResearcherId).ToArray() });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    internal static void Configure(StoreOptions store)
    {
        var table = new Table("known_researchers");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        store.Storage.ExtendedSchemaObjects.Add(table);
    }
}
