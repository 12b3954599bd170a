using System.IO.Compression;
using System.Text.Json;
using BzPeer.Contracts;
using Parquet;
using Parquet.Schema;

namespace BzPeer.Analytics;

/// <summary>An event as it is exported.</summary>
/// <param name="Entry">As it is sent.</param>
/// <param name="Source">The service it comes from.</param>
/// <param name="Sequence">Its position in the source's store.</param>
/// <param name="Id">Id of the event.</param>
/// <param name="Time">When it happened, UTC.</param>
internal readonly record struct ExportedEvent(LogEntry Entry, string Source, long Sequence, Guid Id, DateTime Time);

/// <summary>What a day is exported as.</summary>
/// <param name="Extension">Of its file.</param>
/// <param name="ContentType">Of the file.</param>
/// <param name="WriteAsync">Writes it, and says how many events there were. Needs the same memory for any number of them.</param>
internal sealed record ExportFormat(string Extension, string ContentType, Func<Stream, IAsyncEnumerable<ExportedEvent>, CancellationToken, Task<long>> WriteAsync)
{
    /// <summary>A line per event, as <c>GET /api/events</c> gives it, compressed.</summary>
    public static readonly ExportFormat Ndjson = new("ndjson.gz", "application/gzip", WriteLinesAsync);

    /// <summary>A row per event.</summary>
    public static readonly ExportFormat Parquet = new("parquet", "application/vnd.apache.parquet", WriteParquetAsync);

    private static async Task<long> WriteLinesAsync(Stream file, IAsyncEnumerable<ExportedEvent> events, CancellationToken cancellation)
    {
        var count = 0L;
        await using var lines = new GZipStream(file, CompressionLevel.Fastest);
        await using var buffered = new BufferedStream(lines, 64 * 1024);
        await foreach (var one in events.WithCancellation(cancellation))
        {
            await buffered.WriteAsync(one.Entry.Item, cancellation);
            buffered.WriteByte((byte)'\n');
            count++;
        }

        return count;
    }

    private static async Task<long> WriteParquetAsync(Stream file, IAsyncEnumerable<ExportedEvent> events, CancellationToken cancellation)
    {
        var count = 0L;
        var group = new RowGroup();
        await using var writer = await ParquetWriter.CreateAsync(RowGroup.Schema, file, new() { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Fastest }, append: false, cancellation);
        await foreach (var one in events.WithCancellation(cancellation))
        {
            group.Add(one);
            count++;
            if (group.IsFull) await group.WriteAsync(writer, cancellation);
        }

        if (!group.IsEmpty) await group.WriteAsync(writer, cancellation);
        return count;
    }

    /// <summary>The rows that are written next, column by column. Bounded by their number and by their text: some works have thousands of authors.</summary>
    private sealed class RowGroup
    {
        private const int MostRows = 50_000;
        private const long MostText = 32 * 1024 * 1024;

        private static readonly DataField<long> Position = new("position", nullable: false);
        private static readonly DataField<string> Id = new("id", nullable: false);
        private static readonly DataField<string> Source = new("source", nullable: false);
        private static readonly DataField<string> Type = new("type", nullable: false);
        private static readonly DataField<string> Subject = new("subject", nullable: false);
        private static readonly DataField<string> Actor = new("actor", nullable: true);
        private static readonly DateTimeDataField Time = new("time", DateTimeFormat.Timestamp, isAdjustedToUTC: true, unit: DateTimeTimeUnit.Micros, isNullable: false);
        private static readonly DataField<long> Sequence = new("sequence", nullable: false);
        private static readonly DataField<string> Data = new("data", nullable: false);

        private readonly List<ExportedEvent> rows = [];
        private readonly List<string> data = [];
        private long text;

        public static ParquetSchema Schema { get; } = new(Position, Id, Source, Type, Subject, Actor, Time, Sequence, Data);

        public bool IsEmpty => rows.Count == 0;

        public bool IsFull => rows.Count >= MostRows || text >= MostText;

        public void Add(ExportedEvent one)
        {
            data.Add(DataOf(one.Entry.Item));
            text += data[^1].Length;
            // The text itself is in the other list already.
            rows.Add(one with { Entry = one.Entry with { Item = [] } });
        }

        public async Task WriteAsync(ParquetWriter writer, CancellationToken cancellation)
        {
            using (var group = writer.CreateRowGroup())
            {
                await group.WriteAsync<long>(Position, rows.Select(row => row.Entry.Position).ToArray(), cancellationToken: cancellation);
                // Arrays: the library takes ten times as long over what a collection expression makes.
                await group.WriteAsync(Id, rows.Select(row => row.Id.ToString()).ToArray());
                await group.WriteAsync(Source, rows.Select(row => row.Source).ToArray());
                await group.WriteAsync(Type, rows.Select(row => CloudEvents.Type(row.Source, row.Entry.Type)).ToArray());
                await group.WriteAsync(Subject, rows.Select(row => row.Entry.Subject.ToString()).ToArray());
                await group.WriteAsync(Actor, rows.Select(row => row.Entry.Actor?.ToString()!).ToArray());
                await group.WriteAsync<DateTime>(Time, rows.Select(row => row.Time).ToArray(), cancellationToken: cancellation);
                await group.WriteAsync<long>(Sequence, rows.Select(row => row.Sequence).ToArray(), cancellationToken: cancellation);
                await group.WriteAsync(Data, data);
            }

            rows.Clear();
            data.Clear();
            text = 0;
        }

        private static string DataOf(byte[] item)
        {
            var json = new Utf8JsonReader(item);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var found = json.ValueTextEquals("data"u8);
                json.Read();
                var start = (int)json.TokenStartIndex;
                json.Skip();
                if (found) return System.Text.Encoding.UTF8.GetString(item.AsSpan(start..(int)json.BytesConsumed));
            }

            throw new FormatException("An event of the log has no data.");
        }
    }
}
