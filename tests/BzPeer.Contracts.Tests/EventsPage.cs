using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Markdig;

namespace BzPeer.Contracts.Tests;

/// <summary>The description of the events as a page for people: one file that needs nothing else, no scripts, light and dark.</summary>
internal static partial class EventsPage
{
    private static readonly MarkdownPipeline Safe = new MarkdownPipelineBuilder().DisableHtml().Build();

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(JsonObject document)
    {
        var (info, channels, components) = (document["info"]!, document["channels"]!.AsObject(), document["components"]!);
        var (messages, schemas) = (components["messages"]!.AsObject(), components["schemas"]!.AsObject());
        // What is in the routing keys, by service: an operation of its own each.
        var services = document["operations"]!.AsObject().Select(operation => operation.Value!).Where(operation => operation["messages"] is not null)
            .Select(operation => (Operation: operation, Name: Text(operation["tags"]![0]!["name"]), Events: operation["messages"]!.AsArray().Select(Target).ToList())).ToList();
        var shared = schemas.Where(schema => !messages.ContainsKey(schema.Key) && schema.Key != "CloudEventAttributes").ToList();

        return $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Text(info["title"])}</title>
            <style>
            {Style}
            </style>
            </head>
            <body>
            <a class="skip" href="#main">To the content</a>
            <nav aria-label="Contents">
            <p class="title"><a href="#main">{Text(info["title"])}</a></p>
            <ul>
            {Lines(channels, channel => $"""<li><a href="#{channel.Key}">{Text(channel.Value!["title"]).Split(':')[0]}</a></li>""")}
            <li><a href="#attributes">Attributes</a></li>
            </ul>
            {Lines(services, service => $"""
            <p>{service.Name}</p>
            <ul>
            {Lines(service.Events, name => $"""<li><a href="#{name}">{name}</a></li>""")}
            </ul>
            """)}
            <p>in several events</p>
            <ul>
            {Lines(shared, schema => $"""<li><a href="#{schema.Key}">{schema.Key}</a></li>""")}
            <li><a href="#StructuredEvent">StructuredEvent</a></li>
            </ul>
            </nav>
            <main id="main">
            <header>
            <h1>{Text(info["title"])}</h1>
            <p class="soft">Version {Text(info["version"])}. The same for machines: <a href="../contracts/asyncapi.yaml"><code>contracts/asyncapi.yaml</code></a> (AsyncAPI {Text(document["asyncapi"])}).</p>
            {Markdown.ToHtml((string)info["description"]!, Safe).Trim()}
            </header>
            <h2>Where to read</h2>
            {Lines(channels, channel => $"""
            <section class="card" id="{channel.Key}">
            <h3>{Text(channel.Value!["title"])}</h3>
            <p class="key"><code>{Text(channel.Value["address"])}</code></p>
            <p>{Inline(channel.Value["description"])}</p>
            </section>
            """)}
            <section id="attributes">
            <h2>Attributes</h2>
            <p>{Inline(schemas["CloudEventAttributes"]!["description"])}</p>
            <div class="card">
            {Fields(schemas["CloudEventAttributes"]!)}
            </div>
            </section>
            {Lines(services, service => $"""
            <section id="{service.Name}">
            <h2>{Text(service.Operation["title"])}</h2>
            <p>{Inline(service.Operation["summary"])}</p>
            {Lines(service.Events, name => Event(name, messages[name]!, schemas[name]!))}
            </section>
            """)}
            <section>
            <h2>In several events</h2>
            {Lines(shared, schema => $"""
            <article class="card" id="{schema.Key}">
            <h3>{schema.Key}</h3>
            <p>{Inline(schema.Value!["description"])}</p>
            {Fields(schema.Value!)}
            </article>
            """)}
            {Event("StructuredEvent", messages["StructuredEvent"]!, schemas["StructuredEvent"]!)}
            </section>
            </main>
            </body>
            </html>

