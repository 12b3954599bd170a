using System.Collections.Concurrent;
using System.Security.Claims;
using BzPeer.Contracts;
using Marten;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.ServiceDefaults;

/// <summary>
/// Which researchers have been merged into which, as a service learned it from <see cref="ResearchersMerged"/> and
/// <see cref="ResearchersSplit"/>. Kept in the service's own table <c>survivors</c>, for its statements to join, and in memory, for every
/// request to ask: whoever calls as a merged researcher acts as the survivor, and what is asked about one is answered with where the survivor is.
/// An instance that has not heard of a merge yet answers as if it came a moment later.
/// </summary>
public sealed class Survivors(NpgsqlDataSource database, ILogger<Survivors> log) : BackgroundService
{
    private const string Channel = "survivors";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Guid, Guid> merged = [];
    private readonly ConcurrentDictionary<Guid, bool> concerned = [];
    private readonly TaskCompletionSource read = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Who <paramref name="researcher"/> is: themselves, or whom they were merged into.</summary>
    public Guid Of(Guid researcher) => merged.GetValueOrDefault(researcher, researcher);

    /// <summary>Whether any merge is or was about <paramref name="researcher"/>, on either side: of most, none.</summary>
    public bool Concern(Guid researcher) => concerned.ContainsKey(researcher);

    /// <summary>
    /// Takes over who is whose. For each researcher the event of the greatest sequence counts, whatever order they come in; a row says so
    /// also for who is their own again, or an old message would bring a merge back.
    /// </summary>
    public static async Task ApplyAsync(NpgsqlDataSource database, IEnumerable<IIntegrationEvent> events, CancellationToken cancellation)
    {
        var rows = events.SelectMany(Read).GroupBy(row => row.Id).Select(same => same.MaxBy(row => row.Version)).OrderBy(row => row.Id).ToArray();
        await using var command = database.CreateCommand(Statement("$1, $2, $3"));
        command.Parameters.Add(new() { Value = Array.ConvertAll(rows, row => row.Id) });
        command.Parameters.Add(new() { Value = Array.ConvertAll(rows, row => row.Survivor) });
        command.Parameters.Add(new() { Value = Array.ConvertAll(rows, row => row.Version) });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The handler of a service that needs no more of a merge than who is whose.</summary>
    public static Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<IIntegrationEvent>> batch, CancellationToken cancellation) =>
        ApplyAsync(services.GetRequiredService<NpgsqlDataSource>(), batch.Select(delivered => delivered.Message), cancellation);

    /// <summary>Writes rows of (researcher, survivor, version), newer ones only, and tells every instance (SQL over three arrays).</summary>
    public static string Statement(string arrays) =>
        $"""
        with news as (
          insert into survivors (id, survivor, version) select * from unnest({arrays}) as n(id, survivor, version)
          on conflict (id) do update set survivor = excluded.survivor, version = excluded.version where survivors.version < excluded.version
          returning id)
        select pg_notify('{Channel}', id::text) from news
        """;

    private static IEnumerable<(Guid Id, Guid Survivor, long Version)> Read(IIntegrationEvent message) => message switch
    {
        ResearchersMerged merge => merge.Members.Select(member => (member, merge.SurvivorId, merge.Origin.Sequence)),
        ResearchersSplit split => split.Members.Select(member => (member, split.RestoredId, split.Origin.Sequence)),
        _ => throw new ArgumentException($"{message.GetType().Name} merges nobody.", nameof(message)),
    };

