using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Scalar.AspNetCore;

namespace BzPeer.ServiceDefaults;

/// <summary>What every service has: telemetry, health, authentication, problem details, API documents, limits and a shutdown that drains.</summary>
public static class ServiceDefaults
{
    /// <summary>Largest request body, unless an endpoint says otherwise: 1 MB.</summary>
    public const long MaxBodyBytes = 1_000_000;

    /// <summary>Adds it all to the service called <paramref name="name"/>.</summary>
    public static void AddServiceDefaults(this WebApplicationBuilder builder, string name)
    {
        Settings.EndTheProcessOnInvalidSettings();
        builder.AddTelemetry(name);
        builder.AddAuthentication();
        builder.Services.AddProblems();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddHealthChecks();
        builder.Services.AddOpenApi();
        builder.Services.AddSingleton<IApiDescriptionProvider, CommonAnswers>();
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // BodyLimit limits, and lets a client that is still sending have its answer.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.AddServerHeader = false;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
    }

    /// <summary>The pipeline in its order, and the addresses every service serves.</summary>
    /// <param name="app">The service.</param>
    /// <param name="describeApi">Whether it serves an API and its document; the gateway passes on that of others, and serves the merged document.</param>
    public static void UseServiceDefaults(this WebApplication app, bool describeApi = true)
    {
        app.Use(BodyLimit.ApplyAsync);
        if (describeApi)
        {
            app.Use(HeadAsGetAsync);
            app.UseRouting();
        }

        app.UseProblems();
        app.UseAuthentication();
        app.UseAuthorization();
        if (app.Services.GetService<Survivors>() is { } survivors) app.Use(survivors.AnswerAsync);

        app.MapHealthChecks("/health", new() { ResponseWriter = WriteHealth }).AllowAnonymous();
        app.MapHealthChecks("/alive", new() { Predicate = _ => false }).AllowAnonymous();
        if (describeApi) app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        if (describeApi && app.Environment.IsDevelopment()) app.MapScalarApiReference("/scalar", scalar => scalar.DefaultFonts = false).AllowAnonymous();
        app.Services.GetService<DeadLetters>()?.Map(app);
    }

    /// <summary>
    /// HEAD is a GET whose body the server keeps to itself (RFC 9110, 9.3.2), for every address that has a GET. An event stream would go on
    /// for a caller who hears nothing of it: it ends as it does for one who left, once its headers have had the time to go out.
    /// </summary>
    private static async Task HeadAsGetAsync(HttpContext http, RequestDelegate next)
    {
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await next(http);
            return;
        }

        using var heard = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        http.RequestAborted = heard.Token;
        http.Request.Method = HttpMethods.Get;
        http.Response.OnStarting(() =>
        {
            if (http.Response.ContentType == "text/event-stream") heard.CancelAfter(TimeSpan.FromMilliseconds(100));
            return Task.CompletedTask;
        });
        await next(http);
    }

    private static void AddTelemetry(this WebApplicationBuilder builder, string name)
    {
        // A line per request and the text of every schema statement would hide what matters; a setting can bring them back.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddFilter("Marten", LogLevel.Warning).AddFilter("MassTransit", LogLevel.Warning)
            // It logs as errors what it also throws: lost races that are simply decided again among them.
            .AddFilter("Marten.IDocumentStore", LogLevel.None)
            // A line per message that is tried again; one that failed for good is an error.
            .AddFilter("MassTransit.ReceiveTransport", LogLevel.Error)
            // It warns of every hole in the sequence it passes (see EventStore).
            .AddFilter("Marten.Events.Daemon.Coordination.ProjectionCoordinator", LogLevel.Error);
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });
        // What nobody collects would still cost every request some time, and every event a header.
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not { Length: > 0 }) return;
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService($"bzpeer-{name}"))
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddRuntimeInstrumentation()
                .AddMeter(RelayMetrics.MeterName, "Marten", "MassTransit", "Npgsql"))
            .WithTracing(traces => traces
                .AddAspNetCoreInstrumentation(http => http.Filter = context => !context.Request.Path.StartsWithSegments("/health") && !context.Request.Path.StartsWithSegments("/alive"))
                .AddHttpClientInstrumentation()
                .AddSource(Relay.Activities.Name, "Marten", "MassTransit"))
            .UseOtlpExporter();
    }

    private static Task WriteHealth(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(new
        {
            status = report.Status.ToString(),
            checks = report.Entries.ToDictionary(check => check.Key, check => new
            {
                status = check.Value.Status.ToString(),
                detail = check.Value.Description ?? check.Value.Exception?.Message,
                data = check.Value.Data.Count == 0 ? null : check.Value.Data,
            }),
        }, context.RequestAborted);
}
