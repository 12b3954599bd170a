using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>Development sign-in as any researcher. It does not exist in Production.</summary>
[ResponseCache(Location = ResponseCacheLocation.None, NoStore = true)]
internal sealed class SignInModel(BzPeerApi api, IHostEnvironment environment) : PageModel
{
    public string ReturnUrl { get; private set; } = "/";

    public string? Query { get; private set; }

    public IReadOnlyList<Card> Found { get; private set; } = [];

    public string? Problem { get; private set; }

    public async Task<IActionResult> OnGet(string? q, string? returnUrl, CancellationToken ct)
    {
        if (!environment.IsDevelopment())
            return NotFound();
        await Show(q, returnUrl, ct);
        return Page();
    }

    public async Task<IActionResult> OnPost(Guid? chosen, string? id, bool curator, string? query, string? returnUrl, CancellationToken ct)
    {
        if (!environment.IsDevelopment())
            return NotFound();
        if ((chosen ?? (Guid.TryParse(id?.Trim(), out var pasted) ? pasted : null)) is not { } researcher)
            return await Refuse("Choose somebody, or paste a researcher id: 32 hexadecimal digits with dashes.", query, returnUrl, ct);

        var card = api.Card(researcher, ct);
        var token = await api.DevelopmentToken(researcher, curator ? ["curator"] : [], ct);
        if (token.Value is null)
            return await Refuse($"The {token.Service} service gave no token{(token.Problem is { } why ? $": {why}" : ". Try again.")}", query, returnUrl, ct);

        var name = (await card).Value?.Name ?? $"Researcher {researcher.ToString()[..8]}";
        await new Session(researcher, name, curator, token.Value.Value).Begin(HttpContext);
        return LocalRedirect(Local(returnUrl));
    }

    private async Task<IActionResult> Refuse(string problem, string? query, string? returnUrl, CancellationToken ct)
    {
        await Show(query, returnUrl, ct);
        Problem = problem;
        return Page();
    }

    private async Task Show(string? q, string? returnUrl, CancellationToken ct)
    {
        ReturnUrl = Local(returnUrl);
        if (ResearcherQuery.From(q) is not { } query)
            return;
        Query = query.Text;
        var answer = await api.Search(query, 10, null, ct);
        Found = answer.Value?.Items ?? [];
        if (answer.Unavailable)
            Problem = $"The {answer.Service} service does not answer, so nobody can be searched for right now.";
    }

    private string Local(string? returnUrl) => Url.IsLocalUrl(returnUrl) ? returnUrl : "/";
}
