using System.Net;
using System.Text;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>
/// The graph around anything. The page has it as tables, filtered, sorted, expanded and leafed through by its address alone; explore.js draws
/// the graph, of data that it has from here, and does the same without loading the page.
/// </summary>
internal sealed class ExploreModel(BzPeerApi api, IStringLocalizer<Texts> texts) : PageModel
{
    private const int Candidates = 8;

    public Exploration Graph { get; private set; } = null!;

    public ExploreState State => Graph.State;

    /// <summary>The work itself, where the root is one.</summary>
    public Work? Work { get; private set; }

    /// <summary>For whom a path was looked for by name, and who may be meant; null when nobody was.</summary>
    public string? Find { get; private set; }

    public Answer<Paged<Card>>? Found { get; private set; }

    /// <summary>What else is known of what is selected.</summary>
    public ExploredFacts Facts { get; private set; } = new();

    public async Task<IActionResult> OnGet(string kind, string id, string? find, CancellationToken ct)
    {
        var query = kind == "researcher" ? ResearcherQuery.From(find) : null;
        Find = query?.Text;
        var found = query is null ? null : api.Search(query, Candidates, null, ct);
        if (await Load(kind, id, ct) is { } instead)
            return instead;
        Found = found is null ? null : await found;
        Facts = await FactsOfSelected(ct);
        return Page();
    }

    /// <summary>The data, and how much of everything it shows: for the script, at first and when somebody expands a node.</summary>
    public async Task<IActionResult> OnGetData(string kind, string id, CancellationToken ct) =>
        await Load(kind, id, ct) ?? Partial("_ExploreData", Graph);

    /// <summary>What is said of the node or tie that is selected.</summary>
    public async Task<IActionResult> OnGetInspector(string kind, string id, CancellationToken ct)
    {
        if (await Load(kind, id, ct) is { } instead)
            return instead;
        Facts = await FactsOfSelected(ct);
        return Partial("_ExploreInspector", this);
    }

    public async Task<IActionResult> OnGetJson(string kind, string id, CancellationToken ct) =>
        await Load(kind, id, ct) ?? File(Graph.Json(), "application/json", "graph.json");

    public async Task<IActionResult> OnGetNodes(string kind, string id, CancellationToken ct) =>
        await Load(kind, id, ct) ?? File(Encoding.UTF8.GetBytes(Graph.NodesAsCsv()), "text/csv", "graph-nodes.csv");

    public async Task<IActionResult> OnGetTies(string kind, string id, CancellationToken ct) =>
        await Load(kind, id, ct) ?? File(Encoding.UTF8.GetBytes(Graph.TiesAsCsv()), "text/csv", "graph-ties.csv");

    /// <summary>Asks for every slice at once. What the page does instead when there is no such node; null when it goes on.</summary>
    private async Task<IActionResult?> Load(string kind, string id, CancellationToken ct)
    {
        if (!Guid.TryParse(id, out var guid))
            return NotFound();
        var state = ExploreState.Of(new(kind, guid.ToString()), Request.Query);
        var work = kind == "work" ? api.Work(guid, ct) : null;
        var card = kind == "researcher" ? api.Card(guid, ct) : null;
        var way = state.PathTo is { } other ? api.Connection(guid, other, ct) : null;
        var expanded = state.Expanded.Select(async key => (key, await api.Graph(key.Kind, key.Id, state.Limit, ct))).ToArray();
        var root = await api.Graph(kind, state.Root.Id, state.Limit, ct);
        var person = card is null ? null : await card;
        Work = work is null ? null : (await work).Value;

        var survivor = root.Survivor ?? person?.Survivor;
        if (survivor is not null)
            return RedirectPermanent((state with { Root = new(kind, survivor.ToString()!) }).Address);
        if (person?.Status is HttpStatusCode.Gone)
            return StatusCode(StatusCodes.Status410Gone);
        // Somebody without works has a card and no place in the graph.
        if (root is { Unavailable: false, Value: null, Status: { } status } && person?.Value is null)
            return StatusCode((int)status);

        Graph = new(state, Work?.Title ?? person?.Value?.Name ?? texts.Kind(kind), root, await Task.WhenAll(expanded), way is null ? null : await way);
        return null;
    }

    private async Task<ExploredFacts> FactsOfSelected(CancellationToken ct)
    {
        if (Graph.SelectedNode is { } node)
            return Guid.Parse(node.Id) is var id && node.Kind == "researcher" ? new() { Card = (await api.Card(id, ct)).Value }
                : node.Kind == "work" ? new() { Work = (await api.Work(id, ct)).Value }
                : new();
        if (Graph.SelectedTie is not { } tie)
            return new();
        var (source, target) = (Guid.Parse(tie.Source.Id), Guid.Parse(tie.Target.Id));
        switch (tie.Edge.Kind, tie.Source.Kind, tie.Target.Kind)
        {
            case ("collaborated", _, _):
                // Of two who wrote together the way is one hop, and it tells by which works.
                var hop = (await api.Connection(source, target, ct)).Value is { Hops: 1 } way ? way.Works[0] : null;
                return new() { Works = hop?.Newest ?? [], OfWorks = hop?.Total ?? 0 };
            case ("about", "researcher", "topic"):
                var works = (await api.Works(source, null, ct, $"&topic={target}", limit: 3)).Value?.Items ?? [];
                return new() { Works = [.. works.Select(work => new JoiningWork(work.Id, work.Title, work.Year))], OfWorks = (long)tie.Weight };
            default:
                return new();
        }
    }
}

/// <summary>What is known of a selected node, or the works that make a selected tie.</summary>
internal sealed record ExploredFacts
{
    public Card? Card { get; init; }

    public Work? Work { get; init; }

    /// <summary>The newest of the works that make the tie.</summary>
    public IReadOnlyList<JoiningWork> Works { get; init; } = [];

    /// <summary>How many there are.</summary>
    public long OfWorks { get; init; }
}
