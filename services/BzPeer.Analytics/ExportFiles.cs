using System.Data;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>A file that has been made of a day. Its name says all there is to know, so that nothing else has to be kept in step with it.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Events">How many events are in it.</param>
/// <param name="Sha256">Of its content, 64 hex digits.</param>
internal sealed record ExportFile(string Path, long Bytes, long Events, string Sha256);

/// <summary>
/// Makes the files of days when they are asked for, and keeps them as long as they are what would be made now: one for everybody and one for
/// those who may read everything. Each is made under another name and then renamed, one at a time, so that exports never take more than a processor.
/// </summary>
internal sealed class ExportFiles(NpgsqlDataSource database, ExportFolder root, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<ExportFiles> logger) : BackgroundService
{
    private readonly SemaphoreSlim oneAtATime = new(1);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Task<Version>> underWay = [];
    private string? folder;

    /// <summary>What the content of a day's file depends on, whatever its format.</summary>
    private sealed record Version(DateOnly Day, bool Everything, long Last, long Revision, long Hidden)
    {
        public string Prefix => string.Create(CultureInfo.InvariantCulture, $"{Day:yyyy-MM-dd}.{(Everything ? "all" : "public")}.{Last}-{Revision}-{Hidden}.");

        /// <summary>Whether what was made then may still be shown, though more may have come to the day.</summary>
        public bool MayBeShownLike(Version now) => (Revision, Hidden) == (now.Revision, now.Hidden);
    }

    /// <summary>The file of a day as it is now, open for reading; null when there is no such day.</summary>
    public async Task<(ExportFile File, FileStream Content)?> OpenAsync(DateOnly day, ExportFormat format, bool everything, CancellationToken cancellation)
    {
        while (await VersionAsync(day, everything, cancellation) is { } version)
        {
            var file = await FindAsync(version, format, cancellation);
            if (file is null)
            {
                // Goes on when whoever asked has left: they ask again.
                var made = await MakeOnceAsync(version, format).WaitAsync(cancellation);
                if (await VersionAsync(day, everything, cancellation) is not { } now || !made.MayBeShownLike(now)) continue;
                file = await FindAsync(made, format, cancellation);
            }

            try
            {
                if (file is not null) return (file, new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 64 * 1024, useAsync: true));
            }
            catch (FileNotFoundException)
            {
                // Another one has taken its place.
            }
        }

