using System.Globalization;
using BzPeer.Provisioning;

namespace BzPeer.Local;

/// <summary>What the command line asks for.</summary>
internal sealed record LauncherArguments
{
    /// <summary>The text of <c>--help</c>.</summary>
    public const string Help = """
        Brings up the whole of BZPEER on this machine.

        Usage: dotnet run --project deploy/BzPeer.Local [-- OPTIONS]

          --port N         the site's port (default 8080)
          --data PATH      where state, logs and urls.json are kept (default .bzpeer in the repository)
          --reset          forget the state of earlier runs first
          --no-sample      do not import the sample works
          --servers-only   PostgreSQL and RabbitMQ only, for running services from an editor
          --help           this text

        A PostgreSQL or RabbitMQ of your own is used when BZPEER_POSTGRES (an Npgsql connection string) or
        BZPEER_BROKER (amqp://user:password@host:port/virtual-host) names it. Any other environment variable, such as
        Follow__DailyLimit, reaches the services. Ctrl-C stops everything that was started.
        """;

    /// <summary>The site's port.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>The data folder.</summary>
    public string DataFolder { get; init; } = Repository.DataFolder;

    /// <summary>Whether to forget what earlier runs left.</summary>
    public bool Reset { get; init; }

    /// <summary>Whether to import the sample works into empty stores.</summary>
    public bool Sample { get; init; } = true;

    /// <summary>Whether to leave it at the servers.</summary>
    public bool ServersOnly { get; init; }

    /// <summary>Whether to only say what there is to ask for.</summary>
    public bool ShowHelp { get; init; }

    /// <summary>Reads a command line. Throws <see cref="ProvisioningException"/> with the sentence for the person who typed it.</summary>
    public static LauncherArguments Parse(IReadOnlyList<string> args)
    {
        var parsed = new LauncherArguments();
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var before, var after] ? (before, after) : (args[i], null);
            parsed = name switch
            {
                "--port" => parsed with { Port = PortNumber(Value()) },
                "--data" => parsed with { DataFolder = Path.GetFullPath(Value()) },
                "--reset" => parsed with { Reset = Flag() },
                "--no-sample" => parsed with { Sample = !Flag() },
                "--servers-only" => parsed with { ServersOnly = Flag() },
                "--help" or "-h" => parsed with { ShowHelp = Flag() },
                _ => throw new ProvisioningException($"There is no option {name}. --help lists what there is."),
            };

            string Value() =>
                value is { Length: > 0 } ? value
                : value is null && i + 1 < args.Count && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[++i]
                : throw new ProvisioningException($"{name} needs a value: {name} {(name == "--port" ? "8080" : "PATH")}.");

            bool Flag() => value is null ? true : throw new ProvisioningException($"{name} takes no value.");
        }
        return parsed;
    }

    private static int PortNumber(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new ProvisioningException($"--port takes a number from 1 to 65535, not '{text}'.");
}
