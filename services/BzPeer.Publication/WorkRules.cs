using System.Globalization;

namespace BzPeer.Publication;

/// <summary>A rule that a work breaks: its stable name, and a sentence for whoever sent it.</summary>
internal sealed record BrokenRule(string Rule, string Detail);

/// <summary>What a work may be: the same limits for what is imported and what is posted.</summary>
internal static class WorkRules
{
    public const int MaxAuthors = 10_000;

    /// <summary>The first rule the work breaks, or null.</summary>
    public static BrokenRule? Check(SourceWork work) =>
        work.Title.Length == 0 ? new BrokenRule("no-title", "The record has no title.")
        : TooLong("title", work.Title, 2_000)
        ?? (work.Type.Length == 0 ? new BrokenRule("no-type", "The work needs a type, such as 'article' or 'preprint'.") : null)
        ?? TooLong("type", work.Type, 100)
        ?? TooLong("venue", work.Venue, 1_000)
        ?? TooLong("abstract", work.Abstract, 50_000)
        ?? TooMany("topics", work.Topics.Count, 100)
        ?? work.Topics.Select(topic => TooLong("topic", topic, 300)).FirstOrDefault(broken => broken is not null)
        ?? TooMany("authors", work.Authors.Count, MaxAuthors)
        ?? work.Authors.Select(Check).FirstOrDefault(broken => broken is not null);

    /// <summary>The first rule the author breaks, or null.</summary>
    public static BrokenRule? Check(PrintedAuthor author) =>
        TooLong("author", author.Name, 500) ?? (author.Institutions ?? []).Select(at => TooLong("institution", at.Name, 1_000)).FirstOrDefault(broken => broken is not null);

    private static BrokenRule? TooLong(string field, string? text, int most) =>
        text is not null && text.Length > most && PlainText.Length(text) > most
            ? new BrokenRule($"{field}-too-long", $"The {field} has {Count(PlainText.Length(text))} characters; at most {Count(most)} are taken.")
            : null;

    private static BrokenRule? TooMany(string field, int count, int most) =>
        count > most ? new BrokenRule($"too-many-{field}", $"There are {Count(count)} {field}; at most {Count(most)} are taken.") : null;

    private static string Count(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
