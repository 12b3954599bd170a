using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace BzPeer.Contracts;

/// <summary>
/// Integration events as consumers of any language read them: CloudEvents 1.0. On the broker in binary mode (AMQP protocol binding: the
/// attributes are headers, the body is the data), over HTTP in structured mode. The data are the contract's JSON without its origin, which
/// is what the attributes say.
/// </summary>
public static class CloudEvents
{
    /// <summary>The durable topic exchange. Routing keys: <see cref="RoutingKey"/>.</summary>
    public const string Exchange = "bzpeer.events";

    /// <summary>The stream (a queue that keeps what was read) of every event from the first one on; read it from <c>x-stream-offset: first</c>.</summary>
    public const string History = "bzpeer.history";

    /// <summary>What the AMQP binding puts before the name of an attribute.</summary>
    public const string HeaderPrefix = "cloudEvents_";

    private const string TypePrefix = "org.bzpeer.";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        // Names keep their scripts. What reads JSON as part of a page has to encode it for that page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutOrigin } },
    };

    /// <summary>Every integration event there is, by the last part of its <see cref="Type"/>.</summary>
    public static IReadOnlyDictionary<string, Type> Contracts { get; } = typeof(IIntegrationEvent).Assembly.GetExportedTypes()
        .Where(type => type.IsAssignableTo(typeof(IIntegrationEvent)) && !type.IsInterface).ToDictionary(type => type.Name, StringComparer.Ordinal);

    /// <summary>The service that publishes a contract, one of <see cref="Sources"/>.</summary>
    public static string SourceOf(Type contract) => contract.GetCustomAttribute<PublishedByAttribute>()?.Source
        ?? throw new InvalidOperationException($"{contract.Name} does not say which service publishes it ({nameof(PublishedByAttribute)}).");

    /// <summary>The CloudEvents type of an event: <c>org.bzpeer.follow.ResearcherFollowed</c>.</summary>
    public static string Type(string source, string name) => $"{TypePrefix}{source}.{name}";

    /// <summary>The routing key of an event: <c>follow.ResearcherFollowed.0b8a3a2e-…</c>.</summary>
    public static string RoutingKey(string source, string name, Guid subject) => $"{source}.{name}.{subject}";

    /// <summary>The data of an event in UTF-8.</summary>
    public static byte[] Data(IIntegrationEvent message) => JsonSerializer.SerializeToUtf8Bytes(message, message.GetType(), Json);

    private static void LeaveOutOrigin(JsonTypeInfo type)
    {
        if (!type.Type.IsAssignableTo(typeof(IIntegrationEvent))) return;
        if (type.Properties.FirstOrDefault(property => property.PropertyType == typeof(EventOrigin)) is { } origin) origin.ShouldSerialize = static (_, _) => false;
    }
}
