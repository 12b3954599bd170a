using BzPeer.Provisioning;

namespace BzPeer.EndToEnd.Tests;

/// <summary>A service that lacks a setting ends at once and says, in one sentence, which.</summary>
public sealed class ConfigurationTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("bzpeer-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string?, string> Broken => new()
    {
        { "profile", "ConnectionStrings__Store", null, "The setting 'ConnectionStrings:Store' is missing: " },
        { "follow", "ConnectionStrings__Store", "not a connection string", "The setting 'ConnectionStrings:Store' is not a PostgreSQL connection string: " },
        { "publication", "ConnectionStrings__Store", "Host=127.0.0.1", "The setting 'ConnectionStrings:Store' names no host or no database." },
        { "trust", "ConnectionStrings__Broker", null, "The setting 'ConnectionStrings:Broker' is missing: " },
        { "follow", "ConnectionStrings__Broker", "127.0.0.1:5672", "The setting 'ConnectionStrings:Broker' is not an AMQP address" },
        { "profile", "Auth__SigningKeyFile", null, "The setting 'Auth:SigningKeyFile' is missing: " },
        { "trust", "Auth__SigningKeyFile", "/nowhere/key", "The setting 'Auth:SigningKeyFile' names '/nowhere/key', and there is no such file." },
        { "follow", "ASPNETCORE_ENVIRONMENT", "Production", "The setting 'Auth:VerificationKeysFile' is missing: " },
        { "web", "ASPNETCORE_ENVIRONMENT", "Production", "The setting 'Auth:VerificationKeysFile' is missing: " },
        { "profile", "SignIn__Authority", null, "The setting 'SignIn:Authority' is missing: " },
        { "profile", "SignIn__ClientId", null, "The setting 'SignIn:ClientId' is missing: " },
        { "profile", "SignIn__Curators__0", "0000-0002-1825-0098", "The setting 'SignIn:Curators:0' is '0000-0002-1825-0098', which is no ORCID iD" },
        { "web", "SignIn__Authority", "orcid.org", "The setting 'SignIn:Authority' is 'orcid.org', which is not the address of a provider" },
        { "web", "SignIn__ClientSecret", null, "The setting 'SignIn:ClientSecret' is missing: " },
        { "developmentSignIn", "ASPNETCORE_ENVIRONMENT", "Production", "This provider lets anybody sign in as anyone, so it runs in Development only, not in Production." },
        { "analytics", "ConnectionStrings__Store", null, "The setting 'ConnectionStrings:Store' is missing: " },
        { "analytics", "ConnectionStrings__Broker", "http://localhost", "The setting 'ConnectionStrings:Broker' is not an AMQP address" },
        { "web", "Services__Follow", null, "The setting 'Services:Follow' must be the base URL of the Follow service" },
        { "web", "Services__Trust", "nowhere", "The setting 'Services:Trust' must be the base URL of the Trust service" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task A_missing_or_wrong_setting_ends_the_process_and_is_named(string service, string setting, string? value, string sentence)
    {
        var settings = new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["Auth__SigningKeyFile"] = SigningKey.Ensure(Path.Combine(folder, "key")),
            ["SignIn__Authority"] = "http://127.0.0.1:9",
            ["SignIn__ClientId"] = "bzpeer",
            ["SignIn__ClientSecret"] = "secret",
        };
        foreach (var name in (string[])["Profile", "Follow", "Publication", "Trust", "Analytics"])
            settings[$"Services__{name}"] = "http://127.0.0.1:9";
        if (service != "web")
        {
            settings["ConnectionStrings__Store"] = "Host=127.0.0.1;Port=9;Database=none";
            settings["ConnectionStrings__Broker"] = "amqp://guest:guest@127.0.0.1:9/";
        }
        if (value is null) settings.Remove(setting);
        else settings[setting] = value;
        var project = "BzPeer." + char.ToUpperInvariant(service[0]) + service[1..];
        var definition = new ServiceDefinition(service, project, new Uri($"http://127.0.0.1:{FreePort.Next()}")) { Settings = settings };
        await using var process = new ServiceProcess(definition, folder, new ProcessRecords(folder));

        process.Start();

        (await process.Ended.WaitAsync(TimeSpan.FromMinutes(3), Stop)).ShouldBe(78, "EX_CONFIG of sysexits.h");
        var said = File.ReadAllLines(process.Log).Where(line => line.Length > 0).ToArray();
        said.ShouldHaveSingleItem().ShouldStartWith(sentence);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
