using BzPeer.Provisioning;
using Xunit;

namespace BzPeer.Testing;

/// <summary>The Chromium that browser tests drive.</summary>
public static class TestBrowser
{
    private static readonly Lazy<Task<string>> Installed =
        new(() => Chromium.EnsureAsync(Path.Combine(Repository.DataFolder, "tests"), Console.Error.WriteLine));

    /// <summary>Flags for Playwright's launch options.</summary>
    public static IReadOnlyList<string> Flags => Chromium.Flags;

    /// <summary>
    /// The path for Playwright's <c>ExecutablePath</c>, installed first where it can be; where it cannot, the test is
    /// skipped and says why.
    /// </summary>
    public static async Task<string> PathAsync()
    {
        try
        {
            return await Installed.Value;
        }
        catch (ProvisioningException e)
        {
            Assert.Skip(e.Message);
            throw;
        }
    }
}
