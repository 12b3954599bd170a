namespace BzPeer.ServiceDefaults;

/// <summary>Ids in a parameter of a query that are never many, such as those of a page.</summary>
public static class FewIds
{
    /// <summary>
    /// Any of the ids in <paramref name="parameter"/>: <c>id = {Any("$1")}</c>. The planner does not see how many they are. It would make a
    /// new plan for each number of them, which costs five times what the query does; so it makes one plan, for about ten, and keeps it.
    /// </summary>
    public static string Any(string parameter) => $"any({Array(parameter)})";

    /// <summary>The same as an array, to be unnested.</summary>
    public static string Array(string parameter) => $"array(select unnest({parameter}::uuid[]))";
}
