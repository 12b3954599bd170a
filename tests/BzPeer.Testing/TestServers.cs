using BzPeer.Provisioning;
using Xunit;

namespace BzPeer.Testing;

/// <summary>
/// One PostgreSQL and one RabbitMQ for the whole test run, brought up when the first test asks for one. Every test assembly
/// that uses them says <c>[assembly: AssemblyFixture(typeof(TestServers))]</c>, so that they are given back at its end.
/// </summary>
public sealed class TestServers : IAsyncLifetime
{
    private static readonly Lazy<Task<TestMembership>> Joined = new(TestMembership.JoinAsync);
    private static bool isFixture;

    /// <summary>The connection string of a new, empty database of its own, dropped at the end of the test assembly.</summary>
    public static async Task<string> Database(string name = "store") => await (await Membership()).NewDatabaseAsync(name);

    /// <summary>The address of a new, empty virtual host of its own, deleted at the end of the test assembly.</summary>
    public static async Task<Uri> VirtualHost(string name = "bus") => await (await Membership()).NewVirtualHostAsync(name);

    /// <summary>The servers themselves, for what has no method here.</summary>
    public static async Task<Servers> Shared() => (await Membership()).Servers;

    /// <inheritdoc />
    public ValueTask InitializeAsync()
    {
        isFixture = true;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Joined.IsValueCreated && Joined.Value.IsCompletedSuccessfully)
            await (await Joined.Value).DisposeAsync();
    }

    private static Task<TestMembership> Membership() => isFixture
        ? Joined.Value
        : throw new InvalidOperationException(
            "Nothing would give the test servers back. Add [assembly: AssemblyFixture(typeof(TestServers))] to the test project.");
}
