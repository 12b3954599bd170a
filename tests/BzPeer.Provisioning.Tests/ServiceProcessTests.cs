using Shouldly;
using Xunit;

namespace BzPeer.Provisioning.Tests;

public sealed class ServiceProcessTests
{
    [Fact]
    public async Task A_service_that_ends_instead_of_starting_is_reported_with_the_end_of_its_log()
    {
        using var folder = new TemporaryFolder();
        var definition = new ServiceDefinition("follow", "BzPeer.Follow", new Uri($"http://127.0.0.1:{FreePort.Next()}"))
        {
            Settings = new Dictionary<string, string> { ["ASPNETCORE_ENVIRONMENT"] = "Development", ["Auth__SigningKeyFile"] = folder.File("no-such-key") },
        };
        await using var service = new ServiceProcess(definition, folder.Path, new ProcessRecords(folder.Path));

        service.Start();
        var failure = await Should.ThrowAsync<ProvisioningException>(
            service.WaitUntilHealthyAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));

        failure.Message.ShouldStartWith("follow ended with code ");
        failure.Message.ShouldContain("no-such-key");
        failure.Message.ShouldContain(service.Log);
    }
}
