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
internal sealed record PublicOrigin(string? Configured)
{
    /// <exception cref="InvalidSetting">It is set and is no origin.</exception>
    public static PublicOrigin Read(IConfiguration configuration)
    {
        if (configuration["Site:Origin"] is not { Length: > 0 } text) return new((string?)null);
        return Uri.TryCreate(text, UriKind.Absolute, out var origin) && origin.Scheme is "http" or "https" && origin.PathAndQuery == "/"
            ? new(origin!.GetLeftPart(UriPartial.Authority))
            : throw new InvalidSetting($"The setting 'Site:Origin' is '{text}', which is not the address of a site such as https://bzpeer.example. Set the environment variable Site__Origin.");
    }

    public string Of(HttpRequest request) => Configured ?? $"{request.Scheme}://{request.Host}";
}
