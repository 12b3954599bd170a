using System.Security.Cryptography;
using System.Text;

namespace BzPeer.ServiceDefaults;

/// <summary>Ids that are the same wherever and whenever they are made: UUIDv5 (RFC 9562, section 5.5) of a name.</summary>
public static class NameBasedId
{
    /// <summary>The id of <paramref name="name"/> within <paramref name="space"/>. Stored streams are found by it: it never changes.</summary>
    public static Guid Of(Guid space, string name)
    {
        var input = new byte[16 + Encoding.UTF8.GetByteCount(name)];
        space.TryWriteBytes(input, bigEndian: true, out _);
        Encoding.UTF8.GetBytes(name, input.AsSpan(16));
        Span<byte> hash = stackalloc byte[20];
#pragma warning disable CA5350 // UUIDv5 is defined over SHA-1; nothing here is a secret.
        SHA1.HashData(input, hash);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}

/// <summary>
/// Ids of works, authors, topics and institutions, from the first key that a source names them by: the same wherever and whenever they are made,
/// so that whoever meets somebody first (an import, a sign-in) gives them the id that the others would.
/// </summary>
public static class StableId
{
    private static readonly Guid Space = new("1d0c7c1e-6f2b-5b8e-8a55-3f1c2b9e7d40");

    /// <summary>The id of what <paramref name="key"/> names, such as <c>orcid:0000-0002-1825-0097</c>.</summary>
    public static Guid Of(string key) => NameBasedId.Of(Space, key);
}