            """.ReplaceLineEndings("\n");
    }

    private static string Event(string name, JsonNode message, JsonNode schema) => $"""
        <article class="card" id="{name}">
        <h3>{name}</h3>
        <p class="key"><code>{Text(message["name"])}</code></p>
        <p>{Inline(message["summary"])}{(message["description"] is { } more ? $""" <span class="soft">{Inline(more)}</span>""" : "")}</p>
        {Fields(schema)}
        <details>
        <summary>Example</summary>
        {Lines(message["examples"]![0]!.AsObject().Where(part => part.Key != "name"), part => $"""
        <p class="soft">{part.Key}</p>
        <pre tabindex="0">{FieldName().Replace(Encoded(part.Value!.ToJsonString(Readable)), "<b>$0</b>")}</pre>
        """)}
        </details>
        </article>
        """;

    private static string Fields(JsonNode schema)
    {
        var required = schema["required"]?.AsArray().Select(name => (string)name!).ToHashSet() ?? [];
        return $"""
            <div class="wide" tabindex="0" role="region" aria-label="Fields">
            <table>
            <thead><tr><th scope="col">field</th><th scope="col">type</th><th scope="col">what it says</th></tr></thead>
            <tbody>
            {Lines(schema["properties"]!.AsObject(), field => $"""<tr><th scope="row"><code>{field.Key}</code></th><td>{Kind(field.Value!)}{(required.Contains(field.Key) ? "" : """, <span class="tag">optional</span>""")}</td><td>{Inline(field.Value!["description"])}</td></tr>""")}
            </tbody>
            </table>
            </div>
            """;
    }

    /// <summary>The type of a field in words.</summary>
    private static string Kind(JsonNode schema)
    {
        if (schema["$ref"] is not null)
            return $"""<a href="#{Target(schema)}">{Target(schema)}</a>""";
        if (schema["allOf"] is JsonArray all)
            return Kind(all[0]!);
        if (schema["anyOf"] is JsonArray any)
            return Kind(any[0]!) + " or null";
        if (schema["const"] is { } constant)
            return $"<code>{Text(constant)}</code>";
        var types = schema["type"] is JsonArray several ? [.. several.Select(Text)] : new List<string> { Text(schema["type"]) };
        var kind = types[0] == "array" ? $"list of {Kind(schema["items"]!)}" : schema["format"] is { } format ? Text(format) : types[0];
        return types.Contains("null") ? kind + " or null" : kind;
    }

    private static string Target(JsonNode? reference) => ((string)reference!["$ref"]!).Split('/')[^1];

    private static string Text(JsonNode? node) => Encoded(node!.ToString());

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);

    private static string Inline(JsonNode? markdown) => Markdown.ToHtml((string)markdown!, Safe).Trim().Replace("<p>", "", StringComparison.Ordinal).Replace("</p>", "", StringComparison.Ordinal);

    private static string Lines<T>(IEnumerable<T> items, Func<T, string> line) => string.Join('\n', items.Select(line));

    [GeneratedRegex("&quot;[A-Za-z_]+&quot;(?=: )")]
    private static partial Regex FieldName();

    private const string Style = """
        :root {
          color-scheme: light dark;
          --paper: light-dark(#f5f3ee, #0e1416);
          --card: light-dark(#fffefb, #161e21);
          --sunk: light-dark(#efece4, #1d272b);
          --ink: light-dark(#1b2326, #e9eeee);
          --ink-soft: light-dark(#4c585d, #aab7ba);
          --line: light-dark(#e0dace, #2a363b);
          --accent: light-dark(#0b5a63, #7cd3cd);
          --warn: light-dark(#7a3d06, #f2bd7c);
          --serif: "Iowan Old Style", Charter, "Palatino Linotype", Palatino, P052, "Source Serif 4", Cambria, Georgia, serif;
          --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
          --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Noto Sans Mono", "Liberation Mono", monospace;
        }
        * { box-sizing: border-box; }
        html { scroll-padding-top: 1.5rem; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 var(--sans); display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
        a { color: var(--accent); text-underline-offset: .2em; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        .skip { position: absolute; left: -100vw; }
        .skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--card); z-index: 1; }
        nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 2rem 1.5rem; border-right: 1px solid var(--line); font-size: .875rem; }
        nav p { margin: 1.25rem 0 .25rem; font-weight: 600; }
        nav p::first-letter { text-transform: uppercase; }
        nav .title { margin-top: 0; font: 600 1.15rem var(--serif); }
        nav ul { list-style: none; margin: 0; padding: 0; }
        nav a { display: block; padding: .15rem 0; color: var(--ink-soft); text-decoration: none; overflow-wrap: anywhere; }
        nav a:hover { color: var(--accent); text-decoration: underline; }
        nav .title a { color: var(--ink); }
        main { max-width: 62rem; padding: 2rem clamp(1rem, 4vw, 3.5rem) 6rem; }
        h1, h2, h3 { font-family: var(--serif); line-height: 1.2; text-wrap: balance; }
        h1 { font-size: 2.5rem; margin: 0 0 .5rem; }
        h2 { font-size: 1.75rem; margin: 3.5rem 0 .5rem; }
        h3 { font-size: 1.25rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.25rem 1.5rem; margin: 1rem 0; }
        .card p { margin: .25rem 0 .75rem; }
        .soft { color: var(--ink-soft); }
        .key { font-size: .875rem; color: var(--ink-soft); overflow-wrap: anywhere; }
        .tag { color: var(--warn); }
        code, pre { font-family: var(--mono); font-size: .875em; }
        p code, li code, td code { background: var(--sunk); border-radius: 4px; padding: .1em .3em; overflow-wrap: anywhere; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
        th, td { text-align: left; vertical-align: top; padding: .45rem 1rem .45rem 0; border-top: 1px solid var(--line); }
        thead th { border-top: 0; color: var(--ink-soft); font-weight: 500; font-size: .8125rem; }
        tbody th { font-weight: 600; white-space: nowrap; }
        td:nth-child(2) { min-width: 9rem; }
        td:nth-child(3) { min-width: 16rem; color: var(--ink-soft); }
        details { margin-top: 1rem; border-top: 1px solid var(--line); padding-top: .75rem; }
        summary { cursor: pointer; color: var(--accent); }
        details p { margin: .75rem 0 .25rem; font-size: .8125rem; }
        pre { background: var(--sunk); border-radius: 8px; padding: .75rem 1rem; margin: 0; overflow-x: auto; line-height: 1.5; }
        pre b { color: var(--accent); font-weight: 500; }
        @media (max-width: 56rem) {
          body { display: block; }
          nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); columns: 2 10rem; }
        }
        @media (max-width: 40rem) {
          thead { position: absolute; left: -100vw; }
          tbody, tr, th, td { display: block; border: 0; }
          tr { border-top: 1px solid var(--line); padding: .45rem 0; }
          th, td { padding: 0; }
          tbody th { white-space: normal; overflow-wrap: anywhere; }
          td:nth-child(3) { min-width: 0; }
        }
        @media print {
          body { display: block; }
          nav { display: none; }
        }
        """;
}
