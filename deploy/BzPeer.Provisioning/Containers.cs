using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Docker.DotNet;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Testcontainers.PostgreSql;
using Testcontainers.RabbitMq;

namespace BzPeer.Provisioning;

/// <summary>PostgreSQL and RabbitMQ as containers, where a Docker engine answers.</summary>
/// <remarks>
/// They are not tied to the process that started them (several test processes share them): the record file says which they
/// are, and they are stopped by it.
/// </remarks>
internal static class Containers
{
    private const string PostgresImage = "postgres:17.6-alpine";
    private const string RabbitMqImage = "rabbitmq:4.1.4-management-alpine";

    // What Testcontainers speaks by itself; an older engine wants to be spoken to in its own version.
    private static readonly System.Version Newest = new(1, 44);

    /// <summary>Null when an engine answers, else why none can be used.</summary>
    public static async Task<string?> WhyNoEngineAsync(CancellationToken ct)
    {
        if (await EngineVersionAsync(ct) is not { } version)
            return $"none answers at {Endpoint()}";
        // Before Testcontainers is touched for the first time: it looks only once.
        if (version < Newest)
            Environment.SetEnvironmentVariable("DOCKER_API_VERSION", version.ToString());
        return null;
    }

    public static async Task<ServerRecord> StartPostgresAsync(ServersOptions options, ServerRecord? before, CancellationToken ct)
    {
        var port = FreePort.Next(before?.Ports.FirstOrDefault() ?? 0);
        var name = await MakeRoomAsync(options, "postgres", PostgresImage, port, before);
        var durability = options.Durable ? "on" : "off";
        var builder = new PostgreSqlBuilder(PostgresImage)
            .WithName(name)
            .WithCleanUp(false)
            .WithLogger(NullLogger.Instance)
            .WithDatabase("postgres").WithUsername("bzpeer").WithPassword("bzpeer")
            .WithPortBinding(port, PostgreSqlBuilder.PostgreSqlPort)
            .WithCreateParameterModifier(OnLoopbackOnly)
            // Said in full: Testcontainers by itself turns durability off.
            .WithCommand("-c", "max_connections=400", "-c", $"fsync={durability}", "-c", $"synchronous_commit={durability}", "-c", $"full_page_writes={durability}");
        var container = (options.Durable ? builder.WithVolumeMount(name, "/var/lib/postgresql/data") : builder.WithTmpfsMount("/var/lib/postgresql/data")).Build();
        await StartAsync(container, name, isNew: before?.Container is null, ct);
        return new ServerRecord
        {
            Origin = $"the container {PostgresImage}",
            Address = new NpgsqlConnectionStringBuilder
            {
                Host = HostOf(container),
                Port = port,
                Username = "bzpeer",
                Password = "bzpeer",
                Database = "postgres",
            }.ConnectionString,
            Container = container.Id,
            Ports = [port],
        };
    }

    public static async Task<ServerRecord> StartRabbitMqAsync(ServersOptions options, ServerRecord? before, CancellationToken ct)
    {
        var port = FreePort.Next(before?.Ports.ElementAtOrDefault(0) ?? 0);
        var management = FreePort.Next(before?.Ports.ElementAtOrDefault(1) ?? 0);
        var name = await MakeRoomAsync(options, "rabbitmq", RabbitMqImage, port, before);
        var builder = new RabbitMqBuilder(RabbitMqImage)
            .WithName(name)
            .WithCleanUp(false)
            .WithLogger(NullLogger.Instance)
            // A node keeps its data under its host name, so that must not change with the container.
            .WithHostname("bzpeer")
            .WithUsername("bzpeer").WithPassword("bzpeer")
            .WithPortBinding(port, RabbitMqBuilder.RabbitMqPort)
            .WithPortBinding(management, 15672)
            .WithCreateParameterModifier(OnLoopbackOnly);
        var container = (options.Durable ? builder.WithVolumeMount(name, "/var/lib/rabbitmq") : builder).Build();
        await StartAsync(container, name, isNew: before?.Container is null, ct);
        var console = new Uri($"http://bzpeer:bzpeer@{HostOf(container)}:{management}/");
        for (var attempt = 0; !await BrokerServer.IsManagementAsync(console, ct); attempt++)
        {
            if (attempt == 100)
                throw new ProvisioningException($"The management API of the container {RabbitMqImage} did not answer.");
            await Task.Delay(200, ct);
        }
        return new ServerRecord
        {
            Origin = $"the container {RabbitMqImage}",
            Address = $"amqp://bzpeer:bzpeer@{HostOf(container)}:{port}/",
            Management = console,
            Container = container.Id,
            Ports = [port, management],
        };
    }

