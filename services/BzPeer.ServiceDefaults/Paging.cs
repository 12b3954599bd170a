using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
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

    private const int MarkLength = 4;

    /// <summary>The limit to use for the one asked for.</summary>
    public static int Clamp(int? limit) => Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit);

    /// <summary>
    /// Cuts a page out of up to <paramref name="limit"/> + 1 rows and names the next one, in the body and as a <c>Link</c> header.
    /// </summary>
    public static Page<T> PageOf<T>(this HttpContext http, List<T> rows, int limit, Func<T, string> cursorOf)
    {
        if (rows.Count <= limit) return new Page<T>(rows, null);
        rows.RemoveRange(limit, rows.Count - limit);
        var next = Encode(ListOf(http), cursorOf(rows[^1]));
        var query = QueryHelpers.ParseQuery(http.Request.QueryString.Value);
        query["cursor"] = next;
        http.Response.Headers.Link = $"<{QueryHelpers.AddQueryString(http.Request.PathBase + http.Request.Path, query)}>; rel=\"next\"";
        return new Page<T>(rows, next);
    }

    /// <summary>Hides a position of a list behind an opaque cursor, marked so that no other list takes it for one of its own, nor any a part of it.</summary>
    /// <param name="list">The list: the pattern of its address.</param>
    /// <param name="position">Where a page of it ended.</param>
    public static string Encode(string list, string position)
    {
        var text = Encoding.UTF8.GetBytes(position);
        return Base64Url.EncodeToString([.. Mark(list, text), .. text]);
    }

    /// <summary>The position behind a cursor of this list; an empty cursor is none. False when it is not one of ours.</summary>
    public static bool TryDecode(HttpContext http, string? cursor, out string? position)
    {
        position = null;
        if (string.IsNullOrEmpty(cursor)) return true;
        if (cursor.Length > 1_000 || !Base64Url.IsValid(cursor)) return false;
        var bytes = Base64Url.DecodeFromChars(cursor).AsSpan();
        if (bytes.Length < MarkLength || !bytes[..MarkLength].SequenceEqual(Mark(ListOf(http), bytes[MarkLength..]))) return false;
        position = Encoding.UTF8.GetString(bytes[MarkLength..]);
        return true;
    }

    /// <summary>As <see cref="TryDecode"/>, for lists ordered by a number; <paramref name="otherwise"/> for the first page.</summary>
    public static bool TryDecodeNumber(HttpContext http, string? cursor, long otherwise, out long position)
    {
        position = otherwise;
        if (!TryDecode(http, cursor, out var text)) return false;
        return text is null || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out position);
    }

    // Not a secret: a cursor says nothing that a list would not. Of whose list it is says nothing either: a merge changes that.
    private static ReadOnlySpan<byte> Mark(string list, ReadOnlySpan<byte> position) => SHA256.HashData([.. Encoding.UTF8.GetBytes(list), .. position]).AsSpan(0, MarkLength);

    private static string ListOf(HttpContext http) => (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? http.Request.Path;

    /// <summary>400 for a cursor that is not one of ours.</summary>
    public static Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult MalformedCursor() =>
        Problems.Malformed("cursor", "Use the 'next' of the page before as it is, or leave the cursor out for the first page.");
}
