using System.Runtime.CompilerServices;
using System.Text;

namespace BzPeer.Publication;

/// <summary>An entry of a BibTeX file: its type in lower case, its key, and its fields as they are written; or why it could not be read.</summary>
internal sealed record BibtexEntry(string Type, string? Key, IReadOnlyDictionary<string, string> Fields, string? Broken = null, bool BreaksOff = false);

/// <summary>
/// Reads BibTeX entry by entry, with one of them in memory. Text between entries is a comment, as in BibTeX. An entry that is
/// never closed ends where a line begins with the next one, so it does not hide the entries after it.
/// </summary>
internal sealed class BibtexEntries
{
    /// <summary>More abbreviations than this no list has; they are all kept while it is read.</summary>
    private const int MaxAbbreviations = 10_000;
    private const int MaxAbbreviation = 10_000;

    /// <summary>Characters in which its key is found.</summary>
    private const int KeptOfTooLarge = 1_000;

    private const string NeverClosed = "The entry is not closed before the next one begins.";

    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    private static readonly Dictionary<string, string> Nothing = [];

    private readonly Dictionary<string, string> abbreviations = new(Months.Select(month => KeyValuePair.Create(month, month)), StringComparer.OrdinalIgnoreCase);
    private readonly Queue<BibtexEntry> complete = [];
    private readonly StringBuilder entry = new();
    private int depth, start = -1;
    private char close;
    private bool lineStart = true, quoted, tooLarge, any;

