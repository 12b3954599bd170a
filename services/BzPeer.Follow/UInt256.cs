using System.Security.Cryptography;
using System.Text;

namespace BzPeer.Follow;

/// <summary>256 bits that can be XORed: a digest over a set, whatever the order its members came in.</summary>
public readonly record struct UInt256(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>SHA-256 of the id's lower-case text form.</summary>
    public static UInt256 Sha256Of(Guid id)
    {
        ReadOnlySpan<byte> hash = SHA256.HashData(Encoding.ASCII.GetBytes(id.ToString()));
        return new(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]), BitConverter.ToUInt64(hash[16..]), BitConverter.ToUInt64(hash[24..]));
    }

    /// <summary>Exclusive or, bit by bit.</summary>
    public static UInt256 operator ^(UInt256 x, UInt256 y) => new(x.A ^ y.A, x.B ^ y.B, x.C ^ y.C, x.D ^ y.D);

    /// <summary>The 32 bytes.</summary>
    public byte[] ToBytes() => [.. BitConverter.GetBytes(A), .. BitConverter.GetBytes(B), .. BitConverter.GetBytes(C), .. BitConverter.GetBytes(D)];

    /// <summary>64 lower-case hex digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToBytes());
}
