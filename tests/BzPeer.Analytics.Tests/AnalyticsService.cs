using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using RabbitMQ.Client;
using Xunit;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace BzPeer.Analytics.Tests;

/// <summary>The analytics service, with the events of four services that are not there.</summary>
public sealed class AnalyticsService : ServiceHost<Program>, IAsyncLifetime
{
    private readonly Dictionary<string, EventsExchange> exchanges = [];
    private readonly Dictionary<string, long> sequences;
    private readonly string exports = Directory.CreateTempSubdirectory("bzpeer-exports-").FullName;

    /// <summary>With the usual settings.</summary>
    public AnalyticsService() => sequences = [];

    /// <summary>Another instance on the same log, or one that comes after; it tells what follows what the first one told.</summary>
    internal AnalyticsService(AnalyticsService beside)
    {
        Beside = beside;
        sequences = beside.sequences;
    }

    /// <summary>Settings that differ from the usual ones.</summary>
    public IReadOnlyDictionary<string, string> With { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc />
    protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>(With) { ["Events:ExportFolder"] = exports };

    /// <summary>The files of days that this instance has made.</summary>
    public string[] Exports => Directory.GetFiles(exports, "*", SearchOption.AllDirectories);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The next event of its source, not published yet.</summary>
    public T Next<T>(Guid subject, Func<EventOrigin, T> make) where T : IIntegrationEvent
    {
        var source = CloudEvents.SourceOf(typeof(T));
        var previous = sequences.GetValueOrDefault(source);
        var now = DateTimeOffset.UtcNow;
        return make(new(Guid.CreateVersion7(), now.AddTicks(-(now.Ticks % 10)), source, subject, sequences[source] = previous + 3, previous, subject, 1));
    }

    /// <summary>Somebody follows.</summary>
    public ResearcherFollowed Followed(Guid follower, Guid followee) => Next(followee, origin => new ResearcherFollowed(origin, follower, followee));

    /// <summary>Somebody is registered.</summary>
    public ResearcherRegistered Registered(Guid id, string name = "Ada Lovelace") => Next(id, origin => new ResearcherRegistered(origin, id, name, "openalex", null, null));

    /// <summary>As the service of the event would publish it.</summary>
    public async Task TellAsync(params IReadOnlyList<IIntegrationEvent> events)
    {
        foreach (var one in events)
        {
            if (!exchanges.TryGetValue(one.Origin.Source, out var exchange)) exchange = exchanges[one.Origin.Source] = new(VirtualHost, one.Origin.Source);
            await exchange.PublishAsync(one, trace: null, Ct);
        }
    }

    /// <summary>Waits until the log holds the event.</summary>
    public Task InTheLogAsync(IIntegrationEvent e) => Eventually.Async(
        async _ => await Rows($"log where id = '{e.Origin.EventId}'", "position"), rows => rows.Length == 1, "the event is in the log once", ct: Ct);

    /// <summary>A page of the log.</summary>
    public async Task<JsonObject> PageAsync(string query, HttpClient? client = null) =>
        (await (client ?? Anonymous()).GetFromJsonAsync<JsonObject>($"/api/events{query}", Ct))!;

    /// <summary>The ids of the events that a query finds.</summary>
    public async Task<Guid[]> IdsAsync(string query, HttpClient? client = null) =>
        [.. (await PageAsync(query, client))["items"]!.AsArray().Select(item => item!["id"]!.GetValue<Guid>())];

    /// <summary>The position of the last event in the log.</summary>
    public async Task<long> HeadAsync() => (await PageAsync("?after=latest"))["upTo"]!.GetValue<long>();

    /// <summary>Every line of a replay.</summary>
    public async Task<JsonElement[]> ReplayAsync(string query = "", HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/events{query}");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
        using var response = await (client ?? Anonymous()).SendAsync(request, Ct);
        response.EnsureSuccessStatusCode();
        return [.. (await response.Content.ReadAsStringAsync(Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>Changes what the service has stored, as nobody else would.</summary>
    public async Task Sql(string statements)
    {
        await using var command = Database.CreateCommand(statements);
        await command.ExecuteNonQueryAsync(Ct);
    }

    /// <summary>How the store would answer a query.</summary>
    public async Task<string> Plan(string query)
    {
        await using var command = Database.CreateCommand("explain " + query);
        await using var row = await command.ExecuteReaderAsync(Ct);
        var plan = "";
        while (await row.ReadAsync(Ct)) plan += row.GetString(0) + "\n";
        return plan;
    }

    /// <summary>A channel of the broker.</summary>
    public async Task WithBrokerAsync(Func<IChannel, Task> act)
    {
        await using var connection = await new ConnectionFactory { Uri = VirtualHost }.CreateConnectionAsync(Ct);
        await using var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Ct);
        await act(channel);
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        foreach (var exchange in exchanges.Values) await exchange.DisposeAsync();
        await DisposeAsync();
        Directory.Delete(exports, recursive: true);
    }
}

internal static class Occurrence
{
    /// <summary>The same event, so many days ago.</summary>
    public static T Ago<T>(this T e, int days) where T : IIntegrationEvent
    {
        var origin = e.Origin with { OccurredAt = e.Origin.OccurredAt.AddDays(-days) };
        return (T)Activator.CreateInstance(typeof(T), [.. typeof(T).GetConstructors()[0].GetParameters().Select(p => p.ParameterType == typeof(EventOrigin) ? origin : typeof(T).GetProperty(p.Name!)!.GetValue(e))])!;
    }
}
