using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace BzPeer.ServiceDefaults;

/// <summary>Where people say who they are (OpenID Connect), and as whom this site is registered there.</summary>
/// <param name="Authority">The provider's issuer, such as https://orcid.org: its configuration is found from there.</param>
/// <param name="ClientId">What the provider calls this site: id tokens are for it.</param>
public sealed record SignInProvider(Uri Authority, string ClientId)
{
    /// <summary>The settings <c>SignIn:Authority</c> and <c>SignIn:ClientId</c>.</summary>
    /// <exception cref="InvalidSetting">One is missing or wrong.</exception>
    public static SignInProvider Read(IConfiguration configuration, IHostEnvironment environment)
    {
        const string key = "SignIn:Authority";
        var text = configuration.Required(key, "the OpenID Connect provider that people sign in with, such as https://orcid.org");
        return Uri.TryCreate(text, UriKind.Absolute, out var authority) && (authority.Scheme == "https" || (authority.Scheme == "http" && environment.IsDevelopment())) && authority.Query.Length == 0
            ? new(authority, configuration.Required("SignIn:ClientId", "the id under which this site is registered with the sign-in provider"))
            : throw new InvalidSetting($"The setting '{key}' is '{text}', which is not the address of a provider such as https://orcid.org. Set the environment variable SignIn__Authority.");
    }
}
