using System.Text.Json;
using BzPeer.Contracts;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>An event of the log, ready to be sent.</summary>
/// <param name="Position">Where it stands in the log.</param>
/// <param name="Type">The last part of its CloudEvents type.</param>
/// <param name="Subject">Whom or what it is about.</param>
/// <param name="Actor">Of a follow the follower, else null.</param>
/// <param name="Item">The CloudEvent in structured form with its position, JSON in UTF-8.</param>
internal sealed record LogEntry(long Position, string Type, Guid Subject, Guid? Actor, byte[] Item)
{
    /// <summary>The id of the event.</summary>
    public Guid Id()
    {
        using var read = JsonDocument.Parse(Item);
        return read.RootElement.GetProperty("id").GetGuid();
    }

    // Read once, however many listen.
    private HashSet<Guid>? authors;

    /// <summary>Whether it is the correction of a work of this researcher.</summary>
    public bool Corrects(Guid researcher) => Type == nameof(WorkCorrected) && (authors ??= Authors()).Contains(researcher);

    private HashSet<Guid> Authors()
    {
        using var read = JsonDocument.Parse(Item);
        return [.. read.RootElement.GetProperty("data").GetProperty("work").GetProperty("authors").EnumerateArray()
            .Select(author => author.TryGetProperty("researcherId", out var id) && id.ValueKind == JsonValueKind.String ? id.GetGuid() : Guid.Empty)];
    }
}

/// <summary>Reads the log from the store.</summary>
internal static class LogRows
{
    private const string Columns = "position, type, subject, actor, event";

    /// <summary>The events that carry the whole of a researcher's numbers: the newest of a type is all there is to know.</summary>
    public static readonly IReadOnlyList<string> States = [nameof(FollowerCountChanged), nameof(BibliographyChanged), nameof(TrustRecalculated)];

    /// <summary>
    /// The first entries after a position that the filter lets through, as they come from the store. Each branch runs along an index in the
    /// order of positions, so that a rare subject costs no more than a common one.
    /// </summary>
    public static async IAsyncEnumerable<LogEntry> ReadAsync(
        NpgsqlDataSource database, EventFilter filter, long after, long upTo, long limit, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        string[] branches = filter switch
        {
            { Subject: not null, Types.Count: 0 } => ["subject = $4", "actor = $4 and subject <> $4"],
            { Subject: not null } => ["subject = $4 and type = any($5)", "actor = $4 and subject <> $4 and type = any($5)"],
            { Types.Count: 0 } => ["true"],
            _ => [.. filter.Types.Distinct().Select((_, n) => $"type = ($5::text[])[{n + 1}]")],
        };
        var all = string.Join(" union all ", branches.Select(branch => $"(select {Columns} from log where position > $1 and position <= $2 and {branch} order by position limit $3)"));
        await using var command = database.CreateCommand($"select * from ({all}) l order by position limit $3");
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = upTo });
        command.Parameters.Add(new() { Value = limit });
        if (filter.Subject is { } subject || filter.Types.Count > 0)
        {
            command.Parameters.Add(new() { Value = filter.Subject ?? Guid.Empty });
            command.Parameters.Add(new() { Value = filter.Types.Distinct().ToArray() });
        }

        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) yield return Read(row);
    }

    /// <summary>The newest of each of <see cref="States"/> about a subject among the entries after a position, in their order. One read of an index each.</summary>
    public static async Task<IReadOnlyList<LogEntry>> NewestAsync(NpgsqlDataSource database, Guid subject, long after, long upTo, CancellationToken cancellation)
    {
        // The types stand in the text, so that the planner finds the index that has only them.
        var all = string.Join(" union all ", States.Select(type => $"(select {Columns} from log where subject = $1 and type = '{type}' and position > $2 and position <= $3 order by position desc limit 1)"));
        await using var command = database.CreateCommand($"select * from ({all}) l order by position");
        command.Parameters.Add(new() { Value = subject });
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = upTo });
        List<LogEntry> newest = [];
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) newest.Add(Read(row));
        return newest;
    }

    private static LogEntry Read(NpgsqlDataReader row)
    {
        var position = row.GetInt64(0);
        return new(position, row.GetString(1), row.GetGuid(2), row.IsDBNull(3) ? null : row.GetGuid(3), Item(position, row.GetFieldValue<byte[]>(4)));
    }

    /// <summary>The entry at a position, or null when it is no longer kept.</summary>
    public static async Task<LogEntry?> AtAsync(NpgsqlDataSource database, long position, CancellationToken cancellation)
    {
        LogEntry? found = null;
        await foreach (var entry in ReadAsync(database, new([], null), position - 1, position, 1, cancellation)) found = entry;
        return found;
    }

    /// <summary>An event as it is sent: with its position.</summary>
    public static byte[] Item(long position, byte[] structured)
    {
        Span<byte> before = stackalloc byte[40];
        "{\"position\":"u8.CopyTo(before);
        position.TryFormat(before[12..], out var digits, provider: System.Globalization.CultureInfo.InvariantCulture);
        before[12 + digits] = (byte)',';
        var item = new byte[13 + digits + structured.Length - 1];
        before[..(13 + digits)].CopyTo(item);
        structured.AsSpan(1).CopyTo(item.AsSpan(13 + digits));
        return item;
    }
}

/// <summary>Who hides what, as far as the log goes.</summary>
/// <param name="Version">Of <see cref="LogHead.Hidden"/>.</param>
/// <param name="Lists">Who hides whom they follow and who follows them.</param>
/// <param name="Counts">Who hides how many.</param>
internal sealed record Hidden(long Version, IReadOnlySet<Guid> Lists, IReadOnlySet<Guid> Counts)
{
    /// <summary>Whether anybody may see the event: an edge only when neither end hides it, counts and their digests only of those who hide neither.</summary>
    public bool Shows(LogEntry entry) => entry.Type switch
    {
        nameof(ResearcherFollowed) or nameof(ResearcherUnfollowed) => !Lists.Contains(entry.Subject) && !Lists.Contains(entry.Actor ?? Guid.Empty),
        nameof(FollowerCountChanged) => !Counts.Contains(entry.Subject) && !Lists.Contains(entry.Subject),
        _ => true,
    };

    /// <summary>Whether a researcher lets nobody else see how many follow them.</summary>
    public bool HidesCounts(Guid researcher) => Counts.Contains(researcher) || Lists.Contains(researcher);

    public static async Task<Hidden> ReadAsync(NpgsqlDataSource database, long version, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await ReadAsync(connection, version, cancellation);
    }

    public static async Task<Hidden> ReadAsync(NpgsqlConnection connection, long version, CancellationToken cancellation)
    {
        var (lists, counts) = (new HashSet<Guid>(), new HashSet<Guid>());
        await using var command = new NpgsqlCommand("select researcher, lists, counts from log_hidden", connection);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            if (row.GetBoolean(1)) lists.Add(row.GetGuid(0));
            if (row.GetBoolean(2)) counts.Add(row.GetGuid(0));
        }

        return new(version, lists, counts);
    }
}
