using System.Diagnostics;
using System.Text;
using System.Text.Json;
using BzPeer.Provisioning;

namespace BzPeer.EndToEnd.Tests;

/// <summary>The worked consumer in Node (<c>contracts/examples/node-followers</c>) as somebody runs it.</summary>
internal sealed class NodeFollowers : IAsyncDisposable
{
    private static readonly string Example = Path.Combine(Repository.Root, "contracts", "examples", "node-followers");

    private readonly string node;
    private readonly Uri broker;
    private readonly string folder = Directory.CreateTempSubdirectory("node-followers-").FullName;
    private readonly StringBuilder said = new();
    private Process? process;

    private NodeFollowers(string node, Uri broker) => (this.node, this.broker) = (node, broker);

    private sealed record Written(long Offset, long CompleteTo, Dictionary<Guid, Counted> Researchers);

    public sealed record Counted(long Followers, string Digest);

    public static async Task<NodeFollowers> StartAsync(Uri broker)
    {
        var consumer = new NodeFollowers(await TestNode.PathAsync(), broker);
        await TestNode.InstallPackagesAsync(Example);
        consumer.Start();
        return consumer;
    }

    private string State => Path.Combine(folder, "followers.json");

    /// <summary>What it printed.</summary>
    public string Said
    {
        get
        {
            lock (said) return said.ToString();
        }
    }

    public void Start()
    {
        process = Process.Start(new ProcessStartInfo(node, [Path.Combine(Example, "followers.mjs"), broker.ToString(), State]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        void Keep(string? line)
        {
            lock (said) said.AppendLine(line);
        }
    }

    /// <summary>Ends it as a crash would.</summary>
    public async Task KillAsync()
    {
        if (process is null) return;
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>Everybody's count as it wrote it last, once it has everything up to a sequence.</summary>
    public async Task<IReadOnlyDictionary<Guid, Counted>> CountsAsync(long upTo, TimeSpan within, CancellationToken ct)
    {
        var written = await Eventually.Async(
            async token => JsonSerializer.Deserialize<Written>(await File.ReadAllTextAsync(State, token), JsonSerializerOptions.Web)!,
            state => state.CompleteTo >= upTo, $"the Node consumer has everything up to {upTo}; it said: {Said}", within, ct);
        return written.Researchers;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(folder, recursive: true);
    }
}
