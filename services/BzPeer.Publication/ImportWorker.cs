using System.Threading.Channels;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>
/// Works through the imports, one after the other, in batches. A batch, its outcomes and the mark how far the import has come are one
/// transaction, so an import that was interrupted goes on where it stood, and none of its records is taken twice.
/// </summary>
internal sealed class ImportWorker(IDocumentStore store, NpgsqlDataSource database, RecordWorks record, Listeners listeners, ImportLimits limits, TimeProvider clock, ILogger<ImportWorker> log) : BackgroundService
{
    private const int BatchRecords = 25;

    /// <summary>Authors are what a batch costs, and what it brings everybody who listens; a work of more of them is one of its own.</summary>
    private const int BatchAuthors = RecordWorks.Large;

    /// <summary>Read while others are being committed: memory is bounded by these.</summary>
    private const int BatchesAhead = 1;

    private const int Attempts = 10;

    /// <summary>Held by whichever instance works on imports; all others wait.</summary>
    internal const long Lock = 4_445_001;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Imports that may wait for authors of theirs while another one goes on: each has a batch in memory.</summary>
    private const int MostAside = 4;

    /// <summary>While an import waits for its authors, how often it looks whether another one has come.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim work = new(0);

    private readonly List<Guid> underWay = [];

    private sealed record Import(Guid Id, string Format, string MediaType);

