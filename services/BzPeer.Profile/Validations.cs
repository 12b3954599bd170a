using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Profile;

/// <summary>Stream event: a named source vouches for who a researcher is, or where they work.</summary>
public sealed record Validated(Guid ResearcherId, Guid ValidationId, string Kind, string Source, string Value, string Method, Guid By, DateTimeOffset At) : IPersonChanged;

/// <summary>Stream event: a validation no longer stands.</summary>
public sealed record Invalidated(Guid ResearcherId, Guid ValidationId, string? Reason, Guid By, DateTimeOffset At) : IPersonChanged;

/// <summary>What a curator validates.</summary>
/// <param name="Kind"><c>identity</c> or <c>affiliation</c>.</param>
/// <param name="Source">Who vouches, in lower case: <c>orcid</c>, <c>ror</c>, a registry's name.</param>
/// <param name="Value">What they vouch for: an iD, an institution.</param>
public sealed record Vouching(string Kind, string Source, string Value);

/// <summary>That a named source vouches for who a researcher is, or where they work.</summary>
/// <param name="Id">Names it, to take it back by.</param>
/// <param name="ResearcherId">The profile it was made about: the researcher's, or one that was merged into it.</param>
/// <param name="Kind"><c>identity</c> or <c>affiliation</c>.</param>
/// <param name="Source">Who vouches.</param>
/// <param name="Value">What they vouch for.</param>
/// <param name="Method"><c>curator</c> when a curator looked at it, <c>sign-in</c> when the person signed in with the source.</param>
/// <param name="At">When.</param>
/// <param name="TakenBackAt">When it was taken back; left out while it stands.</param>
/// <param name="TakenBackFor">Why it was, where a reason was given.</param>
public sealed record Validation(
    Guid Id, Guid ResearcherId, string Kind, string Source, string Value, string Method, DateTimeOffset At,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? TakenBackAt = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? TakenBackFor = null);

/// <summary>The standing validations of a researcher, newest first, and whether they claimed their profile.</summary>
/// <param name="ClaimedSince">Since when they say the profile is theirs; null when nobody does.</param>
/// <param name="Items">Those made about whoever was merged into them included.</param>
/// <param name="Next">Cursor of the following page, null at the end.</param>
public sealed record ValidationList(DateTimeOffset? ClaimedSince, IReadOnlyList<Validation> Items, string? Next);

/// <summary>
/// Evidence of who a researcher is: named sources that vouch for their identity and affiliation. A profile is verified when it is claimed and a
/// validation of its identity stands. Validating the same again changes nothing.
/// </summary>
public static class Validations
{
    /// <summary>The kind that says who somebody is.</summary>
    public const string Identity = "identity";

    /// <summary>The kind that says where somebody works.</summary>
    public const string Affiliation = "affiliation";

    /// <summary>A curator looked at it.</summary>
    public const string ByCurator = "curator";

    /// <summary>The person signed in with the source.</summary>
    public const string BySignIn = "sign-in";

    private const string Orcid = "orcid";
    private const int MaxSource = 100;
    private const int MaxValue = 500;

    private const string Columns = "id, researcher_id, kind, source, value, method, at, taken_back_at, taken_back_for, position";

    /// <summary>
    /// The validation; nothing where it stands, for whichever of the person's profiles. By another method it is another one: what a curator
    /// looked at weighs more than a sign-in, and either may be taken back without the other.
    /// </summary>
    public static Validated? Decide(Person person, Vouching vouching, string method, Guid by, DateTimeOffset now) =>
        Standing(person, vouching, method) is null
            ? new(person.ResearcherId, Guid.CreateVersion7(), vouching.Kind, vouching.Source, vouching.Value, method, by, now)
            : null;

    /// <summary>The end of a validation; nothing where it was taken back already, or is not of this person.</summary>
    public static Invalidated? Withdraw(Person person, Guid validation, string? reason, Guid by, DateTimeOffset now) =>
        person.Evidence.FirstOrDefault(one => one.Id == validation) is { TakenBackAt: null } standing ? new(standing.ResearcherId, validation, reason, by, now) : null;

    /// <summary>Why it cannot be this person's identity, or null: who is known by an ORCID iD does not have another one.</summary>
    public static string? Contradiction(Person person, Vouching vouching) =>
        vouching is { Kind: Identity, Source: Orcid } && person.Profiles.SelectMany(profile => profile.Orcids).ToList() is { Count: > 0 } known && !known.Contains(vouching.Value)
            ? $"The researcher is known by the ORCID iD {string.Join(", ", known)}, not by {vouching.Value}."
            : null;

