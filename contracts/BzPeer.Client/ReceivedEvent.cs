using System.Reflection;
using System.Text.Json;
using BzPeer.Contracts;

namespace BzPeer.Client;

/// <summary>An event of the log, over HTTP or as the body of a webhook.</summary>
/// <param name="Position">Its place in the log: rises strictly. What to go on after.</param>
/// <param name="Id">Id of the event: the same whenever and however it comes.</param>
/// <param name="Type">Its CloudEvents type: <c>org.bzpeer.follow.ResearcherFollowed</c>.</param>
/// <param name="Subject">Whom or what it is about.</param>
/// <param name="Event">The event as its contract; null for a type that this version of the contracts does not know.</param>
/// <param name="Data">Its data as they came.</param>
public sealed record ReceivedEvent(long Position, Guid Id, string Type, Guid Subject, IIntegrationEvent? Event, JsonElement Data)
{
    /// <summary>Reads a CloudEvent in structured form. What is in it beyond this version's contracts is passed over.</summary>
    /// <exception cref="JsonException">It is none of BZPEER's.</exception>
    public static ReceivedEvent Parse(string json) => Of(JsonSerializer.Deserialize<Structured>(json, JsonSerializerOptions.Web));

    /// <summary>As the other one, in UTF-8.</summary>
    /// <exception cref="JsonException">It is none of BZPEER's.</exception>
    public static ReceivedEvent Parse(ReadOnlySpan<byte> json) => Of(JsonSerializer.Deserialize<Structured>(json, JsonSerializerOptions.Web));

    private static ReceivedEvent Of(Structured? read)
    {
        if (read is not { Type: { } type, Source: { } source, Data.ValueKind: JsonValueKind.Object }) throw new JsonException("This is no event of BZPEER in structured form.");
        var origin = new EventOrigin(read.Id, read.Time, source, read.Subject, read.Sequence, read.Previous, read.Stream, read.StreamVersion);
        return new(read.Position, read.Id, type, read.Subject, Contract(type, origin, read.Data), read.Data);
    }

    private static IIntegrationEvent? Contract(string type, EventOrigin origin, JsonElement data)
    {
        if (!CloudEvents.Contracts.TryGetValue(type[(type.LastIndexOf('.') + 1)..], out var contract)) return null;
        var e = (IIntegrationEvent)data.Deserialize(contract, JsonSerializerOptions.Web)!;
        // The data come without it: it is what the attributes say.
        contract.GetProperty(nameof(IIntegrationEvent.Origin), BindingFlags.Public | BindingFlags.Instance)!.SetValue(e, origin);
        return e;
    }

    private sealed record Structured(
        long Position, Guid Id, string? Source, string? Type, Guid Subject, DateTimeOffset Time, long Sequence, long Previous, Guid Stream, long StreamVersion, JsonElement Data);
}
