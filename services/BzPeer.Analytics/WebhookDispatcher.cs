using BzPeer.Contracts;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>
/// Sends to every active webhook what it wants of the log, on one instance at a time. Each has a loop of its own, so that a slow receiver
/// holds up nobody else. What a loop has to know is in the store: whoever is killed, the next goes on from there, and sends at most the last few once more.
/// </summary>
/// <remarks>
/// Order is kept per subject. An event that is not taken holds up those of its subject, which become rows behind it, and no others. While
/// nothing at all is taken, one event at a time is tried, and what comes stays where it is, in the log.
/// </remarks>
internal sealed class WebhookDispatcher(
    Subscriptions subscriptions, Deliveries deliveries, LogTail tail, NpgsqlDataSource database, Leadership leadership, WebhookSender sender, TimeProvider clock, ILogger<WebhookDispatcher> logger) : BackgroundService
{
    /// <summary>What <see cref="Leadership"/> knows this work by.</summary>
    private const long Work = 5_102_027;

    /// <summary>Events of different subjects on their way to one receiver at the same time.</summary>
    private const int Window = 8;

    /// <summary>Requests under way to all receivers.</summary>
    private const int MostUnderWay = 256;

    /// <summary>With so many rows waiting for a receiver, what follows waits in the log.</summary>
    private const int MostPending = 1_000;

    /// <summary>So much of the log that nobody wanted is passed over again when the process was killed.</summary>
    private const int Unsaved = 1_000;

    /// <summary>A receiver that takes nothing is tried at least so often: it goes on that soon after it is back.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    /// <summary>A notification may be lost with its connection.</summary>
    private static readonly TimeSpan LookAnyway = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan SaveAnyway = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ForgetEvery = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim slots = new(MostUnderWay);

    /// <summary>A webhook that is sent to.</summary>
    private sealed class Loop
    {
        public Task Running { get; set; } = Task.CompletedTask;

        /// <summary>The revision that was last seen.</summary>
        public long Revision { get; set; }

        /// <summary>Ends when the owner has changed something. Take it before reading.</summary>
        public TaskCompletionSource Changed { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public override void Dispose()
    {
        slots.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await DispatchAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning("Sending to webhooks goes on in a second: {Reason}", e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
            }
        }
    }

    /// <summary>Keeps a loop for every active webhook, for as long as this instance has the lock.</summary>
    private async Task DispatchAsync(CancellationToken stopping)
    {
        await using var session = await leadership.WaitAsync(Work, stopping);
        await using (var listen = new NpgsqlCommand($"listen {Subscriptions.Changed}", session)) await listen.ExecuteNonQueryAsync(stopping);

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var loops = new Dictionary<Guid, Loop>();
        var forget = DateTimeOffset.MinValue;
        try
        {
            while (true)
            {
                await FollowAsync(loops, session, ending.Token);
                if (clock.GetUtcNow() >= forget)
                {
                    await deliveries.ForgetAsync(clock.GetUtcNow(), stopping);
                    forget = clock.GetUtcNow() + ForgetEvery;
                }

                await session.WaitAsync(LookAnyway, stopping);
            }
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(loops.Values.Select(loop => loop.Running));
        }
    }

    /// <summary>Starts what is to be sent to, and tells those who send what was changed. A loop whose webhook is gone ends by itself.</summary>
    private async Task FollowAsync(Dictionary<Guid, Loop> loops, NpgsqlConnection session, CancellationToken ending)
    {
        foreach (var (id, revision) in await RevisionsAsync(session, ending))
        {
            if (!loops.TryGetValue(id, out var loop) || loop.Running.IsCompleted)
            {
                loops[id] = loop = new() { Revision = revision };
                loop.Running = Task.Run(() => RunAsync(id, loop, ending), CancellationToken.None);
            }
            else if (loop.Revision != revision)
            {
                loop.Revision = revision;
                loop.Changed.TrySetResult();
            }
        }

        foreach (var (id, loop) in loops)
            if (loop.Running.IsCompleted) loops.Remove(id);
    }

    private static async Task<List<(Guid Id, long Revision)>> RevisionsAsync(NpgsqlConnection session, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select id, revision from webhooks where active", session);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var all = new List<(Guid, long)>();
        while (await row.ReadAsync(cancellation)) all.Add((row.GetGuid(0), row.GetInt64(1)));
        return all;
    }

    private async Task RunAsync(Guid id, Loop loop, CancellationToken ending)
    {
        using var following = tail.Follow();
        while (!ending.IsCancellationRequested)
        {
            try
            {
                if (loop.Changed.Task.IsCompleted) loop.Changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
                if ((await subscriptions.FindAsync("id = $1 and active", ending, id)).SingleOrDefault() is not { } webhook) return;
                await SendNextAsync(webhook, loop.Changed.Task, ending);
            }
            catch (Exception e) when (!ending.IsCancellationRequested)
            {
                logger.LogWarning("Sending to webhook {Webhook} goes on in a second: {Reason}", id, e.Message);
                await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(1), ending));
            }
            catch (Exception)
            {
                return;
            }
        }
    }

    /// <summary>Waits until there is something to send and sends it; ends also when the owner has changed something.</summary>
    private async Task SendNextAsync(Subscription webhook, Task ownerChanged, CancellationToken ending)
    {
        var waiting = await deliveries.FindAsync(webhook.Id, "and state = 'pending' order by position", ending);
        var position = Math.Max(webhook.Position, tail.Head.Floor - 1);
        if (position > webhook.Position) await TellMissedAsync(webhook, position, ending);
        var idleSince = clock.GetUtcNow();
        while (!ownerChanged.IsCompleted)
        {
            var logChanged = tail.Changed;
            var now = clock.GetUtcNow();
            var isPaused = webhook.ResumeAt > now;
            var (news, upTo) = isPaused || waiting.Count >= MostPending ? ([], position) : await NextAsync(webhook, position, webhook.Failures > 0 ? 1 : Window, ending);
            var batch = isPaused ? Batch.Nothing : Batch.Of(waiting, news, webhook.Failures > 0, Window, now);
            if (batch.IsSomething)
            {
                await SendAsync(webhook, batch, upTo, ending);
                return;
            }

            var isAtEnd = upTo == position;
            position = upTo;
            if (position - webhook.Position >= Unsaved || (position > webhook.Position && now - idleSince >= SaveAnyway))
            {
                await SaveAsync(webhook, position, ending);
                return;
            }

            if (!isAtEnd) continue;
            var next = isPaused ? webhook.ResumeAt : Batch.NextDue(waiting);
            var until = next is { } due && due - now < SaveAnyway ? due - now : SaveAnyway;
            using var waited = CancellationTokenSource.CreateLinkedTokenSource(ending);
            await Task.WhenAny(Task.Delay(until, clock, waited.Token), ownerChanged, isPaused ? Task.Delay(Timeout.Infinite, waited.Token) : logChanged);
            await waited.CancelAsync();
            ending.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The next events the webhook wants and may see, and up to where the log is read by that.</summary>
    private async Task<(List<LogEntry> News, long UpTo)> NextAsync(Subscription webhook, long after, int most, CancellationToken ending)
    {
        const int page = 50;
        var (filter, news) = (webhook.Filter, new List<LogEntry>(most));
        if (tail.TryRead(after, 2_000) is { } newest)
        {
            foreach (var entry in newest)
            {
                after = entry.Position;
                if (filter.Lets(entry) && Shows(webhook, entry)) news.Add(entry);
                if (news.Count == most) break;
            }

            return (news, after);
        }

        var (upTo, read) = (tail.Head.Position, 0);
        await foreach (var entry in LogRows.ReadAsync(database, filter, after, upTo, page, ending))
        {
            (after, read) = (entry.Position, read + 1);
            if (Shows(webhook, entry)) news.Add(entry);
            if (news.Count == most) return (news, after);
        }

        return (news, read < page ? Math.Max(after, upTo) : after);
    }

    private bool Shows(Subscription webhook, LogEntry entry) => webhook.Everything || tail.Hidden.Shows(entry);

    /// <summary>Sends a batch, those of each subject one after the other until one is not taken, and keeps what became of it.</summary>
    private async Task SendAsync(Subscription webhook, Batch batch, long upTo, CancellationToken ending)
    {
        var done = (await Task.WhenAll(batch.Groups.Select(group => SendInOrderAsync(webhook, group, ending)))).SelectMany(group => group).ToList();
        var now = clock.GetUtcNow();
        var after = Outcome.Of(webhook, [.. done.Select(one => one.Answer).OfType<Answer>()], now);
        await using var connection = await database.OpenConnectionAsync(ending);
        await using var transaction = await connection.BeginTransactionAsync(ending);
        await using (var move = new NpgsqlCommand(
            """
            update webhooks set position = greatest(position, $2), failing_since = $3, failures = $4, resume_at = $5, active = active and $6 is null,
              disabled_at = coalesce(disabled_at, $7), reason = coalesce(reason, $6), notice = coalesce($8, notice) where id = $1
            """, connection)
        {
            Parameters =
            {
                new() { Value = webhook.Id }, new() { Value = upTo }, Maybe(after.FailingSince), new() { Value = after.Failures }, Maybe(after.ResumeAt),
                new() { Value = (object?)after.Disabled ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text }, Maybe(after.Disabled is null ? null : now),
                new() { Value = (object?)after.Notice ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
            },
        })
            if (await move.ExecuteNonQueryAsync(ending) == 0) return;
        // Nothing is given up of a webhook that stops: it goes on with what it has not sent.
        var kept = done.Select(one => after.Disabled is not null && one is { Answer: not null, Delivery.State: DeliveryState.Failed } ? one.Delivery with { State = DeliveryState.Pending } : one.Delivery);
        await Deliveries.SaveAsync(connection, webhook.Id, [.. kept, .. batch.Held], ending);
        await transaction.CommitAsync(ending);
        if (after.Disabled is not null) logger.LogWarning("Webhook {Webhook} of {Owner} is disabled: {Notice}", webhook.Id, webhook.Owner, after.Notice);

        static NpgsqlParameter Maybe(DateTimeOffset? time) => new() { Value = (object?)time ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz };
    }

    private async Task<List<(Delivery Delivery, Answer? Answer)>> SendInOrderAsync(Subscription webhook, IReadOnlyList<Outgoing> group, CancellationToken ending)
    {
        var done = new List<(Delivery, Answer?)>();
        foreach (var (delivery, news) in group)
        {
            if (done.Count > 0 && done[^1].Item1.State == DeliveryState.Pending)
            {
                // It waits behind the one before it; one that is a row already does anyway.
                if (news is not null) done.Add((delivery, null));
                continue;
            }

            if ((news ?? await LogRows.AtAsync(database, delivery.Position, ending)) is not { } entry)
                done.Add((delivery with { State = DeliveryState.Failed, NextAt = null, Error = "The log does not keep the event any more.", TriedAt = clock.GetUtcNow() }, null));
            else if (!Shows(webhook, entry))
                done.Add((delivery with { State = DeliveryState.Failed, NextAt = null, Error = "Whom the event is about hides it from others now.", TriedAt = clock.GetUtcNow() }, null));
            else
            {
                await slots.WaitAsync(ending);
                try
                {
                    var answer = await sender.SendAsync(webhook.Url, webhook.Keys(clock.GetUtcNow()), delivery.Event, entry.Item, ending);
                    done.Add((delivery.After(answer, clock.GetUtcNow()), answer));
                }
                finally
                {
                    slots.Release();
                }
            }
        }

        return done;
    }

    private async Task SaveAsync(Subscription webhook, long position, CancellationToken ending)
    {
        await using var command = database.CreateCommand("update webhooks set position = greatest(position, $2) where id = $1");
        command.Parameters.Add(new() { Value = webhook.Id });
        command.Parameters.Add(new() { Value = position });
        await command.ExecuteNonQueryAsync(ending);
    }

    private async Task TellMissedAsync(Subscription webhook, long position, CancellationToken ending)
    {
        var notice = $"The events at {webhook.Position + 1} to {position} were no longer kept when they could have been sent.";
        logger.LogWarning("Webhook {Webhook} of {Owner}: {Notice}", webhook.Id, webhook.Owner, notice);
        await using var command = database.CreateCommand("update webhooks set position = greatest(position, $2), notice = $3 where id = $1");
        command.Parameters.Add(new() { Value = webhook.Id });
        command.Parameters.Add(new() { Value = position });
        command.Parameters.Add(new() { Value = notice });
        await command.ExecuteNonQueryAsync(ending);
    }

    /// <summary>What a webhook is like after a batch.</summary>
    /// <param name="Disabled">Why it is disabled from now on, or null.</param>
    internal sealed record Outcome(DateTimeOffset? FailingSince, int Failures, DateTimeOffset? ResumeAt, string? Disabled, string? Notice)
    {
        public static Outcome Of(Subscription webhook, IReadOnlyList<Answer> answers, DateTimeOffset now)
        {
            if (answers.Count == 0) return new(webhook.FailingSince, webhook.Failures, webhook.ResumeAt, null, null);
            var asked = answers.Max(answer => answer.RetryAfter);
            var taken = answers.Any(answer => answer.Taken);
            var failures = taken ? 0 : webhook.Failures + 1;
            DateTimeOffset? since = taken ? null : webhook.FailingSince ?? now;
            var pause = Delivery.Wait(failures, asked);
            if (asked is null && pause > LongestPause) pause = LongestPause;
            DateTimeOffset? resume = taken && asked is null ? null : now + pause;
            if (answers.Any(answer => answer.Status == 410))
                return new(since, failures, resume, "gone", "The receiver answered 410 Gone, which says that it wants no more. PATCH with {\"active\": true} goes on from where it stopped.");
            if (now - since >= Delivery.Patience)
                return new(since, failures, resume, "failing",
                    $"The receiver has taken nothing since {since:u}; last: {answers[^1].Error} PATCH with {{\"active\": true}} goes on from where it stopped.");
            return new(since, failures, resume, null, null);
        }
    }
}

/// <summary>A delivery to be sent, with its event when that was just read.</summary>
internal sealed record Outgoing(Delivery Delivery, LogEntry? Entry);

/// <summary>What is sent together.</summary>
/// <param name="Groups">Those of one subject each, in their order.</param>
/// <param name="Held">New ones that wait behind another of their subject.</param>
internal sealed record Batch(IReadOnlyList<IReadOnlyList<Outgoing>> Groups, IReadOnlyList<Delivery> Held)
{
    public static readonly Batch Nothing = new([], []);

    public bool IsSomething => Groups.Count > 0 || Held.Count > 0;

    /// <summary>What to send now.</summary>
    /// <param name="waiting">What waits, in order.</param>
    /// <param name="news">What was just read from the log.</param>
    /// <param name="probing">Nothing was taken last time: one event at a time is tried, one that was tried least often, so that it is not always the same.</param>
    /// <param name="most">At most so many of those that wait.</param>
    /// <param name="now">What is due by then.</param>
    public static Batch Of(IReadOnlyList<Delivery> waiting, IReadOnlyList<LogEntry> news, bool probing, int most, DateTimeOffset now)
    {
        var subjects = waiting.Select(one => one.Subject).ToHashSet();
        var entries = news.ToLookup(entry => subjects.Contains(entry.Subject));
        Delivery[] held = [.. entries[true].Select(Delivery.Of)];
        IReadOnlyList<Outgoing>[] fresh = [.. entries[false].GroupBy(entry => entry.Subject).Select(group => (IReadOnlyList<Outgoing>)[.. group.Select(entry => new Outgoing(Delivery.Of(entry), entry))])];
        var due = waiting.GroupBy(one => one.Subject).Where(subject => !(subject.First().NextAt > now));
        if (!probing) return new([.. due.Take(most).Select(subject => subject.Take(most).Select(one => new Outgoing(one, null)).ToArray()), .. fresh], held);
        if (fresh.Length > 0) return new(fresh, held);
        return new([.. due.OrderBy(subject => subject.First().Attempts).Take(1).Select(subject => new[] { new Outgoing(subject.First(), null) })], held);
    }

    /// <summary>When the next of those that wait is due.</summary>
    public static DateTimeOffset? NextDue(IReadOnlyList<Delivery> waiting) => waiting.GroupBy(one => one.Subject).Min(subject => subject.First().NextAt);
}