    /// <summary>Reads the entries, but for abbreviations (<c>@string</c>), comments and preambles.</summary>
    public static async IAsyncEnumerable<BibtexEntry> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var entries = new BibtexEntries();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var buffer = new char[32_768];
        var blank = true;
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellation)) > 0)
        {
            blank &= buffer.AsSpan(0, read).IsWhiteSpace();
            foreach (var c in buffer.AsSpan(0, read)) entries.Push(c);
            while (entries.complete.TryDequeue(out var next)) yield return next;
        }

        if (entries.close != '\0') yield return new("", KeyOf(entries.entry.ToString()), Nothing, "The file breaks off in this entry.", BreaksOff: true);
        else if (!entries.any && !blank) yield return new("", null, Nothing, "There is no BibTeX entry in it.", BreaksOff: true);
    }

    private void Push(char c)
    {
        // Where a line begins with an @, its word and a brace, an entry begins, whatever is open.
        if (c == '@' && (lineStart || close == '\0'))
        {
            if (close == '\0') entry.Clear();
            start = entry.Length;
        }

        var word = start >= 0;
        if (close == '\0' && !word)
        {
            lineStart = c == '\n' || (lineStart && char.IsWhiteSpace(c));
            return;
        }

        if (word && c is '{' or '(' && IsWord())
        {
            Begin(c);
            return;
        }

        if (word && c != '@' && !char.IsLetter(c) && !char.IsWhiteSpace(c)) GiveUpWord();
        lineStart = c == '\n' || (lineStart && char.IsWhiteSpace(c));
        if (close == '\0' && start < 0) return;
        if (entry.Length >= JsonRecords.MaxRecordBytes) (entry.Length, start, tooLarge) = (KeptOfTooLarge, -1, true);
        entry.Append(c);
        if (close != '\0') Count(c);
    }

    /// <summary>Whether what stands since the @ is one word.</summary>
    private bool IsWord() => entry.Length > start + 1 && entry.ToString(start + 1, entry.Length - start - 1).Trim() is { Length: > 0 } word && word.All(char.IsLetter);

    private void GiveUpWord()
    {
        start = -1;
        if (close == '\0') entry.Clear();
    }

    private void Begin(char open)
    {
        if (close != '\0')
        {
            var broken = entry.ToString(0, start);
            entry.Remove(0, start);
            complete.Enqueue(new("", KeyOf(broken), Nothing, NeverClosed));
        }

        entry.Append(open);
        (start, depth, close, quoted, tooLarge, lineStart, any) = (-1, 0, open == '{' ? '}' : ')', false, false, false, true);
    }

    /// <summary>Braces count also where they are escaped, as in BibTeX. In an entry in parentheses a quoted value may hold one.</summary>
    private void Count(char c)
    {
        if (c == close && depth == 0 && !(quoted && close == ')')) End();
        else if (c == '{') depth++;
        else if (c == '}') depth = Math.Max(0, depth - 1);
        else if (c == '"' && depth == 0) quoted = !quoted;
    }

    private void End()
    {
        var text = entry.ToString();
        if (tooLarge) complete.Enqueue(new("", KeyOf(text), Nothing, $"The record is larger than {JsonRecords.MaxRecordBytes:N0} bytes."));
        else if (Parse(text) is { } parsed) complete.Enqueue(parsed);
        entry.Clear();
        (start, close, depth) = (-1, '\0', 0);
    }

    private static string? KeyOf(string text)
    {
        var open = text.AsSpan().IndexOfAny('{', '(');
        var end = text.IndexOf(',', StringComparison.Ordinal);
        return open >= 0 && end > open && text[(open + 1)..end].Trim() is { Length: > 0 } key && !key.Contains('=', StringComparison.Ordinal) ? key : null;
    }

    private BibtexEntry? Parse(string text)
    {
        var open = text.AsSpan().IndexOfAny('{', '(');
        var type = text[1..open].Trim().ToLowerInvariant();
        if (type is "comment" or "preamble") return null;
        var key = type == "string" ? null : KeyOf(text);
        var at = key is null ? open + 1 : text.IndexOf(',', StringComparison.Ordinal) + 1;
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        try
        {
            new Fields(text, at, text.Length - 1, abbreviations).ReadInto(fields);
        }
        catch (FormatException e)
        {
            return new(type, key, Nothing, $"The entry is not BibTeX: {e.Message}");
        }

        if (type != "string") return new(type, key, fields);
        foreach (var (name, value) in fields)
            if (value.Length <= MaxAbbreviation && abbreviations.Count < MaxAbbreviations) abbreviations[name] = value;
        return null;
    }

    /// <summary>Reads <c>name = value, ...</c>; a value is one or more of braces, quotes, numbers and abbreviations, joined by #.</summary>
    private sealed class Fields(string text, int at, int end, Dictionary<string, string> abbreviations)
    {
        private int at = at;

        public void ReadInto(Dictionary<string, string> fields)
        {
            while (true)
            {
                while (at < end && (char.IsWhiteSpace(text[at]) || text[at] == ',')) at++;
                if (at >= end) return;
                var name = Word();
                SkipSpace();
                if (at >= end || text[at] != '=') throw new FormatException($"'{name}' is not followed by '='.");
                at++;
                var value = Value();
                // Of a field that stands twice, BibTeX takes the first.
                fields.TryAdd(name, value);
                SkipSpace();
                if (at < end && text[at] != ',') throw new FormatException($"'{name}' is not followed by a comma.");
            }
        }

        private void SkipSpace()
        {
            while (at < end && char.IsWhiteSpace(text[at])) at++;
        }

        private string Word()
        {
            var from = at;
            while (at < end && !char.IsWhiteSpace(text[at]) && text[at] is not ('=' or ',' or '#' or '{' or '}' or '"' or '(' or ')')) at++;
            return at > from ? text[from..at] : throw new FormatException($"There is a '{text[from]}' where a name should be.");
        }

        private string Value()
        {
            var value = new StringBuilder();
            while (true)
            {
                SkipSpace();
                if (at >= end) throw new FormatException("A value is missing.");
                value.Append(text[at] switch { '{' => Braced(), '"' => Quoted(), _ => Named() });
                SkipSpace();
                if (at >= end || text[at] != '#') return value.ToString();
                at++;
            }
        }

        private string Named()
        {
            var word = Word();
            return abbreviations.GetValueOrDefault(word, word);
        }

        private string Braced()
        {
            var from = ++at;
            for (var depth = 0; at < end; at++)
            {
                if (text[at] == '{') depth++;
                else if (text[at] == '}' && depth-- == 0) return text[from..at++];
            }

            throw new FormatException("A brace is not closed.");
        }

        private string Quoted()
        {
            var from = ++at;
            for (var depth = 0; at < end; at++)
            {
                if (text[at] == '{') depth++;
                else if (text[at] == '}') depth--;
                else if (text[at] == '"' && depth == 0) return text[from..at++];
            }

            throw new FormatException("A quote is not closed.");
        }
    }
}
