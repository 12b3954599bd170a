using System.Net;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.ViewFeatures;

namespace BzPeer.Web;

/// <summary>A page for people who are signed in, or for curators. Whoever is not signed in is asked who they are and comes back; whoever is no curator gets 403.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SignedInAttribute : Attribute, IAsyncAuthorizationFilter
{
    /// <summary>Only for curators.</summary>
    public bool Curator { get; init; }

    public async Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        var http = context.HttpContext;
        // One person's own: not for a cache, nor for who goes back after they signed out.
        http.Response.Headers.CacheControl = "no-cache, no-store";
        if (await Session.Of(http) is not { } me)
            context.Result = new LocalRedirectResult(SignedIn.Address(http.Request));
        else if (Curator && !me.Curator)
            context.Result = new StatusCodeResult(StatusCodes.Status403Forbidden);
    }
}

internal static class SignedIn
{
    /// <summary>Where the visitor says who they are, and comes back from to this page. What a form did is not in its address: a form comes back to the page alone.</summary>
    public static string Address(HttpRequest request) =>
        $"/sign-in?returnUrl={Uri.EscapeDataString(request.Path + (HttpMethods.IsGet(request.Method) ? request.QueryString : default))}";

    /// <summary>The token has run out: the visitor is nobody until they sign in again.</summary>
    public static async Task<IActionResult> SignInAgain(this PageModel page)
    {
        await Session.End(page.HttpContext);
        return page.LocalRedirect(Address(page.Request));
    }

    /// <summary>What a page does when what it is about is not for this visitor; null when the page goes on, be it without.</summary>
    public static async Task<IActionResult?> InsteadOf<T>(this PageModel page, Answer<T> answer) where T : class => answer switch
    {
        { Status: HttpStatusCode.Unauthorized } => await page.SignInAgain(),
        { Status: { } status, Unavailable: false, Value: null } => page.StatusCode((int)status),
        _ => null,
    };
}

/// <summary>What a page says of the form that was sent last.</summary>
/// <param name="Part">The part of the page that the form stands in.</param>
/// <param name="Text">What was done, or why it was not.</param>
/// <param name="Refused">Whether it was not.</param>
internal sealed record Said(string Part, string Text, bool Refused)
{
    /// <summary>To be said by the page that the visitor is sent to now.</summary>
    public static void Next(ITempDataDictionary notes, string part, string text) => notes[nameof(Said)] = new[] { part, text };

    /// <summary>What the page before left to say.</summary>
    public static Said? From(ITempDataDictionary notes) => notes[nameof(Said)] is string[] and [var part, var text] ? new(part, text, Refused: false) : null;
}
