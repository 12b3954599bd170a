using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>People, works, topics and institutions by name or id: some of each, or all of one kind from page to page.</summary>
internal sealed class SearchModel(BzPeerApi api, IStringLocalizer<Texts> texts) : PageModel
{
    public static IReadOnlyList<(string Kind, string Label)> Kinds(IStringLocalizer texts) =>
        [("people", texts["People"]), ("works", texts["Works"]), ("topics", texts["Topics"]), ("institutions", texts["Institutions"])];

    public ResearcherQuery? Query { get; private set; }

    /// <summary>The one kind that is searched; null for all.</summary>
    public string? In { get; private set; }

    public Answer<Paged<Card>>? People { get; private set; }

    public Answer<Paged<Work>>? Works { get; private set; }

    public Answer<Paged<CountedLabel>>? Topics { get; private set; }

    public Answer<Paged<CountedLabel>>? Institutions { get; private set; }

    /// <summary>Every service answered, and found nothing.</summary>
    public bool FoundNothing => Kinds(texts).Select(kind => Found(kind.Kind)).OfType<Findings>().All(found => found is { Unavailable: false, Problem: null, Count: 0 });

    public async Task<IActionResult> OnGet(string? q, string? @in, string? cursor, CancellationToken ct)
    {
        Query = ResearcherQuery.From(q);
        In = Kinds(texts).Any(kind => kind.Kind == @in) ? @in : null;
        if (Query is null)
            return Page();
        // All at once.
        var people = Ask("people", limit => api.Search(Query, limit, Cursor(), ct), 5);
        var works = Ask("works", limit => api.FindWorks(Query.Text, limit, Cursor(), ct), 5);
        var topics = Ask("topics", limit => api.FindLabels("topics", Query.Text, limit, Cursor(), ct), 10);
        var institutions = Ask("institutions", limit => api.FindLabels("institutions", Query.Text, limit, Cursor(), ct), 10);
        (People, Works, Topics, Institutions) = (await people, await works, await topics, await institutions);
        return Page();

        string? Cursor() => In is null ? null : cursor;
    }

    /// <summary>This search for one kind, or for all.</summary>
    public string Address(string? kind) => QueryHelpers.AddQueryString("/search", new Dictionary<string, string?> { ["q"] = Query?.Text, ["in"] = kind });

    /// <summary>What is found of a kind; null where it was not searched.</summary>
    public Findings? Found(string kind) => kind switch
    {
        "people" => Findings.Of(People),
        "works" => Findings.Of(Works),
        "topics" => Findings.Of(Topics),
        _ => Findings.Of(Institutions),
    };

    private async Task<Answer<Paged<T>>?> Ask<T>(string kind, Func<int, Task<Answer<Paged<T>>>> ask, int some) =>
        In is null ? await ask(some) : In == kind ? await ask(20) : null;

    /// <summary>How a kind was found.</summary>
    /// <param name="Problem">Why that cannot be searched for, in the service's words.</param>
    internal sealed record Findings(string Service, bool Unavailable, string? Problem, int Count, string? Next)
    {
        public static Findings? Of<T>(Answer<Paged<T>>? answer) => answer is null ? null : new(
            answer.Service, answer.Unavailable, answer.Value is null && !answer.Unavailable ? answer.Problem ?? "" : null,
            answer.Value?.Items.Count ?? 0, answer.Value?.Next);
    }
}