    internal static void MapValidations(this WebApplication app)
    {
        app.MapPost("/api/researchers/{id}/validations", ValidateAsync).RequireAuthorization(Authentication.Curator).WithName("ValidateResearcher").WithTags("Profile")
            .Accepts<Vouching>("application/json").Produces<Validation>().Produces<Validation>(201).ProducesProblem(400).ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
        app.MapGet("/api/researchers/{id}/validations", ListAsync).AllowAnonymous().WithName("ListValidations").WithTags("Profile").Produces<ValidationList>().ProducesProblem(404);
        app.MapGet("/api/researchers/{id}/validations/{validationId}", ReadAsync).AllowAnonymous().WithName("ReadValidation").WithTags("Profile").Produces<Validation>().ProducesProblem(404);
        app.MapDelete("/api/researchers/{id}/validations/{validationId}", WithdrawAsync).RequireAuthorization(Authentication.Curator).WithName("WithdrawValidation").WithTags("Profile")
            .Produces(204).ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
    }

    private static async Task<IResult> ValidateAsync(
        Guid id, JsonElement body, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (Read(body, out var vouching) is { } wrong) return wrong;
        return await Person.ChangeAsync(id, http, store, database, cancellation,
            person => Contradiction(person, vouching) is { } why ? Problems.Refused("other-orcid", "Another ORCID iD", why) : null,
            person => Decide(person, vouching, ByCurator, http.ResearcherId(), clock.Now()) is { } validated ? [validated] : [],
            (person, decided) => decided is [Validated made]
                ? TypedResults.Created($"/api/researchers/{id}/validations/{made.ValidationId}", new Validation(made.ValidationId, id, made.Kind, made.Source, made.Value, made.Method, made.At))
                : TypedResults.Ok(Standing(person, vouching, ByCurator)));
    }

    private static async Task<IResult> WithdrawAsync(
        Guid id, Guid validationId, string? reason, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (Claims.WrongReason(ref reason) is { } wrong) return wrong;
        return await Person.ChangeAsync(id, http, store, database, cancellation,
            person => person.Evidence.Any(validation => validation.Id == validationId) ? null : UnknownValidation(validationId),
            person => Withdraw(person, validationId, reason, http.ResearcherId(), clock.Now()) is { } invalidated ? [invalidated] : [],
            (_, _) => TypedResults.NoContent());
    }

