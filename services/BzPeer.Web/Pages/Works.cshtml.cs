using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>All works of a researcher, a topic or an institution, or those of some years, a type or a topic, in the order asked for; the address says which.</summary>
internal sealed class WorksModel(BzPeerApi api, IStringLocalizer<Texts> texts) : PageModel
{
    public static IReadOnlyList<(string Value, string Label)> Orders(IStringLocalizer texts) =>
        [("newest", texts["Newest first"]), ("oldest", texts["Oldest first"]), ("title", texts["By title"])];

    /// <summary><c>researchers</c>, <c>topics</c> or <c>institutions</c>.</summary>
    public string Of { get; private set; } = null!;

    public Guid Id { get; private set; }

    /// <summary>Whose works these are; null where that could not be had.</summary>
    public string? Name { get; private set; }

    /// <summary>How many there are in all, where that is known.</summary>
    public long? Total { get; private set; }

    public Answer<Paged<Work>> Answer { get; private set; } = null!;

    public WorksFilter Filter { get; private set; } = null!;

    /// <summary>Types to choose from: those of the newest works, and the one that is chosen.</summary>
    public IReadOnlyList<string> Types { get; private set; } = [];

    /// <summary>Topics to choose from, those of most works first, and the one that is chosen.</summary>
    public IReadOnlyList<CountedLabel> Topics { get; private set; } = [];

    public async Task<IActionResult> OnGet(string of, Guid id, string? from, string? to, string? type, string? topic, string? sort, string? cursor, CancellationToken ct)
    {
        (Of, Id) = (of, id);
        Filter = new WorksFilter(from, to, type, topic, sort);
        var card = of == "researchers" ? api.Card(id, ct) : null;
        var subject = of == "researchers" ? null : api.Subject(of, id, ct);
        var newest = api.Works(id, null, ct, limit: 80, of: of);
        var topics = api.Labels(of, id, "topics", 80, null, ct);
        Answer = await api.Works(id, cursor, ct, Filter.Parameters, of: of);
        Types = [.. ((await newest).Value?.Items ?? []).Select(work => work.Type).Append(Filter.Type).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        Topics = (await topics).Value?.Items ?? [];
        if (Guid.TryParse(Filter.Topic, out var chosen) && Topics.All(known => known.Id != chosen))
            Topics = [.. Topics, new CountedLabel(chosen, texts["the topic of this address"], 0)];
        if (card is not null && this.Instead(await card, other => $"/researchers/{other}/works{Request.QueryString}") is { } elsewhere)
            return elsewhere;
        (Name, Total) = card is not null ? ((await card).Value?.Name, (await card).Value?.Counts?.Works) : ((await subject!).Value?.Label, (await subject!).Value?.Works);
        if (Answer is not { Unavailable: false, Value: null, Status: { } status })
            return Page();
        // What is wrong with the years is said beside them.
        if (Answer.Problem is null || cursor is not null)
            return StatusCode((int)status);
        Response.StatusCode = (int)status;
        return Page();
    }
}

/// <summary>Which works, as the form sends it; what is left open is null.</summary>
internal sealed record WorksFilter
{
    public WorksFilter(string? from, string? to, string? type, string? topic, string? sort) =>
        (From, To, Type, Topic, Sort) = (Given(from), Given(to), Given(type), Given(topic), Given(sort));

    public string? From { get; }

    public string? To { get; }

    public string? Type { get; }

    public string? Topic { get; }

    public string? Sort { get; }

    public bool Chooses => From is not null || To is not null || Type is not null || Topic is not null;

    /// <summary>As the API takes it: a year left open is the first or the last there can be.</summary>
    public string Parameters => string.Concat(new[]
    {
        Parameter("year", From is null && To is null ? null : $"{From ?? "0000"}..{To ?? "9999"}"), Parameter("type", Type), Parameter("topic", Topic), Parameter("sort", Sort),
    });

    private static string Parameter(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static string? Given(string? typed) => typed?.Trim() is { Length: > 0 } given ? given : null;
}