    /// <summary>There is something to do.</summary>
    public void Wake() => work.Release();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await WorkAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever was committed stands; it goes on from there.
                log.LogWarning(e, "An import was interrupted and goes on in a moment");
            }

            // Also looks without being woken: another instance may have taken an import in and died.
            await work.WaitAsync(Pause, stoppingToken);
        }
    }

    private async Task WorkAsync(CancellationToken stopping)
    {
        await using var held = await database.OpenConnectionAsync(stopping);
        if (!await AskAsync("pg_try_advisory_lock", held, stopping)) return;
        try
        {
            await ForgetAbandonedAsync(stopping);
            while (await NextAsync(stopping) is { } import)
                await RunAsync(import, stopping);
        }
        finally
        {
            // A connection goes back to the pool as it is, and is reset when it is taken out again: until then it would hold the lock.
            await AskAsync("pg_advisory_unlock", held, CancellationToken.None);
        }
    }

    private static async Task<bool> AskAsync(string about, NpgsqlConnection held, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select {about}($1)", held) { Parameters = { new() { Value = Lock } } };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    /// <summary>Bodies whose sender or receiver died while they arrived; the ids rise with time.</summary>
    private Task ForgetAbandonedAsync(CancellationToken stopping) => Imports.ExecuteAsync(database,
        "delete from import_chunks where import_id < $1 and import_id not in (select id from imports)", stopping, Guid.CreateVersion7(clock.GetUtcNow().AddDays(-1)));

    private async Task<Import?> NextAsync(CancellationToken stopping)
    {
        await using var command = database.CreateCommand("select id, format, media_type from imports where state = 'running' and id <> all($1) order by id limit 1");
        command.Parameters.Add(new() { Value = underWay.ToArray() });
        await using var row = await command.ExecuteReaderAsync(stopping);
        return await row.ReadAsync(stopping) ? new(row.GetGuid(0), row.GetString(1), row.GetString(2)) : null;
    }

    private async Task RunAsync(Import import, CancellationToken stopping)
    {
        underWay.Add(import.Id);
        try
        {
            var breaksOff = await TakeAllAsync(import, stopping);
            await EndAsync(import, breaksOff && await CountAsync("received - rejected", import, stopping) == 0 ? "failed" : "completed", stopping);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested && !EventStore.IsOutage(e) && !EventStore.IsConflict(e))
        {
            // It would come to the same every time, and must not hold up the imports behind it.
            log.LogError(e, "Import {Import} cannot go on and is given up", import.Id);
            await EndAsync(import, "failed", stopping);
        }
        finally
        {
            underWay.Remove(import.Id);
        }
    }

    /// <summary>Takes whatever has not been taken yet, and reads ahead meanwhile. True when the file could not be read to its end.</summary>
    private async Task<bool> TakeAllAsync(Import import, CancellationToken stopping)
    {
        var done = await CountAsync("received", import, stopping);
        var ahead = Channel.CreateBounded<(long Start, List<ReadRecord> Records)>(BatchesAhead);
        var pace = new ImportPace(database, listeners, clock);
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var reading = ReadAsync(import, done, ahead.Writer, givenUp.Token);
        try
        {
            await foreach (var (start, records) in ahead.Reader.ReadAllAsync(stopping))
            {
                await IdentifyAheadAsync(import, records, stopping);
                await pace.WaitAsync(stopping);
                await TakeAsync(import, start, records, stopping);
            }
        }
        catch
        {
            await givenUp.CancelAsync();
            await reading.ContinueWith(_ => { }, TaskScheduler.Default);
            throw;
        }

        return await reading;
    }

    /// <summary>Authors of a large work become known slowly, so that they are in nobody's way: what is imported meanwhile goes first.</summary>
    private async Task IdentifyAheadAsync(Import import, List<ReadRecord> records, CancellationToken stopping)
    {
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var identifying = record.IdentifyAheadAsync(store, [.. records.SelectMany(one => one.Heard(import.Format))], givenUp.Token);
        try
        {
            while (!identifying.IsCompleted)
            {
                if (underWay.Count <= MostAside && await NextAsync(stopping) is { } other) await RunAsync(other, stopping);
                else await work.WaitAsync(Look, stopping);
            }

            await identifying;
        }
        catch (Exception e) when (identifying.IsFaulted && !EventStore.IsOutage(e))
        {
            log.LogInformation("Authors of import {Import} are taken together with their work: {Reason}", import.Id, e.Message);
        }
        finally
        {
            await givenUp.CancelAsync();
            await identifying.ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private async Task<bool> ReadAsync(Import import, long done, ChannelWriter<(long Start, List<ReadRecord> Records)> ahead, CancellationToken stopping)
    {
        try
        {
            List<ReadRecord> batch = [];
            var (index, authors, breaksOff) = (0L, 0, false);
            await foreach (var read in ImportReader.ReadAsync(ImportChunks.Open(database, import.Id), import.Format, import.MediaType, limits.MaxExpandedBytes, stopping))
            {
                breaksOff |= read.BreaksOff;
                if (index++ < done) continue;
                var more = read.Work?.Authors.Count ?? 0;
                if (batch.Count == BatchRecords || (batch.Count > 0 && authors + more > BatchAuthors))
                {
                    await ahead.WriteAsync((index - 1 - batch.Count, batch), stopping);
                    (batch, authors) = ([], 0);
                }

                batch.Add(read);
                authors += more;
            }

            if (batch.Count > 0) await ahead.WriteAsync((index - batch.Count, batch), stopping);
            ahead.Complete();
            return breaksOff;
        }
        catch (Exception e)
        {
            ahead.Complete(e);
            throw;
        }
    }

    private Task EndAsync(Import import, string state, CancellationToken stopping) => Imports.ExecuteAsync(database,
        "with gone as (delete from import_chunks where import_id = $1) update imports set state = $2, finished_at = now() where id = $1", stopping, import.Id, state);

    private async Task<long> CountAsync(string what, Import import, CancellationToken stopping)
    {
        await using var command = database.CreateCommand($"select coalesce(sum({what}), 0)::bigint from import_batches where import_id = $1");
        command.Parameters.Add(new() { Value = import.Id });
        return (long)(await command.ExecuteScalarAsync(stopping))!;
    }

    /// <summary>Together where it goes; one by one where a record among them does not, so that it takes nobody with it.</summary>
    private async Task TakeAsync(Import import, long start, List<ReadRecord> records, CancellationToken stopping)
    {
        try
        {
            await CommitAsync(import, start, records, stopping);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested && !EventStore.IsOutage(e))
        {
            log.LogInformation("Records {Start} to {End} of import {Import} are taken one by one: {Reason}", start, start + records.Count - 1, import.Id, e.Message);
            for (var i = 0; i < records.Count; i++) await TakeAsync(import, start + i, records[i], stopping);
        }
    }

    private async Task TakeAsync(Import import, long index, ReadRecord one, CancellationToken stopping)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await CommitAsync(import, index, [one], stopping);
                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested && !EventStore.IsOutage(e))
            {
                if (EventStore.IsConflict(e) && attempt < Attempts)
                {
                    await Task.Delay(Random.Shared.Next(1, 20 * attempt), stopping);
                    continue;
                }

                log.LogError(e, "Record {Index} of import {Import} could not be stored", index, import.Id);
                await CommitAsync(import, index, [ReadRecord.Rejected(one.SourceId ?? one.Work?.Title, $"It could not be stored: {e.Message}")], stopping);
                return;
            }
        }
    }

    private async Task CommitAsync(Import import, long start, List<ReadRecord> records, CancellationToken stopping)
    {
        await using var session = store.LightweightSession();
        var accepted = records.Where(r => r.Rejection is null).ToList();
        var taken = accepted.ConvertAll(r => r.Heard(import.Format).ToList());
        var (works, authors) = await record.AddAsync(session, [.. taken.SelectMany(heard => heard)], [.. accepted.Select(r => r.Author).OfType<AuthorRecord>()], stopping);
        // Of a record that says several things, what became of the first counts, unless only another one is news.
        var recorded = new Queue<Recorded>(works);
        List<Outcome> outcomes = [.. taken.Where(heard => heard.Count > 0).Select(heard => heard.ConvertAll(_ => recorded.Dequeue().Outcome).Min()), .. authors];
        var rejected = records.Select((r, n) => (Index: start + n, Record: r)).Where(r => r.Record.Rejection is not null).ToList();

        // The key of this row is what keeps two instances from taking the same records, each on its own.
        session.QueueSqlCommand("insert into import_batches (import_id, start, received, created, updated, unchanged, rejected) values (?, ?, ?, ?, ?, ?, ?)",
            import.Id, start, (long)records.Count, Count(Outcome.Created), Count(Outcome.Updated), Count(Outcome.Unchanged), (long)rejected.Count);
        if (rejected.Count > 0)
            session.QueueSqlCommand("insert into import_rejections (import_id, index, source_id, reason) select ?, * from unnest(?, ?, ?)",
                import.Id, rejected.Select(r => r.Index).ToArray(), rejected.Select(r => r.Record.SourceId).ToArray(), rejected.Select(r => r.Record.Rejection!).ToArray());
        await session.SaveChangesAsync(stopping);

        long Count(Outcome outcome) => outcomes.Count(became => became == outcome);
    }
}
