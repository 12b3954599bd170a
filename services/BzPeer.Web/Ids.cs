using System.Buffers.Text;

namespace BzPeer.Web;

internal static class Ids
{
    /// <summary>Every id in a text, in the form that addresses, answers and events have.</summary>
    public static List<Guid> In(ReadOnlySpan<byte> text)
    {
        const int beforeHyphen = 8;
        List<Guid> ids = [];
        for (var at = 0; at < text.Length;)
        {
            var hyphen = text[at..].IndexOf((byte)'-');
            if (hyphen < 0) break;
            var start = at + hyphen - beforeHyphen;
            if (start >= 0 && Utf8Parser.TryParse(text[start..], out Guid id, out var length))
            {
                ids.Add(id);
                at = start + length;
            }
            else
            {
                at += hyphen + 1;
            }
        }

        return ids;
    }
}
