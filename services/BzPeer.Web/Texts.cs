using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Mvc.Localization;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web;

/// <summary>
/// The texts of the pages. In the source they stand in English, which is their key; <c>Texts.de.resx</c> has them in German. Pages write
/// <c>@T["Followers"]</c>, or <c>@H["..."]</c> where the text has markup in it; classes ask for an <c>IStringLocalizer&lt;Texts&gt;</c>.
/// </summary>
internal sealed class Texts;

/// <summary>The texts of the scripts, in the same way: <c>text("Followers")</c> and <c>plural(...)</c> of <c>texts.js</c>. A page that is not in English brings them along.</summary>
internal sealed class ScriptTexts(IStringLocalizer<ScriptTexts> texts)
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    /// <summary>Every text in the language of the page, by its English; null where that is English itself. No character in it can end a script element.</summary>
    public IHtmlContent? Json => Languages.IsOfSource
        ? null
        : new HtmlString(JsonSerializer.Serialize(texts.GetAllStrings(includeParentCultures: false).ToDictionary(text => text.Name, text => text.Value), Readable));
}

internal static class Plurals
{
    /// <summary>
    /// The form of a text that a number asks for, filled in: <c>T.Plural("{0:N0} work|{0:N0} works", works)</c>. A translation has as many
    /// forms as its language, in the order of Unicode's plural rules; English and German have one for 1 and one for all others.
    /// </summary>
    public static string Plural(this IStringLocalizer texts, string forms, long number, params object[] others)
    {
        var each = texts[forms].Value.Split('|');
        return string.Format(CultureInfo.CurrentCulture, number == 1 ? each[0] : each[^1], [number, .. others]);
    }

    /// <summary>The same of a text with markup in it.</summary>
    public static IHtmlContent Plural(this IHtmlLocalizer texts, string forms, long number)
    {
        var each = texts.GetString(forms).Value.Split('|');
        return new HtmlFormattableString(CultureInfo.CurrentCulture, number == 1 ? each[0] : each[^1], number);
    }
}
