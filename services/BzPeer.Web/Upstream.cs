using BzPeer.ServiceDefaults;

namespace BzPeer.Web;

/// <summary>The services behind the gateway, and where they are.</summary>
internal static class Upstream
{
    public const string Profile = "Profile";
    public const string Follow = "Follow";
    public const string Publication = "Publication";
    public const string Trust = "Trust";
    public const string Analytics = "Analytics";

    public static readonly string[] All = [Profile, Follow, Publication, Trust, Analytics];

    /// <summary>Base address of a service. A missing or wrong one ends the process with a sentence that names it.</summary>
    public static Uri Address(IConfiguration configuration, string service) =>
        Uri.TryCreate(configuration[$"Services:{service}"], UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new InvalidSetting(
                $"The setting 'Services:{service}' must be the base URL of the {service} service, like http://localhost:5101. Set the environment variable Services__{service}.");
}