    public static async Task<bool> IsRunningAsync(string container, CancellationToken ct)
    {
        using var client = await ClientAsync(ct);
        try
        {
            return client is not null && (await client.Containers.InspectContainerAsync(container, ct)).State is { Running: true };
        }
        catch (DockerApiException e) when (e.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    /// <summary>Stops a container; its data stays in its volume, and starting makes a new container over it.</summary>
    public static async Task StopAsync(string container, bool abruptly)
    {
        using var client = await ClientAsync();
        if (client is null)
            return; // without its engine no container runs
        await IgnoringGoneAsync(() => abruptly
            ? client.Containers.KillContainerAsync(container, new ContainerKillParameters { Signal = "SIGKILL" })
            : client.Containers.StopContainerAsync(container, new ContainerStopParameters { WaitBeforeKillSeconds = 30 }));
        await RemoveAsync(container);
    }

    /// <summary>Deletes what the containers of a data folder kept.</summary>
    public static async Task ForgetAsync(string dataFolder)
    {
        foreach (var server in (string[])["postgres", "rabbitmq"])
            await ForgetVolumeAsync(NameOf(dataFolder, server));
    }

    private static async Task ForgetVolumeAsync(string name)
    {
        using var client = await ClientAsync();
        if (client is not null)
            await IgnoringGoneAsync(() => client.Volumes.RemoveAsync(name, force: true));
    }

    private static async Task StartAsync(IContainer container, string name, bool isNew, CancellationToken ct)
    {
        try
        {
            await container.StartAsync(ct);
        }
        catch
        {
            // Not started is not recorded, and what nobody knows of nobody would stop.
            await RemoveAsync(name);
            if (isNew)
                await ForgetVolumeAsync(name);
            throw;
        }
    }

    private static async Task RemoveAsync(string container)
    {
        using var client = await ClientAsync();
        if (client is not null)
            await IgnoringGoneAsync(() => client.Containers.RemoveContainerAsync(container, new ContainerRemoveParameters { Force = true }));
    }

    private static async Task<string> MakeRoomAsync(ServersOptions options, string server, string image, int port, ServerRecord? before)
    {
        var name = NameOf(options.DataFolder, server);
        await RemoveAsync(name);
        // A volume that no record knows is of a time that was forgotten while the engine was away.
        if (before?.Container is null)
            await ForgetVolumeAsync(name);
        options.Say($"Starting the container {image} on port {port}. The first time, its image is downloaded.");
        return name;
    }

    private static string NameOf(string dataFolder, string server) =>
        $"bzpeer-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataFolder)))[..10]}-{server}";

    private static async Task IgnoringGoneAsync(Func<Task> ask)
    {
        try
        {
            await ask();
        }
        catch (DockerApiException e) when (e.StatusCode is System.Net.HttpStatusCode.NotFound or System.Net.HttpStatusCode.Conflict)
        {
            // Gone, or on its way.
        }
    }

    private static void OnLoopbackOnly(CreateContainerParameters parameters)
    {
        if (Endpoint().Scheme == "tcp")
            return; // the engine's loopback would not be ours
        foreach (var binding in parameters.HostConfig!.PortBindings!.Values.SelectMany(bindings => bindings))
            binding.HostIP = "127.0.0.1";
    }

    private static string HostOf(IContainer container) => Endpoint().Scheme == "tcp" ? container.Hostname : "127.0.0.1";

    /// <summary>A client of the engine, or null when none answers.</summary>
    private static async Task<DockerClient?> ClientAsync(CancellationToken ct = default) =>
        await EngineVersionAsync(ct) is { } version
            ? new DockerClientBuilder().WithEndpoint(Endpoint()).WithApiVersion(version < Newest ? version : Newest).Build()
            : null;

    private static async Task<System.Version?> EngineVersionAsync(CancellationToken ct)
    {
        var endpoint = Endpoint();
        try
        {
            using var http = new HttpClient(Transport(endpoint)) { Timeout = TimeSpan.FromSeconds(5) };
            var host = endpoint.Scheme == "tcp" ? $"http://{endpoint.Authority}" : "http://engine";
            using var version = JsonDocument.Parse(await http.GetStringAsync(host + "/version", ct));
            return System.Version.Parse(version.RootElement.GetProperty("ApiVersion").GetString()!);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or TaskCanceledException or JsonException or IOException)
        {
            return null;
        }
    }

    private static Uri Endpoint()
    {
        if (Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host && Uri.TryCreate(host, UriKind.Absolute, out var named))
            return named;
        if (OperatingSystem.IsWindows())
            return new Uri("npipe://./pipe/docker_engine");
        string[] sockets =
        [
            "/var/run/docker.sock",
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker/run/docker.sock"),
            Path.Combine(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "/run/user", "docker.sock"),
        ];
        return new Uri("unix://" + (sockets.FirstOrDefault(File.Exists) ?? sockets[0]));
    }

    private static SocketsHttpHandler Transport(Uri endpoint)
    {
        var handler = new SocketsHttpHandler();
        if (endpoint.Scheme == "unix")
            handler.ConnectCallback = async (_, ct) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(endpoint.LocalPath), ct);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch (SocketException e)
                {
                    socket.Dispose();
                    throw new IOException(e.Message, e);
                }
            };
        else if (endpoint.Scheme == "npipe")
            handler.ConnectCallback = async (_, ct) =>
            {
                var pipe = new System.IO.Pipes.NamedPipeClientStream(".", "docker_engine", System.IO.Pipes.PipeDirection.InOut, System.IO.Pipes.PipeOptions.Asynchronous);
                await pipe.ConnectAsync(2000, ct);
                return pipe;
            };
        return handler;
    }
}
