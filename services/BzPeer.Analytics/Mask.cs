using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using BzPeer.Contracts;

namespace BzPeer.Analytics;

/// <summary>
/// What is left of an event of somebody who was erased: its envelope and ids, and data that still read as the contract, with nothing
/// personal in them. Where the event is theirs, its data say <c>"erased": true</c>. Masking twice is masking once.
/// </summary>
internal static class Mask
{
    private static readonly JsonSerializerOptions AsItWas = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>By event type, what is personal and what stands there afterwards, as JSON.</summary>
    private static readonly Dictionary<string, (string Property, string Left)[]> Personal = new()
    {
        [nameof(ResearcherRegistered)] = [("name", "\"\""), ("orcid", "null"), ("openAlex", "null")],
        [nameof(ProfileChanged)] = [("name", "\"\""), ("headline", "null"), ("affiliation", "null"), ("orcid", "null"), ("openAlex", "null")],
        [nameof(ClaimWithdrawn)] = [("reason", "null")],
        [nameof(IdentityValidated)] = [("value", "\"\"")],
        [nameof(ValidationWithdrawn)] = [("reason", "null")],
        [nameof(AuthorIdentified)] = [("name", "\"\""), ("orcid", "null"), ("openAlex", "null"), ("keys", "[]"), ("affiliation", "null")],
    };

    /// <summary>Events whose subject is the one they name.</summary>
    public static string[] OwnTypes { get; } = [.. Personal.Keys];

    /// <summary>Events that name people by the ids of authors.</summary>
    public static string[] WorkTypes { get; } = [nameof(WorkPublished), nameof(WorkCorrected)];

    /// <summary>The event without what is personal of those erased; the same array when nothing is.</summary>
    public static byte[] Of(string type, Guid subject, byte[] structured, IReadOnlySet<Guid> erased)
    {
        if (erased.Count == 0) return structured;
        if (Personal.TryGetValue(type, out var personal)) return erased.Contains(subject) ? Masked(structured, data => Clear(data, personal)) : structured;
        return WorkTypes.Contains(type) ? Masked(structured, data => ClearAuthors(data, erased)) : structured;
    }

    /// <summary>Masks what is about to be written. Whose erasure is appended with it is erased for all of it, and from then on.</summary>
    public static Placement Of(Placement placed, HashSet<Guid> erased)
    {
        erased.UnionWith(placed.Appended.Where(one => one.Type == nameof(ResearcherErased)).Select(one => one.Subject));
        return erased.Count == 0 ? placed : placed with { Appended = [.. placed.Appended.Select(Masked)], Held = [.. placed.Held.Select(Masked)] };

        Arrived Masked(Arrived one) => one with { Event = Of(one.Type, one.Subject, one.Event, erased) };
    }

    /// <summary>A message nobody can read is not masked but emptied when it speaks of somebody erased.</summary>
    public static Rejected Of(Rejected rejected, IReadOnlySet<Guid> erased)
    {
        if (erased.Count == 0) return rejected;
        var text = Encoding.UTF8.GetString(rejected.Body);
        return erased.Any(id => text.Contains(id.ToString(), StringComparison.OrdinalIgnoreCase)) ? rejected with { Reason = "It spoke of somebody who was erased.", Body = [] } : rejected;
    }

    private static byte[] Masked(byte[] structured, Func<JsonObject, bool> mask)
    {
        if (JsonNode.Parse(structured) is not JsonObject json || json["data"] is not JsonObject data || !mask(data)) return structured;
        return JsonSerializer.SerializeToUtf8Bytes(json, AsItWas);
    }

    private static bool Clear(JsonObject data, (string Property, string Left)[] personal)
    {
        if (data.ContainsKey("erased")) return false;
        foreach (var (property, left) in personal) data[property] = JsonNode.Parse(left);
        data["erased"] = true;
        return true;
    }

    private static bool ClearAuthors(JsonObject data, IReadOnlySet<Guid> erased)
    {
        var any = false;
        foreach (var author in data["work"]?["authors"]?.AsArray() ?? [])
        {
            if (author?["researcherId"] is not { } id || !erased.Contains(id.GetValue<Guid>()) || author["name"]?.GetValue<string>() is null or "") continue;
            author["name"] = "";
            any = true;
        }

        return any;
    }
}
