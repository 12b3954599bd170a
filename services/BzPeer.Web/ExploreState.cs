using System.Globalization;
using Microsoft.AspNetCore.Http.Extensions;

namespace BzPeer.Web;

/// <summary>What the address of an explorer asks for: around what, what was expanded, filtered, selected and sorted. The same address shows the same.</summary>
/// <param name="Root">Around what.</param>
internal sealed record ExploreState(NodeKey Root)
{
    public const int UsualLimit = 80;
    public const int MostLimit = 200;
    public const int MostExpanded = 25;

    /// <summary>As many rows as a table has at a time: thousands of them would take longer to lay out than anybody wants to wait.</summary>
    public const int MostRows = 50;

    /// <summary>The most nodes of the root's slice, and of each expanded node's.</summary>
    public int Limit { get; init; } = UsualLimit;

    public IReadOnlyList<NodeKey> Expanded { get; init; } = [];

    /// <summary>The kinds of nodes to show; all where it is empty.</summary>
    public IReadOnlyList<string> Show { get; init; } = [];

    /// <summary>Years of the works that are to count, both ends included.</summary>
    public int? From { get; init; }

    public int? To { get; init; }

    /// <summary>A node's id, or two with <c>~</c> between them for a tie.</summary>
    public string? Selected { get; init; }

    /// <summary>The researcher to whom a path is shown; from a researcher only.</summary>
    public Guid? PathTo { get; init; }

    /// <summary>Column of the table of nodes, with <c>-</c> before it for the largest first; empty: the nearest first.</summary>
    public string Sort { get; init; } = "";

    /// <summary>The same for the table of ties.</summary>
    public string SortTies { get; init; } = "";

    /// <summary>Which part of the nodes their table shows, from 1 on; null: the one with the selected node, else the first.</summary>
    public int? Part { get; init; }

    /// <summary>The same for the table of ties.</summary>
    public int? PartOfTies { get; init; }

    public bool Filters => Show.Count > 0 || From is not null || To is not null;

    /// <summary>Reads an address; what makes no sense in it is left out.</summary>
    public static ExploreState Of(NodeKey root, IQueryCollection query)
    {
        var show = GraphDrawing.Kinds.Where(kind => query["show"].Contains(kind)).ToArray();
        var selected = query["selected"].ToString().Split('~').Select(part => Guid.TryParse(part, out var id) ? id.ToString() : null).ToArray();
        return new(root)
        {
            Limit = int.TryParse(query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? Math.Clamp(limit, 1, MostLimit) : UsualLimit,
            Expanded = [.. query["expand"].Select(NodeKey.Parse).OfType<NodeKey>().Where(key => key != root).Distinct().Take(MostExpanded)],
            Show = show.Length == GraphDrawing.Kinds.Count ? [] : show,
            From = Number("from", 9_999),
            To = Number("to", 9_999),
            Selected = selected is { Length: 1 or 2 } && !selected.Contains(null) ? string.Join('~', selected) : null,
            PathTo = root.Kind == "researcher" && Guid.TryParse(query["path"], out var other) && other.ToString() != root.Id ? other : null,
            Sort = query["sort"].ToString(),
            SortTies = query["ties"].ToString(),
            Part = Number("part", 99_999),
            PartOfTies = Number("tiepart", 99_999),
        };

        int? Number(string name, int most) => int.TryParse(query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= most ? number : null;
    }

    public string Path => $"/explore/{Root.Kind}/{Root.Id}";

    /// <summary>What this asks for, as names and values of an address.</summary>
    public IEnumerable<KeyValuePair<string, string>> Parameters
    {
        get
        {
            if (Limit != UsualLimit) yield return new("limit", Limit.ToString(CultureInfo.InvariantCulture));
            foreach (var key in Expanded) yield return new("expand", key.ToString());
            foreach (var kind in Show) yield return new("show", kind);
            if (From is { } from) yield return new("from", from.ToString(CultureInfo.InvariantCulture));
            if (To is { } to) yield return new("to", to.ToString(CultureInfo.InvariantCulture));
            if (PathTo is { } other) yield return new("path", other.ToString());
            if (Selected is { } selected) yield return new("selected", selected);
            if (Sort != "") yield return new("sort", Sort);
            if (SortTies != "") yield return new("ties", SortTies);
            if (Part is { } part) yield return new("part", part.ToString(CultureInfo.InvariantCulture));
            if (PartOfTies is { } partOfTies) yield return new("tiepart", partOfTies.ToString(CultureInfo.InvariantCulture));
        }
    }

    public string Address => Path + new QueryBuilder(Parameters).ToQueryString();

    /// <summary>The address of the same as a link on its own page has it: a table has hundreds of them.</summary>
    public string Here => Address[Path.Length..] is { Length: > 0 } query ? query : Path;

    /// <summary>The address of the same in another form.</summary>
    public string As(string handler) => Path + new QueryBuilder([new("handler", handler), .. Parameters]).ToQueryString();

    /// <summary>The same with a node expanded, or collapsed when it was.</summary>
    public ExploreState Toggle(NodeKey key) => this with { Expanded = Expanded.Contains(key) ? [.. Expanded.Where(each => each != key)] : [.. Expanded, key] };
}

/// <summary>A node as addresses name it: <c>work.1f0e…</c>.</summary>
internal sealed record NodeKey(string Kind, string Id)
{
    public static NodeKey? Parse(string? text) =>
        text?.Split('.') is [var kind, var id] && GraphDrawing.Kinds.Contains(kind) && Guid.TryParse(id, out var guid) ? new(kind, guid.ToString()) : null;

    public override string ToString() => $"{Kind}.{Id}";

    /// <summary>The page about it.</summary>
    public string Page => $"/{Kind}s/{Id}";
}
