using BzPeer.Load;
using BzPeer.Provisioning;

// What becomes of the real files: no figures of speed, and of files that are not in the repository, so only when asked for.
string[] ofData = ["data", "resolution"];

// dotnet run -c Release --project tests/Load [report ...]: measures, and writes docs/performance/<report>.md (data, resolution: docs/<report>.md).
var reports = new Dictionary<string, Func<Stand, Task<string>>>
{
    ["overview"] = Overview.RunAsync,
    ["follow"] = FollowReport.RunAsync,
    ["follow-at-scale"] = FollowAtScale.RunAsync,
    ["follow-ten-million"] = FollowTenMillion.RunAsync,
    ["publication"] = PublicationReport.RunAsync,
    ["trust"] = TrustReport.RunAsync,
    ["analytics"] = AnalyticsReport.RunAsync,
    ["page"] = PageReport.RunAsync,
    ["data"] = DataReport.RunAsync,
    ["resolution"] = ResolutionReport.RunAsync,
};

// What the pages are measured against, in a process of its own.
if (args is ["constant", var url, var size])
{
    await PageReport.ServeConstantAsync(url, int.Parse(size, System.Globalization.CultureInfo.InvariantCulture));
    return 0;
}

var asked = args.Length == 0 ? [.. reports.Keys.Where(name => !ofData.Contains(name))] : args;
if (asked.FirstOrDefault(name => !reports.ContainsKey(name)) is { } unknown)
{
    Console.Error.WriteLine($"There is no report '{unknown}'. Name any of {string.Join(", ", reports.Keys)}, or none for all of them.");
    return 64;
}

#if DEBUG
Console.Error.WriteLine("This is a Debug build: add -c Release, or the figures say nothing.");
#endif

await using var stand = await Stand.StartAsync();
foreach (var name in asked)
{
    var report = await reports[name](stand);
    Console.WriteLine(report);
    var file = Path.Combine([Repository.Root, "docs", .. ofData.Contains(name) ? (string[])[] : ["performance"], $"{name}.md"]);
    Directory.CreateDirectory(Path.GetDirectoryName(file)!);
    await File.WriteAllTextAsync(file, report);
}

return 0;
