using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Docker.DotNet;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
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
    private static readonly System.Version ApiVersion = new(1, 44);

    /// <summary>Null when an engine answers, else why none can be used.</summary>
    public static async Task<string?> WhyNoEngineAsync(CancellationToken ct)
    {
        var endpoint = Endpoint();
        try
        {
            using var http = new HttpClient(Transport(endpoint)) { Timeout = TimeSpan.FromSeconds(5) };
            var host = endpoint.Scheme == "tcp" ? $"http://{endpoint.Authority}" : "http://engine";
            using var version = JsonDocument.Parse(await http.GetStringAsync(host + "/version", ct));
            var api = System.Version.Parse(version.RootElement.GetProperty("ApiVersion").GetString()!);
            if (api < ApiVersion)
                Environment.SetEnvironmentVariable("DOCKER_API_VERSION", api.ToString());
            return null;
        }
        catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or TaskCanceledException or JsonException or IOException)
        {
            return $"none answers at {endpoint}";
        }
    }

    public static async Task<ServerRecord> StartPostgresAsync(ServersOptions options, ServerRecord? before, CancellationToken ct)
    {
        var port = FreePort.Next(before?.Ports.FirstOrDefault() ?? 0);
        var name = await MakeRoomAsync(options, "postgres", PostgresImage, port);
        var durability = options.Durable ? "on" : "off";
        var builder = new PostgreSqlBuilder(PostgresImage)
            .WithName(name)
            .WithCleanUp(false)
            .WithDatabase("postgres").WithUsername("bzpeer").WithPassword("bzpeer")
            .WithPortBinding(port, PostgreSqlBuilder.PostgreSqlPort)
            .WithCreateParameterModifier(OnLoopbackOnly)
            // Said in full: Testcontainers by itself turns durability off.
            .WithCommand("-c", "max_connections=400", "-c", $"fsync={durability}", "-c", $"synchronous_commit={durability}", "-c", $"full_page_writes={durability}");
        var container = (options.Durable ? builder.WithVolumeMount(name, "/var/lib/postgresql/data") : builder.WithTmpfsMount("/var/lib/postgresql/data")).Build();
        await StartAsync(container, name, ct);
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
        var name = await MakeRoomAsync(options, "rabbitmq", RabbitMqImage, port);
        var builder = new RabbitMqBuilder(RabbitMqImage)
            .WithName(name)
            .WithCleanUp(false)
            // A node keeps its data under its host name, so that must not change with the container.
            .WithHostname("bzpeer")
            .WithUsername("bzpeer").WithPassword("bzpeer")
            .WithPortBinding(port, RabbitMqBuilder.RabbitMqPort)
            .WithPortBinding(management, 15672)
            .WithCreateParameterModifier(OnLoopbackOnly);
        var container = (options.Durable ? builder.WithVolumeMount(name, "/var/lib/rabbitmq") : builder).Build();
        await StartAsync(container, name, ct);
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
        using var client = Client();
        try
        {
            return (await client.Containers.InspectContainerAsync(container, ct)).State?.Running ?? false;
        }
        catch (DockerApiException e) when (e.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    /// <summary>Stops a container; its data stays in its volume, and starting makes a new container over it.</summary>
    public static async Task StopAsync(string container, bool abruptly)
    {
        using var client = Client();
        await IgnoringGoneAsync(() => abruptly
            ? client.Containers.KillContainerAsync(container, new ContainerKillParameters { Signal = "SIGKILL" })
            : client.Containers.StopContainerAsync(container, new ContainerStopParameters { WaitBeforeKillSeconds = 30 }));
        await RemoveAsync(container);
    }

    /// <summary>Deletes what the containers of a data folder kept.</summary>
    public static async Task ForgetAsync(string dataFolder)
    {
        using var client = Client();
        foreach (var server in (string[])["postgres", "rabbitmq"])
            await IgnoringGoneAsync(() => client.Volumes.RemoveAsync(NameOf(dataFolder, server), force: true));
    }

    private static async Task StartAsync(IContainer container, string name, CancellationToken ct)
    {
        try
        {
            await container.StartAsync(ct);
        }
        catch
        {
            // Not started is not recorded, and what nobody knows of nobody would stop.
            await RemoveAsync(name);
            throw;
        }
    }

    private static async Task RemoveAsync(string container)
    {
        using var client = Client();
        await IgnoringGoneAsync(() => client.Containers.RemoveContainerAsync(container, new ContainerRemoveParameters { Force = true }));
    }

    private static async Task<string> MakeRoomAsync(ServersOptions options, string server, string image, int port)
    {
        var name = NameOf(options.DataFolder, server);
        await RemoveAsync(name);
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

    private static DockerClient Client() => TestcontainersSettings.OS.DockerEndpointAuthConfig.GetDockerClientBuilder().Build();

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
