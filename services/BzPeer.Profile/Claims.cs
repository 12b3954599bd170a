using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Profile;

/// <summary>Stream event: the researcher says that the profile is theirs.</summary>
public sealed record Claimed(Guid ResearcherId, DateTimeOffset At) : IPersonChanged;

/// <summary>Stream event: the claim of a profile ended. <paramref name="ByCurator"/> when it was not the researcher who gave it back.</summary>
public sealed record Unclaimed(Guid ResearcherId, string? Reason, Guid By, bool ByCurator, DateTimeOffset At) : IPersonChanged;

/// <summary>That a researcher says a profile is theirs.</summary>
/// <param name="ResearcherId">The researcher.</param>
/// <param name="Since">When they said so.</param>
public sealed record Claim(Guid ResearcherId, DateTimeOffset Since);

/// <summary>
/// Claiming one's profile, and ending that. A claim is worth nothing by itself: it is what validations of an identity need to count
/// (<see cref="Validations"/>). Beside the claims, the table has what cards and decisions need of the validations.
/// </summary>
public static class Claims
{
    private const int MaxReason = 2_000;

    /// <summary>The claim; nothing where one stands.</summary>
    public static Claimed? Decide(Person person, DateTimeOffset now) => person.ClaimedSince is null ? new(person.ResearcherId, now) : null;

    /// <summary>Ends every claim that stands: one that came by a merge would otherwise leave the profile claimed.</summary>
    public static IReadOnlyList<Unclaimed> Withdraw(Person person, string? reason, Guid by, DateTimeOffset now) =>
        [.. person.Profiles.Where(profile => profile.ClaimedAt is not null).Select(profile => new Unclaimed(profile.ResearcherId, reason, by, by != person.ResearcherId, now))];

    internal static void MapClaims(this WebApplication app)
    {
        app.MapPost("/api/researchers/{id}/claim", ClaimAsync).WithName("ClaimProfile").WithTags("Profile").Produces<Claim>().ProducesProblem(403).ProducesProblem(404);
        app.MapDelete("/api/researchers/{id}/claim", WithdrawAsync).WithName("WithdrawClaim").WithTags("Profile")
            .Produces(204).ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
    }

    private static async Task<IResult> ClaimAsync(Guid id, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation) =>
        id != http.ResearcherId()
            ? Problems.NotYours("Only the researcher claims their own profile.")
            : await Person.ChangeAsync(id, http, store, database, cancellation,
                person => person.ClaimedSince is null && !person.MayClaim
                    ? Problems.Of(403, "claim-revoked", "Claim revoked", "A curator ended the claim of this profile. It can be claimed again once a curator has validated the identity of the researcher anew.")
                    : null,
                person => Decide(person, clock.Now()) is { } claimed ? [claimed] : [],
                (person, decided) => TypedResults.Ok(new Claim(id, person.ClaimedSince ?? ((Claimed)decided.Single()).At)));

    private static async Task<IResult> WithdrawAsync(
        Guid id, string? reason, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (id != http.ResearcherId() && !http.IsCurator()) return Problems.NotYours("Only the researcher or a curator ends a claim.");
        if (WrongReason(ref reason) is { } wrong) return wrong;
        return await Person.ChangeAsync(id, http, store, database, cancellation,
            _ => null, person => Withdraw(person, reason, http.ResearcherId(), clock.Now()), (_, _) => TypedResults.NoContent());
    }

    /// <summary>A reason that cannot be kept is refused, not cut; an empty one is none.</summary>
    internal static ProblemHttpResult? WrongReason(ref string? reason)
    {
        reason = reason?.Trim() is { Length: > 0 } text ? text : null;
        return reason is null || (reason.Length <= MaxReason && !reason.Any(char.IsControl))
            ? null
            : Problems.Refused("reason", "No such reason", $"A reason is one line of up to {MaxReason} characters.");
    }

    internal static void Write(IDocumentOperations operations, IReadOnlyList<IEvent> events)
    {
        foreach (var e in events)
        {
            if (e.Data is Claimed claimed)
                operations.QueueSqlCommand(
                    "insert into claims (researcher_id, claimed_at) values (?, ?) on conflict (researcher_id) do update set claimed_at = excluded.claimed_at", claimed.ResearcherId, claimed.At);
            else if (e.Data is Unclaimed unclaimed)
                operations.QueueSqlCommand(
                    "update claims set claimed_at = null, revoked = case when ? then (select seq_id from mt_events where id = ?) else revoked end where researcher_id = ?",
                    unclaimed.ByCurator, e.Id, unclaimed.ResearcherId);
        }
    }

    /// <summary>Counts anew what validations of the identities of these researchers stand.</summary>
    internal static void CountIdentities(IDocumentOperations operations, Guid[] researchers) => operations.QueueSqlCommand(
        """
        insert into claims (researcher_id, identities, vouched)
        select r.id, count(v.id), coalesce(max(v.position) filter (where v.method = 'curator'), 0)
        from unnest(?) as r(id) left join validations v on v.researcher_id = r.id and v.kind = 'identity' and v.taken_back_at is null group by r.id order by r.id
        on conflict (researcher_id) do update set identities = excluded.identities, vouched = excluded.vouched
        """, researchers);

    internal static string Configure(StoreOptions store)
    {
        var table = new Table("claims");
        table.AddColumn<Guid>("researcher_id").AsPrimaryKey();
        table.AddColumn<DateTimeOffset>("claimed_at");
        foreach (var number in new[] { "revoked", "identities", "vouched" }) table.AddColumn(number, "bigint").NotNull().DefaultValueByExpression("0");
        store.Storage.ExtendedSchemaObjects.Add(table);
        store.Events.MapEventType<Claimed>("profile_claimed");
        store.Events.MapEventType<Unclaimed>("claim_withdrawn");
        return table.Identifier.QualifiedName;
    }
}
