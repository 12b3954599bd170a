using System.Text.Json;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace BzPeer.Contracts.Tests;

/// <summary>
/// The wire shape of every integration event against all its approved samples. Adding a field is fine: run with <c>BZPEER_APPROVE=1</c>, which adds a
/// sample. Removing, renaming or retyping one breaks consumers and fails here: make a V2 instead.
/// </summary>
public sealed class ContractTests
{
    public static TheoryData<Type> Events => [.. IntegrationEvents.All];

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_field_consumers_know_is_still_there_with_its_type(Type contract) =>
        Samples.Of(contract).SelectMany(sample => Differences(sample.Json, Example.Json(contract), sample.File)).ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Events))]
    public void Todays_consumer_reads_every_approved_sample_without_loss(Type contract)
    {
        foreach (var sample in Samples.Of(contract))
        {
            var read = JsonSerializer.Deserialize(sample.Json, contract, AsyncApi.Wire)!;
            Holds(JsonSerializer.SerializeToNode(read, contract, AsyncApi.Wire), sample.Json).ShouldBeTrue($"what is read of {sample.File} is what was written");
        }
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void The_newest_sample_has_every_field(Type contract)
    {
        var newest = Samples.Of(contract).LastOrDefault();
        newest.ShouldNotBeNull($"{contract.Name} has no approved sample. Run this test with BZPEER_APPROVE=1 and review what it wrote into Samples.");
        Missing(newest.Json, Example.Json(contract), contract.Name).ShouldBeEmpty($"{newest.File} is older than the contract. Run this test with BZPEER_APPROVE=1 and review what it wrote into Samples.");
    }

    [Fact]
    public void What_was_approved_stays_as_it_was_approved() =>
        Samples.All.Select(sample => sample.Line).ShouldBe(Samples.Approved, ignoreOrder: true,
            "An approved sample was changed or removed, or one was added that approved.sha256 does not list (BZPEER_APPROVE=1 adds it there).");

    [Fact]
    public void The_samples_of_an_event_are_numbered_from_1_and_none_is_of_an_event_that_is_gone() =>
        Samples.All.GroupBy(sample => sample.Event).ShouldAllBe(samples =>
            IntegrationEvents.All.Any(contract => contract.Name == samples.Key) && samples.Select(sample => sample.Number).SequenceEqual(Enumerable.Range(1, samples.Count())));

    [Fact]
    public void Every_subscription_names_an_integration_event() =>
        Subscriptions.ByQueue.Values.SelectMany(types => types).ShouldAllBe(type => type.IsAssignableTo(typeof(IIntegrationEvent)));

    /// <summary>Everything that was written is there; what was added to the contract since may be there too.</summary>
    private static bool Holds(JsonNode? read, JsonNode? written) => (read, written) switch
    {
        (JsonObject now, JsonObject then) => then.All(field => now.ContainsKey(field.Key) && Holds(now[field.Key], field.Value)),
        (JsonArray now, JsonArray then) => now.Count == then.Count && now.Zip(then).All(pair => Holds(pair.First, pair.Second)),
        _ => JsonNode.DeepEquals(read, written),
    };

    private static IEnumerable<string> Differences(JsonNode? approved, JsonNode? now, string at)
    {
        if (approved is null) return [];
        if (approved is JsonObject before)
        {
            if (now is not JsonObject after) return [$"{at} is no object any more"];
            return before.SelectMany(field => after.ContainsKey(field.Key)
                ? Differences(field.Value, after[field.Key], $"{at}.{field.Key}")
                : [$"{at}.{field.Key} is gone"]);
        }

        if (approved is JsonArray { Count: > 0 } items)
            return now is JsonArray { Count: > 0 } others ? Differences(items[0], others[0], at + "[]") : [$"{at} is no list any more"];
        var (kind, nowKind) = (approved.GetValueKind(), now?.GetValueKind());
        return kind == nowKind || Bool(kind) && Bool(nowKind) ? [] : [$"{at} was {kind} and is {nowKind}"];

        static bool Bool(JsonValueKind? k) => k is JsonValueKind.True or JsonValueKind.False;
    }

    private static IEnumerable<string> Missing(JsonNode? sample, JsonNode? now, string at) => (sample, now) switch
    {
        (JsonObject had, JsonObject has) => has.SelectMany(field => had.ContainsKey(field.Key) ? Missing(had[field.Key], field.Value, $"{at}.{field.Key}") : [$"{at}.{field.Key}"]),
        (JsonArray had, JsonArray { Count: > 0 } has) => had.SelectMany(item => Missing(item, has[0], at + "[]")),
        _ => [],
    };
}
