using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace BzPeer.Publication;

/// <summary>The bytes of one record, or why they could not be had; and whether nothing after it can be.</summary>
internal readonly record struct RecordBytes(ReadOnlyMemory<byte> Json, string? Broken = null, bool BreaksOff = false);

/// <summary>
/// Cuts JSON into records without understanding them: one record, an array, a page of an API (<c>{"results": [...]}</c>,
/// <c>{"message": {"items": [...]}}</c>) or NDJSON. Only the record being read is in memory, and a record that is no JSON does not hide the ones after it.
/// </summary>
internal sealed class JsonRecords(string[] listAt)
{
    /// <summary>A record of 10,000 authors takes a third of this.</summary>
    public const int MaxRecordBytes = 32_000_000;

    /// <summary>How far to look for the end of the first line, to tell NDJSON that is not called so.</summary>
    private const int SniffBytes = 1_000_000;

    private readonly byte[][] keys = [.. listAt.Select(key => Encoding.UTF8.GetBytes($"{key}\""))];
    private readonly ArrayBufferWriter<byte> record = new(16_384);
    private readonly Queue<RecordBytes> complete = [];
    private bool lines;
    private int depth, listDepth;
    private bool inString, escaped, inRecord, tooLarge, afterList;

    // On the way to the list of a page: how many of its keys lead to here, the key being read, and whether it was the next one.
    private int onTheWay;
    private bool keyNext;
    private int stringStart = -1;
    private bool atKey;

    /// <summary>
    /// Reads the records; <paramref name="asLines"/> when the sender said that each line is one; <paramref name="listAt"/> are
    /// the keys that lead to the list of a page, none where the source has no pages.
    /// </summary>
    public static async IAsyncEnumerable<RecordBytes> ReadAsync(Stream stream, bool asLines, string[] listAt, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var reader = new JsonRecords(listAt);
        var head = await ReadFirstLineAsync(stream, cancellation);
        var start = head.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        reader.lines = asLines || IsRecord(head.AsSpan(start), listAt);
        reader.Push(head.AsSpan(start));

        var buffer = new byte[65_536];
        while (true)
        {
            while (reader.complete.TryDequeue(out var record)) yield return record;
            var read = await stream.ReadAsync(buffer, cancellation);
            if (read == 0) break;
            reader.Push(buffer.AsSpan(0, read));
        }

        reader.End();
        while (reader.complete.TryDequeue(out var record)) yield return record;
    }

    private static async Task<byte[]> ReadFirstLineAsync(Stream stream, CancellationToken cancellation)
    {
        using var head = new MemoryStream();
        var buffer = new byte[65_536];
        int read;
        while (head.Length < SniffBytes && (read = await stream.ReadAsync(buffer, cancellation)) > 0)
        {
            head.Write(buffer, 0, read);
            if (buffer.AsSpan(0, read).Contains((byte)'\n')) break;
        }

        return head.ToArray();
    }

    /// <summary>Whether the first line is an object of its own that is not a page.</summary>
    private static bool IsRecord(ReadOnlySpan<byte> head, string[] listAt)
    {
        var end = head.IndexOf((byte)'\n');
        if (end < 0) return false;
        try
        {
            var line = new Utf8JsonReader(head[..end]);
            using var parsed = JsonDocument.ParseValue(ref line);
            if (parsed.RootElement.ValueKind != JsonValueKind.Object || line.Read()) return false;
            var list = listAt.Aggregate((JsonElement?)parsed.RootElement, (found, key) => found.Member(key));
            return listAt.Length == 0 || list?.ValueKind != JsonValueKind.Array;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private void Push(ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            if (lines) PushLine(b);
            else Push(b);
        }
    }

    private void PushLine(byte b)
    {
        if (b == '\n') EndLine();
        else if (inRecord || !IsSpace(b)) Keep(b);
    }

    private void EndLine()
    {
        if (inRecord) Complete();
    }

    private void Push(byte b)
    {
        if (inString)
        {
            if (inRecord) Keep(b);
            if (escaped) escaped = false;
            else if (b == '\\') escaped = true;
            else if (b == '"') EndString();
            return;
        }

        if (IsSpace(b))
        {
            if (inRecord) Keep(b);
            return;
        }

        switch (b)
        {
            case (byte)'"':
                BeginValue();
                Keep(b);
                inString = true;
                stringStart = keyNext && depth == onTheWay + 1 && listDepth == 0 && onTheWay < keys.Length ? record.WrittenCount : -1;
                break;
            case (byte)'[' when (atKey && onTheWay + 1 == keys.Length) || (depth == 0 && !afterList):
                // The list whose elements are the records: the root, or the list of a page. What was read so far is its envelope.
                Forget();
                listDepth = ++depth;
                (onTheWay, atKey) = (0, false);
                break;
            case (byte)'{' or (byte)'[':
                BeginValue();
                Keep(b);
                depth++;
                if (atKey && b == '{' && onTheWay + 1 < keys.Length) onTheWay++;
                (keyNext, atKey) = (b == '{', false);
                break;
            case (byte)'}' or (byte)']':
                Close(b);
                break;
            case (byte)',' when depth == listDepth && listDepth > 0:
                if (inRecord) Complete();
                break;
            case (byte)',':
                if (inRecord) Keep(b);
                (keyNext, atKey) = (true, false);
                break;
            default:
                BeginValue();
                Keep(b);
                // Only a colon may stand between the key and its list.
                if (b != ':') atKey = false;
                break;
        }
    }

    private void EndString()
    {
        inString = false;
        atKey = stringStart >= 0 && record.WrittenSpan[stringStart..].SequenceEqual(keys[onTheWay]);
        (stringStart, keyNext) = (-1, false);
    }

    private void Close(byte b)
    {
        if (depth == listDepth && listDepth > 0)
        {
            if (inRecord) Complete();
            (listDepth, afterList) = (0, --depth > 0);
            return;
        }

        if (inRecord) Keep(b);
        depth = Math.Max(0, depth - 1);
        atKey = false;
        if (onTheWay > 0 && depth == onTheWay) onTheWay--;
        if (depth == listDepth && inRecord) Complete();
        // The rest of a page, after its list, is no record.
        if (depth == 0) afterList = false;
    }

    private void BeginValue()
    {
        if (!afterList) inRecord = true;
    }

    private void Keep(byte b)
    {
        if (afterList) return;
        inRecord = true;
        if (record.WrittenCount >= MaxRecordBytes) tooLarge = true;
        else record.Write([b]);
    }

    private void Complete()
    {
        complete.Enqueue(tooLarge ? new(default, $"The record is larger than {MaxRecordBytes:N0} bytes.") : new(record.WrittenSpan.ToArray()));
        Forget();
    }

    private void Forget()
    {
        record.ResetWrittenCount();
        (inRecord, tooLarge) = (false, false);
    }

    private void End()
    {
        if (lines) EndLine();
        else if (inRecord && depth == 0) Complete();
        else if (depth > 0 || inString) complete.Enqueue(new(default, "The file breaks off here.", BreaksOff: true));
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';
}
