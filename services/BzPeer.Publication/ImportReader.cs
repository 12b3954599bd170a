using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;

namespace BzPeer.Publication;

/// <summary>
/// Reads the records of an import one after the other, whatever their number, with one of them in memory. What cannot be
/// read is a rejection; where nothing after it can be read either, it is the last one.
/// </summary>
internal static class ImportReader
{
    /// <summary>What the body of an import may be called, and whether it is XML (null: its first byte tells).</summary>
    private static readonly Dictionary<string, bool?> MediaTypes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["application/json"] = false,
        ["application/x-ndjson"] = false,
        ["application/ndjson"] = false,
        ["application/jsonl"] = false,
        ["application/atom+xml"] = true,
        ["application/xml"] = true,
        ["text/xml"] = true,
        ["application/gzip"] = null,
        ["application/x-gzip"] = null,
    };

    /// <summary>Whether a body of this type can hold records of this format.</summary>
    public static bool Takes(string format, string? mediaType) =>
        mediaType is not null && MediaTypes.TryGetValue(mediaType, out var xml) && (xml != true || format == WorkSource.Arxiv);

    /// <summary>The media types to send this format as.</summary>
    public static string Takes(string format) => string.Join(", ", MediaTypes.Keys.Where(type => Takes(format, type)));

    public static async IAsyncEnumerable<ReadRecord> ReadAsync(
        Stream body, string format, string mediaType, long maxBytes, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var records = Open(body, format, mediaType, maxBytes, cancellation).GetAsyncEnumerator(cancellation);
        while (true)
        {
            ReadRecord? next;
            try
            {
                next = await records.MoveNextAsync() ? records.Current : null;
            }
            catch (XmlException e)
            {
                next = ReadRecord.Broken($"The XML breaks off or is not well-formed here: {e.Message}");
            }
            catch (InvalidDataException e)
            {
                next = ReadRecord.Broken($"The data cannot be read on: {e.Message}");
            }

            if (next is null) yield break;
            yield return next;
            if (next.BreaksOff) yield break;
        }
    }

    private static async IAsyncEnumerable<ReadRecord> Open(Stream body, string format, string mediaType, long maxBytes, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var stream = new PeekStream(body);
        // Compressed as its name says, as the transfer said, or both.
        for (var layer = 0; layer < 2 && await stream.StartsWithAsync([0x1F, 0x8B], cancellation); layer++)
            stream = new PeekStream(new GZipStream(stream, CompressionMode.Decompress));
        stream.MaxBytes = maxBytes;

        var xml = MediaTypes[mediaType] ?? (format == WorkSource.Arxiv && await stream.StartsWithMarkupAsync(cancellation));
        if (xml)
        {
            await foreach (var record in ReadFeedAsync(stream, cancellation)) yield return record;
            yield break;
        }

        var asLines = mediaType.EndsWith("ndjson", StringComparison.OrdinalIgnoreCase) || mediaType.EndsWith("jsonl", StringComparison.OrdinalIgnoreCase);
        await foreach (var record in JsonRecords.ReadAsync(stream, asLines, cancellation)) yield return ReadJson(record, format);
    }

    private static ReadRecord ReadJson(RecordBytes record, string format)
    {
        if (record.Broken is not null) return record.BreaksOff ? ReadRecord.Broken(record.Broken) : ReadRecord.Rejected(null, record.Broken);
        try
        {
            using var json = JsonDocument.Parse(record.Json);
            return format == WorkSource.OpenAlex ? OpenAlexWorks.Read(json.RootElement) : ArxivWorks.Read(json.RootElement);
        }
        catch (JsonException e)
        {
            return ReadRecord.Rejected(null, $"The record is not JSON: {e.Message}");
        }
        catch (InvalidOperationException e)
        {
            // A string with half a surrogate pair, which JSON can write and no text can hold.
            return ReadRecord.Rejected(null, $"The record holds text that cannot be read: {e.Message}");
        }
    }

    private static async IAsyncEnumerable<ReadRecord> ReadFeedAsync(PeekStream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // No DTD, so no entities to expand or fetch; what no XML may hold is dropped when the text is cleaned.
        using var xml = XmlReader.Create(stream, new() { Async = true, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, CheckCharacters = false, IgnoreComments = true, IgnoreProcessingInstructions = true });
        await xml.MoveToContentAsync();
        if (xml is not { LocalName: "feed" or "entry", NamespaceURI: "http://www.w3.org/2005/Atom" })
            throw new XmlException("This is not an Atom feed.");
        while (!xml.EOF)
        {
            if (xml is { NodeType: XmlNodeType.Element, LocalName: "entry", NamespaceURI: "http://www.w3.org/2005/Atom" })
            {
                stream.BeginRecord();
                yield return ArxivWorks.Read((XElement)await XNode.ReadFromAsync(xml, cancellation));
            }
            else
            {
                stream.BeginRecord();
                await xml.ReadAsync();
            }
        }
    }
}
