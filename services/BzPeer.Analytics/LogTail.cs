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

    /// <summary>Each entry at its position, modulo the length: positions have no gap where nothing was removed yet.</summary>
    private readonly LogEntry?[] newest = new LogEntry?[MostEntries];

    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long bytes;
    private long position;

    /// <summary>The oldest position in memory; the one after <see cref="position"/> when there is none.</summary>
    private long oldest = 1;

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
            if (after < oldest - 1) return null;
            var entries = new LogEntry[Math.Min(most, position - after)];
            for (var n = 0; n < entries.Length; n++) entries[n] = newest[(after + 1 + n) % MostEntries]!;
            return entries;
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
        // What is in memory may name somebody who was erased; in the store it is masked.
        if (head.Erased != Head.Erased)
            lock (gate) Forget(upTo: position);
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
                Forget(upTo: head.Position);
                entries.Clear();
            }

            foreach (var entry in entries)
            {
                if (position - oldest + 1 == MostEntries) ForgetOldest();
                newest[entry.Position % MostEntries] = entry;
                (position, bytes) = (entry.Position, bytes + entry.Item.Length);
                while (bytes > MostBytes) ForgetOldest();
            }

            Head = head;
            changed.SetResult();
            changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private void ForgetOldest()
    {
        ref var entry = ref newest[oldest++ % MostEntries];
        bytes -= entry!.Item.Length;
        entry = null;
    }

    /// <summary>Whoever is behind reads from the store.</summary>
    private void Forget(long upTo)
    {
        Array.Clear(newest);
        (position, oldest, bytes) = (upTo, upTo + 1, 0);
    }

    private sealed class Following(LogTail tail) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref tail.followers);
    }
}
