using System.Net.Http.Headers;
using Marten;
using MassTransit;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace BzPeer.Testing;

/// <summary>
/// One service in this process, as its Program.cs builds it, on a database and a virtual host of its own: real PostgreSQL,
/// real RabbitMQ. One per test class, as a class fixture.
/// </summary>
public class ServiceHost<TProgram> : IAsyncLifetime where TProgram : class
{
    private readonly TestTokens tokens = new(Path.Combine(Path.GetTempPath(), $"bzpeer-test-{Guid.NewGuid():N}.key"));
    private WebApplicationFactory<TProgram>? factory;

    /// <summary>Settings that differ from the usual ones.</summary>
    protected virtual IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>();

    /// <summary>Another instance of the service, whose database and virtual host this one works on too; null for its own.</summary>
    public ServiceHost<TProgram>? Beside { get; init; }

    /// <summary>The service's clock; null for the real one.</summary>
    public TimeProvider? Clock { get; init; }

    /// <summary>What the service was built with.</summary>
    public IServiceProvider Services => factory!.Services;

    /// <summary>The service's database.</summary>
    public NpgsqlDataSource Database => Services.GetRequiredService<NpgsqlDataSource>();

    /// <summary>The service's event store.</summary>
    public IDocumentStore Store => Services.GetRequiredService<IDocumentStore>();

    /// <summary>The connection string of the service's database.</summary>
    private string ConnectionString { get; set; } = "";

    /// <summary>Where the service's queue is.</summary>
    public Uri VirtualHost { get; private set; } = null!;

    /// <summary>A client without a token.</summary>
    public HttpClient Anonymous() => factory!.CreateClient(new() { AllowAutoRedirect = false });

    /// <summary>A client that acts as this researcher.</summary>
    public HttpClient As(Guid researcherId, params IReadOnlyList<string> roles)
    {
        var client = Anonymous();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", tokens.For(researcherId, roles));
        return client;
    }

    /// <summary>Publishes a message as another service would.</summary>
    public Task Publish(object message, CancellationToken ct = default) => Services.GetRequiredService<IBus>().Publish(message, message.GetType(), ct);

    /// <summary>All rows of a table as text, in the order of <paramref name="orderBy"/>: to compare read models by.</summary>
    public async Task<string[]> Rows(string table, string orderBy, string columns = "*")
    {
        await using var command = Database.CreateCommand($"select r::text from (select {columns} from {table} order by {orderBy}) r");
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync()) rows.Add(reader.GetString(0));
        return [.. rows];
    }

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        ConnectionString = Beside?.ConnectionString ?? await TestServers.Database(typeof(TProgram).Assembly.GetName().Name!.Split('.')[^1].ToLowerInvariant());
        VirtualHost = Beside?.VirtualHost ?? await TestServers.VirtualHost();
        factory = new WebApplicationFactory<TProgram>().WithWebHostBuilder(host =>
        {
            host.UseEnvironment("Development")
                .UseSetting("ConnectionStrings:Store", ConnectionString)
                .UseSetting("ConnectionStrings:Broker", VirtualHost.ToString())
                .UseSetting("Auth:SigningKeyFile", tokens.KeyFile)
                .UseSetting("SignIn:Authority", "http://127.0.0.1:9")
                .UseSetting("SignIn:ClientId", StandInProvider.ClientId);
            foreach (var (name, value) in Settings) host.UseSetting(name, value);
            if (Clock is not null) host.ConfigureServices(services => services.AddSingleton(Clock));
        });
        using var client = Anonymous();
        await Eventually.Async(async ct => (await client.GetAsync("/health", ct)).IsSuccessStatusCode, "the service is healthy", TimeSpan.FromMinutes(3));
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (factory is not null) await factory.DisposeAsync();
        File.Delete(tokens.KeyFile);
        GC.SuppressFinalize(this);
    }
}
