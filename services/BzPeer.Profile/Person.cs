using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace BzPeer.Profile;

/// <summary>A stream event about what is claimed or validated of a profile, in that profile's stream.</summary>
public interface IPersonChanged
{
    /// <summary>The profile it is about.</summary>
    Guid ResearcherId { get; }
}

/// <summary>One of a person's profiles, as decisions about claims and validations see it.</summary>
/// <param name="ResearcherId">Also its stream.</param>
/// <param name="StreamVersion">Events in that stream.</param>
/// <param name="Position">Of the last of them.</param>
/// <param name="Orcids">Every iD it is known by.</param>
/// <param name="ClaimedAt">Since when it is claimed; null when it is not.</param>
/// <param name="Revoked">Position of the last event by which a curator ended its claim; 0 when none did.</param>
/// <param name="Vouched">Position of the newest standing validation of its identity by a curator; 0 when there is none.</param>
public sealed record OneProfile(
    Guid ResearcherId, long StreamVersion, long Position, IReadOnlyList<string> Orcids, DateTimeOffset? ClaimedAt, long Revoked, long Vouched);

/// <summary>
/// A researcher with all who were merged into them. What is claimed or validated of one of these profiles is claimed or validated of the
/// person: nothing is copied by a merge, so whatever order merges and splits come in, taking one back leaves each profile its own.
/// </summary>
/// <param name="ResearcherId">The survivor; what is decided anew is said of them.</param>
/// <param name="Profiles">Theirs and those merged into them.</param>
/// <param name="Evidence">The validations of all of these profiles, standing and taken back.</param>
public sealed record Person(Guid ResearcherId, IReadOnlyList<OneProfile> Profiles, IReadOnlyList<Validation> Evidence)
{
    /// <summary>Since when a claim of theirs stands; null when none does.</summary>
    public DateTimeOffset? ClaimedSince => Profiles.Min(profile => profile.ClaimedAt);

    /// <summary>
    /// Whether they may claim. A curator who ended a claim found that whoever made it is not this researcher. To claim again would overrule
    /// that with nobody having looked, so it takes a curator who validates the identity after that.
    /// </summary>
    public bool MayClaim => Profiles.Max(profile => profile.Revoked) <= Profiles.Max(profile => profile.Vouched);

    private long LastPosition => Profiles.Max(profile => profile.Position);

    /// <summary>The profiles of a person (SQL, an array of ids): <paramref name="id"/> and all who were merged into them.</summary>
    internal static string Everybody(string id) => $"array(select {id} union all select s.id from survivors s where s.survivor = {id} and s.id <> s.survivor)";

    /// <summary>Decides on what is so, and again when something else came first. What is <paramref name="refused"/> changes nothing.</summary>
    internal static async Task<IResult> ChangeAsync(
        Guid id, HttpContext http, IDocumentStore store, NpgsqlDataSource database, CancellationToken cancellation,
        Func<Person, ProblemHttpResult?> refused, Func<Person, IReadOnlyList<IPersonChanged>> decide, Func<Person, IReadOnlyList<IPersonChanged>, IResult> answer)
    {
        return await EventStore.DecideAsync<IResult>(async () =>
        {
            if (await LoadAsync(database, id, cancellation) is not { } person) return Problems.UnknownResearcher(id);
            if (refused(person) is { } problem) return problem;
            var (decided, position) = (decide(person), person.LastPosition);
            if (decided.Count > 0)
            {
                await using var session = store.TracedSession();
                foreach (var of in decided.GroupBy(changed => changed.ResearcherId))
                    session.Events.Append(of.Key, person.Profiles.Single(profile => profile.ResearcherId == of.Key).StreamVersion + of.Count(), of);
                await session.SaveChangesAsync(cancellation);

                foreach (var changed in decided) position = Math.Max(position, await Append.LastAsync(database, changed.ResearcherId, cancellation));
            }

            Position.Write(http, Sources.Profile, position);
            return answer(person, decided);
        }, cancellation);
    }

    /// <summary>The versions first: what is read after them is at least as new, and anything newer makes the append fail.</summary>
    private static async Task<Person?> LoadAsync(NpgsqlDataSource database, Guid id, CancellationToken cancellation)
    {
        var profiles = new List<OneProfile>();
        await using (var command = database.CreateCommand(
            $"""
            select r.id, r.stream_version, r.profile_version, r.profile ->> 'orcid', r.keys, c.claimed_at, coalesce(c.revoked, 0), coalesce(c.vouched, 0)
            from researcher_cards r left join claims c on c.researcher_id = r.id where r.id = any({Everybody("$1")}) and r.name is not null
            """))
        {
            command.Parameters.Add(new() { Value = id });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                profiles.Add(new(
                    row.GetGuid(0), row.GetInt64(1), row.GetInt64(2), OrcidsOf(row.IsDBNull(3) ? null : row.GetString(3), row.GetFieldValue<string[]>(4)),
                    row.IsDBNull(5) ? null : row.GetFieldValue<DateTimeOffset>(5), row.GetInt64(6), row.GetInt64(7)));
        }

        if (profiles.All(profile => profile.ResearcherId != id)) return null;
        return new(id, profiles, [.. (await Validations.QueryAsync(database, "order by position desc", cancellation, id)).Select(row => row.Validation)]);
    }

    private static IReadOnlyList<string> OrcidsOf(string? first, IEnumerable<string> keys) =>
        [.. keys.Where(key => key.StartsWith("orcid:", StringComparison.Ordinal)).Select(key => key["orcid:".Length..]).Concat(first is null ? [] : [first]).Distinct()];
}
