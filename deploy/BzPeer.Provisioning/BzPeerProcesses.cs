using System.Security.Cryptography;

namespace BzPeer.Provisioning;

/// <summary>What the processes of a BZPEER run over.</summary>
public sealed record BzPeerProcessesOptions
{
    /// <summary>Logs and the record of the processes go here.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The connection string of each service's own database, by the service's name.</summary>
    public required IReadOnlyDictionary<string, string> Stores { get; init; }

    /// <summary>The broker, with the virtual host.</summary>
    public required Uri Broker { get; init; }

    /// <summary>The file with the key that signs tokens in Development.</summary>
    public required string SigningKeyFile { get; init; }

    /// <summary>The site's port; 0 for any that is free.</summary>
    public int SitePort { get; init; }

    /// <summary>More settings for every process, such as <c>Follow__DailyLimit</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Given every line that a process logs, with the name of the process.</summary>
    public Action<string, string> OnLine { get; init; } = (_, _) => { };
}

/// <summary>The services, the gateway and the sign-in provider of Development, each a process of its own.</summary>
public sealed class BzPeerProcesses : IAsyncDisposable
{
    /// <summary>The names of the services, in which they have their databases.</summary>
    public static readonly IReadOnlyList<string> Services = ["profile", "follow", "publication", "trust", "analytics"];

    /// <summary>The name of the gateway.</summary>
    public const string Web = "web";

    /// <summary>The name of the sign-in provider.</summary>
    public const string SignIn = "sign-in";

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly IReadOnlyList<ServiceProcess> services;
    private readonly ServiceProcess signIn;
    private readonly ServiceProcess web;

    /// <summary>Processes that have not been started yet.</summary>
    public BzPeerProcesses(BzPeerProcessesOptions options)
    {
        var records = new ProcessRecords(options.DataFolder);
        var provider = new Uri($"http://127.0.0.1:{(options.SitePort > 0 ? FreePort.Next(options.SitePort + 1) : FreePort.Next())}");
        var registration = new Dictionary<string, string>
        {
            ["SignIn__Authority"] = provider.ToString(),
            ["SignIn__ClientId"] = "bzpeer",
            // Good for one run: nothing keeps it.
            ["SignIn__ClientSecret"] = RandomNumberGenerator.GetHexString(32),
        };
        services = [.. Services.Select(name => Process(name, ProjectName(name), AnyPort(), new(registration)
        {
            ["ConnectionStrings__Store"] = options.Stores[name],
            ["ConnectionStrings__Broker"] = options.Broker.AbsoluteUri,
        }))];
        var addresses = services.ToDictionary(service => $"Services__{ProjectName(service.Name)}", service => service.Url.ToString());
        signIn = Process(SignIn, "DevelopmentSignIn", provider, new(registration.Concat(addresses)));
        web = Process(Web, ProjectName(Web), options.SitePort > 0 ? new($"http://127.0.0.1:{options.SitePort}") : AnyPort(), new(registration.Concat(addresses))
        {
            ["ConnectionStrings__Broker"] = options.Broker.AbsoluteUri,
            ["DataProtection__KeysFolder"] = Path.Combine(options.DataFolder, "web-keys"),
        });

        static Uri AnyPort() => new($"http://127.0.0.1:{FreePort.Next()}");

        ServiceProcess Process(string name, string project, Uri url, Dictionary<string, string> settings)
        {
            settings["Auth__SigningKeyFile"] = options.SigningKeyFile;
            if (Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") is not { Length: > 0 })
                settings["ASPNETCORE_ENVIRONMENT"] = "Development";
            foreach (var (setting, value) in options.Settings)
                settings[setting] = value;
            var definition = new ServiceDefinition(name, $"BzPeer.{project}", url) { Settings = settings };
            return new ServiceProcess(definition, options.DataFolder, records, line => options.OnLine(name, line));
        }
    }

    /// <summary>The site, and the one origin of the API.</summary>
    public Uri Site => web.Url;

    /// <summary>All of them, the gateway last.</summary>
    public IReadOnlyList<ServiceProcess> All => [.. services, signIn, web];

    /// <summary>The process of that name.</summary>
    public ServiceProcess this[string name] =>
        All.FirstOrDefault(process => process.Name == name) ?? throw new ArgumentException($"There is no service {name}.", nameof(name));

    /// <summary>Starts all of them and waits until they are healthy, or until the first of them cannot be.</summary>
    public async Task StartAsync(CancellationToken ct = default)
    {
        foreach (var process in All)
            process.Start();
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            await foreach (var ready in Task.WhenEach(All.Select(process => process.WaitUntilHealthyAsync(StartLimit, failed.Token))))
                await ready;
        }
        finally
        {
            await failed.CancelAsync();
        }
    }

    /// <summary>Stops the gateway, so that nothing comes in any more, then the services.</summary>
    public async ValueTask DisposeAsync()
    {
        await web.DisposeAsync();
        await Task.WhenAll(services.Append(signIn).Select(service => service.DisposeAsync().AsTask()));
    }

    private static string ProjectName(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
