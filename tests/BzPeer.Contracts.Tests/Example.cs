using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BzPeer.Contracts.Tests;

/// <summary>An instance with every field filled, by its constructor: the same for the same type, always.</summary>
internal static class Example
{
    public static JsonNode Json(Type type) => JsonSerializer.SerializeToNode(Of(type), type, AsyncApi.Wire)!;

    private static object Of(Type type)
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
            list.Add(Of(type.GetGenericArguments()[0]));
            return list;
        }

        var constructor = type.GetConstructors(BindingFlags.Public | BindingFlags.Instance).MaxBy(c => c.GetParameters().Length)!;
        return constructor.Invoke([.. constructor.GetParameters().Select(parameter => Of(parameter.ParameterType))]);
    }
}
