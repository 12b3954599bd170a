using System.Net;
using System.Net.Http.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Profile.Tests;

/// <summary>The service, and how its clients claim profiles and curators validate them.</summary>
public class ProfileService : ServiceHost<Program>
{
    private long sequence = 1_000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A curator nobody has heard of.</summary>
    public HttpClient Curator() => As(Guid.NewGuid(), Authentication.Curator);

    public long Next() => Interlocked.Increment(ref sequence);

    public static EventOrigin Origin(Guid subject, long at) => new(Guid.NewGuid(), DateTimeOffset.UtcNow, Sources.Publication, subject, at, 0, subject, at);

    public static AuthorIdentified Author(Guid id, long version, string name, string? orcid = null) =>
        new(Origin(id, version), id, name, "openalex", orcid, null, orcid is null ? [] : ["orcid:" + orcid], null);

    public async Task<Guid> Registered(string? orcid = null)
    {
        var id = Guid.NewGuid();
        await Publish(Author(id, 1, "Ada Lovelace", orcid), Ct);
        await Eventually.Async(async _ => (await ResearcherCards.LoadAsync(Database, [id], Ct)).Count == 1, "the researcher is registered", ct: Ct);
        return id;
    }

    public async Task<ResearcherCard> Card(Guid id, string? minPosition = null) => await Read<ResearcherCard>($"/api/researchers/{id}", minPosition);

    public Task<ValidationList> List(Guid id, string query = "") => Read<ValidationList>($"/api/researchers/{id}/validations{query}");

    public async Task<T> Read<T>(string path, string? minPosition = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (minPosition is not null) request.Headers.Add("Min-Position", minPosition);
        using var answer = await Anonymous().SendAsync(request, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        return (await answer.Content.ReadFromJsonAsync<T>(Ct))!;
    }

    public Task<HttpResponseMessage> Claim(Guid id) => As(id).PostAsync($"/api/researchers/{id}/claim", null, Ct);

    public Task<HttpResponseMessage> EndClaim(Guid id, HttpClient by, string query = "") => by.DeleteAsync($"/api/researchers/{id}/claim{query}", Ct);

    public Task<HttpResponseMessage> Validate(Guid id, string kind, string source, string value) =>
        Curator().PostAsJsonAsync($"/api/researchers/{id}/validations", new { kind, source, value }, Ct);

    public async Task<Validation> Validated(Guid id, string kind = "identity", string source = "registry", string? value = null)
    {
        using var answer = await Validate(id, kind, source, value ?? $"{Guid.NewGuid()}");
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        return (await answer.Content.ReadFromJsonAsync<Validation>(Ct))!;
    }

    public Task<HttpResponseMessage> Withdraw(Guid id, Guid validation, string query = "") => Curator().DeleteAsync($"/api/researchers/{id}/validations/{validation}{query}", Ct);

    public async Task Merged(Guid gone, Guid survivor)
    {
        await Publish(new ResearchersMerged(Origin(gone, Next()), Guid.NewGuid(), gone, survivor, [gone]), Ct);
        await Eventually.Async(_ => Status(gone), status => status == HttpStatusCode.MovedPermanently, "the merge is known", ct: Ct);
    }

    public async Task Split(Guid restored, Guid from)
    {
        await Publish(new ResearchersSplit(Origin(restored, Next()), Guid.NewGuid(), restored, from, [restored]), Ct);
        await Eventually.Async(_ => Status(restored), status => status == HttpStatusCode.OK, "the split is known", ct: Ct);
    }

    /// <summary>Names of the events in a stream, in their order.</summary>
    public async Task<string[]> Events(Guid id)
    {
        await using var command = Database.CreateCommand("select coalesce(array_agg(type order by version), '{}') from mt_events where stream_id = $1");
        command.Parameters.Add(new() { Value = id });
        return (string[])(await command.ExecuteScalarAsync(Ct))!;
    }

    public static async Task ShouldBeProblem(HttpResponseMessage answer, int status, string rule)
    {
        ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType).ShouldBe((status, "application/problem+json"));
        (await answer.Content.ReadAsStringAsync(Ct)).ShouldContain($"https://bzpeer.org/problems/{rule}\"");
    }

    private async Task<HttpStatusCode> Status(Guid id)
    {
        using var answer = await Anonymous().GetAsync($"/api/researchers/{id}", Ct);
        return answer.StatusCode;
    }
}
