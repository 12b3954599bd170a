using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BzPeer.Provisioning;

namespace BzPeer.Testing;

/// <summary>
/// Development tokens without asking the service that issues them: the tests of the other services run without it. Written
/// by hand on purpose: a token made by the library that validates it would not show that others can make one.
/// </summary>
public sealed class TestTokens
{
    private readonly byte[] key;

    /// <summary>Signs with the key of this file, which is made if it is not there.</summary>
    public TestTokens(string keyFile)
    {
        KeyFile = SigningKey.Ensure(keyFile);
        key = Convert.FromBase64String(File.ReadAllText(KeyFile));
    }

    /// <summary>What <c>Auth:SigningKeyFile</c> is to name.</summary>
    public string KeyFile { get; }

    /// <summary>A token of a researcher, with these roles.</summary>
    public string For(Guid researcherId, params IReadOnlyList<string> roles) => Sign(new Dictionary<string, object>
    {
        ["iss"] = "bzpeer-development",
        ["aud"] = "bzpeer",
        ["sub"] = researcherId.ToString(),
        ["roles"] = roles,
        ["exp"] = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds(),
    });

    /// <summary>A token with any claims at all, for tests of what is refused.</summary>
    public string Sign(IReadOnlyDictionary<string, object> claims)
    {
        var content = Encode("""{"alg":"HS256","typ":"JWT"}"""u8) + "." + Encode(JsonSerializer.SerializeToUtf8Bytes(claims));
        return content + "." + Encode(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(content)));
    }

    private static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);
}
