using System.Text.Json;
using System.Text.Json.Serialization;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Profile;

/// <summary>A researcher at a glance.</summary>
public sealed record ResearcherCard(
    Guid Id, string Name, string Headline, string Role, string? Affiliation, bool OpenToCollaborate,
    CardTrust Trust, CardCounts Counts, ExternalIds ExternalIds, CardAsOf AsOf)
{
    /// <summary>The last two are what whoever was merged into them brings along: the first seen of each id.</summary>
    internal static readonly string Columns =
        $"id, profile, score, level, works, followers, following, topics, close_collaborators, profile_version, follow_version, publication_version, trust_version, counts_hidden, {Brought("orcid")}, {Brought("openAlex")}";

    internal static ResearcherCard Read(NpgsqlDataReader row, JsonSerializerOptions json)
    {
        var profile = JsonSerializer.Deserialize<ResearcherProfile>(row.GetString(1), json)!;
        return new(
            row.GetGuid(0), profile.Name, profile.Headline ?? DefaultHeadline(profile.Name), "Researcher", profile.Affiliation?.Institution, profile.OpenToCollaborate,
            new(row.GetInt32(2), row.GetString(3)),
            row.GetBoolean(13) ? new(row.GetInt32(4), null, null, row.GetInt32(7), row.GetInt32(8), Hidden: true) : new(row.GetInt32(4), row.GetInt64(5), row.GetInt64(6), row.GetInt32(7), row.GetInt32(8)),
            new(profile.Orcid ?? Brought(14), profile.OpenAlex ?? Brought(15)),
            new(row.GetInt64(9), row.GetInt64(10), row.GetInt64(11), row.GetInt64(12)));

        string? Brought(int column) => row.IsDBNull(column) ? null : row.GetString(column);
    }

    private static string Brought(string id) =>
        $"""
        (select m.profile ->> '{id}' from survivors s join researcher_cards m on m.id = s.id
         where s.survivor = researcher_cards.id and s.id <> s.survivor and m.profile ->> '{id}' is not null order by m.profile_version limit 1)
        """;

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
        ResearcherCard? card = null;
        if (await Position.WaitAsync(http, async token =>
            {
                // The mark first: the card read after it has at least as much.
                var everybody = await FollowMark.ReadAsync(database, token);
                card = (await ResearcherCards.LoadAsync(database, [id], token)).SingleOrDefault();
                return source => Math.Max(card?.AsOf.Of(source) ?? 0, source == Contracts.Sources.Follow ? everybody : 0);
            }, clock) is { } problem) return problem;

        card ??= (await ResearcherCards.LoadAsync(database, [id], cancellation)).SingleOrDefault();
        return card is null ? Problems.UnknownResearcher(id) : TypedResults.Ok(card);
    }
}
