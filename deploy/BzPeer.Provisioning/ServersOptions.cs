namespace BzPeer.Provisioning;

/// <summary>What to bring up, and where its state lives.</summary>
public sealed record ServersOptions
{
    /// <summary>The environment variable that names a PostgreSQL server to use instead of bringing one up.</summary>
    public const string PostgresVariable = "BZPEER_POSTGRES";

    /// <summary>The environment variable that names a RabbitMQ broker to use instead of bringing one up.</summary>
    public const string BrokerVariable = "BZPEER_BROKER";

    /// <summary>The environment variable with the address of that broker's management API, where it is not on port 15672.</summary>
    public const string ManagementVariable = "BZPEER_BROKER_MANAGEMENT";

    /// <summary>The folder that belongs to these servers alone: data, logs and the record of what was started.</summary>
    public required string DataFolder { get; init; }

    /// <summary>An Npgsql connection string of a server whose user may create databases.</summary>
    public string? Postgres { get; init; }

    /// <summary>An AMQP address, <c>amqp://user:password@host:port/vhost</c>.</summary>
    public string? Broker { get; init; }

    /// <summary>The address of the configured broker's management API.</summary>
    public string? Management { get; init; }

    /// <summary>False where nothing needs to survive a stop, such as for tests: faster, and the broker starts empty each time.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Told, in whole sentences, what is being done while it is done.</summary>
    public Action<string> Say { get; init; } = _ => { };

    internal ServerWays Ways { get; init; } = ServerWays.All;

    /// <summary>Options with the connection strings that the environment names.</summary>
    public static ServersOptions FromEnvironment(string dataFolder) => new()
    {
        DataFolder = Path.GetFullPath(dataFolder),
        Postgres = Variable(PostgresVariable),
        Broker = Variable(BrokerVariable),
        Management = Variable(ManagementVariable),
    };

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

[Flags]
internal enum ServerWays
{
    None = 0,
    Container = 1,
    Installed = 2,
    Packages = 4,
    All = Container | Installed | Packages,
}
