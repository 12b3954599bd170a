using BzPeer.Provisioning;
using Xunit;

namespace BzPeer.Testing;

/// <summary>Runs the scripts in <c>tests/node</c>, which see our events as other languages do.</summary>
public static class TestNode
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "node");

    private static readonly string LockFolder = Path.Combine(Repository.DataFolder, "tests");

    private static readonly Lazy<Task<string>> Installed = new(() => Node.EnsureAsync(LockFolder, Console.Error.WriteLine));

    /// <summary>What the script printed. It has failed where it ends with anything but 0. Where no Node.js can be had, the test is skipped and says why.</summary>
    public static async Task<string> RunAsync(string script, params string[] arguments)
    {
        var node = await PathAsync();
        await InstallPackagesAsync(Folder);
        return await Node.RunAsync(node, Path.Combine(Folder, script), arguments, TestContext.Current.CancellationToken);
    }

    /// <summary>Installs what the lockfile of a folder names, once.</summary>
    public static Task InstallPackagesAsync(string folder) => Node.InstallPackagesAsync(folder, LockFolder, TestContext.Current.CancellationToken);

    /// <summary>The path of node. Where none can be had, the test is skipped and says why.</summary>
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
