namespace BzPeer.Provisioning;

/// <summary>Where things are in a clone.</summary>
public static class Repository
{
    /// <summary>The folder with BzPeer.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder for everything that is made by running: git ignores it.</summary>
    public static string DataFolder => Path.Combine(Root, ".bzpeer");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "BzPeer.sln")))
                return folder.FullName;
        }
        throw new ProvisioningException($"{AppContext.BaseDirectory} is not inside a clone of BZPEER: no folder above it has BzPeer.sln.");
    }
}