    private static async Task<IResult> ListAsync(Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (await WaitAsync(http, database, clock) is { } problem) return problem;
        if (!Paging.TryDecodeNumber(http, cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        var size = Paging.Clamp(limit);
        if (await ClaimedSinceAsync(database, id, cancellation) is not (true, var claimedSince)) return Problems.UnknownResearcher(id);
        var page = http.PageOf(
            await QueryAsync(database, "and taken_back_at is null and position < $2 order by position desc limit $3", cancellation, id, before, size + 1), size,
            row => row.Position.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new ValidationList(claimedSince, [.. page.Items.Select(row => row.Validation)], page.Next));
    }

    private static async Task<IResult> ReadAsync(Guid id, Guid validationId, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (await WaitAsync(http, database, clock) is { } problem) return problem;
        return await QueryAsync(database, "and id = $2", cancellation, id, validationId) is [var row] ? TypedResults.Ok(row.Validation)
            : (await ClaimedSinceAsync(database, id, cancellation)).IsKnown ? UnknownValidation(validationId)
            : Problems.UnknownResearcher(id);
    }

    private static ProblemHttpResult UnknownValidation(Guid id) => Problems.Of(404, "unknown-validation", "Unknown validation", $"No validation of this researcher has the id {id}.");

    /// <summary>The tables are written with the events, so they have whatever is committed.</summary>
    private static Task<ProblemHttpResult?> WaitAsync(HttpContext http, NpgsqlDataSource database, TimeProvider clock) =>
        Position.WaitAsync(http, async cancellation =>
        {
            var last = await EventStore.LastPositionAsync(database, cancellation);
            return source => source == Sources.Profile ? last : 0;
        }, clock);

    private static Validation? Standing(Person person, Vouching vouching, string method) => person.Evidence.FirstOrDefault(
        one => one.TakenBackAt is null && one.Method == method && new Vouching(one.Kind, one.Source, one.Value) == vouching);

    private static ProblemHttpResult? Read(JsonElement body, out Vouching vouching)
    {
        vouching = new("", "", "");
        if (body.ValueKind != JsonValueKind.Object) return Problems.Malformed("json", "Send an object: {\"kind\": \"identity\", \"source\": \"orcid\", \"value\": \"0000-0002-1825-0097\"}.");
        try
        {
            return ReadFields(body, ref vouching) ?? Check(ref vouching);
        }
        catch (InvalidOperationException)
        {
            // An escaped surrogate without its other half: JSON by its grammar, and no text.
            return Problems.Malformed("json", "The body holds half of a surrogate pair, which is no character.");
        }
    }

    private static ProblemHttpResult? ReadFields(JsonElement body, ref Vouching vouching)
    {
        foreach (var field in body.EnumerateObject())
        {
            if (field.Name is not ("kind" or "source" or "value"))
                return Problems.Refused("unknown-field", "Unknown field", $"'{field.Name}' says nothing here; 'kind', 'source' and 'value' do.");
            if (field.Value.ValueKind != JsonValueKind.String) return Problems.Malformed(field.Name, $"'{field.Name}' has the wrong JSON type.");
            var text = field.Value.GetString()!.Trim();
            vouching = field.Name switch
            {
                "kind" => vouching with { Kind = text },
                "source" => vouching with { Source = text.ToLowerInvariant() },
                _ => vouching with { Value = text },
            };
        }

        return null;
    }

    private static ProblemHttpResult? Check(ref Vouching vouching)
    {
        if (vouching.Kind is not (Identity or Affiliation))
            return Problems.Refused("validation-kind", "No such kind", $"The 'kind' of a validation is '{Identity}' or '{Affiliation}'.");
        if (!IsLine(vouching.Source, MaxSource))
            return Problems.Refused("validation-source", "No such source", $"Name in 'source' who vouches, in one line of up to {MaxSource} characters.");
        if (!IsLine(vouching.Value, MaxValue))
            return Problems.Refused("validation-value", "No such value", $"Say in 'value' what they vouch for, in one line of up to {MaxValue} characters.");
        if (vouching is not { Kind: Identity, Source: Orcid }) return null;
        if (OrcidId.Read(vouching.Value) is not { } orcid)
            return Problems.Refused("validation-orcid", "No ORCID iD", "An ORCID iD reads 0000-0002-1825-0097; the form or the check digit of this one is wrong.");
        vouching = vouching with { Value = orcid };
        return null;

        static bool IsLine(string text, int most) => text.Length > 0 && text.Length <= most && !text.Any(char.IsControl);
    }

    private static async Task<(bool IsKnown, DateTimeOffset? Since)> ClaimedSinceAsync(NpgsqlDataSource database, Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select (select min(claimed_at) from claims where researcher_id = any({Person.Everybody("r.id")})) from researcher_cards r where r.id = $1 and r.name is not null");
        command.Parameters.Add(new() { Value = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return !await row.ReadAsync(cancellation) ? (false, null) : (true, row.IsDBNull(0) ? null : row.GetFieldValue<DateTimeOffset>(0));
    }

    /// <summary>Validations of a person, whose id is the first parameter, with the position each was made at (SQL that goes on after the person).</summary>
    internal static async Task<List<(Validation Validation, long Position)>> QueryAsync(NpgsqlDataSource database, string which, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = database.CreateCommand($"select {Columns} from validations where researcher_id = any({Person.Everybody("$1")}) {which}");
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var validations = new List<(Validation, long)>();
        while (await row.ReadAsync(cancellation))
            validations.Add((new(
                row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5), row.GetFieldValue<DateTimeOffset>(6),
                row.IsDBNull(7) ? null : row.GetFieldValue<DateTimeOffset>(7), row.IsDBNull(8) ? null : row.GetString(8)), row.GetInt64(9)));
        return validations;
    }

    internal static void Write(IDocumentOperations operations, IReadOnlyList<IEvent> events)
    {
        var touched = new SortedSet<Guid>();
        foreach (var e in events)
        {
            if (e.Data is Validated made)
                operations.QueueSqlCommand(
                    "insert into validations (id, researcher_id, kind, source, value, method, at, position) select ?, ?, ?, ?, ?, ?, ?, seq_id from mt_events where id = ?",
                    made.ValidationId, made.ResearcherId, made.Kind, made.Source, made.Value, made.Method, made.At, e.Id);
            else if (e.Data is Invalidated taken)
                operations.QueueSqlCommand("update validations set taken_back_at = ?, taken_back_for = ? where id = ?", taken.At, taken.Reason!, taken.ValidationId);
            else continue;
            touched.Add(((IPersonChanged)e.Data).ResearcherId);
        }

        if (touched.Count > 0) Claims.CountIdentities(operations, [.. touched]);
    }

    internal static string Configure(StoreOptions store)
    {
        var table = new Table("validations");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn<Guid>("researcher_id").NotNull();
        foreach (var text in new[] { "kind", "source", "value", "method" }) table.AddColumn(text, "text").NotNull();
        table.AddColumn<DateTimeOffset>("at").NotNull();
        table.AddColumn<DateTimeOffset>("taken_back_at");
        table.AddColumn("taken_back_for", "text");
        table.AddColumn("position", "bigint").NotNull();
        table.Indexes.Add(new IndexDefinition("validations_of_researcher") { Columns = ["researcher_id", "position"] });
        store.Storage.ExtendedSchemaObjects.Add(table);
        store.Events.MapEventType<Validated>("identity_validated");
        store.Events.MapEventType<Invalidated>("validation_withdrawn");
        return table.Identifier.QualifiedName;
    }
}
