using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>What somebody sees who wanted to sign in and is not.</summary>
[ResponseCache(Location = ResponseCacheLocation.None, NoStore = true)]
internal sealed class SignInFailedModel(SignInProvider provider, IStringLocalizer<Texts> texts, ServiceTexts told) : PageModel
{
    public (int Status, string Title, string Explanation) Text { get; private set; }

    public string ReturnUrl { get; private set; } = "/";

    public void OnGet(string? why, string? returnUrl)
    {
        ReturnUrl = Url.IsLocalUrl(returnUrl) ? returnUrl : "/";
        Text = why switch
        {
            SignInFailed.Declined => (200, texts["You are not signed in"], texts["You, or {0}, declined. Nothing was changed.", provider.Authority.Host]),
            SignInFailed.Unavailable => (503, texts["Signing in is not possible right now"], texts["What is needed for it, {0} or our own record of who is who, does not answer. Everything public can still be read.", provider.Authority.Host]),
            SignInFailed.Refused => (403, texts["You cannot be signed in"], Said.From(TempData)?.Text is { } said ? told.Text(said) : texts["Nobody could tell which researcher you are."]),
            _ => (400, texts["That sign-in did not come to its end"], texts["It was begun in another browser or too long ago, or somebody else began it. You are not signed in."]),
        };
        Response.StatusCode = Text.Status;
    }
}
