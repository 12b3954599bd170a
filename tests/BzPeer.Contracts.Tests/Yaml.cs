using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace BzPeer.Contracts.Tests;

/// <summary>JSON as YAML, the way people write it.</summary>
internal static partial class Yaml
{
    public static string Of(JsonNode document)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings().WithBestWidth(int.MaxValue).WithIndentedSequences());
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Write(emitter, document);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Write(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject fields:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, fields.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (name, value) in fields)
                {
                    emitter.Emit(Text(name));
                    Write(emitter, value);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonArray items:
                // Lists of single words read better on one line.
                var flow = items.All(item => item is JsonValue value && value.ToString().Length < 12) && items.Count < 8;
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, flow ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in items)
                    Write(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue text when text.GetValueKind() is JsonValueKind.String:
                emitter.Emit(Text(text.GetValue<string>()));
                break;
            default:
                emitter.Emit(new YamlDotNet.Core.Events.Scalar(node?.ToJsonString() ?? "null"));
                break;
        }
    }

    // Whatever a reader could take for something else (a number, a date, a truth value) is quoted.
    private static YamlDotNet.Core.Events.Scalar Text(string text) => new(AnchorName.Empty, TagName.Empty, text,
        text.Contains('\n') ? ScalarStyle.Literal : Plain().IsMatch(text) && !Word().IsMatch(text) ? ScalarStyle.Any : ScalarStyle.DoubleQuoted, isPlainImplicit: true, isQuotedImplicit: true);

    [GeneratedRegex("^[A-Za-z$/]")]
    private static partial Regex Plain();

    [GeneratedRegex("^(true|false|null|yes|no|on|off|y|n)$", RegexOptions.IgnoreCase)]
    private static partial Regex Word();
}
