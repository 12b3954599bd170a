using System.Net;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>Messages that a service could not handle: sending them again once the cause is repaired, or discarding them.</summary>
[SignedIn(Curator = true)]
internal sealed class CurateDeadLettersModel(BzPeerApi api, IStringLocalizer<Texts> texts, ServiceTexts told) : PageModel
{
    /// <summary>The services that listen to events, each with its own queue.</summary>
    private static readonly string[] Listening = [Upstream.Profile, Upstream.Follow, Upstream.Publication, Upstream.Trust];

    public IReadOnlyList<Answer<DeadLetterList>> Queues { get; private set; } = [];

    /// <summary>Its part is a service, or the id of the message that was decided about.</summary>
    public Said? Said { get; private set; }

    /// <summary>What was typed and refused.</summary>
    public string? Reason { get; private set; }

    public Task<IActionResult> OnGet(CancellationToken ct)
    {
        Said = Said.From(TempData);
        return Show(ct);
    }

    public async Task<IActionResult> OnPostResend(string? service, string? id, CancellationToken ct)
    {
        if (!Listening.Contains(service))
            return StatusCode(StatusCodes.Status400BadRequest);
        return await Decided(await api.Resend(service!, id, await Token(), ct), service!, id, moved => texts.Plural("{0:N0} message was sent again. If it fails again, it comes back here.|{0:N0} messages were sent again. What fails again comes back here.", moved), ct);
    }

    public async Task<IActionResult> OnPostDiscard(string? service, string? id, string? reason, CancellationToken ct)
    {
        if (!Listening.Contains(service) || id is null)
            return StatusCode(StatusCodes.Status400BadRequest);
        Reason = reason;
        return await Decided(await api.Discard(service!, id, reason, await Token(), ct), service!, id, moved => texts.Plural("{0:N0} message was discarded.|{0:N0} messages were discarded.", moved), ct);
    }

    private async Task<string> Token() => (await Session.Of(HttpContext))!.AccessToken;

    private async Task<IActionResult> Decided(Answer<DeadLettersMoved> answer, string service, string? id, Func<long, string> done, CancellationToken ct)
    {
        if (answer.Status is HttpStatusCode.Unauthorized)
            return await this.SignInAgain();
        if (answer.Value is not { } moved)
        {
            // A message that is not there any more has no place on the page to say so.
            Said = new(answer.Status is HttpStatusCode.NotFound ? service : id ?? service, told.Refusal(answer) ?? texts["That was refused."], Refused: true);
            return await Show(ct);
        }
        Said.Next(TempData, service, done(moved.Moved));
        return LocalRedirect("/curate/dead-letters");
    }

    private async Task<IActionResult> Show(CancellationToken ct)
    {
        var token = await Token();
        Queues = await Task.WhenAll(Listening.Select(service => api.DeadLetters(service, token, ct)));
        foreach (var queue in Queues)
        {
            if (await this.InsteadOf(queue) is { } instead)
                return instead;
        }
        return Page();
    }
}
