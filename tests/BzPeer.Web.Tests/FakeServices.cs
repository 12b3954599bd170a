using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BzPeer.Web.Tests;

/// <summary>
/// Stands in for the services, each on a port of its own, with the answers of the API contract. Tests of the
/// pages and the gateway need their edges (slow, gone, refusing) more than their insides.
/// </summary>
internal sealed partial class FakeServices : IAsyncDisposable
{
    private readonly Dictionary<string, WebApplication> apps = [];

    public FakeWorld World { get; init; } = FakeWorld.WithTheSeedPaper();

    public ConcurrentQueue<(string Service, string Method, string Path, IHeaderDictionary Headers)> Requests { get; } = [];

    /// <summary>Completed when the graph may answer; a test that holds it back sees the page before the graph.</summary>
    public TaskCompletionSource GraphMayAnswer { get; set; } = Completed();

    /// <summary>Completed when a follow may be recorded, which whoever asked for it has to wait for.</summary>
    public TaskCompletionSource FollowMayBeRecorded { get; set; } = Completed();

    /// <summary>How many nodes a graph has at most, whatever is asked for; null for what is asked for.</summary>
    public int? GraphLimit { get; set; }

    /// <summary>Completed when the import may go on; a test that holds it back sees the first event of its progress before the last.</summary>
    public TaskCompletionSource ImportMayGoOn { get; set; } = Completed();

    /// <summary>What is told live of the researcher whose page is open.</summary>
    public Channel<SseItem<object>> Live { get; } = Channel.CreateUnbounded<SseItem<object>>();

    /// <summary>How long tokens given at a sign-in are good.</summary>
    public TimeSpan SessionLength { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Services that answer every call with 500.</summary>
    public HashSet<string> Failing { get; } = [];

    /// <summary>Researchers whose tokens have run out.</summary>
    public HashSet<Guid> Expired { get; } = [];

    public IReadOnlyDictionary<string, string> Addresses => apps.ToDictionary(app => app.Key, app => app.Value.Urls.Single());

    public static async Task<FakeServices> StartAsync(FakeWorld? world = null, int firstPort = 0)
    {
        var services = new FakeServices { World = world ?? FakeWorld.WithTheSeedPaper() };
        var port = firstPort;
        foreach (var (name, map) in new (string, Action<WebApplication>)[]
        {
            ("Profile", services.Profile), ("Follow", services.Follow), ("Publication", services.Publication), ("Trust", services.Trust), ("Analytics", services.Analytics),
        })
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls($"http://127.0.0.1:{(port == 0 ? 0 : port++)}");
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
            var app = builder.Build();
            app.Use(async (context, next) =>
            {
                services.Requests.Enqueue((name, context.Request.Method, context.Request.Path + context.Request.QueryString, new HeaderDictionary(context.Request.Headers.ToDictionary())));
                if (services.Failing.Contains(name))
                {
                    context.Response.StatusCode = 500;
                    return;
                }
                await next();
            });
            app.MapGet("/alive", () => "Healthy");
            services.MapDeadLetters(app, name);
            map(app);
            await app.StartAsync();
            services.apps[name] = app;
        }
        return services;
    }

    public Task StopAsync(string service) => apps[service].StopAsync();

    public async ValueTask DisposeAsync()
    {
        GraphMayAnswer.TrySetResult();
        FollowMayBeRecorded.TrySetResult();
        ImportMayGoOn.TrySetResult();
        Live.Writer.TryComplete();
        foreach (var app in apps.Values)
            await app.DisposeAsync();
    }

    private static TaskCompletionSource Completed()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

