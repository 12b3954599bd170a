using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using BzPeer.Provisioning;

namespace BzPeer.Contracts.Tests;

/// <summary>
/// The approved samples of every integration event: <c>Name.1.json</c> is the first, the greatest number is how the event is written now, with every
/// field it has. None is ever changed or removed, since events that were written so are still read; <c>approved.sha256</c> holds them to that.
/// </summary>
internal static class Samples
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Lazy<IReadOnlyList<Sample>> Read = new(() =>
    {
        if (Approval.Given)
            ApproveWhatIsNew();
        return ReadAll();
    });

    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "BzPeer.Contracts.Tests", "Samples");

    /// <summary>The samples of all events.</summary>
    public static IReadOnlyList<Sample> All => Read.Value;

    /// <summary>The samples of one event, oldest first.</summary>
    public static IReadOnlyList<Sample> Of(Type contract) => Of(All, contract);

    /// <summary>What was approved, as hash and file name.</summary>
    public static IReadOnlyList<string> Approved => File.Exists(List) ? File.ReadAllLines(List) : [];

    private static string List => Path.Combine(Folder, "approved.sha256");

    private static List<Sample> ReadAll() =>
        [.. Directory.GetFiles(Folder, "*.json").Select(file => new Sample(file)).OrderBy(sample => sample.Event, StringComparer.Ordinal).ThenBy(sample => sample.Number)];

    private static List<Sample> Of(IReadOnlyList<Sample> samples, Type contract) => [.. samples.Where(sample => sample.Event == contract.Name)];

    // A field that is new gets a made-up value: whoever wants a better one, which consumers are shown, writes the file first.
    private static void ApproveWhatIsNew()
    {
        var samples = ReadAll();
        foreach (var contract in IntegrationEvents.All)
        {
            var newest = Of(samples, contract).LastOrDefault();
            var whole = Filled(newest?.Json, Example.Json(contract))!;
            if (!JsonNode.DeepEquals(whole, newest?.Json))
                File.WriteAllText(Path.Combine(Folder, $"{contract.Name}.{(newest?.Number ?? 0) + 1}.json"), whole.ToJsonString(Readable).ReplaceLineEndings("\n") + "\n");
        }

        File.AppendAllLines(List, ReadAll().Where(sample => !Approved.Any(line => line.EndsWith("  " + sample.File, StringComparison.Ordinal))).Select(sample => sample.Line));
    }

    private static JsonNode? Filled(JsonNode? sample, JsonNode? example) => (sample, example) switch
    {
        (null, _) => example?.DeepClone(),
        (JsonObject had, JsonObject has) => new JsonObject(has.Select(field => KeyValuePair.Create(field.Key, had.ContainsKey(field.Key) && had[field.Key] is null ? null : Filled(had[field.Key], field.Value)))),
        (JsonArray had, JsonArray { Count: > 0 } has) => new JsonArray([.. had.Select(item => Filled(item, has[0]))]),
        _ => sample.DeepClone(),
    };
}

/// <summary>One approved sample.</summary>
internal sealed record Sample(string Path)
{
    private string[] Name { get; } = System.IO.Path.GetFileNameWithoutExtension(Path).Split('.');

    public string File => System.IO.Path.GetFileName(Path);

    public string Event => Name[0];

    public int Number => Name is [_, var number] && int.TryParse(number, out var parsed) ? parsed : throw new InvalidDataException($"{File} is not named like {Event}.1.json.");

    public JsonObject Json => JsonNode.Parse(System.IO.File.ReadAllText(Path))!.AsObject();

    /// <summary>How <c>sha256sum</c> prints it.</summary>
    public string Line => $"{Convert.ToHexStringLower(SHA256.HashData(System.IO.File.ReadAllBytes(Path)))}  {File}";

    public override string ToString() => File;
}
