using System.Diagnostics;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using BzPeer.Contracts;
using JasperFx.Events;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace BzPeer.ServiceDefaults;

/// <summary>Every answer that is not a success is <c>application/problem+json</c> (RFC 9457), with a stable type that names the failed rule.</summary>
public static class Problems
{
    private const string TypeBase = "https://bzpeer.org/problems/";

    /// <summary>A problem: <paramref name="rule"/> becomes its type, <paramref name="detail"/> says what to do.</summary>
    public static ProblemHttpResult Of(int status, string rule, string title, string detail) =>
        TypedResults.Problem(detail, statusCode: status, title: title, type: TypeBase + rule);

    /// <summary>404: no researcher with this id.</summary>
    public static ProblemHttpResult UnknownResearcher(Guid id) =>
        Of(404, "unknown-researcher", "Unknown researcher", $"No researcher has the id {id}.");

    /// <summary>422: well-formed, but a rule of the domain forbids it.</summary>
    public static ProblemHttpResult Refused(string rule, string title, string detail) => Of(422, rule, title, detail);

    /// <summary>403: signed in, but not allowed to do this.</summary>
    public static ProblemHttpResult NotYours(string detail) => Of(403, "not-yours", "Not allowed", detail);

    /// <summary>400: a parameter is malformed.</summary>
    public static ProblemHttpResult Malformed(string parameter, string detail) =>
        Of(400, "malformed-" + parameter, $"Malformed {parameter}", detail);

    /// <summary>501: in the contract, not built yet.</summary>
    public static ProblemHttpResult NotYet(string detail) => Of(501, "not-implemented", "Not available yet", detail);

    internal static void AddProblems(this IServiceCollection services)
    {
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler<ExceptionToProblem>();
        // Binding failures become exceptions in every environment, so that ExceptionToProblem can name the parameter.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
    }

    internal static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = e => ExceptionToProblem.Describe(e, app.Environment.IsDevelopment()).Status ?? 500,
            SuppressDiagnosticsCallback = context => ExceptionToProblem.IsExpected(context.Exception),
        });
        app.UseStatusCodePages();
    }

    /// <summary>
    /// Writes problems that no endpoint wrote itself. The framework's own writer writes none to a caller whose <c>Accept</c> does not name
    /// JSON, such as one that asks for an event stream: a caller who is refused needs the reason all the more.
    /// </summary>
    private sealed class ProblemWriter : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => true;

        public async ValueTask WriteAsync(ProblemDetailsContext context)
        {
            var http = context.HttpContext;
            Complete(context.ProblemDetails, http.Response.StatusCode);
            context.ProblemDetails.Extensions.TryAdd("traceId", Activity.Current?.Id ?? http.TraceIdentifier);
            await http.Response.WriteAsJsonAsync(context.ProblemDetails, options: null, "application/problem+json", http.RequestAborted);
        }

        private static void Complete(ProblemDetails problem, int status)
        {
            problem.Status ??= status;
            if (problem.Type?.StartsWith(TypeBase, StringComparison.Ordinal) == true) return;

            (var rule, problem.Title, problem.Detail) = problem.Status switch
            {
                400 => ("malformed-request", "Malformed request", problem.Detail ?? "The request cannot be read."),
                401 => ("no-token", "No valid token", "Send a bearer token: Authorization: Bearer <JWT>."),
                403 => ("not-yours", "Not allowed", problem.Detail ?? "This token does not allow it."),
                404 => ("no-such-resource", "No such resource", problem.Detail ?? "Nothing is served under this address."),
                405 => ("method-not-allowed", "Method not allowed", "This address answers other methods; see the Allow header."),
                413 => ("body-too-large", "Body too large", problem.Detail ?? "The body is larger than this address accepts."),
                415 => ("unsupported-media-type", "Unsupported media type", problem.Detail ?? "Send application/json."),
                _ => ("error", problem.Title ?? ReasonPhrases.GetReasonPhrase(problem.Status.Value), problem.Detail),
            };
            problem.Type = TypeBase + rule;
        }
    }
}

