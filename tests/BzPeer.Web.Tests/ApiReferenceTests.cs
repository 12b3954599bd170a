using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace BzPeer.Web.Tests;

public sealed class ApiReferenceTests
{
    [Fact]
    public async Task The_documents_of_all_services_become_one()
    {
        await using var site = await Site.StartAsync();

        var document = await site.Client.GetFromJsonAsync<JsonObject>("/openapi/v1.json", TestContext.Current.CancellationToken);

        document!["paths"]!.AsObject().Select(path => path.Key).ShouldBe(
            ["/api/events", "/api/me/following/{id}", "/api/researchers/{id}", "/api/researchers/{id}/trust", "/api/works/{id}"]);
        document["paths"]!["/api/works/{id}"]!["get"]!["tags"]!.AsArray().Select(tag => tag!.GetValue<string>()).ShouldBe(["Publication"]);
        document["x-missing-services"]!.AsArray().ShouldBeEmpty();
        document["paths"]!["/api/works/{id}"]!["get"]!["security"]!.AsArray().ShouldBeEmpty();
        document["paths"]!["/api/me/following/{id}"]!["get"]!["security"]!.AsArray().Count.ShouldBe(1);
        document["components"]!["securitySchemes"]!["bearer"].ShouldNotBeNull();
    }

    [Fact]
    public async Task A_document_that_cannot_be_had_is_named_as_missing()
    {
        await using var site = await Site.StartAsync();
        await site.Services.StopAsync("Follow");

        var document = await site.Client.GetFromJsonAsync<JsonObject>("/openapi/v1.json", TestContext.Current.CancellationToken);

        document!["x-missing-services"]!.AsArray().Select(name => name!.GetValue<string>()).ShouldBe(["Follow"]);
        document["info"]!["description"]!.GetValue<string>().ShouldContain("Follow did not answer");
        document["paths"]!.AsObject().Count.ShouldBe(4);
    }

    [Fact]
    public void Schemas_that_differ_keep_their_services_name_and_their_references()
    {
        var merged = ApiReference.Merge([("Profile", Document("Profile", "/api/a")), ("Trust", Document("Trust", "/api/b"))]);

        merged["components"]!["schemas"]!.AsObject().Select(schema => schema.Key).ShouldBe(["Problem", "Same", "TrustProblem"]);
        merged["paths"]!["/api/b"]!["get"]!["schema"]!["$ref"]!.GetValue<string>().ShouldBe("#/components/schemas/TrustProblem");
        merged["paths"]!["/api/a"]!["get"]!["schema"]!["$ref"]!.GetValue<string>().ShouldBe("#/components/schemas/Problem");

        static JsonObject Document(string service, string path) => JsonNode.Parse(
            $$$"""
            { "paths": { "{{{path}}}": { "get": { "schema": { "$ref": "#/components/schemas/Problem" } } } },
              "components": { "schemas": { "Problem": { "title": "{{{service}}}" }, "Same": { "type": "string" } } } }
            """)!.AsObject();
    }

    [Fact]
    public async Task The_reference_page_runs_with_a_nonce_and_nothing_from_elsewhere()
    {
        await using var site = await Site.StartAsync();

        var response = await site.Get("/scalar/");
        var html = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("script-src 'self' 'nonce-");
        policy.ShouldNotContain("script-src 'self' 'unsafe-inline'");
        html.ShouldNotContain("https://cdn");
        html.ShouldNotContain("fonts.scalar");
    }
}
