using BzPeer.Provisioning;
using BzPeer.Testing;
using Npgsql;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace BzPeer.Provisioning.Tests;

public sealed class SharedServersTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_databases_of_one_name_are_two_databases()
    {
        var (one, other) = (await TestServers.Database("twins"), await TestServers.Database("twins"));

        await ExecuteAsync(one, "create table only_here (id int)");

        (await ExecuteAsync(other, "select to_regclass('only_here') is null")).ShouldBe(true);
    }

    [Fact]
    public async Task A_virtual_host_of_ones_own_takes_connections()
    {
        var address = await TestServers.VirtualHost();

        await using var connection = await new ConnectionFactory { Uri = address }.CreateConnectionAsync(Stop);

        connection.IsOpen.ShouldBeTrue();
    }

    [Fact]
    public async Task A_second_member_gets_the_servers_of_the_first_and_leaves_them_running()
    {
        var first = await TestServers.Shared();
        var options = ServersOptions.FromEnvironment(Path.Combine(Repository.DataFolder, "tests"));

        var second = await SharedServers.JoinAsync(options, _ => throw new InvalidOperationException("not the first"), Stop);
        second.Servers.Postgres.ConnectionString.ShouldBe(first.Postgres.ConnectionString);
        second.Servers.Broker.Address.ShouldBe(first.Broker.Address);
        await second.DisposeAsync();

        (await ExecuteAsync(first.Postgres.ConnectionString, "select 1")).ShouldBe(1);
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Stop);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Stop);
    }
}
