using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace BzPeer.ServiceDefaults;

/// <summary>
/// The tokens that the API is called with. Profile issues them, to who signed in, and signs them; every service checks them by keys on its
/// own machine, and asks nobody. In Development one secret key does both; elsewhere only Profile has the private key.
/// </summary>
public sealed class AccessTokens
{
    private const string Audience = "bzpeer";
    private const string SigningKeyFile = "Auth:SigningKeyFile";
    private const string VerificationKeysFile = "Auth:VerificationKeysFile";

    private readonly SigningCredentials key;
    private readonly string issuer;
    private readonly TimeProvider clock;

    private AccessTokens(SigningCredentials key, string issuer, TimeProvider clock) => (this.key, this.issuer, this.clock) = (key, issuer, clock);

    /// <summary>How long a token is good for, and with it a session: a day's work, and a token that got away is of no use the day after.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromHours(12);

    /// <summary>A token of <paramref name="researcherId"/> with these roles, and when it ends.</summary>
    public (string Token, DateTimeOffset ExpiresAt) Issue(Guid researcherId, IEnumerable<string> roles)
    {
        var now = clock.GetUtcNow();
        var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = Audience,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + Lifetime).UtcDateTime,
            Claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = researcherId.ToString(), ["roles"] = roles.ToArray() },
            SigningCredentials = key,
        });
        return (token, now + Lifetime);
    }

    /// <summary>For the service that issues tokens.</summary>
    /// <exception cref="InvalidSetting">The key that signs is not there or cannot be used.</exception>
    public static AccessTokens Read(IConfiguration configuration, IHostEnvironment environment, TimeProvider clock) =>
        new(environment.IsDevelopment() ? new(ReadSecret(configuration), SecurityAlgorithms.HmacSha256) : new(ReadPrivateKey(configuration), SecurityAlgorithms.EcdsaSha256),
            Issuer(environment), clock);

    /// <summary>How every service tells that a token is genuine.</summary>
    /// <exception cref="InvalidSetting">The keys are not there or cannot be used.</exception>
    internal static TokenValidationParameters Validation(IConfiguration configuration, IHostEnvironment environment) => new()
    {
        NameClaimType = JwtRegisteredClaimNames.Sub,
        RoleClaimType = "roles",
        ValidIssuer = Issuer(environment),
        ValidAudience = Audience,
        ValidAlgorithms = [environment.IsDevelopment() ? SecurityAlgorithms.HmacSha256 : SecurityAlgorithms.EcdsaSha256],
        IssuerSigningKeys = environment.IsDevelopment() ? [ReadSecret(configuration)] : ReadPublicKeys(configuration),
        ClockSkew = TimeSpan.FromSeconds(30),
    };

    private static string Issuer(IHostEnvironment environment) => environment.IsDevelopment() ? "bzpeer-development" : "bzpeer";

    private static SymmetricSecurityKey ReadSecret(IConfiguration configuration)
    {
        var (text, path) = ReadFile(configuration, SigningKeyFile, "the file with the base64 development signing key");
        var key = new byte[text.Length];
        return Convert.TryFromBase64String(text.Trim(), key, out var length) && length >= 32
            ? new SymmetricSecurityKey(key[..length])
            : throw new InvalidSetting($"The setting '{SigningKeyFile}' names '{path}', which does not hold at least 32 bytes in base64.");
    }

    private static ECDsaSecurityKey ReadPrivateKey(IConfiguration configuration)
    {
        var (text, path) = ReadFile(configuration, SigningKeyFile, "the file with the private key (PEM, on the curve P-256) that signs access tokens");
        return ReadKeys(text, "PRIVATE KEY") is [var key] ? key : throw new InvalidSetting($"The setting '{SigningKeyFile}' names '{path}', which does not hold one private key on the curve P-256 in PEM.");
    }

    /// <summary>Several while one takes over from another: each is good for as long as it stands here.</summary>
    private static List<ECDsaSecurityKey> ReadPublicKeys(IConfiguration configuration)
    {
        var (text, path) = ReadFile(configuration, VerificationKeysFile, "the file with the public keys (PEM) of the key that signs access tokens");
        return ReadKeys(text, "PUBLIC KEY") is { Count: > 0 } keys ? keys : throw new InvalidSetting($"The setting '{VerificationKeysFile}' names '{path}', which does not hold public keys on the curve P-256 in PEM.");
    }

    private static List<ECDsaSecurityKey> ReadKeys(ReadOnlySpan<char> text, string label)
    {
        List<ECDsaSecurityKey> keys = [];
        for (; PemEncoding.TryFind(text, out var found); text = text[found.Location.End..])
        {
            // "EC PRIVATE KEY" is one too; parameters before it say nothing more.
            if (!text[found.Label].EndsWith(label, StringComparison.Ordinal)) continue;
            var key = ECDsa.Create();
            try
            {
                key.ImportFromPem(text[found.Location]);
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                return [];
            }
            if (key.KeySize != 256) return [];
            keys.Add(new(key));
        }

        return keys;
    }

    private static (string Text, string Path) ReadFile(IConfiguration configuration, string setting, string meaning)
    {
        var path = configuration.Required(setting, meaning);
        return File.Exists(path) ? (File.ReadAllText(path), path) : throw new InvalidSetting($"The setting '{setting}' names '{path}', and there is no such file.");
    }
}
