using System.Globalization;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BzPeer.Analytics;

/// <summary>Which events somebody wants: of any of the types, and about or by the subject. Whatever is not said is not asked for.</summary>
/// <param name="Types">Last parts of CloudEvents types; empty for all.</param>
/// <param name="Subject">The subject or the actor of an event, or null for anybody.</param>
internal sealed record EventFilter(IReadOnlyList<string> Types, Guid? Subject)
{
    /// <summary>Whether the filter lets the event through.</summary>
    public bool Lets(LogEntry entry) =>
        (Types.Count == 0 || Types.Contains(entry.Type)) && (Subject is not { } wanted || entry.Subject == wanted || entry.Actor == wanted);

    /// <summary>The name of an event type given whole or by its last part; null for one that does not exist.</summary>
    public static string? TypeNamed(string text)
    {
        var name = text[(text.LastIndexOf('.') + 1)..];
        return CloudEvents.Contracts.TryGetValue(name, out var contract) && (text == name || text == CloudEvents.Type(CloudEvents.SourceOf(contract), name)) ? name : null;
    }
}

/// <summary>What is asked of the log. Nothing that is not understood is passed over.</summary>
/// <param name="After">The position after which to read; null for the beginning of what is kept.</param>
/// <param name="OnlyNew">What comes from now on (<c>after=latest</c>).</param>
/// <param name="Filter">Which events.</param>
/// <param name="Limit">At most how many, or null when nothing is said.</param>
/// <param name="Wait">How long to wait for one when there is none.</param>
internal sealed record EventQuery(long? After, bool OnlyNew, EventFilter Filter, int? Limit, TimeSpan Wait)
{
    private static readonly string[] Known = ["after", "type", "subject", "limit", "wait"];

    /// <summary>Longest wait of a long poll, in seconds.</summary>
    public const int MostWait = 30;

    /// <summary>400 for a position that the log does not reach back or up to, or null.</summary>
    public static ProblemHttpResult? OutOfLog(long after, LogHead head) =>
        after < head.Floor - 1 ? Problems.Of(400, "cursor-too-old", "Cursor too old", $"The log begins at position {head.Floor}: what came before is no longer kept. Read on from after={head.Floor - 1}, and know that events are missing in between.")
        : after > head.Position ? Problems.Of(400, "cursor-ahead", "Cursor ahead of the log", $"The log ends at position {head.Position}, you ask for what comes after {after}: that cursor is from another log.")
        : null;

    /// <summary>Reads the query of a request; 400 that names what is wrong with it.</summary>
    public static EventQuery? Read(HttpRequest request, out ProblemHttpResult? problem)
    {
        problem = null;
        foreach (var name in request.Query.Keys)
            if (!Known.Contains(name))
                return Wrong(Problems.Of(400, "unknown-parameter", "Unknown parameter", $"There is no parameter '{name}'. There are {string.Join(", ", Known)}."), out problem);

        List<string> types = [];
        foreach (var text in request.Query["type"])
        {
            if (EventFilter.TypeNamed(text ?? "") is not { } type)
                return Wrong(Problems.Malformed("type", $"There is no event type '{text}'. There are {string.Join(", ", CloudEvents.Contracts.Keys.Order(StringComparer.Ordinal))}, each also in full: {CloudEvents.Type(Sources.Follow, nameof(ResearcherFollowed))}."), out problem);
            types.Add(type);
        }

        Guid? subject = null;
        if (request.Query["subject"] is { Count: > 0 } subjects)
        {
            if (subjects.Count > 1 || !Guid.TryParse(subjects[0], out var id))
                return Wrong(Problems.Malformed("subject", "A subject is the id of one researcher or work."), out problem);
            subject = id;
        }

        // A browser that reconnects repeats the address it began with, and says in this header how far it came.
        var given = request.Headers["Last-Event-ID"] is [{ Length: > 0 } last] ? last : request.Query["after"] is { Count: > 0 } cursors ? cursors.ToString() : null;
        long? after = null;
        if (given is not null and not "latest")
        {
            if (!long.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
                return Wrong(Problems.Malformed("after", "A cursor is the position of the last event you have, a whole number; 0 or none for the beginning, 'latest' for what comes from now on."), out problem);
            after = position;
        }

        if (!TryNumber("limit", 1, int.MaxValue, out var limit)) return Wrong(Problems.Malformed("limit", "A limit is a whole number of at least 1."), out problem);
        if (!TryNumber("wait", 0, MostWait, out var wait)) return Wrong(Problems.Malformed("wait", $"A wait is a whole number of seconds, at most {MostWait}."), out problem);
        return new(after, given == "latest", new(types, subject), limit, TimeSpan.FromSeconds(wait ?? 0));

        bool TryNumber(string name, int least, int most, out int? number)
        {
            number = null;
            if (request.Query[name] is not { Count: > 0 } text) return true;
            if (!int.TryParse(text.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var read) || read < least || read > most) return false;
            number = read;
            return true;
        }
    }

    private static EventQuery? Wrong(ProblemHttpResult with, out ProblemHttpResult? problem)
    {
        problem = with;
        return null;
    }
}