    private void Profile(WebApplication app)
    {
        app.MapGet("/api/researchers/{id:guid}", (Guid id) => Known(id) ?? Results.Ok(World.Card(id)));
        app.MapGet("/api/researchers", (HttpContext context) =>
        {
            var query = context.Request.Query;
            var people = query["id"].Count > 0
                ? World.People.Where(person => query["id"].Contains(person.Id.ToString()))
                : World.People.Where(person => query["orcid"] is [{ } orcid]
                    ? person.Orcid == orcid
                    : query["q"].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries).All(word => person.Name.Split(' ').Any(part => part.StartsWith(word, true, CultureInfo.InvariantCulture))));
            return Page(context, people.Select(person => World.Card(person.Id)));
        });
        MapOwnProfile(app);
        app.MapPost("/api/sign-ins", SignIn);
        app.MapGet("/openapi/v1.json", () => Document("Profile", "/api/researchers/{id}", "Card"));
    }

    /// <summary>Believes every id token: that the real service does not is a matter of its own tests.</summary>
    private IResult SignIn(HttpContext context)
    {
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(context.Request.Headers.Authorization.ToString().Split('.')[1])).RootElement;
        var subject = claims.GetProperty("sub").GetString();
        if (!Guid.TryParse(subject, out var researcher))
        {
            if (World.People.FirstOrDefault(person => person.Orcid == subject) is not { } known)
                return Results.Problem("This profile is known by more than one ORCID iD.", statusCode: 403);
            researcher = known.Id;
        }
        string[] roles = claims.TryGetProperty("roles", out var told) ? [.. told.EnumerateArray().Select(role => role.GetString()!)] : [];
        return Results.Ok(new { researcherId = researcher, roles, accessToken = $"{researcher}|{string.Join(',', roles)}", expiresAt = DateTimeOffset.UtcNow + SessionLength });
    }

    private IResult? HiddenList(Guid id) => World.Hidden.Contains(id) ? Results.Ok(new { items = (object?)null, next = (string?)null, hidden = true }) : null;

    private void Follow(WebApplication app)
    {
        app.MapGet("/api/researchers/{id:guid}/follow-counts", (Guid id) => Known(id) ?? Results.Ok(World.Counts(id)));
        app.MapGet("/api/researchers/{id:guid}/followers", (HttpContext context, Guid id) => Known(id) ?? HiddenList(id) ?? Page(context, World.Follows.Where(edge => edge.Followee == id).Reverse().Select(edge => new { researcherId = edge.Follower, since = edge.Since })));
        app.MapGet("/api/researchers/{id:guid}/following", (HttpContext context, Guid id) => Known(id) ?? HiddenList(id) ?? Page(context, World.Follows.Where(edge => edge.Follower == id).Reverse().Select(edge => new { researcherId = edge.Followee, since = edge.Since })));
        MapOwnTies(app);
        app.MapMethods("/api/me/following/{id:guid}", ["PUT", "DELETE"], async (HttpContext context, Guid id) =>
        {
            await FollowMayBeRecorded.Task.WaitAsync(context.RequestAborted);
            if (Caller(context) is not { } me || Expired.Contains(me))
                return Results.Unauthorized();
            if (me == id)
                return Results.Problem("Nobody follows themselves.", statusCode: 422);
            if (World.Merged.TryGetValue(id, out var survivor))
                return Results.Redirect($"/api/me/following/{survivor}", permanent: true, preserveMethod: true);
            if (Known(id) is { } unknown)
                return unknown;
            var follow = context.Request.Method == "PUT";
            if (follow)
                World.Follow(me, id);
            else
                World.Unfollow(me, id);
            context.Response.Headers["X-BzPeer-Position"] = "follow:42";
            return Results.Ok(new { researcherId = id, following = follow, followedBy = false, blocking = false, followingSince = follow ? DateTimeOffset.UtcNow : (DateTimeOffset?)null });
        });
        app.MapGet("/openapi/v1.json", () => Document("Follow", "/api/me/following/{id}", "Relationship"));
    }

    private void Publication(WebApplication app)
    {
        app.MapGet("/api/researchers/{id:guid}/works", (HttpContext context, Guid id) => Chosen(context.Request.Query, World.PapersOf(id)) is { } papers
            ? Page(context, papers.Select(WorkOf))
            : Results.Problem("A year is four digits, 2023, or the first and the last of several, 2019..2023.", statusCode: 400));
        MapSubjects(app);
        app.MapGet("/api/works/{id:guid}", (Guid id) => OfWork(id, WorkOf));
        app.MapGet("/api/works/{id:guid}/assertions", (Guid id) => OfWork(id, paper => new
        {
            work = WorkOf(paper),
            stands = new[] { new { field = "title", source = "arxiv", sourceId = "2301.01178" }, new { field = "authors", source = "arxiv", sourceId = "2301.01178" } },
            assertions = new[] { new { source = "arxiv", sourceId = "2301.01178", takenAt = (DateTimeOffset?)new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), validates = true, retracted = paper.Retracted } },
            notices = paper.Notices.Select(notice => new { source = "retraction-watch", sourceId = "1", doi = paper.Doi, notice.Reinstates, date = "2024-05-06", notice.Reason, overruled = false }),
            retractedByCurator = paper.RetractedByCurator is { } said ? new { said.Reason, said.Source, at = new DateTimeOffset(2025, 2, 3, 12, 0, 0, TimeSpan.Zero) } : null,
        }));
        app.MapGet("/api/researchers/{id:guid}/collaborators", (HttpContext context, Guid id) => Page(context, World.Strengths(id).Select(each => new { researcherId = each.Id, name = World.NameOf(each.Id), works = each.Works, strength = each.Strength, close = each.Strength >= 0.2 })));
        app.MapGet("/api/graph/{kind}/{id}", async (string kind, string id, int? limit) =>
        {
            await GraphMayAnswer.Task;
            if (kind == "researcher" && World.Merged.TryGetValue(Guid.Parse(id), out var survivor))
                return Results.Redirect($"/api/graph/researcher/{survivor}?limit={limit}", permanent: true);
            return World.Graph(kind, id, GraphLimit ?? limit ?? 40) is { } graph ? Results.Ok(graph) : Results.NotFound();
        });
        app.MapGet("/api/graph/connection", (Guid from, Guid to) => World.People.Any(person => person.Id == to)
            ? Results.Ok(World.Connection(from, to))
            : Results.Problem($"No researcher has the id {to}.", statusCode: 404));
        app.MapPost("/api/works", (HttpContext context) => Results.Created("/api/works/1", new { id = 1 }));
        MapFeedAndPairs(app);
        app.MapGet("/api/imports/{id}", IResult (HttpContext context, string id) => context.Request.Headers.Accept.ToString().Contains("event-stream", StringComparison.Ordinal)
            ? TypedResults.ServerSentEvents(Progress())
            : Guid.TryParse(id, out var import) && World.Imports.TryGetValue(import, out var status) ? Results.Ok(status) : Results.Problem("No import has this id.", statusCode: 404));
        app.MapPost("/api/imports", async (HttpContext context) =>
        {
            var buffer = new byte[65536];
            long total = 0;
            for (int read; (read = await context.Request.Body.ReadAsync(buffer)) > 0;)
                total += read;
            if (context.Request.Query["format"] == "crossref")
                return Results.Problem("Send crossref as one of application/json.", statusCode: 415);
            return Results.Accepted("/api/imports/1", new { id = FakeWorld.Stable("import"), format = context.Request.Query["format"].ToString(), state = "running", received = total });
        });
        app.MapGet("/openapi/v1.json", () => Document("Publication", "/api/works/{id}", "Work"));
    }

    private async IAsyncEnumerable<SseItem<string>> Progress()
    {
        yield return new("running", "progress");
        await ImportMayGoOn.Task;
        yield return new("completed", "progress");
    }

    private void Trust(WebApplication app)
    {
        MapRings(app);
        app.MapGet("/api/researchers/{id:guid}/trust", (Guid id) => Known(id) ?? Results.Ok(World.Statement(id)));
        app.MapGet("/api/researchers/{id:guid}/trust/changes", (HttpContext context, Guid id) => Page(context, World.PapersOf(id).Select((paper, n) => new
        {
            at = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero),
            from = new { score = 9, level = "Baseline" },
            to = new { score = 11, level = "Baseline" },
            modelVersion = 1,
            cause = new { type = "WorkPublished", eventId = Guid.NewGuid(), reason = $"“{paper.Title}” was published", workId = paper.Id },
        })));
        app.MapGet("/openapi/v1.json", () => Document("Trust", "/api/researchers/{id}/trust", "Statement"));
    }

    private void Analytics(WebApplication app)
    {
        var today = DateOnly.FromDateTime(DateTime.UtcNow);
        app.MapGet("/api/events", () => Results.Json(new { items = Array.Empty<object>(), next = (long?)null, upTo = 0 }));
        app.MapGet("/api/researchers/{id:guid}/live", (CancellationToken ct) => TypedResults.ServerSentEvents(Live.Reader.ReadAllAsync(ct)));
        app.MapGet("/api/analytics/followers/{id:guid}", (HttpContext context, Guid id, string by) => World.Hidden.Contains(id) && Caller(context) != id
            ? Results.Problem("Counts are hidden.", statusCode: 404)
            : Known(id) ?? Results.Ok(new
            {
                // Everybody who follows began to in the last step.
                items = (by == "day" ? Enumerable.Range(0, 30).Select(n => today.AddDays(n - 29).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)) : Enumerable.Range(0, 12).Select(n => today.AddMonths(n - 11).ToString("yyyy-MM", CultureInfo.InvariantCulture)))
                    .Reverse().Select((at, ago) => (at, count: ago == 0 ? World.Follows.Count(edge => edge.Followee == id) : 0)).Select(step => new { step.at, followers = step.count, gained = step.count, lost = 0 }).Reverse(),
                upTo = 1234,
            }));
        app.MapGet("/api/analytics/topics", () => Results.Ok(new
        {
            from = $"{today.Year - 19}",
            to = $"{today.Year}",
            items = World.Papers.SelectMany(paper => paper.Topics.Select(topic => (topic, paper.Year))).GroupBy(each => each.topic)
                .Select(topic => new { topic = topic.Key, works = topic.Count(), items = topic.GroupBy(each => each.Year).Select(year => new { at = $"{year.Key}", works = year.Count() }) }),
            upTo = 1234,
        }));
        app.MapGet("/api/analytics/trust", () => Results.Ok(new
        {
            items = Enumerable.Range(0, 30).Select(n => new
            {
                at = today.AddDays(n - 29).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                researchers = World.People.Count,
                levels = new { Baseline = World.People.Count },
                bands = Enumerable.Range(0, 10).Select(band => new { from = band * 10, to = (band * 10) + 9, researchers = band == 1 ? World.People.Count : 0 }),
            }),
            upTo = 1234,
        }));
        app.MapGet("/api/analytics/movers", (string of) => Results.Ok(new
        {
            items = World.Follows.Where(_ => of == "followers").GroupBy(edge => edge.Followee).Select(each => new { researcherId = each.Key, gained = each.Count(), now = each.Count() }),
            upTo = 1234,
        }));
        app.MapGet("/api/analytics/freshness", () => Results.Ok(new
        {
            from = DateTimeOffset.UtcNow.AddHours(-1),
            items = new[] { new { source = "follow", type = "ResearcherFollowed", events = 3, p50 = .021, p95 = 2.5, p99 = 700.0 } },
            gaps = Array.Empty<object>(),
            rejected = 0,
            numbersBehind = 0,
            upTo = 1234,
        }));
        app.MapGet("/openapi/v1.json", () => Document("Analytics", "/api/events", "Events"));
    }

    private IResult OfWork(Guid id, Func<FakeWorld.Paper, object> answer) =>
        World.Merged.TryGetValue(id, out var survivor) ? Results.Redirect($"/api/works/{survivor}", permanent: true)
        : World.Removed.Contains(id) ? Results.Problem(statusCode: 410)
        : World.Papers.FirstOrDefault(paper => paper.Id == id) is { } paper ? Results.Ok(answer(paper))
        : Results.NotFound();

    /// <summary>Null when the years asked for are none.</summary>
    private static IEnumerable<FakeWorld.Paper>? Chosen(IQueryCollection query, IEnumerable<FakeWorld.Paper> papers)
    {
        var years = query["year"] is [{ Length: > 0 } text] ? text.Split("..").Select(year => int.TryParse(year, out var number) ? number : -1).ToArray() : [0, 9999];
        if (years.Contains(-1) || years[0] > years[^1])
            return null;
        var chosen = papers.Where(paper => paper.Year >= years[0] && paper.Year <= years[^1]
            && (query["type"] is not [{ } type] || paper.Type == type)
            && (query["topic"] is not [{ } topic] || paper.Topics.Any(label => FakeWorld.Stable(label).ToString() == topic)));
        return query["sort"].ToString() switch { "oldest" => chosen.OrderBy(paper => paper.Year), "title" => chosen.OrderBy(paper => paper.Title, StringComparer.Ordinal), _ => chosen };
    }

    private object WorkOf(FakeWorld.Paper paper) => new
    {
        paper.Id,
        paper.Title,
        paper.Type,
        paper.Year,
        publicationDate = $"{paper.Year}-01-03",
        paper.Venue,
        paper.Doi,
        paper.ArxivId,
        @abstract = paper.Abstract,
        paper.TitleMarkup,
        paper.AbstractMarkup,
        authors = paper.Authors.Select((author, n) => new { researcherId = (Guid?)author, name = World.NameOf(author), position = n + 1 })
            .Concat(paper.Unlinked.Select((name, n) => new { researcherId = (Guid?)null, name, position = paper.Authors.Length + n + 1 })),
        versions = paper.Versions,
        paper.Topics,
        topicIds = paper.Topics.Select(FakeWorld.Stable),
        paper.Validated,
        paper.Retracted,
    };

    private IResult? Known(Guid id) =>
        World.Merged.TryGetValue(id, out var survivor) ? Results.Redirect($"/api/researchers/{survivor}", permanent: true)
        : World.Erased.Contains(id) ? Results.Problem(statusCode: 410)
        : World.People.All(person => person.Id != id) ? Results.Problem("No researcher has this id.", statusCode: 404)
        : null;

    private static IResult Page<T>(HttpContext context, IEnumerable<T> rows)
    {
        var limit = int.TryParse(context.Request.Query["limit"], out var asked) ? asked : 40;
        var skip = 0;
        if (context.Request.Query["cursor"] is [{ Length: > 0 } cursor] && !int.TryParse(cursor, out skip))
            return Results.Problem("This is no cursor.", statusCode: 400);
        var all = rows.ToArray();
        return Results.Ok(new { items = all.Skip(skip).Take(limit), next = all.Length > skip + limit ? (skip + limit).ToString(CultureInfo.InvariantCulture) : null });
    }

    private static Guid? Caller(HttpContext context) =>
        context.Request.Headers.Authorization.ToString() is ['B', 'e', 'a', 'r', 'e', 'r', ' ', .. var token] ? Guid.Parse(token.Split('|')[0]) : null;

    private static IResult Document(string service, string path, string schema) => Results.Text(
        $$$"""
        {
          "openapi": "3.1.1", "info": { "title": "{{{service}}}", "version": "1" },
          "paths": {
            "{{{path}}}": { "get": { "tags": ["x"], "responses": { "200": { "description": "OK", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/{{{schema}}}" } } } }, "404": { "description": "Not found", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } } } } },
            "/health": { "get": { "responses": { "200": { "description": "OK" } } } }
          },
          "components": { "schemas": { "{{{schema}}}": { "type": "object" }, "Same": { "type": "string" }, "Problem": { "title": "{{{service}}}" } } }
        }
        """, "application/json", Encoding.UTF8);

}
