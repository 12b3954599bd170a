using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using BzPeer.Provisioning;

namespace BzPeer.Local;

/// <summary>How an import stands, as <c>GET /api/imports/{id}</c> says it.</summary>
internal sealed record ImportStatus(string State, int Received, int Created, int Updated, int Unchanged, int Rejected);

/// <summary>The researcher of the seed page, and the trust that the card shows.</summary>
internal sealed record Seed(Guid Id, int? Trust);

/// <summary>The calls of the public API that the launcher makes, as anybody else could.</summary>
internal sealed class Gateway(Uri site) : IDisposable
{
    private const string SeedName = "Daniel Bernier";

    // An import answers once its body is stored, and bodies are large.
    private readonly HttpClient http = new() { BaseAddress = site, Timeout = TimeSpan.FromMinutes(10) };

    /// <summary>Signs in as a curator that exists for this import only.</summary>
    public async Task SignInAsCuratorAsync(CancellationToken stop)
    {
        using var answer = await http.PostAsJsonAsync("/api/dev/tokens", new { researcherId = Guid.NewGuid(), roles = new[] { "curator" } }, stop);
        await ExpectAsync(answer, stop);
        var token = await answer.Content.ReadFromJsonAsync<TokenAnswer>(stop);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token!.AccessToken);
    }

    /// <summary>Whether any researcher is known.</summary>
    public async Task<bool> AnybodyAsync(CancellationToken stop) =>
        (await http.GetFromJsonAsync<Cards>("/api/researchers?limit=1", stop))!.Items.Count > 0;

    /// <summary>The researcher of the seed page, or null while the card is not there, or cannot be had just now.</summary>
    public async Task<Seed?> FindSeedAsync(CancellationToken stop)
    {
        try
        {
            var found = await http.GetFromJsonAsync<Cards>($"/api/researchers?q={Uri.EscapeDataString(SeedName)}", stop);
            var card = found!.Items.FirstOrDefault(card => card.Name == SeedName);
            return card is null ? null : new Seed(card.Id, card.Trust?.Score);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Hands in a file of records; the address at which its progress stands.</summary>
    public async Task<Uri> ImportAsync(SampleFile file, CancellationToken stop)
    {
        await using var stream = File.OpenRead(file.Path);
        using var content = new StreamContent(stream);
        content.Headers.ContentType = new MediaTypeHeaderValue(file.ContentType);
        if (file.IsCompressed)
            content.Headers.ContentEncoding.Add("gzip");
        using var answer = await http.PostAsync($"/api/imports?format={file.Format}", content, stop);
        await ExpectAsync(answer, stop);
        return answer.Headers.Location
            ?? throw new ProvisioningException($"The import of {file.Name} was accepted without a Location to follow.");
    }

    /// <summary>How an import stands; null when there is no such import.</summary>
    public async Task<ImportStatus?> StatusAsync(Uri import, CancellationToken stop)
    {
        using var answer = await http.GetAsync(import, stop);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            return null;
        await ExpectAsync(answer, stop);
        return await answer.Content.ReadFromJsonAsync<ImportStatus>(stop);
    }

    public void Dispose() => http.Dispose();

    private static async Task ExpectAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        if (!answer.IsSuccessStatusCode)
            throw new HttpRequestException(
                $"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri} was answered with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(stop)}",
                null, answer.StatusCode);
    }

    private sealed record TokenAnswer(string AccessToken);

    private sealed record Cards(IReadOnlyList<Card> Items);

    private sealed record Card(Guid Id, string Name, CardTrust? Trust);

    private sealed record CardTrust(int Score);
}
