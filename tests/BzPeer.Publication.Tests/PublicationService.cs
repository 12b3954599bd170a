using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Marten;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(TestServers))]
[assembly: AssemblyFixture(typeof(BzPeer.Publication.Tests.SharedPublication))]

namespace BzPeer.Publication.Tests;

/// <summary>The one service of the tests that mind only researchers and works of their own.</summary>
public sealed class SharedPublication : PublicationService;

/// <summary>The service on real PostgreSQL and RabbitMQ, in the words of its tests.</summary>
public class PublicationService : IAsyncLifetime
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    public PublicationService() : this(new ServiceHost<Program>())
    {
    }

    protected PublicationService(ServiceHost<Program> host) => Host = host;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ServiceHost<Program> Host { get; }

    public HttpClient Anonymous => Host.Anonymous();

    public HttpClient Curator => Host.As(Guid.NewGuid(), "curator");

    public ValueTask InitializeAsync() => Host.InitializeAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Host.DisposeAsync();
    }

    public static string Sample(string name) => Path.Combine(AppContext.BaseDirectory, "Samples", name);

    public async Task<HttpResponseMessage> SendImport(string format, byte[] body, string mediaType, string? encoding = null)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        if (encoding is not null) content.Headers.ContentEncoding.Add(encoding);
        return await Curator.PostAsync($"/api/imports?format={format}", content, Ct);
    }

    public Task<ImportStatus> Import(string format, string body, string mediaType = "application/x-ndjson") => Import(format, Encoding.UTF8.GetBytes(body), mediaType);

    public async Task<ImportStatus> Import(string format, byte[] body, string mediaType)
    {
        using var answer = await SendImport(format, body, mediaType);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync(Ct));
        return await Finished(answer.Headers.Location!);
    }

    public async Task<ImportStatus> Finished(Uri import)
    {
        var status = await Eventually.Async(
            async ct => (await Anonymous.GetFromJsonAsync<ImportStatus>(import, Json, ct))!, status => status.State != "running", "the import is finished", TimeSpan.FromMinutes(5), Ct);
        (status.Created + status.Updated + status.Unchanged + status.Rejected).ShouldBe(status.Received);
        return status;
    }

    public Task<ImportStatus> ImportFile(string name) => Import(
        name.Split('-')[0], File.ReadAllBytes(Sample(name)), name.Contains(".xml", StringComparison.Ordinal) ? "application/atom+xml" : "application/x-ndjson");

    public async Task<T> Get<T>(string path)
    {
        using var answer = await Anonymous.GetAsync(path, Ct);
        return await Read<T>(answer);
    }

    public async Task<List<T>> GetAll<T>(string path, int limit = 80)
    {
        List<T> all = [];
        for (string? cursor = null; ;)
        {
            var page = await Get<Page<T>>($"{path}?limit={limit}{(cursor is null ? "" : $"&cursor={cursor}")}");
            all.AddRange(page.Items);
            if ((cursor = page.Next) is null) return all;
        }
    }

    /// <summary>Posts a work.</summary>
    public static Task<HttpResponseMessage> Post(HttpClient caller, object work) => caller.PostAsJsonAsync("/api/works", work, Json, Ct);

    /// <summary>Posts a work that is taken, and reads it.</summary>
    public static async Task<ListedWork> Publish(HttpClient caller, object work, HttpStatusCode status = HttpStatusCode.Created)
    {
        using var answer = await Post(caller, work);
        return await Read<ListedWork>(answer, status);
    }

    public static async Task<T> Read<T>(HttpResponseMessage answer, HttpStatusCode status = HttpStatusCode.OK)
    {
        answer.StatusCode.ShouldBe(status, await answer.Content.ReadAsStringAsync(Ct));
        return (await answer.Content.ReadFromJsonAsync<T>(Json, Ct))!;
    }

    /// <summary>The answer is a problem that names this rule.</summary>
    public static async Task ShouldBeProblem(HttpResponseMessage answer, int status, string rule)
    {
        var body = await answer.Content.ReadAsStringAsync(Ct);
        ((int)answer.StatusCode).ShouldBe(status, body);
        answer.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json", body);
        using var problem = JsonDocument.Parse(body);
        problem.RootElement.GetProperty("type").GetString().ShouldBe($"https://bzpeer.org/problems/{rule}");
        problem.RootElement.GetProperty("detail").GetString().ShouldNotBeNullOrWhiteSpace();
    }

    /// <summary>New researchers, who are on one work together that OpenAlex vouches for.</summary>
    public async Task<Guid[]> Register(int count)
    {
        var authors = Enumerable.Range(0, count).Select(_ => $"A{Records.Number()}").ToArray();
        (await Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(Records.Number(), authors)))).Created.ShouldBe(1);
        return await Task.WhenAll(authors.Select(OpenAlexAuthor));
    }

    /// <summary>The researcher that an OpenAlex author is.</summary>
    public Task<Guid> OpenAlexAuthor(string id) => Known($"openalex:{id}");

    /// <summary>The researcher that a key names.</summary>
    public async Task<Guid> Known(string key)
    {
        await using var command = Host.Database.CreateCommand("select researcher_id from author_keys where key = $1");
        command.Parameters.Add(new() { Value = key });
        return (Guid)(await command.ExecuteScalarAsync(Ct)).ShouldNotBeNull($"{key} is a researcher");
    }

    /// <summary>The work that a key names, where it goes on.</summary>
    public async Task<ListedWork> WorkKnownAs(string key)
    {
        await using var command = Host.Database.CreateCommand("select work_id from work_keys where key = $1");
        command.Parameters.Add(new() { Value = key });
        var path = $"/api/works/{(await command.ExecuteScalarAsync(Ct)).ShouldNotBeNull($"{key} is a work")}";
        using var answer = await Anonymous.GetAsync(path, Ct);
        return answer.StatusCode == HttpStatusCode.MovedPermanently ? await Get<ListedWork>(answer.Headers.Location!.ToString()) : await Read<ListedWork>(answer);
    }

    /// <summary>The one researcher of this name.</summary>
    public async Task<Guid> ResearcherNamed(string name)
    {
        await using var command = Host.Database.CreateCommand("select id from researchers where name = $1");
        command.Parameters.Add(new() { Value = name });
        await using var row = await command.ExecuteReaderAsync(Ct);
        (await row.ReadAsync(Ct)).ShouldBeTrue($"{name} is a researcher");
        var id = row.GetGuid(0);
        (await row.ReadAsync(Ct)).ShouldBeFalse($"{name} is one researcher");
        return id;
    }

    /// <summary>Waits until the sums of everything committed so far have been told.</summary>
    public async Task SumsAreTold()
    {
        var last = await Scalar("select coalesce(max(seq_id), 0) from mt_events where type like 'work_%' or type like 'researchers_%'");
        await Eventually.Async(async _ => await Scalar("select case when count(*) = 2 then min(last_seq_id) else 0 end from mt_event_progression where name like 'Bibliographies%'") >= last,
            "the sums are told", TimeSpan.FromMinutes(3), Ct);
    }

    /// <summary>Waits until whoever may be one person since everything committed so far has been found.</summary>
    public async Task PairsAreFound()
    {
        var last = await Scalar("select coalesce(max(seq_id), 0) from mt_events where type like 'work_%'");
        await Eventually.Async(async _ => await Scalar("select coalesce(max(last_seq_id), 0) from mt_event_progression where name like 'SuspectPairs%'") >= last,
            "the pairs are found", TimeSpan.FromMinutes(3), Ct);
    }

    public async Task<BibliographySums> Sums(Guid researcher)
    {
        await SumsAreTold();
        await using var session = Host.Store.QuerySession();
        var events = await session.Events.FetchStreamAsync(SumsChanged.StreamId(researcher), token: Ct);
        return events.Select(e => (SumsChanged)e.Data).Last().Sums;
    }

    /// <summary>Events of works and researchers; suspicions of pairs come when they come.</summary>
    public Task<long> Events() => Scalar("select count(*) from mt_events where type <> 'pair_suspected'");

    public async Task<long> Scalar(string sql)
    {
        await using var command = Host.Database.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(Ct), System.Globalization.CultureInfo.InvariantCulture);
    }
}
