using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace BzPeer.Contracts.Tests;

/// <summary>
/// The AsyncAPI description of the integration events, made from the contracts: their shapes, the comments in their source, their newest approved
/// samples, and which service publishes them.
/// </summary>
internal static class AsyncApi
{
    /// <summary>How events are written and read, and nothing is read that lacks what a contract asks for.</summary>
    public static readonly JsonSerializerOptions Wire = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.Strict,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The CloudEvents attributes, where in the origin each comes from, and its JSON Schema beside being text.</summary>
    public static readonly IReadOnlyList<(string Name, string Origin, JsonObject Schema)> Attributes =
    [
        ("id", nameof(EventOrigin.EventId), new() { ["format"] = "uuid" }),
        ("source", nameof(EventOrigin.Source), []),
        ("subject", nameof(EventOrigin.Subject), new() { ["format"] = "uuid" }),
        ("time", nameof(EventOrigin.OccurredAt), new() { ["format"] = "date-time" }),
        ("sequence", nameof(EventOrigin.Sequence), new() { ["pattern"] = "^[0-9]+$" }),
        ("previous", nameof(EventOrigin.Previous), new() { ["pattern"] = "^[0-9]+$" }),
        ("stream", nameof(EventOrigin.Stream), new() { ["format"] = "uuid" }),
        ("streamversion", nameof(EventOrigin.Version), new() { ["pattern"] = "^[0-9]+$" }),
    ];

    /// <summary>Those that are numbers in structured form. A header is always text.</summary>
    private static readonly string[] Numbers = ["sequence", "previous", "streamversion"];

    private const string Prefix = CloudEvents.HeaderPrefix;

