using System.Text.Json;
using System.Text.Json.Nodes;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Html;

namespace BzPeer.Web;

/// <summary>What a page tells those who do not read it: search engines, previews of links, and programs that collect references.</summary>
/// <param name="Address">Where it lives, as a path: the one address among all that lead to it.</param>
/// <param name="Kind">What Open Graph calls it, <c>profile</c> or <c>article</c>.</param>
/// <param name="Title">What it is about.</param>
/// <param name="Data">The same as schema.org describes it, or null when it could not be had.</param>
internal sealed record PageHead(string Address, string Kind, string Title, JsonObject? Data)
{
    /// <summary>Names and contents of further <c>meta</c> elements.</summary>
    public IReadOnlyList<(string Name, string Content)> Meta { get; init; } = [];

    /// <summary>The same in other forms: type and path.</summary>
    public IReadOnlyList<(string Type, string Address)> Alternates { get; init; } = [];

    /// <summary>The default encoder writes every character that could end the element, or begin another, as an escape.</summary>
    public IHtmlContent? Json => Data is null ? null : new HtmlString(Data.ToJsonString(JsonSerializerOptions.Default));
}

/// <summary>The site as everybody else knows it: as it is configured, else as this request came.</summary>
/// <param name="Configured">Scheme and host from <c>Site:Origin</c>, or null.</param>
internal sealed record PublicOrigin(Uri? Configured)
{
    /// <exception cref="InvalidSetting">It is set and is no origin; or, outside Development, it is not that of a site over HTTPS.</exception>
    public static PublicOrigin Read(IConfiguration configuration, IHostEnvironment environment)
    {
        const string key = "Site:Origin";
        if (environment.IsDevelopment() && configuration[key] is not { Length: > 0 }) return new((Uri?)null);
        var text = configuration.Required(key, "the address under which people reach this site, such as https://bzpeer.example");
        return Uri.TryCreate(text, UriKind.Absolute, out var origin) && (origin.Scheme == "https" || (origin.Scheme == "http" && environment.IsDevelopment())) && origin.PathAndQuery == "/"
            ? new(origin)
            : throw new InvalidSetting($"The setting '{key}' is '{text}', which is not the address of a site such as https://bzpeer.example. Set the environment variable Site__Origin.");
    }

    public string Of(HttpRequest request) => Configured?.GetLeftPart(UriPartial.Authority) ?? $"{request.Scheme}://{request.Host}";

    /// <summary>
    /// A request is for the public address, whatever a proxy in front, or who sent it, says. Cookies are for HTTPS only where that is, and the sign-in
    /// provider sends people back to where the site is registered.
    /// </summary>
    public void Apply(HttpRequest request)
    {
        if (Configured is null) return;
        request.Scheme = Configured.Scheme;
        request.Host = HostString.FromUriComponent(Configured);
    }
}
