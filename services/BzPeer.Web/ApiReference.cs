using System.Text.Json.Nodes;
using Scalar.AspNetCore;

namespace BzPeer.Web;

/// <summary>
/// One reference for the whole API: the services' own OpenAPI documents, asked on request and merged. A service that
/// does not answer is named as missing, not left out in silence.
/// </summary>
internal static class ApiReference
{
    private const string Schemas = "#/components/schemas/";

    public static void MapApiReference(this WebApplication app)
    {
        app.MapMethods("/openapi/v1.json", [HttpMethods.Get, HttpMethods.Head], async (IHttpClientFactory clients, Patience patience, CancellationToken ct) =>
        {
            var documents = await Task.WhenAll(Upstream.All.Select(async service => (service, await Read(clients, patience, service, ct))));
            return Results.Json(Merge(documents), contentType: "application/json");
        }).AllowAnonymous();
        app.MapScalarApiReference("/scalar", options =>
        {
            options.Title = "BZPEER API";
            options.OpenApiRoutePattern = "/openapi/v1.json";
            // No font, telemetry or assistant from anybody else's server.
            options.DefaultFonts = false;
            options.Telemetry = false;
            options.Agent = new ScalarAgentOptions { Disabled = true };
            options.ShowDeveloperTools = DeveloperToolsVisibility.Never;
            options.DynamicNonce = true;
        }).AllowAnonymous();
    }

    /// <summary>Schemas of the same name and content are shared; of the same name only, each keeps its service's name in front.</summary>
    public static JsonObject Merge(IReadOnlyList<(string Service, JsonObject? Document)> documents)
    {
        var paths = new JsonObject();
        var schemas = new JsonObject();
        var tags = new JsonArray();
        foreach (var (service, document) in documents)
        {
            if (document is null)
                continue;
            var renamed = AddSchemas(schemas, service, document["components"]?["schemas"] as JsonObject ?? []);
            foreach (var (path, item) in document["paths"] as JsonObject ?? [])
            {
                if (!path.StartsWith("/api/", StringComparison.Ordinal) || item is not JsonObject operations)
                    continue;
                var copy = Renamed(operations, renamed)!.AsObject();
                foreach (var (method, operation) in copy)
                {
                    if (operation is JsonObject described)
                        Describe(described, service, path, method);
                }
                paths.TryAdd(path, copy);
            }
            tags.Add(new JsonObject { ["name"] = service });
        }

        var missing = documents.Where(each => each.Document is null).Select(each => each.Service).ToArray();
        return new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "BZPEER",
                ["version"] = "v1",
                ["description"] = missing is []
                    ? "Who researchers are, who follows whom, what they published, and how far they can be trusted and why."
                    : $"Incomplete: {string.Join(" and ", missing)} did not answer, so their calls are missing here. Load it again in a moment.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["paths"] = new JsonObject(paths.OrderBy(path => path.Key, StringComparer.Ordinal).Select(Detached)),
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject(schemas.OrderBy(schema => schema.Key, StringComparer.Ordinal).Select(Detached)),
                ["securitySchemes"] = new JsonObject
                {
                    ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["bearerFormat"] = "JWT" },
                },
            },
            ["tags"] = tags,
            ["x-missing-services"] = new JsonArray([.. missing.Select(service => JsonValue.Create(service))]),
        };
    }

    /// <summary>Whose call it is, in words what it does, and whether it needs a token: writing does, and whatever is about the caller.</summary>
    private static void Describe(JsonObject operation, string service, string path, string method)
    {
        operation["tags"] = new JsonArray(service);
        if (operation["operationId"] is JsonValue id)
            operation.TryAdd("summary", Shown.Words(id.GetValue<string>()));
        // Which of somebody's followers are known depends on who asks, though the address does not say /me.
        var aboutCaller = path.StartsWith("/api/me/", StringComparison.Ordinal) || path.EndsWith("/known-followers", StringComparison.Ordinal);
        var open = path == "/api/dev/tokens" || (method == "get" && !aboutCaller);
        operation["security"] = open ? new JsonArray() : new JsonArray(new JsonObject { ["bearer"] = new JsonArray() });
    }

    private static Dictionary<string, string> AddSchemas(JsonObject merged, string service, JsonObject added)
    {
        var renamed = added.Select(schema => schema.Key)
            .Where(name => merged[name] is { } other && !JsonNode.DeepEquals(other, added[name]))
            .ToDictionary(name => Schemas + name, name => Schemas + service + name);
        foreach (var (name, schema) in added)
            merged.TryAdd(renamed.ContainsKey(Schemas + name) ? service + name : name, Renamed(schema, renamed));
        return renamed;
    }

    private static JsonNode? Renamed(JsonNode? node, Dictionary<string, string> references) => node switch
    {
        JsonObject value => new JsonObject(value.Select(member => KeyValuePair.Create(member.Key, Renamed(member.Value, references)))),
        JsonArray values => new JsonArray([.. values.Select(value => Renamed(value, references))]),
        JsonValue value when value.TryGetValue(out string? text) && references.TryGetValue(text, out var reference) => reference,
        _ => node?.DeepClone(),
    };

    private static KeyValuePair<string, JsonNode?> Detached(KeyValuePair<string, JsonNode?> member) =>
        KeyValuePair.Create(member.Key, member.Value?.DeepClone());

    private static async Task<JsonObject?> Read(IHttpClientFactory clients, Patience patience, string service, CancellationToken ct)
    {
        using var limit = patience.For(TimeSpan.FromSeconds(3), ct);
        try
        {
            return await clients.CreateClient(service).GetFromJsonAsync<JsonObject>("/openapi/v1.json", limit.Token);
        }
        catch (Exception failure) when (
            failure is HttpRequestException or System.Text.Json.JsonException || (failure is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return null;
        }
    }
}