    public static JsonObject Document()
    {
        var events = IntegrationEvents.All;
        var shared = new List<Type>();
        var schemas = Object(events.Select(contract => (contract.Name, (JsonNode)SchemaOf(contract, shared))));
        // Each may name others, which come to the end of the list.
        for (var i = 0; i < shared.Count; i++)
            schemas[shared[i].Name] = SchemaOf(shared[i], shared);
        schemas["CloudEventAttributes"] = HeaderSchema();
        schemas["StructuredEvent"] = StructuredSchema();

        return new()
        {
            ["asyncapi"] = "3.0.0",
            ["id"] = "urn:org:bzpeer:events",
            ["info"] = Info(),
            ["defaultContentType"] = "application/json",
            ["servers"] = Servers(),
            ["channels"] = new JsonObject
            {
                ["events"] = new JsonObject
                {
                    ["address"] = "{service}.{event}.{subject}",
                    ["title"] = $"Live: the exchange {CloudEvents.Exchange}",
                    ["description"] = "A durable topic exchange. A queue of your own, bound with a routing key, gets what is published from then on: `follow.#` is everything of one "
                        + "service, `*.WorkRetracted.*` one event, and a subject's id at the end one researcher or work.",
                    ["servers"] = Refs("servers/broker"),
                    ["parameters"] = new JsonObject
                    {
                        ["service"] = new JsonObject { ["description"] = "The publishing service.", ["enum"] = Texts(IntegrationEvents.BySource.Select(service => service.Key)) },
                        ["event"] = new JsonObject { ["description"] = "The event's name.", ["enum"] = Texts(events.Select(contract => contract.Name)) },
                        ["subject"] = new JsonObject
                        {
                            ["description"] = "Id of the researcher or work that the event is about, in lower case.",
                            ["examples"] = Texts([Sample(events[0]).Origin.Subject.ToString()]),
                        },
                    },
                    ["messages"] = Object(events.Select(contract => (contract.Name, Ref($"components/messages/{contract.Name}")))),
                    ["bindings"] = Amqp(new()
                    {
                        ["is"] = "routingKey",
                        ["exchange"] = new JsonObject { ["name"] = CloudEvents.Exchange, ["type"] = "topic", ["durable"] = true, ["autoDelete"] = false, ["vhost"] = "/" },
                    }),
                },
                ["history"] = new JsonObject
                {
                    ["address"] = CloudEvents.History,
                    ["title"] = $"From the beginning: the stream {CloudEvents.History}",
                    ["description"] = "A durable queue of type stream that begins with the first event and keeps what was read. Consume it with `x-stream-offset` `first`, or with the offset you have come to, "
                        + "with a prefetch count and with acknowledgements. Should it ever be full, its oldest events go: the log over HTTP has them all.",
                    ["servers"] = Refs("servers/broker"),
                    ["messages"] = Object(events.Select(contract => (contract.Name, Ref($"components/messages/{contract.Name}")))),
                    ["bindings"] = Amqp(new()
                    {
                        ["is"] = "queue",
                        ["queue"] = new JsonObject { ["name"] = CloudEvents.History, ["durable"] = true, ["exclusive"] = false, ["autoDelete"] = false, ["vhost"] = "/" },
                    }),
                },
                ["log"] = new JsonObject
                {
                    ["address"] = "/api/events",
                    ["title"] = "Over HTTP: the log of all services",
                    ["description"] = "The same events as CloudEvents in structured form, each with its position in the log: as a page of JSON (`items`, `next`, `upTo`), as lines with "
                        + "`Accept: application/x-ndjson`, or as they come with `Accept: text/event-stream`. Webhooks are sent the same. Follows and counts that somebody hides are not told here.",
                    ["servers"] = Refs("servers/site"),
                    ["messages"] = new JsonObject { ["StructuredEvent"] = Ref("components/messages/StructuredEvent") },
                },
            },
            ["operations"] = Operations(),
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject { ["account"] = new JsonObject { ["type"] = "userPassword", ["description"] = "An account of the broker that may read." } },
                ["correlationIds"] = new JsonObject
                {
                    ["event"] = new JsonObject { ["description"] = "The same event published again keeps its id: it tells repeats.", ["location"] = $"$message.header#/{Prefix}id" },
                },
                ["messages"] = Object([.. events.Select(contract => (contract.Name, (JsonNode)Message(contract))), ("StructuredEvent", StructuredMessage(typeof(ResearcherFollowed)))]),
                ["schemas"] = schemas,
            },
        };
    }

    private static JsonObject Info() => new()
    {
        ["title"] = "BZPEER events",
        // What was approved is only added to, and so is the version.
        ["version"] = $"1.{Samples.All.Count}.0",
        ["description"] =
            """
            What the services of BZPEER tell each other and anybody else: facts in the past tense, as JSON that any language reads. This is written for who listens: its operations are yours.

            * **Nothing is lost, some of it is told twice.** Every committed event is published at least once. The same event again has the same `id`: drop what you have seen.
            * **You can see gaps.** `sequence` rises within a `source`, and `previous` is the sequence of the event that the source published before. Who has everything up to `previous` has everything up to `sequence`. Who binds to a part of the events compares `streamversion` of a `stream`, or reads the rest from the history.
            * **Messages may overtake each other.** Of events that carry a whole state the one with the greatest version counts, whatever came last.
            * **Only additions.** A field is never removed, renamed or given another type. Leave alone what you do not know. An optional field came later: what was written before lacks it.
            * **Ids are GUIDs and numbers may have 64 bits**: read `int64` as such, JavaScript does not by itself.

            On the broker an event is a CloudEvents 1.0 message in binary mode: the attributes are headers that begin with `cloudEvents_`, the body is the data, the message id is the event's. Messages are persistent.
            """,
        ["license"] = new JsonObject { ["name"] = "Apache-2.0", ["url"] = "https://www.apache.org/licenses/LICENSE-2.0" },
        ["tags"] = Tags([.. IntegrationEvents.BySource.Select(service => service.Key)]),
    };

    private static JsonObject Servers() => new()
    {
        ["broker"] = new JsonObject
        {
            ["host"] = "{host}:{port}",
            ["protocol"] = "amqp",
            ["protocolVersion"] = "0.9.1",
            ["description"] = "RabbitMQ. The launcher prints where it runs.",
            ["variables"] = new JsonObject
            {
                ["host"] = new JsonObject { ["default"] = "localhost", ["description"] = "Where the broker runs." },
                ["port"] = new JsonObject { ["default"] = "5672", ["description"] = "Its port for AMQP." },
            },
            ["security"] = Refs("components/securitySchemes/account"),
        },
        ["site"] = new JsonObject
        {
            ["host"] = "{host}",
            ["protocol"] = "http",
            ["description"] = "The gateway, where the whole API is.",
            ["variables"] = new JsonObject { ["host"] = new JsonObject { ["default"] = "localhost:8080", ["description"] = "Where the site is." } },
        },
    };

    private static JsonObject Operations() => Object(
    [
        .. IntegrationEvents.BySource.Select(service => ($"receive{char.ToUpperInvariant(service.Key[0])}{service.Key[1..]}Events", (JsonNode)new JsonObject
        {
            ["action"] = "receive",
            ["channel"] = Ref("channels/events"),
            ["title"] = $"Events of the {service.Key} service",
            ["summary"] = $"What the {service.Key} service tells. Bind with `{service.Key}.#`.",
            ["tags"] = Tags(service.Key),
            ["messages"] = Refs([.. service.Select(contract => $"channels/events/messages/{contract.Name}")]),
            ["bindings"] = Amqp(new() { ["ack"] = true }),
        })),
        ("readHistory", new JsonObject
        {
            ["action"] = "receive",
            ["channel"] = Ref("channels/history"),
            ["title"] = "All events from the beginning",
            ["summary"] = "Everything there ever was, then what comes.",
            ["bindings"] = Amqp(new() { ["ack"] = true }),
        }),
        ("readLog", new JsonObject
        {
            ["action"] = "receive",
            ["channel"] = Ref("channels/log"),
            ["title"] = "All events over HTTP",
            ["summary"] = "Everything after a position, or as it comes.",
            ["bindings"] = new JsonObject
            {
                ["http"] = new JsonObject
                {
                    ["method"] = "GET",
                    ["query"] = new JsonObject
                    {
                        ["type"] = "object",
                        ["properties"] = new JsonObject
                        {
                            ["after"] = Text("The position you have come to. 0 and nothing are the beginning, `latest` is what comes from now on.", new() { ["pattern"] = "^([0-9]+|latest)$" }),
                            ["type"] = Text("Only this event: its full type, or the last part of it. Said more than once, any of them.", []),
                            ["subject"] = Text("Only about this researcher or work, or follows by this researcher.", new() { ["format"] = "uuid" }),
                            ["limit"] = Text("How many at most; of a page up to 1000, and 100 when nothing is said.", new() { ["pattern"] = "^[0-9]+$" }),
                            ["wait"] = Text("For how many seconds a page that would be empty waits for an event, up to 30.", new() { ["pattern"] = "^[0-9]+$" }),
                        },
                    },
                    ["bindingVersion"] = "0.3.0",
                },
            },
        }),
    ]);

    private static JsonObject Message(Type contract)
    {
        var (source, sample) = (CloudEvents.SourceOf(contract), Sample(contract));
        var headers = new JsonObject { [Prefix + "specversion"] = "1.0", [Prefix + "type"] = CloudEvents.Type(source, contract.Name) };
        foreach (var (name, origin, _) in Attributes)
            headers[Prefix + name] = Value(sample, origin);
        // The first sentence says what happened, the others what to do about it.
        var description = IntegrationEvents.Summary(contract);
        var end = description.IndexOf(". ", StringComparison.Ordinal) is var dot and >= 0 ? dot + 1 : description.Length;
        return new()
        {
            ["name"] = CloudEvents.Type(source, contract.Name),
            ["title"] = contract.Name,
            ["summary"] = description[..end],
            ["description"] = description[end..].Trim(),
            ["contentType"] = "application/json",
            ["correlationId"] = Ref("components/correlationIds/event"),
            ["tags"] = Tags(source),
            ["headers"] = new JsonObject
            {
                ["type"] = "object",
                ["allOf"] = Refs("components/schemas/CloudEventAttributes"),
                ["properties"] = new JsonObject
                {
                    [Prefix + "source"] = new JsonObject { ["const"] = source },
                    [Prefix + "type"] = new JsonObject { ["const"] = CloudEvents.Type(source, contract.Name) },
                },
            },
            ["payload"] = Ref($"components/schemas/{contract.Name}"),
            ["examples"] = new JsonArray(new JsonObject { ["name"] = contract.Name, ["headers"] = headers, ["payload"] = Data(sample) }),
        };
    }

    private static JsonObject StructuredMessage(Type contract)
    {
        var sample = (ResearcherFollowed)Sample(contract);
        var example = new JsonObject { ["position"] = 271828, ["specversion"] = "1.0", ["type"] = CloudEvents.Type(sample.Origin.Source, contract.Name) };
        foreach (var (name, origin, _) in Attributes)
            example[name] = Value(sample, origin) is var value && Numbers.Contains(name) ? long.Parse(value, CultureInfo.InvariantCulture) : value;
        example["datacontenttype"] = "application/json";
        example["actor"] = sample.FollowerId.ToString();
        example["data"] = Data(sample);
        return new()
        {
            ["name"] = "StructuredEvent",
            ["title"] = "StructuredEvent",
            ["summary"] = "Any event, as a CloudEvent in structured form.",
            ["contentType"] = "application/cloudevents+json",
            ["payload"] = Ref("components/schemas/StructuredEvent"),
            ["examples"] = new JsonArray(new JsonObject { ["name"] = contract.Name, ["payload"] = example }),
        };
    }

    private static JsonObject HeaderSchema() => new()
    {
        ["type"] = "object",
        ["description"] = "The CloudEvents attributes of an event, as headers of the message.",
        ["properties"] = Object(
        [
            (Prefix + "specversion", Text("The version of CloudEvents.", new() { ["const"] = "1.0" })),
            (Prefix + "type", Text("What happened: `org.bzpeer.`, the service, and the event's name.", [])),
            .. Attributes.Select(attribute => (Prefix + attribute.Name, (JsonNode)AttributeSchema(attribute))),
            (Prefix + "traceparent", Text("The trace the event belongs to (W3C Trace Context), where there is one.", [])),
        ]),
        ["required"] = Texts(["specversion", "type", .. Attributes.Select(attribute => attribute.Name)], Prefix),
        ["additionalProperties"] = true,
    };

    private static JsonObject StructuredSchema() => new()
    {
        ["type"] = "object",
        ["description"] = "An event as a CloudEvent in structured form, with its position in the log of all services.",
        ["properties"] = Object(
        [
            ("position", Int64(Text("Its place in the log of all services, from 1: what `after` takes.", []))),
            ("specversion", Text("The version of CloudEvents.", new() { ["const"] = "1.0" })),
            ("type", Text("What happened: `org.bzpeer.`, the service, and the event's name.", [])),
            .. Attributes.Select(attribute => (attribute.Name, (JsonNode)(Numbers.Contains(attribute.Name) ? Int64(AttributeSchema(attribute)) : AttributeSchema(attribute)))),
            ("datacontenttype", Text("How the data is written.", new() { ["const"] = "application/json" })),
            ("actor", Text("Of a follow the follower; others have none.", new() { ["format"] = "uuid" })),
            ("data", new JsonObject { ["type"] = "object", ["description"] = "What the message of this type carries.", ["additionalProperties"] = true }),
        ]),
        ["required"] = Texts(["position", "specversion", "type", .. Attributes.Select(attribute => attribute.Name), "datacontenttype", "data"]),
        ["additionalProperties"] = true,
    };

    private static JsonObject AttributeSchema((string Name, string Origin, JsonObject Schema) attribute) =>
        Text(IntegrationEvents.Summary(typeof(EventOrigin), attribute.Origin), attribute.Schema);

    /// <summary>The schema of a contract's data, or of a record it shares with others; those it names are added to <paramref name="shared"/>.</summary>
    private static JsonObject SchemaOf(Type type, List<Type> shared)
    {
        var exported = Wire.GetJsonSchemaAsNode(type, new() { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Described }).AsObject();
        var schema = new JsonObject { ["type"] = "object", ["description"] = IntegrationEvents.Summary(type), ["properties"] = exported["properties"]!.DeepClone() };
        if (exported["required"] is JsonArray required)
            schema["required"] = Texts(required.Select(name => (string)name!).Where(name => name != "origin"));
        // The attributes carry it.
        schema["properties"]!.AsObject().Remove("origin");
        schema["additionalProperties"] = true;
        return schema;

        JsonNode Described(JsonSchemaExporterContext context, JsonNode node)
        {
            if (context.Path.IsEmpty)
                return node;
            var described = new JsonObject();
            if (context.PropertyInfo is { AttributeProvider: MemberInfo member } && member.DeclaringType != typeof(IIntegrationEvent))
                described["description"] = IntegrationEvents.Summary(member.DeclaringType!, member.Name);
            if (context.TypeInfo.Type is { Namespace: "BzPeer.Contracts" } record && record != typeof(EventOrigin))
            {
                if (!shared.Contains(record))
                    shared.Add(record);
                if (node["type"] is JsonArray)
                    described["anyOf"] = new JsonArray(Ref($"components/schemas/{record.Name}"), new JsonObject { ["type"] = "null" });
                else if (described.Count > 0)
                    described["allOf"] = Refs($"components/schemas/{record.Name}");
                else
                    return Ref($"components/schemas/{record.Name}");
                return described;
            }

            foreach (var (name, value) in node.AsObject().OrderBy(keyword => keyword.Key != "type"))
                described[name] = value?.DeepClone();
            if ((Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type) is var number && (number == typeof(int) || number == typeof(long)))
                described["format"] = number == typeof(int) ? "int32" : "int64";
            return described;
        }
    }

    /// <summary>The event that the newest approved sample is of.</summary>
    private static IIntegrationEvent Sample(Type contract) => (IIntegrationEvent)Samples.Of(contract)[^1].Json.Deserialize(contract, Wire)!;

    private static JsonNode Data(IIntegrationEvent sample) => JsonNode.Parse(CloudEvents.Data(sample))!;

    private static string Value(IIntegrationEvent sample, string origin) => typeof(EventOrigin).GetProperty(origin)!.GetValue(sample.Origin) switch
    {
        DateTimeOffset time => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        var value => string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };

    private static JsonObject Int64(JsonObject schema)
    {
        schema.Remove("pattern");
        (schema["type"], schema["format"]) = ("integer", "int64");
        return schema;
    }

    private static JsonObject Text(string description, JsonObject more)
    {
        var schema = new JsonObject { ["type"] = "string", ["description"] = description };
        foreach (var (name, value) in more)
            schema[name] = value!.DeepClone();
        return schema;
    }

    private static JsonObject Amqp(JsonObject binding)
    {
        binding["bindingVersion"] = "0.3.0";
        return new() { ["amqp"] = binding };
    }

    private static JsonNode Ref(string to) => new JsonObject { ["$ref"] = "#/" + to };

    private static JsonArray Refs(params string[] to) => [.. to.Select(Ref)];

    private static JsonArray Texts(IEnumerable<string> texts, string prefix = "") => [.. texts.Select(text => (JsonNode)(prefix + text))];

    private static JsonArray Tags(params string[] names) => [.. names.Select(name => new JsonObject { ["name"] = name })];

    private static JsonObject Object(IEnumerable<(string Name, JsonNode Value)> fields) => new(fields.Select(field => KeyValuePair.Create(field.Name, (JsonNode?)field.Value)));
}
