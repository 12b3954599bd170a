using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>A record that was not taken, and why.</summary>
/// <param name="Index">Its place in the file, from 0.</param>
/// <param name="SourceId">The source's id of it, or null when it could not be read.</param>
/// <param name="Reason">Why.</param>
public sealed record ImportRejection(long Index, string? SourceId, string Reason);

/// <summary>How an import stands. Created, updated, unchanged and rejected sum to received.</summary>
/// <param name="Id">The import.</param>
/// <param name="Format">The format it was sent as: <c>openalex</c>, <c>crossref</c>, <c>arxiv</c>, <c>orcid</c>, <c>bibtex</c>, <c>csl</c> or <c>retraction-watch</c>.</param>
/// <param name="State"><c>running</c>, <c>completed</c>, or <c>failed</c> when nothing of it could be read.</param>
/// <param name="Received">Records read so far.</param>
/// <param name="Created">Works that entered the record.</param>
/// <param name="Updated">Works of which more or something else became known.</param>
/// <param name="Unchanged">Works of which everything was known.</param>
/// <param name="Rejected">Records that were not taken.</param>
/// <param name="Rejections">Why not, each; the first 1,000 of them.</param>
public sealed record ImportStatus(
    Guid Id, string Format, string State, long Received, long Created, long Updated, long Unchanged, long Rejected, IReadOnlyList<ImportRejection> Rejections);

/// <summary>POST /api/imports?format=: a curator hands in records; GET /api/imports/{id}: what became of them.</summary>
internal static class Imports
{
    private const int MostRejections = 1_000;

