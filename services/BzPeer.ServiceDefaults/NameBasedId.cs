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
