using System.Text.Json;
using System.Text.Json.Serialization;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Profile;

/// <summary>A researcher at a glance.</summary>
/// <param name="Claimed">Whether the researcher says that the profile is theirs.</param>
/// <param name="Verified">Whether besides that a named source vouches that it is, and nobody has taken that back.</param>
public sealed record ResearcherCard(
    Guid Id, string Name, string Headline, string Role, string? Affiliation, bool OpenToCollaborate, bool Claimed, bool Verified,
    CardTrust Trust, CardCounts Counts, ExternalIds ExternalIds, CardAsOf AsOf)
{
    /// <summary>
    /// The last two are about all who are this researcher. What those bring along who were merged into them: of each id the one of who was
    /// merged first, and how far their profiles are. And the claim: null when there is none, else whether an identity is validated.
    /// </summary>
    internal static readonly string Columns =
        $"""
        id, profile, score, level, works, followers, following, topics, close_collaborators, profile_version, follow_version, publication_version, trust_version, counts_hidden,
        (select jsonb_build_object('orcid', {First("orcid")}, 'openAlex', {First("openAlex")}, 'position', max(m.profile_version))
         from survivors s join researcher_cards m on m.id = s.id where s.survivor = researcher_cards.id and s.id <> s.survivor having count(*) > 0),
        (select case when count(c.claimed_at) > 0 then sum(c.identities) > 0 end from claims c where c.researcher_id = any({Person.Everybody("researcher_cards.id")}))
        """;

    private sealed record Brought(string? Orcid, string? OpenAlex, long Position);

    internal static ResearcherCard Read(NpgsqlDataReader row, JsonSerializerOptions json)
    {
        var profile = JsonSerializer.Deserialize<ResearcherProfile>(row.GetString(1), json)!;
        var brought = row.IsDBNull(14) ? null : JsonSerializer.Deserialize<Brought>(row.GetString(14), json);
        var claimed = !row.IsDBNull(15);
        return new(
            row.GetGuid(0), profile.Name, profile.Headline ?? DefaultHeadline(profile.Name), "Researcher", profile.Affiliation?.Institution, profile.OpenToCollaborate, claimed, claimed && row.GetBoolean(15),
            new(row.GetInt32(2), row.GetString(3)),
            row.GetBoolean(13) ? new(row.GetInt32(4), null, null, row.GetInt32(7), row.GetInt32(8), Hidden: true) : new(row.GetInt32(4), row.GetInt64(5), row.GetInt64(6), row.GetInt32(7), row.GetInt32(8)),
            new(profile.Orcid ?? brought?.Orcid, profile.OpenAlex ?? brought?.OpenAlex),
            new(Math.Max(row.GetInt64(9), brought?.Position ?? 0), row.GetInt64(10), row.GetInt64(11), row.GetInt64(12)));
    }

    private static string First(string id) => $"(array_agg(m.profile ->> '{id}' order by s.version, m.id) filter (where m.profile ->> '{id}' is not null))[1]";

    /// <summary>What a profile says while nobody wrote a headline.</summary>
    public static string DefaultHeadline(string name) => $"{name} contributes to research discovery and scholarly infrastructure.";
}

/// <summary>Score and its level; <c>{0, Baseline}</c> until the first statement arrives (<see cref="CardAsOf.Trust"/> is 0 then).</summary>
public sealed record CardTrust(int Score, string Level);

/// <summary>The numbers of a page.</summary>
/// <param name="Works">Works listed.</param>
/// <param name="Followers">Null when the researcher hides it, never 0 for that reason.</param>
/// <param name="Following">Null when the researcher hides it.</param>
/// <param name="Topics">Topics of the works.</param>
/// <param name="CloseCollaborators">Co-authors of at least the strength that trust counts.</param>
/// <param name="Hidden">Whether followers and following are hidden.</param>
public sealed record CardCounts(
    int Works, long? Followers, long? Following, int Topics, int CloseCollaborators,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Hidden = false);

/// <summary>First seen ids elsewhere, or null.</summary>
public sealed record ExternalIds(string? Orcid, string? OpenAlex);

/// <summary>How far each source's section of the card is.</summary>
public sealed record CardAsOf(long Profile, long Follow, long Publication, long Trust)
{
    /// <summary>The position the card has from <paramref name="source"/>.</summary>
    public long Of(string source) => source switch
    {
        Sources.Profile => Profile,
        Sources.Follow => Follow,
        Sources.Publication => Publication,
        Sources.Trust => Trust,
        _ => 0,
    };
}

/// <summary>GET /api/researchers/{id}: one row read.</summary>
public static class ResearcherCardEndpoint
{
    internal static void MapResearcherCard(this WebApplication app) =>
        app.MapGet("/api/researchers/{id}", HandleAsync).AllowAnonymous().WithName("ResearcherCard").WithTags("Profile").Produces<ResearcherCard>().ProducesProblem(404);

    private static async Task<IResult> HandleAsync(Guid id, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        var (cards, problem) = await ReadAsync(http, database, token => ResearcherCards.LoadAsync(database, [id], token), clock, cancellation);
        return problem ?? (cards is [var card] ? TypedResults.Ok(card) : Problems.UnknownResearcher(id));
    }

    /// <summary>The cards that <paramref name="read"/> finds, every one of them as new as the caller asks for; or the problem that keeps them from it.</summary>
    internal static async Task<(List<ResearcherCard> Cards, IResult? Problem)> ReadAsync(
        HttpContext http, NpgsqlDataSource database, Func<CancellationToken, Task<List<ResearcherCard>>> read, TimeProvider clock, CancellationToken cancellation)
    {
        List<ResearcherCard>? cards = null;
        var problem = await Position.WaitAsync(http, async token =>
        {
            // The marks first: the cards read after it have at least as much.
            var (everybody, own) = (await FollowMark.ReadAsync(database, token), await EventStore.LastPositionAsync(database, token));
            cards = await read(token);
            return source => Math.Max(cards.Count == 0 ? 0 : cards.Min(card => card.AsOf.Of(source)), source switch { Sources.Follow => everybody, Sources.Profile => own, _ => 0 });
        }, clock);
        return (cards ?? (problem is null ? await read(cancellation) : []), problem);
    }
}