    internal static void MapImports(this WebApplication app)
    {
        app.MapPost("/api/imports", ReceiveAsync).RequireAuthorization(Authentication.Curator)
            .WithName("ImportWorks").WithTags("Publication").Produces<ImportStatus>(202).ProducesProblem(400).ProducesProblem(403).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422);
        app.MapGet("/api/imports/{id}", ReadAsync).AllowAnonymous().WaitsForPosition(Sources.Publication)
            .WithName("ReadImport").WithTags("Publication").Produces<ImportStatus>(200, "application/json", "text/event-stream").Produces(204).ProducesProblem(404);
    }

    private static async Task<IResult> ReceiveAsync(string? format, HttpContext http, NpgsqlDataSource database, ImportLimits limits, ImportWorker worker, CancellationToken cancellation)
    {
        if (format is null || !ImportReader.Formats.Contains(format))
            return Problems.Of(400, "unknown-format", "Unknown format", $"Say what the body is: ?format={string.Join(" or ?format=", ImportReader.Formats)}.");
        var type = MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var parsed) ? parsed.MediaType.Value : null;
        if (!ImportReader.Takes(format, type))
            return Problems.Of(415, "unsupported-media-type", "Unsupported media type", $"Send {format} as one of {ImportReader.Takes(format)}.");
        if (http.Request.Headers.ContentEncoding.Any(encoding => encoding?.ToLowerInvariant() is not (null or "" or "gzip" or "x-gzip" or "identity")))
            return Problems.Of(415, "unsupported-encoding", "Unsupported encoding", "Send the body as it is, or with Content-Encoding: gzip.");

        // Our own limit, which also holds where the length is not said in advance.
        http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = null;
        if (http.Request.ContentLength > limits.MaxBytes) return TooLarge(limits);
        var id = Guid.CreateVersion7();
        if (await StoreAsync(database, id, http, limits, cancellation) is not { } bytes) return TooLarge(limits);
        if (bytes == 0) return Problems.Refused("empty-body", "Empty body", "The body holds no records.");

        await ExecuteAsync(database, "insert into imports (id, format, media_type, state, bytes, received_by, received_at) values ($1, $2, $3, 'running', $4, $5, now())",
            cancellation, id, format, type!, bytes, http.ResearcherId());
        worker.Wake();
        return TypedResults.Accepted($"/api/imports/{id}", new ImportStatus(id, format, "running", 0, 0, 0, 0, 0, []));
    }

    private static async Task<long?> StoreAsync(NpgsqlDataSource database, Guid id, HttpContext http, ImportLimits limits, CancellationToken cancellation)
    {
        long? bytes = null;
        try
        {
            return bytes = await ImportChunks.StoreAsync(database, id, http.Request.Body, limits.MaxBytes, cancellation);
        }
        finally
        {
            // Nobody will ask for a body that did not arrive whole.
            if (bytes is null) await ExecuteAsync(database, "delete from import_chunks where import_id = $1", CancellationToken.None, id);
        }
    }

    private static IResult TooLarge(ImportLimits limits) =>
        Problems.Of(413, "body-too-large", "Body too large", $"An import may have {limits.MaxBytes:N0} bytes; send it in parts, or compressed with gzip.");

    private static async Task<IResult> ReadAsync(Guid id, HttpContext http, NpgsqlDataSource database, IHostApplicationLifetime life, TimeProvider clock, CancellationToken cancellation)
    {
        if (await StatusAsync(database, id, before: null, cancellation) is not { } status) return Problems.Of(404, "unknown-import", "Unknown import", $"No import has the id {id}.");
        return ImportProgress.IsAskedFor(http.Request)
            ? ImportProgress.Tell(status, http, async (before, stop) => await StatusAsync(database, id, before, stop) ?? before, clock, life.ApplicationStopping)
            : TypedResults.Ok(status);
    }

    /// <summary>How an import stands, or null when there is none; whoever knows how it stood <paramref name="before"/> need not read the same rejections again.</summary>
    private static async Task<ImportStatus?> StatusAsync(NpgsqlDataSource database, Guid id, ImportStatus? before, CancellationToken cancellation)
    {
        ImportStatus status;
        await using (var command = database.CreateCommand(
            """
            select i.format, i.state, coalesce(sum(b.received), 0)::bigint, coalesce(sum(b.created), 0)::bigint, coalesce(sum(b.updated), 0)::bigint,
              coalesce(sum(b.unchanged), 0)::bigint, coalesce(sum(b.rejected), 0)::bigint
            from imports i left join import_batches b on b.import_id = i.id where i.id = $1 group by i.id
            """))
        {
            command.Parameters.Add(new() { Value = id });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            if (!await row.ReadAsync(cancellation)) return null;
            status = new(id, row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), before?.Rejections ?? []);
        }

        if (status.Rejected == (before?.Rejected ?? 0)) return status;

        // After the state: of an import that is said to be completed every rejection is told.
        List<ImportRejection> rejections = [];
        await using (var command = database.CreateCommand("select index, source_id, reason from import_rejections where import_id = $1 order by index limit $2"))
        {
            command.Parameters.Add(new() { Value = id });
            command.Parameters.Add(new() { Value = MostRejections });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) rejections.Add(new(row.GetInt64(0), row.IsDBNull(1) ? null : row.GetString(1), row.GetString(2)));
        }

        return status with { Rejections = rejections };
    }

    internal static async Task ExecuteAsync(NpgsqlDataSource database, string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    internal static void Configure(StoreOptions store)
    {
        var imports = new Table("imports");
        imports.AddColumn<Guid>("id").AsPrimaryKey();
        imports.AddColumn("format", "text").NotNull();
        imports.AddColumn("media_type", "text").NotNull();
        imports.AddColumn("state", "text").NotNull();
        imports.AddColumn("bytes", "bigint").NotNull();
        imports.AddColumn<Guid>("received_by").NotNull();
        imports.AddColumn<DateTimeOffset>("received_at").NotNull();
        imports.AddColumn<DateTimeOffset>("finished_at");

        var chunks = new Table("import_chunks");
        chunks.AddColumn<Guid>("import_id").AsPrimaryKey();
        chunks.AddColumn("number", "integer").AsPrimaryKey();
        chunks.AddColumn("data", "bytea").NotNull();

        var batches = new Table("import_batches");
        batches.AddColumn<Guid>("import_id").AsPrimaryKey();
        batches.AddColumn("start", "bigint").AsPrimaryKey();
        foreach (var column in new[] { "received", "created", "updated", "unchanged", "rejected" }) batches.AddColumn(column, "bigint").NotNull();

        var rejections = new Table("import_rejections");
        rejections.AddColumn<Guid>("import_id").AsPrimaryKey();
        rejections.AddColumn("index", "bigint").AsPrimaryKey();
        rejections.AddColumn("source_id", "text");
        rejections.AddColumn("reason", "text").NotNull();

        foreach (var table in new[] { imports, chunks, batches, rejections }) store.Storage.ExtendedSchemaObjects.Add(table);
    }
}

/// <summary>How large an import may be: as it is sent, and as it is read.</summary>
internal sealed record ImportLimits(long MaxBytes, long MaxExpandedBytes)
{
    public static ImportLimits Read(IConfiguration configuration)
    {
        var sent = configuration.Number("Imports:MaxBytes", otherwise: 1_000_000_000, least: 1);
        return new(sent, configuration.Number("Imports:MaxExpandedBytes", otherwise: 20 * sent, least: 1));
    }
}
