using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>Ends the session. Only a form of this site does that.</summary>
[ResponseCache(Location = ResponseCacheLocation.None, NoStore = true)]
internal sealed class SignOutModel : PageModel
{
    public async Task<IActionResult> OnGet() => await Session.Of(HttpContext) is null ? Page() : LocalRedirect("/");

    public async Task<IActionResult> OnPost()
    {
        await Session.End(HttpContext);
        return LocalRedirect("/sign-out");
    }
}
