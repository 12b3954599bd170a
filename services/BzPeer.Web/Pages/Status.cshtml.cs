using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>What a visitor sees instead of a page that is not there, gone or broken.</summary>
[ResponseCache(Location = ResponseCacheLocation.None, NoStore = true)]
[IgnoreAntiforgeryToken]
internal sealed class StatusModel(IStringLocalizer<Texts> texts) : PageModel
{
    public int Code { get; private set; }

    public (string Title, string Explanation) Text => Code switch
    {
        400 => (texts["That request cannot be understood"], texts["Part of the address or the form is not as it should be. If you came from a form, load it again and repeat."]),
        403 => (texts["This is for curators"], texts["Curators import works and look after the record. Whoever runs this site gives people that role."]),
        404 => (texts["Nothing is here"], texts["The address may be wrong, or the researcher or work has not been imported yet."]),
        410 when OfWork => (texts["This work is gone"], texts["No source speaks of it any more. If one does again, it comes back at this address."]),
        410 => (texts["This profile was erased"], texts["The person it was about asked for it to be removed. Their works remain in the record."]),
        413 => (texts["That is too much at once"], texts["What was sent is larger than a page takes."]),
        501 => (texts["Not possible yet"], texts["This is planned, and not there yet."]),
        503 => (texts["This cannot be shown right now"], texts["A part of BZPEER does not answer. Try again in a few seconds."]),
        >= 500 => (texts["Something went wrong here"], texts["It is our fault, and it has been recorded. Try again in a moment."]),
        _ => (texts["That did not work"], texts["The page cannot be shown this way."]),
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
