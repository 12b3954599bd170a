using System.Security.Cryptography;

namespace BzPeer.Provisioning;

/// <summary>The key that signs tokens in Development: random, for this data folder only, readable by its owner only.</summary>
public static class SigningKey
{
    /// <summary>Makes the key file if it is not there, and answers its path.</summary>
    public static string Ensure(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        if (File.Exists(file))
            return file;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        // Written beside its place: a start that is interrupted here must not leave an empty key.
        var unfinished = file + ".new";
        File.Delete(unfinished);
        using (var writer = new StreamWriter(unfinished, options))
            writer.WriteLine(Convert.ToBase64String(RandomNumberGenerator.GetBytes(48)));
        File.Move(unfinished, file);
        return file;
    }
}
