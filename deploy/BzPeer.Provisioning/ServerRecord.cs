using System.Text.Json;
using System.Text.Json.Serialization;

namespace BzPeer.Provisioning;

/// <summary>
/// A server as it stands in the record file: enough to use it, and enough for another process to stop it after a crash.
/// </summary>
public sealed record ServerRecord
{
    /// <summary>Where the server came from, for people: "PostgreSQL 15 of this machine", "container postgres:17.6-alpine".</summary>
    public required string Origin { get; init; }

    /// <summary>The Npgsql connection string or the AMQP address.</summary>
    public required string Address { get; init; }

    /// <summary>The address of the broker's management API and console, where it has one; it names user and password.</summary>
    public Uri? Management { get; init; }

    /// <summary>The processes that were started for it, in the order in which they are to be stopped.</summary>
    public IReadOnlyList<ProcessMark> Processes { get; init; } = [];

    /// <summary>The container that was started for it.</summary>
    public string? Container { get; init; }

    /// <summary>Where it logs, when it was started from installed programs.</summary>
    public string? Log { get; init; }

    /// <summary>The ports it was given, kept from start to start so that addresses stay what they were.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>A data folder outside the project's own, to be deleted with it.</summary>
    public string? FolderElsewhere { get; init; }

    /// <summary>Whether it was started here, and so is to be stopped here.</summary>
    [JsonIgnore]
    public bool IsOurs => Processes.Count > 0 || Container is not null;

    /// <summary>The end of its log, for a message.</summary>
    public string LogTail() => Log is not null ? Commands.Tail(Log) : $"  (docker logs {Container?[..12]} shows it)";
}

/// <summary>The record file of a data folder: <c>servers.json</c>.</summary>
internal sealed class ServerRecords(string dataFolder)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly string file = Path.Combine(dataFolder, "servers.json");
    private readonly Lock writing = new();

    public ServerRecord? this[string server] => Read().GetValueOrDefault(server);

    public IEnumerable<ServerRecord> All => Read().Values;

    public void Write(string server, ServerRecord record)
    {
        lock (writing)
        {
            var records = Read();
            records[server] = record;
            // A crash between the two leaves the old record or the new one, never half of one.
            File.WriteAllText(file + ".new", JsonSerializer.Serialize(records, Json));
            File.Move(file + ".new", file, overwrite: true);
        }
    }

    private Dictionary<string, ServerRecord> Read()
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, ServerRecord>>(File.ReadAllText(file), Json) ?? [];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
        catch (JsonException e)
        {
            throw new ProvisioningException($"{file} is damaged ({e.Message}). Stop what still runs for it and delete the file.", e);
        }
    }
}
