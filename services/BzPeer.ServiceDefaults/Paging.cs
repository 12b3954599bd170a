using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace BzPeer.ServiceDefaults;

/// <summary>One page of a list.</summary>
/// <param name="Items">At most <c>limit</c> of them.</param>
/// <param name="Next">Cursor of the following page, null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>How lists are cut: <c>?limit=</c> (default 40, clamped to 80) and an opaque <c>?cursor=</c>.</summary>
public static class Paging
{
    /// <summary>Items on a page when the caller does not say.</summary>
    public const int DefaultLimit = 40;

    /// <summary>Most items on a page; more is clamped, not refused.</summary>
    public const int MaxLimit = 80;

    /// <summary>The limit to use for the one asked for.</summary>
    public static int Clamp(int? limit) => Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit);

    /// <summary>
    /// Cuts a page out of up to <paramref name="limit"/> + 1 rows and names the next one, in the body and as a <c>Link</c> header.
    /// </summary>
    public static Page<T> PageOf<T>(this HttpContext http, List<T> rows, int limit, Func<T, string> cursorOf)
    {
        if (rows.Count <= limit) return new Page<T>(rows, null);
        rows.RemoveRange(limit, rows.Count - limit);
        var next = Encode(cursorOf(rows[^1]));
        var query = QueryHelpers.ParseQuery(http.Request.QueryString.Value);
        query["cursor"] = next;
        http.Response.Headers.Link = $"<{QueryHelpers.AddQueryString(http.Request.PathBase + http.Request.Path, query)}>; rel=\"next\"";
        return new Page<T>(rows, next);
    }

    /// <summary>Hides a position behind an opaque cursor.</summary>
    public static string Encode(string position) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(position));

    /// <summary>The position behind a cursor; an empty cursor is none. False when it is not one of ours.</summary>
    public static bool TryDecode(string? cursor, out string? position)
    {
        position = null;
        if (string.IsNullOrEmpty(cursor)) return true;
        if (cursor.Length > 1_000 || !Base64Url.IsValid(cursor)) return false;
        position = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        return true;
    }

    /// <summary>As <see cref="TryDecode"/>, for lists ordered by a number; <paramref name="otherwise"/> for the first page.</summary>
    public static bool TryDecodeNumber(string? cursor, long otherwise, out long position)
    {
        position = otherwise;
        if (!TryDecode(cursor, out var text)) return false;
        return text is null || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out position);
    }

    /// <summary>400 for a cursor that is not one of ours.</summary>
    public static Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult MalformedCursor() =>
        Problems.Malformed("cursor", "Use the 'next' of the page before as it is, or leave the cursor out for the first page.");
}
