using System.Text.Json;

namespace BzPeer.Provisioning;

/// <summary>
/// The processes that were started for a data folder, on disk: when their starter is killed, the next one finds them by it.
/// </summary>
public sealed class ProcessRecords(string dataFolder)
{
    private readonly string file = Path.Combine(dataFolder, "processes.json");
    private readonly Lock writing = new();

    /// <summary>Remembers a process, in the place of the one of that name before it.</summary>
    public void Add(ProcessMark process)
    {
        lock (writing)
            Write([.. Read().Where(known => known.Name != process.Name), process]);
    }

    /// <summary>Stops whatever of them still runs. Answers the names of those that did.</summary>
    public async Task<IReadOnlyList<string>> StopLeftoversAsync()
    {
        var left = Read().Where(process => process.IsRunning).ToList();
        await Task.WhenAll(left.Select(process => process.StopAsync(TimeSpan.FromSeconds(15))));
        lock (writing)
            Write([]);
        return [.. left.Select(process => process.Name)];
    }

    private IReadOnlyList<ProcessMark> Read()
    {
        try
        {
            return JsonSerializer.Deserialize<List<ProcessMark>>(File.ReadAllText(file)) ?? [];
        }
        catch (IOException) when (!File.Exists(file))
        {
            return [];
        }
    }

    private void Write(IReadOnlyList<ProcessMark> processes)
    {
        Directory.CreateDirectory(dataFolder);
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(processes));
        File.Move(file + ".new", file, overwrite: true);
    }
}
