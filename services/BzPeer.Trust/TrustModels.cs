using System.Collections.Concurrent;
using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Functions;
using Weasel.Postgresql.Tables;

namespace BzPeer.Trust;

/// <summary>Stream event: a curator proposed a model. It states nothing until it is switched to.</summary>
public sealed record ModelProposed(TrustModel Model, string Reason, Guid By, DateTimeOffset At);

/// <summary>Stream event: another model is in force; every statement is of it from now on.</summary>
public sealed record ModelSwitched(int From, int To, string Reason, Guid By, DateTimeOffset At);

/// <summary>A model to propose; a number it does not name is that of model 1.</summary>
public sealed record ProposedModel(TrustModel? Model, string? Reason);

/// <summary>Why something is done.</summary>
public sealed record ReasonGiven(string? Reason);

/// <summary>A model and where it comes from.</summary>
/// <param name="Version">Names it.</param>
/// <param name="InForce">Whether statements are of it.</param>
/// <param name="Reason">Why it was proposed; null for those this service brings along.</param>
/// <param name="ProposedAt">When.</param>
/// <param name="Model">Its numbers.</param>
public sealed record KnownModel(int Version, bool InForce, string? Reason, DateTimeOffset? ProposedAt, TrustModel Model);

/// <summary>A switch from one model to another, and whether every statement has been made anew by it.</summary>
public sealed record ModelSwitch(int From, int To, string Reason, DateTimeOffset At, long Position, bool Restated);

/// <summary>
/// The models there are, and which is in force. A model is never changed, only followed by another: what was stated by it can be stated
/// again, the same.
/// </summary>
public sealed class TrustModels(NpgsqlDataSource database)
{
    /// <summary>Fails the transaction when another model than the one named came into force; until it ends none can.</summary>
    internal const string StillInForce = "select trust_model_still_in_force(?)";

    /// <summary>Whoever states holds it shared, whoever switches alone.</summary>
    private const long Lock = 4_445_101;

    private const int MaxReason = 2_000;

    /// <summary>SQL of the version in force.</summary>
    internal const string InForce = "coalesce((select model from trust_model_switches order by position desc limit 1), 1)";

    private static readonly Guid Stream = NameBasedId.Of(new("0f2a2f3e-5a0c-4c80-9c0a-51d3bd1f8d11"), "trust models");

    private static readonly Dictionary<int, TrustModel> Own = new() { [1] = TrustModel.First, [2] = TrustModel.Second };

    private readonly ConcurrentDictionary<int, TrustModel> proposed = [];

    /// <summary>SQL of the version in force up to a position, a parameter.</summary>
    internal static string InForceAt(string position) => $"coalesce((select model from trust_model_switches where position <= {position} order by position desc limit 1), 1)";

