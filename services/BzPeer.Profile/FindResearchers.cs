using System.Globalization;
using System.Text.RegularExpressions;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace BzPeer.Profile;

/// <summary>GET /api/researchers: by name or external id (q), by external id (orcid, openAlex), or up to 100 by id.</summary>
public static partial class FindResearchers
{
    private const int MaxIds = 100;

    internal static void MapFindResearchers(this WebApplication app) =>
        app.MapGet("/api/researchers", HandleAsync).AllowAnonymous().WithName("FindResearchers").WithTags("Profile").Produces<Page<ResearcherCard>>().ProducesProblem(400);

    private static async Task<IResult> HandleAsync(
        string? q, string? orcid, string? openAlex, [FromQuery] Guid[]? id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (id is { Length: > 0 })
            return id.Length > MaxIds
                ? Problems.Malformed("id", $"Ask for at most {MaxIds} researchers at a time.")
                : await AnswerAsync(token => ResearcherCards.LoadAsync(database, id, token));
        if (orcid is not null)
            return OrcidPattern().Match(orcid) is { Success: true } match
                ? await AnswerAsync(token => ByKeyAsync(database, OrcidKey(match), token))
                : Problems.Malformed("orcid", "An ORCID iD reads 0000-0002-1825-0097.");
        if (openAlex is not null)
            return OpenAlexPattern().Match(openAlex) is { Success: true } match
                ? await AnswerAsync(token => ByKeyAsync(database, OpenAlexKey(match), token))
                : Problems.Malformed("openalex", "An OpenAlex author id reads A5023888391.");
        if (q?.Length > 200) return Problems.Malformed("q", "A search has at most 200 characters.");
        if (KeyIn(q?.Trim() ?? "") is { } key) return await AnswerAsync(token => ByKeyAsync(database, key, token));
        return await ByNameAsync(q ?? "", limit, cursor, http, database, clock, cancellation);

        async Task<IResult> AnswerAsync(Func<CancellationToken, Task<List<ResearcherCard>>> read)
        {
            var (cards, problem) = await ResearcherCardEndpoint.ReadAsync(http, database, read, clock, cancellation);
            return problem ?? TypedResults.Ok(new Page<ResearcherCard>(cards, null));
        }
    }

    /// <summary>What is searched for, where it is nobody's name but an external id.</summary>
    private static string? KeyIn(string q) =>
        OrcidPattern().Match(q) is { Success: true } orcid ? OrcidKey(orcid)
        : OpenAlexPattern().Match(q) is { Success: true } openAlex ? OpenAlexKey(openAlex)
        : null;

    private static string OrcidKey(Match match) => "orcid:" + match.Groups["id"].Value.ToUpperInvariant();

    private static string OpenAlexKey(Match match) => "openalex:" + match.Groups["id"].Value.ToUpperInvariant();

    private static async Task<List<ResearcherCard>> ByKeyAsync(NpgsqlDataSource database, string key, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {ResearcherCard.Columns} from researcher_cards where id in ({Found("keys @> array[$1]")}) order by id limit {Paging.MaxLimit}");
        command.Parameters.Add(new() { Value = key });
        return await ReadAsync(command, cancellation);
    }

    /// <summary>Best first: the whole name, then whoever has more works. Nothing to search for lists everybody.</summary>
    private static async Task<IResult> ByNameAsync(string q, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        var folded = SearchWords.Fold(q);
        if (folded.Length == 0 && !string.IsNullOrWhiteSpace(q)) return TypedResults.Ok(new Page<ResearcherCard>([], null));
        if (!TryDecode(http, cursor, out var after)) return Paging.MalformedCursor();

        var size = Paging.Clamp(limit);
        await using var command = database.CreateCommand(
            $"""
            select {ResearcherCard.Columns} from researcher_cards
            where name is not null and {(folded.Length == 0 ? $"$1 = '' and not {Merged}" : $"id in ({Found("name_words @@ $1::tsquery")})")} and ((folded_name = $2)::int, works, id) < ($3, $4, $5)
            order by (folded_name = $2)::int desc, works desc, id desc limit $6
            """);
        command.Parameters.Add(new() { Value = SearchWords.Query(folded) });
        command.Parameters.Add(new() { Value = folded });
        command.Parameters.Add(new() { Value = after.Exact });
        command.Parameters.Add(new() { Value = after.Works });
        command.Parameters.Add(new() { Value = after.Id });
        command.Parameters.Add(new() { Value = size + 1 });
        var (cards, problem) = await ResearcherCardEndpoint.ReadAsync(http, database, token => ReadAsync(command, token), clock, cancellation);
        if (problem is not null) return problem;
        return TypedResults.Ok(http.PageOf(cards, size, card =>
            string.Create(CultureInfo.InvariantCulture, $"{(SearchWords.Fold(card.Name) == folded ? 1 : 0)}/{card.Counts.Works}/{card.Id}")));
    }

    private const string Merged = "exists (select from survivors s where s.id = researcher_cards.id and s.survivor <> s.id)";

    /// <summary>Whoever has this, or was merged with somebody who has (SQL): the survivor is found by every name and key of theirs.</summary>
    private static string Found(string what) => $"select coalesce(s.survivor, m.id) from researcher_cards m left join survivors s on s.id = m.id where {what}";

    private static bool TryDecode(HttpContext http, string? cursor, out (int Exact, int Works, Guid Id) after)
    {
        after = (2, 0, Guid.Empty);
        if (!Paging.TryDecode(http, cursor, out var position)) return false;
        if (position is null) return true;
        return position.Split('/') is [var exact, var works, var id]
            && int.TryParse(exact, NumberStyles.None, CultureInfo.InvariantCulture, out after.Exact)
            && int.TryParse(works, NumberStyles.None, CultureInfo.InvariantCulture, out after.Works)
            && Guid.TryParse(id, out after.Id);
    }

    private static async Task<List<ResearcherCard>> ReadAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var cards = new List<ResearcherCard>();
        while (await row.ReadAsync(cancellation)) cards.Add(ResearcherCards.Read(row));
        return cards;
    }

    [GeneratedRegex(@"^(https?://orcid\.org/)?(?<id>\d{4}-\d{4}-\d{4}-\d{3}[\dX])$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OrcidPattern();

    [GeneratedRegex(@"^(https?://openalex\.org/)?(?<id>A\d{1,12})$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OpenAlexPattern();
}
