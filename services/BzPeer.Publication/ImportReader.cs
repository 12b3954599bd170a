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
    /// <summary>A person's own list of works, as BibTeX; whose word it is, is <see cref="WorkSource.List"/>.</summary>
    public const string Bibtex = "bibtex";

    /// <summary>A person's own list of works, as CSL-JSON.</summary>
    public const string Csl = "csl";

    /// <summary>Retractions and reinstatements, as Retraction Watch lists them.</summary>
    public const string Retractions = RetractionWatch.Source;

    private enum Written
    {
        Json,
        Xml,
        Text,
        Csv,
    }

    /// <summary>What reads a format, in each way it is written; <paramref name="ListAt"/> are the keys that lead to the list in a page of JSON.</summary>
    private sealed record Format(
        Func<JsonElement, IEnumerable<ReadRecord>>? Json = null, string[]? ListAt = null,
        Func<XmlReader, PeekStream, CancellationToken, IAsyncEnumerable<ReadRecord>>? Xml = null,
        Func<Stream, CancellationToken, IAsyncEnumerable<ReadRecord>>? Text = null, Func<Stream, CancellationToken, IAsyncEnumerable<ReadRecord>>? Csv = null)
    {
        public bool Has(Written written) => written switch { Written.Json => Json is not null, Written.Xml => Xml is not null, Written.Csv => Csv is not null, _ => Text is not null };
    }

    private static readonly Dictionary<string, Format> ByName = new()
    {
        [WorkSource.OpenAlex] = new(Json: record => [OpenAlexAuthors.Read(record) ?? OpenAlexWorks.Read(record)], ListAt: ["results"]),
        [WorkSource.Crossref] = new(Json: record => [CrossrefWorks.Read(record)], ListAt: ["message", "items"]),
        [WorkSource.Arxiv] = new(Json: ArxivWorks.ReadAny, ListAt: ["results"], Xml: ArxivWorks.ReadAsync),
        [WorkSource.Orcid] = new(Json: OrcidWorks.Read, Xml: OrcidWorks.ReadAsync),
        [Bibtex] = new(Text: OwnLists.ReadBibtexAsync),
        [Csl] = new(Json: record => [OwnLists.ReadCsl(record)], ListAt: ["items"]),
        [Retractions] = new(Csv: RetractionWatch.ReadAsync),
    };

    /// <summary>What the body of an import may be called, how it is then written (null: its first byte tells), and the one format it is the type of, if it is.</summary>
    private static readonly Dictionary<string, (Written? Written, string? Of)> MediaTypes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["application/json"] = (Written.Json, null),
        ["application/x-ndjson"] = (Written.Json, null),
        ["application/ndjson"] = (Written.Json, null),
        ["application/jsonl"] = (Written.Json, null),
        ["application/vnd.orcid+json"] = (Written.Json, WorkSource.Orcid),
        ["application/vnd.citationstyles.csl+json"] = (Written.Json, Csl),
        ["application/atom+xml"] = (Written.Xml, WorkSource.Arxiv),
        ["application/vnd.orcid+xml"] = (Written.Xml, WorkSource.Orcid),
        ["application/xml"] = (Written.Xml, null),
        ["text/xml"] = (Written.Xml, null),
        ["application/x-bibtex"] = (Written.Text, Bibtex),
        ["text/x-bibtex"] = (Written.Text, Bibtex),
        ["text/csv"] = (Written.Csv, null),
        ["application/gzip"] = (null, null),
        ["application/x-gzip"] = (null, null),
    };

    /// <summary>The names of the formats.</summary>
    public static IReadOnlyList<string> Formats { get; } = [.. ByName.Keys];

    /// <summary>Whether a body of this type can hold records of this format.</summary>
    public static bool Takes(string format, string? mediaType) =>
        mediaType is not null && MediaTypes.TryGetValue(mediaType, out var type) && (type.Of ?? format) == format && (type.Written is not { } written || ByName[format].Has(written));

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

        var reads = ByName[format];
        switch (MediaTypes[mediaType].Written ?? await GuessAsync(reads, stream, cancellation))
        {
            case Written.Xml:
                // No DTD, so no entities to expand or fetch; what no XML may hold is dropped when the text is cleaned.
                using (var xml = XmlReader.Create(stream, new() { Async = true, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, CheckCharacters = false, IgnoreComments = true, IgnoreProcessingInstructions = true }))
                {
                    await foreach (var record in reads.Xml!(xml, stream, cancellation)) yield return record;
                }

                break;
            case Written.Text:
                await foreach (var record in reads.Text!(stream, cancellation)) yield return record;
                break;
            case Written.Csv:
                await foreach (var record in reads.Csv!(stream, cancellation)) yield return record;
                break;
            default:
                var asLines = mediaType.EndsWith("ndjson", StringComparison.OrdinalIgnoreCase) || mediaType.EndsWith("jsonl", StringComparison.OrdinalIgnoreCase);
                await foreach (var bytes in JsonRecords.ReadAsync(stream, asLines, reads.ListAt ?? [], cancellation))
                    foreach (var record in ReadJson(bytes, reads.Json!)) yield return record;
                break;
        }
    }

    private static async Task<Written> GuessAsync(Format format, PeekStream stream, CancellationToken cancellation) =>
        format.Has(Written.Text) ? Written.Text
        : format.Has(Written.Csv) ? Written.Csv
        : format.Has(Written.Xml) && await stream.StartsWithMarkupAsync(cancellation) ? Written.Xml
        : Written.Json;

    /// <summary>The element the reader stands at; it then stands at its end, and has not looked beyond, where the file may break off.</summary>
    internal static async Task<XElement> ReadElementAsync(XmlReader xml, CancellationToken cancellation)
    {
        using var element = xml.ReadSubtree();
        return await XElement.LoadAsync(element, LoadOptions.PreserveWhitespace, cancellation);
    }

    private static IEnumerable<ReadRecord> ReadJson(RecordBytes record, Func<JsonElement, IEnumerable<ReadRecord>> read)
    {
        if (record.Broken is not null) return [record.BreaksOff ? ReadRecord.Broken(record.Broken) : ReadRecord.Rejected(null, record.Broken)];
        try
        {
            using var json = JsonDocument.Parse(record.Json);
            return [.. read(json.RootElement)];
        }
        catch (JsonException e)
        {
            return [ReadRecord.Rejected(null, $"The record is not JSON: {e.Message}")];
        }
        catch (InvalidOperationException e)
        {
            // A string with half a surrogate pair, which JSON can write and no text can hold.
            return [ReadRecord.Rejected(null, $"The record holds text that cannot be read: {e.Message}")];
        }
    }
}
