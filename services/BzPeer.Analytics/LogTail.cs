using Npgsql;

namespace BzPeer.Analytics;

/// <summary>
/// The newest entries of the log in memory, read once for everybody who follows it. Whoever is further behind than this goes reads from the
/// store until they have caught up: memory is bounded however slow a reader is.
/// </summary>
internal sealed class LogTail(EventLog log, NpgsqlDataSource database, TimeProvider clock, ILogger<LogTail> logger) : BackgroundService
{
    private const int MostEntries = 16_384;
    private const long MostBytes = 64_000_000;
    private const int PageSize = 4_000;

    /// <summary>A notification may be lost with its connection.</summary>
    private static readonly TimeSpan LookAnyway = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly Queue<LogEntry> newest = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long bytes;
    private long position;
    private int followers;

    /// <summary>Where the log stood when last looked at.</summary>
    public LogHead Head { get; private set; } = new(0, -1, null, 1, 0);

    /// <summary>Who hides what.</summary>
    public Hidden Hidden { get; private set; } = new(0, new HashSet<Guid>(), new HashSet<Guid>());

    /// <summary>Ends when the log has moved. Take it before reading, so that nothing is missed in between.</summary>
    public Task Changed
    {
        get
        {
            lock (gate) return changed.Task;
        }
    }

    /// <summary>From now on the newest entries are kept in memory.</summary>
    public IDisposable Follow()
    {
        Interlocked.Increment(ref followers);
        return new Following(this);
    }

    /// <summary>The next entries after a position from memory; null when they are older than what is there.</summary>
    public IReadOnlyList<LogEntry>? TryRead(long after, int most)
    {
        lock (gate)
        {
            if (after >= position) return [];
            if (newest.Count == 0 || after < newest.Peek().Position - 1) return null;
            // Positions have no gaps here: how many to pass over is known.
            return [.. newest.Skip((int)(after - newest.Peek().Position + 1)).Take(most)];
        }
    }

    /// <summary>Reads where the log stands from the store: what was appended before the call is in what comes after it.</summary>
    public async Task<LogHead> LookAsync(CancellationToken cancellation)
    {
        var head = await log.HeadAsync(cancellation);
        if (head.Hidden != Hidden.Version) Hidden = await Hidden.ReadAsync(database, head.Hidden, cancellation);
        return head;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Head = await LookAsync(stoppingToken);
        position = Head.Position;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning("The end of the log is looked for again in a second: {Reason}", e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken);
            }
        }
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        await using var connection = await database.OpenConnectionAsync(stopping);
        await using (var listen = new NpgsqlCommand($"listen {EventLog.Appended}", connection)) await listen.ExecuteNonQueryAsync(stopping);
        while (true)
        {
            await CatchUpAsync(stopping);
            await connection.WaitAsync(LookAnyway, stopping);
        }
    }

    private async Task CatchUpAsync(CancellationToken stopping)
    {
        var head = await LookAsync(stopping);
        if (head.Erased != Head.Erased) Forget();
        if (head.Position == position)
        {
            Head = head;
            return;
        }

        List<LogEntry> entries = [];
        // Nobody is there to read it to: whoever comes reads from the store first.
        var kept = Volatile.Read(ref followers) > 0 && head.Position - position <= MostEntries;
        while (kept && (entries.Count == 0 ? position : entries[^1].Position) < head.Position)
        {
            var before = entries.Count;
            await foreach (var entry in LogRows.ReadAsync(database, new([], null), entries.Count == 0 ? position : entries[^1].Position, head.Position, PageSize, stopping)) entries.Add(entry);
            if (entries.Count == before) break;
        }

        lock (gate)
        {
            if (entries.Count != head.Position - position)
            {
                newest.Clear();
                bytes = 0;
            }
            else
            {
                foreach (var entry in entries)
                {
                    newest.Enqueue(entry);
                    bytes += entry.Item.Length;
                }

                while (newest.Count > MostEntries || bytes > MostBytes) bytes -= newest.Dequeue().Item.Length;
            }

            position = head.Position;
            Head = head;
            changed.SetResult();
            changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>What is in memory names somebody who was erased. Whoever is behind reads it from the store, where it is masked.</summary>
    private void Forget()
    {
        lock (gate)
        {
            newest.Clear();
            bytes = 0;
        }
    }

    private sealed class Following(LogTail tail) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref tail.followers);
    }
}
