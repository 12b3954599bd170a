using BzPeer.Provisioning;
using BzPeer.Testing;
using Xunit;

namespace BzPeer.Contracts.Tests;

/// <summary>The description of the events that consumers in any language are given is what the contracts say, and correct.</summary>
public sealed class AsyncApiTests
{
    private const string Description = "contracts/asyncapi.yaml";

    [Fact]
    public void The_description_is_what_the_contracts_give() => Approval.Of(Description, Yaml.Of(AsyncApi.Document()));

    [Fact]
    public void The_page_of_events_is_what_the_description_gives() => Approval.Of("docs/events.html", EventsPage.Of(AsyncApi.Document()));

    [Fact]
    public async Task The_official_parser_has_nothing_against_the_description() =>
        await TestNode.RunAsync("check-asyncapi.mjs", Path.Combine(Repository.Root, Description));
}