    /// <summary>Reads the table, then what is told of it; all of it again whenever the connection was lost.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                var told = new ConcurrentQueue<Guid>();
                connection.Notification += (_, notification) => told.Enqueue(Guid.Parse(notification.Payload));
                await ExecuteAsync(connection, $"listen {Channel}", stoppingToken);
                try
                {
                    await LoadAsync(connection, null, stoppingToken);
                    read.TrySetResult();
                    while (true)
                    {
                        // A connection that died without a word is found out by asking.
                        if (!await connection.WaitAsync(TimeSpan.FromSeconds(10), stoppingToken)) await ExecuteAsync(connection, "select 1", stoppingToken);
                        if (!told.IsEmpty) await LoadAsync(connection, Drain(told), stoppingToken);
                    }
                }
                finally
                {
                    if (connection.State == System.Data.ConnectionState.Open) await ExecuteAsync(connection, "unlisten *", CancellationToken.None);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("Who was merged into whom cannot be read; trying again: {Reason}", e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
            }
        }
    }

    /// <summary>Reads who these are now, where the service itself has just changed it.</summary>
    public async Task ReadAsync(Guid[] researchers, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await LoadAsync(connection, researchers, cancellation);
    }

    private static Guid[] Drain(ConcurrentQueue<Guid> told)
    {
        List<Guid> ids = [];
        while (told.TryDequeue(out var id)) ids.Add(id);
        return [.. ids];
    }

    private async Task LoadAsync(NpgsqlConnection connection, Guid[]? ids, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select id, survivor from survivors {(ids is null ? "" : "where id = any($1)")}", connection);
        if (ids is not null) command.Parameters.Add(new() { Value = ids });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            concerned[row.GetGuid(0)] = concerned[row.GetGuid(1)] = true;
            if (row.GetGuid(0) == row.GetGuid(1)) merged.TryRemove(row.GetGuid(0), out _);
            else merged[row.GetGuid(0)] = row.GetGuid(1);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Defines the table.</summary>
    public static void Configure(StoreOptions store)
    {
        var table = new Table("survivors");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn<Guid>("survivor").NotNull();
        table.AddColumn("version", "bigint").NotNull();
        table.Indexes.Add(new IndexDefinition("survivors_members") { Columns = ["survivor"] });
        store.Storage.ExtendedSchemaObjects.Add(table);
    }

    /// <summary>
    /// A merged caller is the survivor. An address that names a merged researcher (its <c>{id}</c> after <c>researchers</c>, below
    /// <c>/api/me</c>, or in a graph of kind <c>researcher</c>) is answered with the survivor's: 301 to a read, 308 to a write.
    /// </summary>
    internal async Task AnswerAsync(HttpContext http, RequestDelegate next)
    {
        // Right after a start; without a store nothing else can be answered either.
        if (!read.Task.IsCompleted) await Task.WhenAny(read.Task, Task.Delay(Patience, http.RequestAborted));
        if (http.User.FindFirst(JwtRegisteredClaimNames.Sub) is { } sub && Guid.TryParse(sub.Value, out var caller) && Of(caller) is var actor && actor != caller)
            http.User = ActingAs(http.User, sub, actor);

        if (!merged.IsEmpty && NamedResearcher(http) is { } named && Of(named) is var survivor && survivor != named)
        {
            var path = http.Request.Path.Value!.Replace(http.Request.RouteValues["id"]!.ToString()!, survivor.ToString(), StringComparison.OrdinalIgnoreCase);
            http.Response.StatusCode = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) ? StatusCodes.Status301MovedPermanently : StatusCodes.Status308PermanentRedirect;
            http.Response.Headers.Location = path + http.Request.QueryString;
            // A merge can be taken back: nobody keeps this answer.
            http.Response.Headers.CacheControl = "no-cache";
            return;
        }

        await next(http);
    }

    private static ClaimsPrincipal ActingAs(ClaimsPrincipal user, Claim sub, Guid actor)
    {
        var identity = (ClaimsIdentity)user.Identity!;
        return new(new ClaimsIdentity(
            user.Claims.Where(claim => claim != sub).Append(new Claim(JwtRegisteredClaimNames.Sub, actor.ToString())), identity.AuthenticationType, identity.NameClaimType, identity.RoleClaimType));
    }

    private static Guid? NamedResearcher(HttpContext http)
    {
        if (http.GetEndpoint() is not RouteEndpoint { RoutePattern.RawText: { } pattern } || !Guid.TryParse(http.Request.RouteValues["id"]?.ToString(), out var id)) return null;
        return pattern.StartsWith("/api/researchers/{id", StringComparison.Ordinal) || pattern.StartsWith("/api/me/", StringComparison.Ordinal)
            || http.Request.RouteValues["kind"]?.ToString() == "researcher" ? id : null;
    }
}