/// <summary>The one table from exceptions to problems.</summary>
internal sealed partial class ExceptionToProblem(IProblemDetailsService problems, IHostEnvironment environment) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellation)
    {
        var problem = Describe(exception, environment.IsDevelopment());
        context.Response.StatusCode = problem.Status!.Value;
        if (problem.Status == 503) context.Response.Headers.RetryAfter = "2";
        return await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = context, ProblemDetails = problem, Exception = exception });
    }

    internal static ProblemDetails Describe(Exception exception, bool development) => exception switch
    {
        BadHttpRequestException { StatusCode: 413 } e => Problem(413, "body-too-large", "Body too large", e.Message),
        BadHttpRequestException { StatusCode: 415 } e => Problem(415, "unsupported-media-type", "Unsupported media type", e.Message),
        BadHttpRequestException { InnerException: System.Text.Json.JsonException json } => Problem(400, "malformed-json", "Malformed JSON",
            $"The body is not the JSON this address expects{(json.Path is null ? "" : $": see {json.Path}")}."),
        BadHttpRequestException e when UnboundParameter().Match(e.Message) is { Success: true } parameter => Unbound(parameter),
        BadHttpRequestException e when e.Message.Contains("no body was provided", StringComparison.Ordinal) => Problem(400, "malformed-json", "Malformed JSON",
            "There is no body, and this address expects one in JSON."),
        _ when IsUnknownCharset(exception) => Problem(415, "unsupported-media-type", "Unsupported media type", "The charset of the Content-Type is none that is known. Send application/json in UTF-8."),
        BadHttpRequestException e => Problem(e.StatusCode, "malformed-request", "Malformed request", e.Message),
        _ when EventStore.IsConflict(exception) => Problem(409, "concurrent-change", "Changed meanwhile", "Somebody changed the same thing at the same time. Read it again and repeat."),
        QueueIsFull => Problem(503, "overloaded", "Overloaded", "More requests wait already than can be served soon; nothing was done. Repeat the request in a moment."),
        _ when IsStoreOutage(exception) => Problem(503, "store-unavailable", "Store unavailable", "The event store does not answer; nothing is known to be lost. Repeat the request in a moment."),
        _ => Problem(500, "unexpected", "Unexpected error", development ? exception.ToString() : "The error is logged under the trace id of this answer."),
    };

    internal static bool IsExpected(Exception exception) => exception is BadHttpRequestException || IsUnknownCharset(exception);

    /// <summary>The framework takes it for a mistake of the program.</summary>
    private static bool IsUnknownCharset(Exception exception) => exception is InvalidOperationException { InnerException: ArgumentException } e && e.Message.Contains("charset", StringComparison.Ordinal);

    /// <summary>
    /// Whether the store, not the request, is at fault. After an immediate restart of PostgreSQL a failed append
    /// surfaces as <see cref="ObjectDisposedException"/>.
    /// </summary>
    internal static bool IsStoreOutage(Exception? exception) => exception switch
    {
        null => false,
        // A lost race is settled by trying again at once, not by waiting.
        PostgresException e when EventStore.IsConflict(e) => false,
        PostgresException e => e.IsTransient || e.SqlState.StartsWith("57P", StringComparison.Ordinal) || e.SqlState.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException or SocketException or TimeoutException => true,
        ObjectDisposedException => true,
        _ => IsStoreOutage(exception.InnerException),
    };

    /// <summary>Names the parameter of a path or query as the caller knows it, without the type it has in here.</summary>
    private static ProblemDetails Unbound(Match parameter)
    {
        var name = parameter.Groups["name"].Value;
        return Problem(400, "malformed-" + name.ToLowerInvariant(), $"Malformed {name}",
            parameter.Groups["value"] is { Success: true } value ? $"'{value.Value}' is no valid {name}." : $"The {name} is missing.");
    }

    [GeneratedRegex(@"^(Failed to bind|Required) parameter ""\S+ (?<name>\w+)"" (from ""(?<value>.*)""\.$|was not provided)", RegexOptions.Singleline)]
    private static partial Regex UnboundParameter();

    private static ProblemDetails Problem(int status, string rule, string title, string detail) =>
        new() { Status = status, Type = "https://bzpeer.org/problems/" + rule, Title = title, Detail = detail };
}
