using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>Takes the language a visitor chooses at the foot of any page, and goes back there.</summary>
/// <remarks>
/// Without the token of other forms: it would put a cookie into every page, for everybody and against every cache, and all that a forged
/// choice brings is a page in the other language.
/// </remarks>
[IgnoreAntiforgeryToken]
internal sealed class LanguageModel : PageModel
{
    public IActionResult OnGet() => LocalRedirect("/");

    public IActionResult OnPost(string? language, string? returnUrl) =>
        Languages.Choose(HttpContext, language) ? LocalRedirect(Url.IsLocalUrl(returnUrl) ? returnUrl : "/") : StatusCode(StatusCodes.Status400BadRequest);
}
