using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Localization;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace BzPeer.Web.Pages;

/// <summary>
/// A file of records, handed on to Publication while it arrives. So it is never held here, neither in memory nor on disk, and this page
/// reads its form itself: what MVC binds, and its own check of the form's token, would read all of it first.
/// </summary>
[SignedIn(Curator = true)]
[DisableRequestSizeLimit]
[IgnoreAntiforgeryToken]
internal sealed class CurateImportsModel(BzPeerApi api, IStringLocalizer<Texts> texts, ServiceTexts told, IAntiforgery antiforgery, IOptions<AntiforgeryOptions> forms, IConfiguration configuration) : PageModel
{
    /// <summary>The formats, and what a file of each is.</summary>
    public IReadOnlyList<(string Name, string Label)> Formats =>
    [
        ("openalex", texts["OpenAlex: works or authors (JSON, NDJSON)"]), ("crossref", texts["Crossref: works (JSON, NDJSON)"]), ("arxiv", texts["arXiv: an Atom feed, OAI-PMH or JSON"]),
        ("orcid", texts["ORCID: a record or its works (XML, JSON)"]), ("bibtex", texts["BibTeX: a list somebody keeps"]), ("csl", texts["CSL-JSON: a list somebody keeps"]),
        ("retraction-watch", texts["Retraction Watch: retractions (CSV)"]),
    ];

    public string Format { get; private set; } = "openalex";

    public Said? Said { get; private set; }

    public void OnGet()
    {
    }

    public async Task<IActionResult> OnPost()
    {
        var ct = HttpContext.RequestAborted;
        if (!MediaTypeHeaderValue.TryParse(Request.ContentType, out var type) || HeaderUtilities.RemoveQuotes(type.Boundary) is not { Length: > 0 } boundary)
            return StatusCode(StatusCodes.Status400BadRequest);
        // Said at once, and not after half an hour of sending; what is a little too large Publication refuses.
        if (Request.ContentLength > Gateway.ImportLimit(configuration))
            return Refuse(texts["An import may have {0:N0} bytes. Send it in parts, or packed with gzip.", Gateway.ImportLimit(configuration)]);
        var parts = new MultipartReader(boundary.ToString(), Request.Body);
        // As a browser sends them, in the order of the form: its token and the format, then the file.
        while (await parts.ReadNextSectionAsync(ct) is { } part)
        {
            switch (part.GetContentDispositionHeader()?.Name.ToString().Trim('"'))
            {
                case "__RequestVerificationToken":
                    Request.Headers[forms.Value.HeaderName!] = await Text(part, ct);
                    break;
                case "format":
                    Format = await Text(part, ct);
                    break;
                case "file":
                    return await antiforgery.IsRequestValidAsync(HttpContext) ? await Take(part, ct) : StatusCode(StatusCodes.Status400BadRequest);
            }
        }
        return StatusCode(StatusCodes.Status400BadRequest);
    }

    private async Task<IActionResult> Take(MultipartSection part, CancellationToken ct)
    {
        if (part.AsFileSection()?.FileName is not { Length: > 0 } name)
            return Refuse(texts["Choose a file."]);
        var me = (await Session.Of(HttpContext))!;
        var answer = await api.StartImport(Format, part.Body, MediaTypeOf(name) ?? part.ContentType ?? "application/octet-stream", me.AccessToken, ct);
        return answer switch
        {
            { Status: System.Net.HttpStatusCode.Unauthorized } => await this.SignInAgain(),
            { Value: { } import } => LocalRedirect($"/curate/imports/{import.Id}"),
            _ => Refuse(told.Refusal(answer) ?? texts["That was not taken."]),
        };
    }

    private PageResult Refuse(string why)
    {
        Said = new("file", why, Refused: true);
        return Page();
    }

    /// <summary>What a file is by its name, where browsers know less than that; null where the name says nothing.</summary>
    private static string? MediaTypeOf(string name) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".json" => "application/json",
        ".ndjson" or ".jsonl" => "application/x-ndjson",
        ".xml" or ".atom" => "application/xml",
        ".bib" or ".bibtex" => "application/x-bibtex",
        ".csv" => "text/csv",
        ".gz" => "application/gzip",
        _ => null,
    };

    /// <summary>A field, which is short: no more of it is read.</summary>
    private static async Task<string> Text(MultipartSection part, CancellationToken ct)
    {
        using var reader = new StreamReader(part.Body);
        var buffer = new char[1000];
        return new string(buffer, 0, await reader.ReadBlockAsync(buffer, ct));
    }
}