        return null;
    }

    /// <summary>Every day, with its files that are there already.</summary>
    public async Task<List<(LogDay Day, ExportFile? Ndjson, ExportFile? Parquet)>> ListAsync(bool everything, CancellationToken cancellation)
    {
        var (days, hidden) = await DaysAsync(only: null, cancellation);
        var there = (await FilesAsync(cancellation)).ToLookup(file => PrefixOf(file.Name));
        return [.. days.Select(day => (day, Of(day, ExportFormat.Ndjson), Of(day, ExportFormat.Parquet)))];

        ExportFile? Of(LogDay day, ExportFormat format) =>
            there[VersionOf(day, everything, hidden).Prefix].Where(file => file.Name.EndsWith("." + format.Extension, StringComparison.Ordinal)).Select(Read).FirstOrDefault();
    }

    /// <summary>Deletes the files that are not to be shown any more, and what was left half made.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        var files = await FilesAsync(cancellation);
        var (days, hidden) = await DaysAsync(only: null, cancellation);
        var current = days.SelectMany(day => new[] { VersionOf(day, everything: true, hidden), VersionOf(day, everything: false, hidden) }).Select(version => version.Prefix).ToHashSet();
        foreach (var file in files)
            if (file.Name.EndsWith(".part", StringComparison.Ordinal) ? file.LastWriteTimeUtc < clock.GetUtcNow().UtcDateTime.AddHours(-1) : !current.Contains(PrefixOf(file.Name)))
                file.Delete();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning("Old exports are deleted in a minute: {Reason}", e.Message);
            }

            await Task.Delay(TimeSpan.FromMinutes(1), clock, stoppingToken);
        }
    }

    /// <summary>Whoever asks for the same file waits for the same work.</summary>
    private Task<Version> MakeOnceAsync(Version version, ExportFormat format)
    {
        var what = $"{version.Day:yyyy-MM-dd}.{version.Everything}.{format.Extension}";
        lock (gate) return underWay.TryGetValue(what, out var running) ? running : underWay[what] = Task.Run(MakeAndForgetAsync);

        async Task<Version> MakeAndForgetAsync()
        {
            await oneAtATime.WaitAsync(lifetime.ApplicationStopping);
            try
            {
                return await MakeAsync(version, format, lifetime.ApplicationStopping);
            }
            finally
            {
                oneAtATime.Release();
                lock (gate) underWay.Remove(what);
            }
        }
    }

    /// <summary>Makes the file of the day as it is now, all of it as of one moment; which version that is.</summary>
    private async Task<Version> MakeAsync(Version asked, ExportFormat format, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        var (days, hiddenVersion) = await DaysAsync(connection, asked.Day, cancellation);
        if (days is not [var day]) return asked;
        var version = VersionOf(day, asked.Everything, hiddenVersion);
        var hidden = await Hidden.ReadAsync(connection, hiddenVersion, cancellation);
        var part = Path.Combine(await FolderAsync(cancellation), $"{Guid.NewGuid():N}.part");
        long events;
        await using (var file = new FileStream(part, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 64 * 1024, useAsync: true))
            events = await format.WriteAsync(file, EventsAsync(connection, day.Day, hidden, asked.Everything, cancellation), cancellation);

        string sha256;
        await using (var written = File.OpenRead(part)) sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(written, cancellation));
        File.Move(part, Path.Combine(await FolderAsync(cancellation), string.Create(CultureInfo.InvariantCulture, $"{version.Prefix}{events}.{sha256}.{format.Extension}")), overwrite: true);
        return version;
    }

    private static async IAsyncEnumerable<ExportedEvent> EventsAsync(
        NpgsqlConnection connection, DateOnly day, Hidden hidden, bool everything, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select position, type, subject, actor, event, source, sequence, id, time from log where day = $1 order by position", connection)
        { Parameters = { new() { Value = day } }, CommandTimeout = 0 };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var position = row.GetInt64(0);
            var entry = new LogEntry(position, row.GetString(1), row.GetGuid(2), row.IsDBNull(3) ? null : row.GetGuid(3), LogRows.Item(position, row.GetFieldValue<byte[]>(4)));
            if (everything || hidden.Shows(entry)) yield return new(entry, row.GetString(5), row.GetInt64(6), row.GetGuid(7), row.GetDateTime(8));
        }
    }

    private static Version VersionOf(LogDay day, bool everything, long hidden) => new(day.Day, everything, day.Last, day.Revision, everything ? 0 : hidden);

    private async Task<Version?> VersionAsync(DateOnly day, bool everything, CancellationToken cancellation) =>
        await DaysAsync(day, cancellation) is ([var there], var hidden) ? VersionOf(there, everything, hidden) : null;

    private async Task<(List<LogDay> Days, long Hidden)> DaysAsync(DateOnly? only, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await DaysAsync(connection, only, cancellation);
    }

    private static async Task<(List<LogDay> Days, long Hidden)> DaysAsync(NpgsqlConnection connection, DateOnly? only, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select hidden from log_head", connection);
        var hidden = (long)(await command.ExecuteScalarAsync(cancellation))!;
        return (await LogDays.ReadAsync(connection, only, cancellation), hidden);
    }

    private async Task<ExportFile?> FindAsync(Version version, ExportFormat format, CancellationToken cancellation) =>
        new DirectoryInfo(await FolderAsync(cancellation)).EnumerateFiles($"{version.Prefix}*.{format.Extension}").Select(Read).FirstOrDefault();

    private async Task<FileInfo[]> FilesAsync(CancellationToken cancellation) => new DirectoryInfo(await FolderAsync(cancellation)).GetFiles();

    private static ExportFile Read(FileInfo file) => file.Name.Split('.') is [_, _, _, var events, var sha256, ..]
        ? new(file.FullName, file.Length, long.Parse(events, CultureInfo.InvariantCulture), sha256)
        : throw new FormatException($"{file.FullName} is no export.");

    private static string PrefixOf(string name) => name.Split('.') is [var day, var who, var version, ..] ? $"{day}.{who}.{version}." : "";

    /// <summary>A folder for this log: another log may be exported beside it.</summary>
    private async Task<string> FolderAsync(CancellationToken cancellation)
    {
        if (folder is not null) return folder;
        await using var command = database.CreateCommand("select id::text from log_head");
        return folder = Directory.CreateDirectory(Path.Combine(root.Path, (string)(await command.ExecuteScalarAsync(cancellation))!)).FullName;
    }
}

/// <summary>Where files of days are kept.</summary>
internal sealed record ExportFolder(string Path);
