using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>The topics or institutions that a researcher, a topic or an institution has to do with.</summary>
internal sealed class LabelsModel(BzPeerApi api) : PageModel
{
    public string Of { get; private set; } = null!;

    public string What { get; private set; } = null!;

    public Guid Id { get; private set; }

    /// <summary>Whose list it is; null where that could not be had.</summary>
    public string? Name { get; private set; }

    public Answer<Paged<CountedLabel>> Answer { get; private set; } = null!;

    public async Task<IActionResult> OnGet(string of, Guid id, string what, string? cursor, CancellationToken ct)
    {
        (Of, Id, What) = (of, id, what);
        var card = of == "researchers" ? api.Card(id, ct) : null;
        var subject = of == "researchers" ? null : api.Subject(of, id, ct);
        Answer = await api.Labels(of, id, what, 80, cursor, ct);
        Name = card is not null ? (await card).Value?.Name : (await subject!).Value?.Label;
        return card is not null && this.Instead(await card, other => $"/researchers/{other}/{what}") is { } elsewhere ? elsewhere
            : Answer is { Unavailable: false, Value: null, Status: { } status } ? StatusCode((int)status)
            : Page();
    }
}
