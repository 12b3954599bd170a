using System.Globalization;
using System.Numerics;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>Somebody a researcher published with.</summary>
/// <param name="ResearcherId">Who.</param>
/// <param name="Name">Their name.</param>
/// <param name="Works">Validated, unretracted works they share.</param>
/// <param name="Strength">The sum over them of 1/(authors - 1).</param>
/// <param name="Close">Whether that makes at least 0.2.</param>
public sealed record Collaborator(Guid ResearcherId, string Name, long Works, double Strength, bool Close);

/// <summary>GET /api/researchers/{id}/collaborators, the strongest first.</summary>
internal static class Collaborators
{
    internal static void MapCollaborators(this WebApplication app) => app.MapGet("/api/researchers/{id}/collaborators", ListAsync).AllowAnonymous()
        .WithName("ListCollaborators").WithTags("Publication").Produces<Page<Collaborator>>().ProducesProblem(404);

    private static async Task<IResult> ListAsync(
        Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, Collaborations collaborations, TimeProvider clock, CancellationToken cancellation)
    {
        if (!TryDecode(http, cursor, out var after)) return Paging.MalformedCursor();
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;

        var size = Paging.Clamp(limit);
        var all = InOrder(await collaborations.OfAsync(id, cancellation));
        var rows = all.Where(pair => after is null || Compare(pair, after) > 0).Take(size + 1).ToList();
        if (rows.Count == 0 && !await Researchers.ExistsAsync(database, id, cancellation)) return Problems.UnknownResearcher(id);
        var names = await Researchers.NamesAsync(database, [.. rows.Select(pair => pair.Other)], cancellation);
        var page = http.PageOf(rows, size, pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Strength.Numerator}/{pair.Strength.Denominator}/{pair.Works}/{pair.Other}"));
        return TypedResults.Ok(new Page<Collaborator>(
            [.. page.Items.Select(pair => new Collaborator(pair.Other, names.GetValueOrDefault(pair.Other, ""), pair.Works, pair.Strength.Value, pair.Strength.IsClose))], page.Next));
    }

    /// <summary>The strongest first, then who shares more works, then by id: always the same order.</summary>
    internal static IEnumerable<Pair> InOrder(IEnumerable<Pair> pairs) => pairs.Order(Comparer<Pair>.Create(Compare));

    private static int Compare(Pair one, Pair other)
    {
        var byStrength = other.Strength.CompareTo(one.Strength);
        if (byStrength != 0) return byStrength;
        var byWorks = other.Works.CompareTo(one.Works);
        return byWorks != 0 ? byWorks : one.Other.CompareTo(other.Other);
    }

    private static bool TryDecode(HttpContext http, string? cursor, out Pair? after)
    {
        after = null;
        if (!Paging.TryDecode(http, cursor, out var text)) return false;
        if (text is null) return true;
        if (text.Split('/') is not [var numerator, var denominator, var works, var id]
            || !BigInteger.TryParse(numerator, NumberStyles.None, CultureInfo.InvariantCulture, out var above)
            || !BigInteger.TryParse(denominator, NumberStyles.None, CultureInfo.InvariantCulture, out var below)
            || !long.TryParse(works, NumberStyles.None, CultureInfo.InvariantCulture, out var shared)
            || !Guid.TryParse(id, out var other)) return false;
        after = new(default, other, shared, new(above, below));
        return true;
    }
}
