using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>A work as a reader of papers looks for it: what it is, who wrote it, where it can be read, how to cite it, and whose word all that is.</summary>
internal sealed class WorkModel(BzPeerApi api) : PageModel
{
    /// <summary>So many authors are named before the rest is folded away.</summary>
    public const int Named = 30;

    public Guid Id { get; private set; }

    public Answer<Work> Work { get; private set; } = null!;

    public Answer<WorkAssertions> Said { get; private set; } = null!;

    /// <summary>The notices by which it is retracted, the newest first; none where a source only marks it, or a curator retracted it.</summary>
    public IReadOnlyList<Notice> Retractions => [.. (Said.Value?.Notices ?? []).Where(notice => !notice.Reinstates && !notice.Overruled).OrderByDescending(notice => notice.Date)];

    /// <summary>The sources that mark it as retracted, where nobody says why.</summary>
    public IReadOnlyList<string> OnlyMarkedBy => Said.Value is { RetractedByCurator: null } said && Retractions.Count == 0
        ? [.. said.Assertions.Where(word => word.Retracted).Select(word => word.Source).Distinct()]
        : [];

    public async Task<IActionResult> OnGet(Guid id, CancellationToken ct)
    {
        Id = id;
        var said = api.Assertions(id, ct);
        Work = await api.Work(id, ct);
        Said = await said;
        return Work switch
        {
            { Survivor: { } survivor } => RedirectPermanent($"/works/{survivor}"),
            { Unavailable: false, Value: null, Status: { } status } => StatusCode((int)status),
            _ => Page(),
        };
    }

    /// <summary>For previews and search results: the beginning of the abstract, else who wrote it and where it came out.</summary>
    public static string Description(Work work) => Shown.Short(work.Abstract is { Length: > 0 } text
        ? Mathematics.Text(text)
        : string.Join(" · ", new[] { string.Join(", ", work.InOrder().Take(5).Select(author => author.Name)), work.Venue, work.Year?.ToString(CultureInfo.InvariantCulture) }.Where(part => !string.IsNullOrEmpty(part))), 240);

    public static PageHead Head(Work work, string site) => new($"/works/{work.Id}", "article", Mathematics.Text(work.Title), StructuredData.Article(work, site))
    {
        // The names by which reference managers in a browser find what a page is about.
        Meta =
        [
            ("citation_title", Mathematics.Text(work.Title)),
            .. work.InOrder().Take(Named).Select(author => ("citation_author", author.Name)),
            .. Known("citation_publication_date", work.PublicationDate?.ToString("yyyy/MM/dd", CultureInfo.InvariantCulture) ?? work.Year?.ToString(CultureInfo.InvariantCulture)),
            .. Known("citation_journal_title", work.Venue),
            .. Known("citation_doi", Shown.DoiAddress(work.Doi) is null ? null : work.Doi),
            .. Known("citation_arxiv_id", Shown.ArxivAddress(work.ArxivId) is null ? null : work.ArxivId),
        ],
        Alternates = [("application/x-bibtex", $"/works/{work.Id}.bib"), ("application/vnd.citationstyles.csl+json", $"/works/{work.Id}.csl.json")],
    };

    private static IEnumerable<(string, string)> Known(string name, string? content) => content is null ? [] : [(name, content)];
}
