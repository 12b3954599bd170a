using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace BzPeer.Contracts.Tests;

/// <summary>The integration events, who publishes them, and what the comments in their source say.</summary>
internal static partial class IntegrationEvents
{
    private static readonly Dictionary<string, XElement> Comments = XDocument.Load(Path.ChangeExtension(typeof(IIntegrationEvent).Assembly.Location, ".xml"))
        .Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);

    // In the order of the source.
    public static IReadOnlyList<Type> All { get; } = [.. CloudEvents.Contracts.Values.OrderBy(type => type.MetadataToken)];

    /// <summary>What each service publishes.</summary>
    public static IReadOnlyList<IGrouping<string, Type>> BySource { get; } = [.. All.GroupBy(CloudEvents.SourceOf)];

    /// <summary>The summary of a type, as Markdown.</summary>
    public static string Summary(Type type) => Markdown(type, Comment(type)?.Element("summary"), type.Name);

    /// <summary>The comment of a record's parameter, as Markdown.</summary>
    public static string Summary(Type type, string parameter) =>
        Markdown(type, Comment(type)?.Elements("param").FirstOrDefault(param => param.Attribute("name")!.Value == parameter), $"{type.Name}.{parameter}");

    public static string CamelCase(string name) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name);

    private static XElement? Comment(Type type) => Comments.GetValueOrDefault($"T:{type.FullName}");

    private static string Markdown(Type type, XElement? comment, string what) => comment is null
        ? throw new InvalidDataException($"{what} has no comment in the contracts: consumers have nothing else to go by.")
        : Blanks().Replace(string.Concat(comment.Nodes().Select(node => node switch
        {
            XText text => text.Value,
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement { Name.LocalName: "paramref" } parameter => $"`{CamelCase(parameter.Attribute("name")!.Value)}`",
            XElement { Name.LocalName: "see" } see => $"`{Named(type, see.Attribute("cref")!.Value.Split('.')[^2..])}`",
            _ => throw new InvalidDataException($"The comment of {what} has a <{node}>."),
        })), " ").Trim();

    // A consumer sees the origin as CloudEvents attributes.
    private static string Named(Type type, string[] reference) => reference switch
    {
        [nameof(EventOrigin), var member] => AsyncApi.Attributes.Single(attribute => attribute.Origin == member).Name,
        [_, var name] => name,
        _ => throw new InvalidDataException($"{type.Name} refers to {string.Join('.', reference)}."),
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
