using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>What a visitor sees instead of a page that is not there, gone or broken.</summary>
[ResponseCache(Location = ResponseCacheLocation.None, NoStore = true)]
[IgnoreAntiforgeryToken]
internal sealed class StatusModel : PageModel
{
    public int Code { get; private set; }

    public (string Title, string Explanation) Text => Code switch
    {
        400 => ("That request cannot be understood", "Part of the address or the form is not as it should be. If you came from a form, load it again and repeat."),
        403 => ("This is for curators", "Curators import works and look after the record. Whoever runs this site gives people that role."),
        404 => ("Nothing is here", "The address may be wrong, or the researcher or work has not been imported yet."),
        410 when OfWork => ("This work is gone", "No source speaks of it any more. If one does again, it comes back at this address."),
        410 => ("This profile was erased", "The person it was about asked for it to be removed. Their works remain in the record."),
        413 => ("That is too much at once", "What was sent is larger than a page takes."),
        501 => ("Not possible yet", "This is planned, and not there yet."),
        503 => ("This cannot be shown right now", "A part of BZPEER does not answer. Try again in a few seconds."),
        >= 500 => ("Something went wrong here", "It is our fault, and it has been recorded. Try again in a moment."),
        _ => ("That did not work", "The page cannot be shown this way."),
    };

    /// <summary>The address that was asked for is that of a work.</summary>
    private bool OfWork => HttpContext.Features.Get<IStatusCodeReExecuteFeature>()?.OriginalPath is { } asked
        && (asked.StartsWith("/works/", StringComparison.Ordinal) || asked.StartsWith("/explore/work/", StringComparison.Ordinal));

    public string Title => Text.Title;

    public string Explanation => Text.Explanation;

    public void OnGet() => Answer();

    public void OnPost() => Answer();

    private void Answer()
    {
        // Not bound: binding would read the form again, and the form may be what is wrong.
        Code = int.Parse((string)RouteData.Values["code"]!, CultureInfo.InvariantCulture);
        if (Code is < 400 or > 599)
            Code = StatusCodes.Status404NotFound;
        Response.StatusCode = Code;
    }
}
