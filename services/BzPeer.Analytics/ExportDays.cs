using System.Globalization;
using System.IO.Compression;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace BzPeer.Analytics;

/// <summary>A day that can be exported.</summary>
/// <param name="Day">UTC; see <c>closed</c>.</param>
/// <param name="Events">Events of the day that are in the log. Some of them may be shown to the role <c>analytics</c> only, and are not in everybody's files.</param>
/// <param name="First">Position of the first one.</param>
/// <param name="Last">Position of the last one.</param>
/// <param name="Closed">No event comes to it any more. Its files change only when somebody is erased or hides what they showed, or old states are compacted.</param>
/// <param name="Files">What it can be had as.</param>
public sealed record ExportDay(DateOnly Day, long Events, long First, long Last, bool Closed, ExportDayFiles Files);

/// <summary>The files of a day.</summary>
/// <param name="Ndjson">A line per event, as <c>GET /api/events</c> gives it, compressed with gzip.</param>
/// <param name="Parquet">A row per event.</param>
public sealed record ExportDayFiles(ExportDayFile Ndjson, ExportDayFile Parquet);

/// <summary>A file of a day. It is made when it is asked for; the rest is null until then.</summary>
/// <param name="Href">Where it is.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Events">How many events are in it.</param>
/// <param name="Sha256">Of its content, 64 hex digits; its ETag as well.</param>
public sealed record ExportDayFile(string Href, long? Bytes, long? Events, string? Sha256);

/// <summary>The days there are, oldest first.</summary>
/// <param name="Items">Days without events are not among them.</param>
public sealed record ExportDayList(IReadOnlyList<ExportDay> Items);

/// <summary>
/// <c>GET /api/events/days</c>, and each day as a file for DuckDB, pandas and Spark: <c>.parquet</c>, <c>.ndjson.gz</c>, or <c>.ndjson</c> (the same,
/// uncompressed for those who do not accept gzip). Parts of a file can be asked for, and whether it has changed.
/// </summary>
internal static class ExportDays
{
    internal static void MapExportDays(this WebApplication app)
    {
        app.MapGet("/api/events/days", List).AllowAnonymous().WaitsForLog().WithName("ListExportDays").WithTags("Events");
        app.MapMethods("/api/events/days/{file}", [HttpMethods.Get, HttpMethods.Head], Export).AllowAnonymous().WithName("ExportDay").WithTags("Events")
            .Produces(200, contentType: ExportFormat.Parquet.ContentType, additionalContentTypes: [ExportFormat.Ndjson.ContentType, "application/x-ndjson"]).ProducesProblem(400).ProducesProblem(404);
    }

    private static async Task<Ok<ExportDayList>> List(HttpContext http, ExportFiles files) =>
        TypedResults.Ok(new ExportDayList([.. (await files.ListAsync(http.User.IsInRole(Authentication.Analytics), http.RequestAborted)).Select(one => new ExportDay(
            one.Day.Day, one.Day.Events, one.Day.First, one.Day.Last, one.Day.Closed,
            new(File(one.Day.Day, ExportFormat.Ndjson, one.Ndjson), File(one.Day.Day, ExportFormat.Parquet, one.Parquet))))]));

    private static ExportDayFile File(DateOnly day, ExportFormat format, ExportFile? file) =>
        new(string.Create(CultureInfo.InvariantCulture, $"/api/events/days/{day:yyyy-MM-dd}.{format.Extension}"), file?.Bytes, file?.Events, file?.Sha256);

    private static async Task<IResult> Export(string file, HttpContext http, ExportFiles files)
    {
        var (name, extension) = file.IndexOf('.') is > 0 and var dot ? (file[..dot], file[(dot + 1)..]) : (file, "");
        if (!DateOnly.TryParseExact(name, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) || extension is not ("ndjson" or "ndjson.gz" or "parquet"))
            return Problems.Malformed("file", $"There is no '{file}'. A day is exported as 2026-01-31.ndjson, 2026-01-31.ndjson.gz or 2026-01-31.parquet.");

        var everything = http.User.IsInRole(Authentication.Analytics);
        var format = extension == "parquet" ? ExportFormat.Parquet : ExportFormat.Ndjson;
        if (await files.OpenAsync(day, format, everything, http.RequestAborted) is not { } export)
            return Problems.Of(404, "no-such-day", "No such day", $"The log has no events of {name}. GET /api/events/days lists the days it has.");

        // Kept by whoever asks, and asked about each time: somebody may have been erased from it.
        http.Response.Headers.CacheControl = everything ? "private, no-cache" : "no-cache";
        http.Response.Headers.Vary = "Accept-Encoding, Authorization";
        if (extension != "ndjson") return TypedResults.Stream(export.Content, format.ContentType, entityTag: new($"\"{export.File.Sha256}\""), enableRangeProcessing: true);
        if (!http.Request.GetTypedHeaders().AcceptEncoding.Any(accepted => accepted.Value == "gzip" && accepted.Quality != 0))
            return TypedResults.Stream(new GZipStream(export.Content, CompressionMode.Decompress), "application/x-ndjson", entityTag: new($"\"{export.File.Sha256}-plain\""));
        http.Response.Headers.ContentEncoding = "gzip";
        return TypedResults.Stream(export.Content, "application/x-ndjson", entityTag: new($"\"{export.File.Sha256}\""), enableRangeProcessing: true);
    }
}
