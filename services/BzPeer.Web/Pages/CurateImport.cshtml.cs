using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>How an import stands. Where scripts run it is told live; without them, a link looks again.</summary>
[SignedIn(Curator = true)]
internal sealed class CurateImportModel(BzPeerApi api) : PageModel
{
    public Answer<ImportStatus> Import { get; private set; } = null!;

    public async Task<IActionResult> OnGet(Guid id, CancellationToken ct)
    {
        Import = await api.Import(id, ct);
        return await this.InsteadOf(Import) ?? Page();
    }
}
