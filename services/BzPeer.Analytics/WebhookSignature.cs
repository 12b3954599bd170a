using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BzPeer.Analytics;

/// <summary>Signs what is sent as Standard Webhooks 1.0 says, so that a receiver verifies it with any of its libraries.</summary>
internal static class WebhookSignature
{
    /// <summary>What a secret begins with when it is shown.</summary>
    private const string SecretPrefix = "whsec_";

    private const int KeyBytes = 32;

    /// <summary>A key nobody else has.</summary>
    public static byte[] NewKey() => RandomNumberGenerator.GetBytes(KeyBytes);

    /// <summary>A key as its owner gets to see it.</summary>
    public static string Secret(byte[] key) => SecretPrefix + Convert.ToBase64String(key);

    /// <summary>The value of <c>webhook-signature</c>: one for each key that is valid, the newest first.</summary>
    public static string Of(IEnumerable<byte[]> keys, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")), .. body];
        return string.Join(' ', keys.Select(key => "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed))));
    }
}