    /// <summary>The model in force.</summary>
    public async Task<TrustModel> InForceAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {InForce}");
        return (await FindAsync((int)(await command.ExecuteScalarAsync(cancellation))!, cancellation))!;
    }

    /// <summary>The model that was in force at a position.</summary>
    public async Task<TrustModel> InForceAtAsync(long position, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {InForceAt("$1")}");
        command.Parameters.Add(new() { Value = position });
        return (await FindAsync((int)(await command.ExecuteScalarAsync(cancellation))!, cancellation))!;
    }

    /// <summary>The model of this version; null when there is none.</summary>
    public async ValueTask<TrustModel?> FindAsync(int version, CancellationToken cancellation)
    {
        if (Own.GetValueOrDefault(version) is { } own) return own;
        if (proposed.TryGetValue(version, out var known)) return known;
        await using var command = database.CreateCommand("select model from trust_models where version = $1");
        command.Parameters.Add(new() { Value = version });
        return await command.ExecuteScalarAsync(cancellation) is string json ? proposed.GetOrAdd(version, JsonSerializer.Deserialize<TrustModel>(json, JsonSerializerOptions.Web)!) : null;
    }

    /// <summary>The last switch, and the event it stands in; null before the first.</summary>
    internal async Task<(ModelSwitch Switch, Guid EventId, Guid RestatedTo)?> LastSwitchAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select s.before, s.model, s.reason, s.at, s.position, s.event_id, r.researcher, coalesce(r.done, false)
            from trust_model_switches s left join trust_restating r on r.switch = s.position order by s.position desc limit 1
            """);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation)
            ? (new(row.GetInt32(0), row.GetInt32(1), row.GetString(2), row.GetFieldValue<DateTimeOffset>(3), row.GetInt64(4), row.GetBoolean(7)), row.GetGuid(5), row.IsDBNull(6) ? Guid.Empty : row.GetGuid(6))
            : null;
    }

    /// <summary>Notes up to which researcher statements have been made anew since a switch, in the transaction of those.</summary>
    internal static void NoteRestated(IDocumentOperations operations, long position, Guid researcher, bool done) => operations.QueueSqlCommand(
        "insert into trust_restating (switch, researcher, done) values (?, ?, ?) on conflict (switch) do update set researcher = excluded.researcher, done = excluded.done",
        position, researcher, done);

    internal static void MapEndpoints(WebApplication app)
    {
        app.MapGet("/api/trust/models", ListAsync).AllowAnonymous().WaitsForPosition(Sources.Trust).WithName("TrustModels").WithTags("Trust").Produces<List<KnownModel>>();
        app.MapGet("/api/trust/models/{version}", ReadAsync).AllowAnonymous().WaitsForPosition(Sources.Trust).WithName("TrustModel").WithTags("Trust").Produces<KnownModel>().ProducesProblem(404);
        app.MapPost("/api/trust/models", ProposeAsync).RequireAuthorization(Authentication.Curator)
            .WithName("ProposeTrustModel").WithTags("Trust").Produces<KnownModel>(201).ProducesProblem(403).ProducesProblem(422);
        app.MapPost("/api/trust/models/{version}/activation", SwitchAsync).RequireAuthorization(Authentication.Curator)
            .WithName("SwitchTrustModel").WithTags("Trust").Produces<ModelSwitch>(202).ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
        app.MapGet("/api/trust/models/switches/last", ReadSwitchAsync).AllowAnonymous().WaitsForPosition(Sources.Trust).WithName("LastTrustModelSwitch").WithTags("Trust").Produces<ModelSwitch>().ProducesProblem(404);
    }

    private static async Task<IResult> ListAsync(TrustModels models, CancellationToken cancellation) => TypedResults.Ok(await models.KnownAsync(cancellation));

    private static async Task<IResult> ReadAsync(int version, TrustModels models, CancellationToken cancellation) =>
        (await models.KnownAsync(cancellation)).Find(model => model.Version == version) is { } known ? TypedResults.Ok(known) : Unknown(version);

    private static async Task<IResult> ReadSwitchAsync(TrustModels models, CancellationToken cancellation) =>
        await models.LastSwitchAsync(cancellation) is { } last ? TypedResults.Ok(last.Switch) : Problems.Of(404, "no-model-switch", "Never switched", "The first model has been in force from the beginning.");

    private static async Task<IResult> ProposeAsync(ProposedModel body, HttpContext http, IDocumentStore store, TrustModels models, TimeProvider clock, CancellationToken cancellation)
    {
        if (body.Model is not { } numbers) return Problems.Malformed("model", "Send {\"model\": {…}, \"reason\": \"…\"}; a number that 'model' does not name is that of model 1.");
        if (!TryReadReason(body.Reason, out var reason)) return NoReason("proposed");
        if (numbers.BrokenRule() is { } rule) return Problems.Refused("model", "No model", rule);

        return await EventStore.DecideAsync<IResult>(async () =>
        {
            await using var session = store.TracedSession();
            var version = (await session.Events.FetchStreamStateAsync(Stream, cancellation))?.Version ?? 0;
            var model = numbers with { Version = (await models.KnownAsync(cancellation)).Max(known => known.Version) + 1 };
            session.Events.Append(Stream, version + 1, new ModelProposed(model, reason, http.ResearcherId(), clock.Now()));
            await session.SaveChangesAsync(cancellation);
            return TypedResults.Created($"/api/trust/models/{model.Version}", (await models.KnownAsync(cancellation)).Find(known => known.Version == model.Version));
        }, cancellation);
    }

    private static async Task<IResult> SwitchAsync(int version, ReasonGiven body, HttpContext http, IDocumentStore store, TrustModels models, TimeProvider clock, CancellationToken cancellation)
    {
        if (!TryReadReason(body.Reason, out var reason)) return NoReason("switched to");
        if (await models.FindAsync(version, cancellation) is not { } model) return Unknown(version);
        if (Calibration.Of(model).FirstOrDefault(profile => profile.Score != profile.Expected && profile.IsSeedPage) is { } moved)
            return Problems.Refused("calibration", "Against the calibration", $"The profile the project began from has {moved.Expected} points; model {version} would give it {moved.Score}.");

        return await EventStore.DecideAsync<IResult>(async () =>
        {
            await using var session = store.TracedSession();
            var stream = (await session.Events.FetchStreamStateAsync(Stream, cancellation))?.Version ?? 0;
            var before = await models.InForceAsync(cancellation);
            if (before.Version == version) return Problems.Refused("in-force", "In force already", $"Model {version} is in force already.");
            session.Events.Append(Stream, stream + 1, new ModelSwitched(before.Version, version, reason, http.ResearcherId(), clock.Now()));
            await session.SaveChangesAsync(cancellation);
            var (done, _, _) = (await models.LastSwitchAsync(cancellation))!.Value;
            Position.Write(http, Contracts.Sources.Trust, done.Position);
            return TypedResults.Accepted("/api/trust/models/switches/last", done);
        }, cancellation);
    }

    /// <summary>What a curator gives as a reason, where it is one.</summary>
    internal static bool TryReadReason(string? given, out string reason)
    {
        reason = given?.Trim() ?? "";
        return reason.Length is > 0 and <= MaxReason;
    }

    internal static IResult NoReason(string what) => Problems.Refused("reason", "No reason", $"Say in 'reason' why it is {what}, in at most {MaxReason} characters: it stands in the ledger.");

    internal static IResult Unknown(int version) => Problems.Of(404, "unknown-model", "Unknown model", $"No trust model has the version {version}.");

    private async Task<List<KnownModel>> KnownAsync(CancellationToken cancellation)
    {
        var inForce = (await InForceAsync(cancellation)).Version;
        var known = Own.Values.Select(model => new KnownModel(model.Version, model.Version == inForce, null, null, model)).ToList();
        await using var command = database.CreateCommand("select version, reason, at, model from trust_models order by version");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            known.Add(new(row.GetInt32(0), row.GetInt32(0) == inForce, row.GetString(1), row.GetFieldValue<DateTimeOffset>(2), JsonSerializer.Deserialize<TrustModel>(row.GetString(3), JsonSerializerOptions.Web)!));
        return known;
    }

    internal static void Configure(StoreOptions store)
    {
        var models = new Table("trust_models");
        models.AddColumn("version", "integer").AsPrimaryKey();
        models.AddColumn("model", "jsonb").NotNull();
        models.AddColumn("reason", "text").NotNull();
        models.AddColumn<DateTimeOffset>("at").NotNull();
        var switches = new Table("trust_model_switches");
        switches.AddColumn("position", "bigint").AsPrimaryKey();
        switches.AddColumn("before", "integer").NotNull();
        switches.AddColumn("model", "integer").NotNull();
        switches.AddColumn("reason", "text").NotNull();
        switches.AddColumn<DateTimeOffset>("at").NotNull();
        switches.AddColumn<Guid>("event_id").NotNull();
        // How far the work that follows a switch is: no read model, and untouched by a rebuild.
        var restating = new Table("trust_restating");
        restating.AddColumn("switch", "bigint").AsPrimaryKey();
        restating.AddColumn<Guid>("researcher").NotNull();
        restating.AddColumn("done", "boolean").NotNull();
        foreach (var table in (Table[])[models, switches, restating]) store.Storage.ExtendedSchemaObjects.Add(table);
        store.Storage.ExtendedSchemaObjects.Add(Function.ForSql(
            $"""
            create or replace function trust_model_still_in_force(expected integer) returns void as $$
            begin
              perform pg_advisory_xact_lock_shared({Lock});
              if expected <> {InForce} then
                raise exception 'another trust model came into force' using errcode = 'serialization_failure';
              end if;
            end $$ language plpgsql;
            """));
        store.Events.MapEventType<ModelProposed>("trust_model_proposed");
        store.Events.MapEventType<ModelSwitched>("trust_model_switched");
        store.Projections.Add(new Tables(), ProjectionLifecycle.Inline, nameof(TrustModels), options =>
        {
            options.DeleteDataInTableOnTeardown(models.Identifier.QualifiedName);
            options.DeleteDataInTableOnTeardown(switches.Identifier.QualifiedName);
        });
    }

    private sealed class Tables : IProjection
    {
        public Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
        {
            foreach (var e in events)
            {
                if (e.Data is ModelProposed proposal)
                    operations.QueueSqlCommand("insert into trust_models (version, model, reason, at) values (?, ?::jsonb, ?, ?)",
                        proposal.Model.Version, JsonSerializer.Serialize(proposal.Model, JsonSerializerOptions.Web), proposal.Reason, proposal.At);
                if (e.Data is not ModelSwitched switched) continue;
                operations.QueueSqlCommand("select pg_advisory_xact_lock(?)", Lock);
                operations.QueueSqlCommand(
                    "insert into trust_model_switches (position, before, model, reason, at, event_id) select seq_id, ?, ?, ?, ?, id from mt_events where id = ?",
                    switched.From, switched.To, switched.Reason, switched.At, e.Id);
                operations.QueueSqlCommand($"select pg_notify('{FlowWorker.Channel}', '')");
            }

            return Task.CompletedTask;
        }
    }
}

/// <summary>One of the six observed profiles that the first model was calibrated by, and what a model gives it.</summary>
/// <param name="Works">Validated works.</param>
/// <param name="Topics">Topics.</param>
/// <param name="Expected">The score it was seen with.</param>
/// <param name="Score">What the model gives it.</param>
/// <param name="IsSeedPage">The profile the project began from: no model that moves it comes into force.</param>
public sealed record Calibration(int Works, int Topics, int Expected, int Score, bool IsSeedPage)
{
    private static readonly (int Works, int Topics, int Collaborators, int Score)[] Observed = [(1, 1, 4, 11), (2, 1, 0, 13), (3, 1, 0, 15), (5, 1, 0, 19), (9, 16, 0, 21), (17, 3, 0, 21)];

    /// <summary>All six under <paramref name="model"/>.</summary>
    public static IReadOnlyList<Calibration> Of(TrustModel model) => [.. Observed.Select((profile, n) => new Calibration(
        profile.Works, profile.Topics, profile.Score,
        model.Evaluate(Evidence.None with { RegisteredFrom = "arxiv", ValidatedWorks = profile.Works, Topics = profile.Topics, CloseCollaborators = profile.Collaborators }).Score, n == 0))];
}
