using Shouldly;
using Xunit;

namespace BzPeer.Provisioning.Tests;

public sealed class ServersTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Where_nothing_works_the_message_lists_what_was_tried_and_the_one_thing_to_do()
    {
        var options = new ServersOptions { DataFolder = folder.Path, Ways = ServerWays.None };

        var failure = await Should.ThrowAsync<ProvisioningException>(Servers.StartAsync(options, Stop));

        failure.Message.ShouldBe(
            """
            PostgreSQL could not be brought up. Tried, in this order:
              - BZPEER_POSTGRES: not set
            RabbitMQ could not be brought up. Tried, in this order:
              - BZPEER_BROKER: not set
            The one thing to do: start a Docker engine, and run the same command again.
            """);
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Username=nobody", "refused")]
    [InlineData("Hostess=127.0.0.1", "hostess")]
    public async Task A_configured_PostgreSQL_that_cannot_be_used_is_named(string connectionString, string why)
    {
        var options = new ServersOptions { DataFolder = folder.Path, Ways = ServerWays.None, Postgres = connectionString };

        var failure = await Should.ThrowAsync<ProvisioningException>(Servers.StartAsync(options, Stop));

        failure.Message.ShouldContain("BZPEER_POSTGRES names a PostgreSQL that cannot be used: ");
        failure.Message.ShouldContain(why, Case.Insensitive);
        failure.Message.ShouldContain("Correct it, or unset it to have one brought up.");
    }

    [Theory]
    [InlineData("amqp://guest:guest@127.0.0.1:1/", "refused")]
    [InlineData("127.0.0.1:5672", "amqp://user:password@host:port/virtual-host")]
    public async Task A_configured_broker_that_cannot_be_used_is_named(string address, string why)
    {
        var servers = await TestServersAsync();
        var options = new ServersOptions { DataFolder = folder.Path, Ways = ServerWays.None, Postgres = servers.Postgres.ConnectionString, Broker = address };

        var failure = await Should.ThrowAsync<ProvisioningException>(Servers.StartAsync(options, Stop));

        failure.Message.ShouldContain("BZPEER_BROKER names a RabbitMQ that cannot be used: ");
        failure.Message.ShouldContain(why, Case.Insensitive);
    }

    [Fact]
    public async Task Configured_servers_are_used_and_outlive_a_stop()
    {
        var running = await TestServersAsync();
        var options = new ServersOptions
        {
            DataFolder = folder.Path,
            Ways = ServerWays.None,
            Postgres = running.Postgres.ConnectionString,
            Broker = running.Broker.Record.Address,
            Management = running.Broker.Record.Management?.ToString(),
        };

        var servers = await Servers.StartAsync(options, Stop);
        await servers.StopAsync();

        servers.Postgres.Record.IsOurs.ShouldBeFalse();
        (await Servers.IsRunningAsync(running.Postgres.Record, Stop)).ShouldBeTrue();
        (await Servers.IsRunningAsync(running.Broker.Record, Stop)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_PostgreSQL_left_by_a_crash_before_it_was_recorded_is_stopped_and_its_data_kept()
    {
        Assert.SkipWhen(InstalledPostgres.FindPrograms() is null, "There is no PostgreSQL installed on this machine: it runs in containers.");
        var options = new ServersOptions { DataFolder = folder.Path, Durable = false };
        var left = await StartPostgresAsync(options);
        await new PostgresServer(left).CreateDatabaseAsync("kept", Stop);

        var next = await StartPostgresAsync(options);
        var kept = await new PostgresServer(next).DatabasesAsync("kept", Stop);
        await next.Processes.Single().StopAsync(TimeSpan.FromSeconds(10));
        if (next.FolderElsewhere is { } elsewhere)
            Directory.Delete(elsewhere, recursive: true);

        left.Processes.Single().IsRunning.ShouldBeFalse();
        kept.ShouldBe(["kept"]);
        next.Address.ShouldNotBe(left.Address, "without a record the port is a new one");
    }

    private static Task<Servers> TestServersAsync() => Testing.TestServers.Shared();

    private static Task<ServerRecord> StartPostgresAsync(ServersOptions options) =>
        new InstalledPostgres(options, new ServerRecords(options.DataFolder)).StartAsync(Stop);
}
