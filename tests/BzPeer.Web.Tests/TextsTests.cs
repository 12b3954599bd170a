using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using BzPeer.Provisioning;

namespace BzPeer.Web.Tests;

/// <summary>The source and the translations speak of the same texts.</summary>
public sealed partial class TextsTests
{
    private static readonly string Web = Path.Combine(Repository.Root, "services", "BzPeer.Web");

    /// <summary>A translation, and the texts that are used of it.</summary>
    public static TheoryData<string> Translations => [.. Directory.GetFiles(Web, "*.resx").Select(file => Path.GetFileName(file))];

    [Fact]
    public void Every_language_but_that_of_the_source_has_its_texts() =>
        Translations.Select(row => row.Data).ShouldBe(
            Languages.All.Skip(1).SelectMany(language => new[] { $"Texts.{language.Name}.resx", $"ScriptTexts.{language.Name}.resx", $"ServiceTexts.{language.Name}.resx" }), ignoreOrder: true);

    /// <summary>They are looked for without regard to case, so two that differ in it alone would be one.</summary>
    [Theory]
    [MemberData(nameof(Translations))]
    public void No_two_texts_differ_in_case_alone(string file) =>
        Keys(file).GroupBy(key => key, StringComparer.OrdinalIgnoreCase).Where(same => same.Count() > 1).Select(same => same.Key).ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Translations))]
    public void Every_text_that_is_used_is_translated_and_no_other(string file)
    {
        if (file.StartsWith("ServiceTexts", StringComparison.Ordinal))
            return;
        var (used, translated) = (Used(file), Keys(file).ToHashSet());

        used.Except(translated).ShouldBeEmpty($"used, and not in {file}");
        translated.Except(used).ShouldBeEmpty($"in {file}, and not used");
    }

    [Theory]
    [MemberData(nameof(Translations))]
    public void A_translation_has_the_placeholders_and_the_markup_of_its_text(string file)
    {
        foreach (var (text, translation) in Read(file))
        {
            translation.ShouldNotBeNullOrWhiteSpace(text);
            if (file.StartsWith("ServiceTexts", StringComparison.Ordinal))
            {
                // Of what a service says there is always the rest in English, such as the call of the API that undoes it.
                Holes(translation).ShouldBeSubsetOf(Holes(text), text);
                continue;
            }
            Holes(translation).ShouldBe(Holes(text), text);
            translation.Split('|').Length.ShouldBe(text.Split('|').Length, text);
        }
    }

    /// <summary>A text is written out where it is used: only so can it be found here, and by whoever translates.</summary>
    [Fact]
    public void No_key_is_put_together()
    {
        var unreadable = Sources("*.cshtml", "*.cs").SelectMany(source => AnyUse().Matches(source.Text).Select(use => $"{source.Name}: {use.Value}"))
            .Concat(Sources("*.js").SelectMany(source => AnyScriptUse().Matches(source.Text).Select(use => $"{source.Name}: {use.Value}")));

        unreadable.ShouldBeEmpty();
    }

    private static HashSet<string> Used(string file) => file.StartsWith("ScriptTexts", StringComparison.Ordinal)
        ? [.. Sources("*.js").SelectMany(source => ScriptUse().Matches(source.Text)).Select(use => Regex.Unescape(use.Groups[1].Value))]
        : [.. Sources("*.cshtml", "*.cs").SelectMany(source => Use().Matches(source.Text)).Select(use => Regex.Unescape(use.Groups[1].Value))];

    private static IEnumerable<string> Keys(string file) => Data(file).Select(data => data.Attribute("name")!.Value);

    private static IEnumerable<XElement> Data(string file) => XDocument.Load(Path.Combine(Web, file)).Root!.Elements("data");

    private static Dictionary<string, string> Read(string file) =>
        Data(file).ToDictionary(data => data.Attribute("name")!.Value, data => data.Element("value")!.Value);

    /// <summary>Each once: the forms of a plural need not all say the number.</summary>
    private static IEnumerable<string> Holes(string text) => Hole().Matches(text).Select(hole => hole.Value).Distinct().Order(StringComparer.Ordinal);

    private static IEnumerable<(string Name, string Text)> Sources(params string[] patterns) => patterns
        .SelectMany(pattern => Directory.EnumerateFiles(Web, pattern, SearchOption.AllDirectories))
        .Where(path => !path.Contains("node_modules", StringComparison.Ordinal) && !path.Contains(Path.Combine("wwwroot", "lib"), StringComparison.Ordinal))
        .Select(path => (Name: Path.GetFileName(path), Text: File.ReadAllText(path)))
        .Where(source => source.Name is not ("Texts.cs" or "texts.js"));

    [GeneratedRegex("""(?:(?<![\w.])(?:T|H|texts)\[|\.Plural\()\s*"((?:[^"\\]|\\.)*)\x22""")]
    private static partial Regex Use();

    [GeneratedRegex("""(?:(?<![\w.])(?:T|H|texts)\[|\.Plural\()(?!\s*")[^\])]*""")]
    private static partial Regex AnyUse();

    [GeneratedRegex("""(?<![\w.])(?:text|plural)\(\s*"((?:[^"\\]|\\.)*)\x22""")]
    private static partial Regex ScriptUse();

    [GeneratedRegex("""(?<![\w.])(?:text|plural)\((?!\s*")[^)]*""")]
    private static partial Regex AnyScriptUse();

    [GeneratedRegex("""\{\d[^}]*\}|<[^>]*>""")]
    private static partial Regex Hole();
}
