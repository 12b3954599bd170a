using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using BzPeer.Provisioning;

namespace BzPeer.Browser.Tests;

/// <summary>The API as a client finds it at <c>/openapi/v1.json</c> is the one that was reviewed: <c>contracts/openapi/v1.json</c>.</summary>
public sealed class ApiContractTests(SeedSystem system)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task The_public_api_is_the_approved_one()
    {
        using var http = new HttpClient { BaseAddress = system.Site };
        var document = JsonNode.Parse(await http.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken))!;
        var served = document.ToJsonString(Readable).ReplaceLineEndings("\n") + "\n";
        var file = Path.Combine(Repository.Root, "contracts", "openapi", "v1.json");

        if (Environment.GetEnvironmentVariable("BZPEER_APPROVE") == "1")
            await File.WriteAllTextAsync(file, served, TestContext.Current.CancellationToken);

        served.ShouldBe(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken),
            "The API changed. Run this test with BZPEER_APPROVE=1 and review what it changed in contracts/openapi/v1.json.");
    }
}
