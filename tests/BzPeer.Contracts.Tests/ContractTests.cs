using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace BzPeer.Contracts.Tests;

/// <summary>
/// The wire shape of every integration event against the approved sample on disk. Adding a field is fine (approve it by adding
/// it to the sample); removing, renaming or retyping one breaks consumers and fails here: make a V2 instead.
/// </summary>
public sealed class ContractTests
{
    private static readonly JsonSerializerOptions Wire = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Samples");

    public static TheoryData<Type> Events => [.. typeof(IIntegrationEvent).Assembly.GetExportedTypes()
        .Where(type => type.IsAssignableTo(typeof(IIntegrationEvent)) && !type.IsInterface).OrderBy(type => type.Name)];

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_field_consumers_know_is_still_there_with_its_type(Type contract)
    {
        var approved = File.Exists(Sample(contract))
            ? JsonNode.Parse(File.ReadAllText(Sample(contract)))!
            : throw new FileNotFoundException($"{contract.Name} has no approved sample. Add Samples/{contract.Name}.json:\n{Now(contract).ToJsonString(Wire)}");
        Differences(approved, Now(contract), contract.Name).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void Todays_consumer_reads_the_approved_sample_without_loss(Type contract)
    {
        var approved = JsonNode.Parse(File.ReadAllText(Sample(contract)))!;
        var read = JsonSerializer.Deserialize(approved, contract, Wire)!;
        Holds(JsonSerializer.SerializeToNode(read, contract, Wire), approved).ShouldBeTrue($"what {contract.Name} reads is what was written");
    }

    /// <summary>Everything that was written is there; what was added to the contract since may be there too.</summary>
    private static bool Holds(JsonNode? read, JsonNode? written) => (read, written) switch
    {
        (JsonObject now, JsonObject then) => then.All(field => now.ContainsKey(field.Key) && Holds(now[field.Key], field.Value)),
        (JsonArray now, JsonArray then) => now.Count == then.Count && now.Zip(then).All(pair => Holds(pair.First, pair.Second)),
        _ => JsonNode.DeepEquals(read, written),
    };

    [Fact]
    public void No_sample_is_left_of_an_event_that_is_gone() =>
        Directory.GetFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).ShouldBe(Events.Select(row => ((Type)row.Data).Name), ignoreOrder: true);

    [Fact]
    public void Every_subscription_names_an_integration_event() =>
        Subscriptions.ByQueue.Values.SelectMany(types => types).ShouldAllBe(type => type.IsAssignableTo(typeof(IIntegrationEvent)));

    private static string Sample(Type contract) => Path.Combine(Folder, contract.Name + ".json");

    private static JsonNode Now(Type contract) => JsonSerializer.SerializeToNode(Example(contract), contract, Wire)!;

    private static IEnumerable<string> Differences(JsonNode? approved, JsonNode? now, string at)
    {
        if (approved is JsonObject before)
        {
            if (now is not JsonObject after) return [$"{at} is no object any more"];
            return before.SelectMany(field => after.ContainsKey(field.Key)
                ? Differences(field.Value, after[field.Key], $"{at}.{field.Key}")
                : [$"{at}.{field.Key} is gone"]);
        }

        if (approved is JsonArray { Count: > 0 } items)
            return now is JsonArray { Count: > 0 } others ? Differences(items[0], others[0], at + "[]") : [$"{at} is no list any more"];
        var (kind, nowKind) = (approved?.GetValueKind(), now?.GetValueKind());
        return kind == nowKind || Bool(kind) && Bool(nowKind) ? [] : [$"{at} was {kind} and is {nowKind}"];

        static bool Bool(JsonValueKind? k) => k is JsonValueKind.True or JsonValueKind.False;
    }

    /// <summary>An instance with every field filled, by its constructor: the same for the same type, always.</summary>
    private static object Example(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return "text";
        if (type == typeof(Guid)) return new Guid("0b8a3a2e-7a51-4c0e-9d57-3f6c6f3d2a10");
        if (type == typeof(DateTimeOffset)) return new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        if (type == typeof(DateOnly)) return new DateOnly(2026, 1, 2);
        if (type == typeof(bool)) return true;
        if (type == typeof(int)) return 7;
        if (type == typeof(long)) return 42L;
        if (type.IsGenericType && type.IsAssignableTo(typeof(IEnumerable)))
        {
            var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(type.GetGenericArguments()[0]))!;
            list.Add(Example(type.GetGenericArguments()[0]));
            return list;
        }

        var constructor = type.GetConstructors(BindingFlags.Public | BindingFlags.Instance).MaxBy(c => c.GetParameters().Length)!;
        return constructor.Invoke([.. constructor.GetParameters().Select(parameter => Example(parameter.ParameterType))]);
    }
}
