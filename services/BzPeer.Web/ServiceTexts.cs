using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Html;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web;

/// <summary>
/// What the services say, which is always in English: why a factor gives points, what ties two nodes, why something was refused. Their
/// sentences stand in <c>ServiceTexts.de.resx</c> with <c>{0}</c> for what varies in them, which may be a sentence again, and <c>{0:N0}</c> where
/// that is a number. By the sentence and not by the name of the failed rule, because one rule has several, and most sentences have no rule.
/// </summary>
internal sealed partial class ServiceTexts(IStringLocalizer<ServiceTexts> sentences, IStringLocalizer<Texts> texts)
{
    /// <summary>How deep sentences stand in sentences at most; what people wrote might pretend to more.</summary>
    private const int Depth = 3;

    private readonly ConcurrentDictionary<string, IReadOnlyList<Sentence>> known = [];

    /// <summary>In the language of the page; a sentence that is not known stays as it is.</summary>
    public string Text(string english) => Translated(english, Depth) ?? english;

    /// <summary>The same in a page, formulas as they are shown; what stays in English is marked as that.</summary>
    public IHtmlContent Html(string? english)
    {
        if (english is null || Languages.IsOfSource)
            return Mathematics.Html(english);
        return Translated(english, Depth) is { } translated
            ? Mathematics.Html(translated)
            : new HtmlContentBuilder().AppendHtml("<span lang=\"en\">").AppendHtml(Mathematics.Html(english)).AppendHtml("</span>");
    }

    /// <summary>What to tell a visitor whose form was not carried out, in the service's words where it gave some; null when it was.</summary>
    public string? Refusal<T>(Answer<T> answer) where T : class => answer switch
    {
        { Status: >= System.Net.HttpStatusCode.OK and < System.Net.HttpStatusCode.MultipleChoices } => null,
        { Problem: { } problem } => Text(problem),
        { Unavailable: true } => texts["The {0} service does not answer, so nothing was changed as far as we know. Try again in a moment.", answer.Service],
        _ => texts["That was refused."],
    };

    private string? Translated(string english, int depth)
    {
        if (Languages.IsOfSource)
            return english;
        foreach (var sentence in known.GetOrAdd(CultureInfo.CurrentUICulture.Name, _ => Sentences()))
        {
            if (sentence.Parts(english) is { } parts)
                return string.Format(CultureInfo.CurrentCulture, sentence.Translation, [.. parts.Select((part, n) => part is string text && depth > 0 && !sentence.IsQuoted(n) ? Translated(text, depth - 1) ?? text : part)]);
        }

        // Several in one.
        var several = english.Split("; ");
        return several.Length > 1 && several.Select(one => Translated(one, depth)).ToArray() is var each && each.All(one => one is not null) ? string.Join("; ", each) : null;
    }

    /// <summary>Those that say most themselves first: "{0} topic" is also "2 topics, counted once ...", of one "{0}".</summary>
    private IReadOnlyList<Sentence> Sentences() =>
        [.. sentences.GetAllStrings(includeParentCultures: false).Select(each => new Sentence(each.Name, each.Value)).OrderByDescending(each => each.Length)];

    private sealed partial class Sentence
    {
        private readonly string start;
        private readonly string end;
        private readonly string[] fixedParts;
        private readonly bool[] isNumber;
        private readonly Regex pattern;

        public Sentence(string english, string translation)
        {
            fixedParts = Hole().Split(english);
            isNumber = [.. Hole().Matches(english).Select(hole => hole.Value.Contains(':', StringComparison.Ordinal))];
            (Translation, Length, start, end) = (translation, fixedParts.Sum(part => part.Length), fixedParts[0], fixedParts[^1]);
            // Names and titles are in it, which anybody may have made up: without backtracking none takes long.
            pattern = new(
                $"^{Regex.Escape(start)}{string.Concat(isNumber.Zip(fixedParts[1..], (number, words) => $"({(number ? @"\d+(?:\.\d+)?" : ".+?")}){Regex.Escape(words)}"))}$",
                RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
        }

        public string Translation { get; }

        public int Length { get; }

        /// <summary>Behind a colon stand names, titles and reasons, which are nobody's to translate.</summary>
        public bool IsQuoted(int part) => fixedParts[part].EndsWith(": ", StringComparison.Ordinal);

        /// <summary>What varies in it, a text or a number; null where <paramref name="text"/> is another sentence.</summary>
        public object[]? Parts(string text)
        {
            if (text.Length < Length || !text.StartsWith(start, StringComparison.Ordinal) || !text.EndsWith(end, StringComparison.Ordinal) || pattern.Match(text) is not { Success: true } match)
                return null;
            return [.. isNumber.Select((number, n) => number ? (object)double.Parse(match.Groups[n + 1].ValueSpan, CultureInfo.InvariantCulture) : match.Groups[n + 1].Value)];
        }

        [GeneratedRegex(@"\{\d(?::[^}]*)?\}")]
        private static partial Regex Hole();
    }
}
