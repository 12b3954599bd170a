using BzPeer.Provisioning;

namespace BzPeer.Local;

/// <summary>The folder in which a launcher keeps everything, and which it alone uses.</summary>
internal sealed class DataFolder : IDisposable
{
    // Named one by one: --data may point at a folder with other things in it, and --reset must not touch those.
    private static readonly string[] Kept = ["postgres", "rabbitmq", "logs", "servers.json", "processes.json", "sample.json", "urls.json", "signing-key", "web-keys"];

    private readonly IDisposable taken;

    private DataFolder(string path, IDisposable taken)
    {
        Path = path;
        this.taken = taken;
    }

    public string Path { get; }

    public string Urls => File("urls.json");

    public string SigningKey => File("signing-key");

    public string SampleState => File("sample.json");

    public string Logs => File("logs");

    /// <summary>Takes the folder, or says who has it.</summary>
    public static DataFolder Take(string path)
    {
        try
        {
            return new DataFolder(path, FolderLock.TryAlone(System.IO.Path.Combine(path, "launcher.lock")) ?? throw new ProvisioningException(
                $"Another launcher runs on {path}. Stop it with Ctrl-C, or give this one a folder of its own: --data PATH."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ProvisioningException($"{path} cannot be written to ({e.Message}). Choose another folder: --data PATH.", e);
        }
    }

    /// <summary>Stops what a launcher that was killed left running here.</summary>
    public async Task StopLeftoversAsync()
    {
        System.IO.File.Delete(Urls);
        if (await new ProcessRecords(Path).StopLeftoversAsync() is { Count: > 0 } stopped)
            Report.Warn($"Stopped {string.Join(", ", stopped)}, left running by a launcher that was killed.");
    }

    /// <summary>Forgets every earlier run.</summary>
    public async Task ResetAsync()
    {
        Report.Say($"Forgetting the state in {Path}.");
        await Servers.ForgetAsync(Path);
        foreach (var name in Kept.Select(File))
        {
            if (Directory.Exists(name))
                Directory.Delete(name, recursive: true);
            else
                System.IO.File.Delete(name);
        }
    }

    public void Dispose() => taken.Dispose();

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
