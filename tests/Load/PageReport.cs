using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BzPeer.Provisioning;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BzPeer.Load;

/// <summary>
/// The pages of researchers as visitors have them: how long the server takes, how many it manages against the same server answering a constant
/// string of the same size, how much goes over the wire, how soon a number moves on an open page, how soon the explorer answers, and what Lighthouse says.
/// </summary>
internal static partial class PageReport
{
    private const int Connections = 32;
    private const int Follows = 200;
    private const int Repeats = 12;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    public static async Task<string> RunAsync(Stand stand)
    {
        await using var system = await stand.StartSystemAsync();
        using var http = new HttpClient { BaseAddress = system.Site, Timeout = TimeSpan.FromMinutes(10) };
        var people = await Overview.ImportedPeopleAsync(http, stand);
        // The same services, and pages that are rendered anew each time.
        await using var anew = await stand.StartPagesAsync(system, new() { ["Pages__KeepSeconds"] = "0" });

        var alone = await ReadAsync(anew.Url, people, connections: 1);
        var size = (await new HttpClient().GetByteArrayAsync(new Uri(anew.Url, $"/researchers/{people[0]}"))).Length;
        var cold = await ReadAsync(anew.Url, people, Connections);
        var kept = await ReadAsync(system.Site, people[..100], Connections);
        // Pages of people who are signed in are rendered anew each time too, of answers in memory.
        var signedIn = await ReadAsync(system.Site, people[..100], Connections, "Cookie: bzpeer.note=x");
        LoadResult constant;
        await using (var server = await ConstantAsync(size)) constant = await ReadAsync(server.Url, people, Connections);
        var bytes = await TransferredAsync(system.Site, people[0]);
        var moved = await MovedAsync(stand, system.Site, people);
        var explored = await ExploredAsync(http);
        var lighthouse = await LighthouseAsync(system.Site, people[0]);
        var machine = await stand.DescribeAsync();

        return string.Create(CultureInfo.InvariantCulture, $"""
            # Figures of the pages

            Written by `dotnet run -c Release --project tests/Load page` on {DateTime.UtcNow:yyyy-MM-dd}, on the sample that the launcher imports. "At least" is what the project wants.

            {machine}

            | what | figure | at least | how |
            |---|---:|---:|---|
            | server time of a researcher page, rendered anew | p50 {alone.Percentile(0.5):0.0} ms, p99 {alone.Percentile(0.99):0.0} ms | 5, 30 | {alone.Latencies.Length:N0} pages of {people.Length} researchers in turn, one connection, to the last byte of the graph |
            | pages from memory | {kept.PerSecond:N0}/s | | 100 researchers in turn, nobody signed in, {Connections} connections, to the last byte |
            | against a constant | {kept.PerSecond / constant.PerSecond:0.00}x | 0.5x | of {constant.PerSecond:N0}/s, a server of the same kind that answers the same {size:N0} bytes every time |
            | pages rendered of answers from memory | {signedIn.PerSecond:N0}/s | | the same, as for visitors with a cookie, whose pages are not kept |
            | against a constant | {signedIn.PerSecond / constant.PerSecond:0.00}x | | the same |
            | pages rendered anew, every answer asked for | {cold.PerSecond:N0}/s | | {people.Length} researchers in turn, {Connections} connections |
            | against a constant | {cold.PerSecond / constant.PerSecond:0.000}x | 0.05x | the same |
            | transferred for a first visit | {bytes.Sum(part => part.Bytes) / 1000.0:0.0} kB | 100 kB | {string.Join(", ", bytes.Select(part => $"{part.Name} {part.Bytes / 1000.0:0.0}"))} |
            | a count moves on an open page | p50 {Percentiles.Of(moved, 0.5):0} ms, p95 {Percentiles.Of(moved, 0.95):0} ms | 300 (p95) | from the answer to a follow to the text of the page in a browser, {moved.Length} follows one after another |

            ## The explorer in use

            Milliseconds from a click, or a year that is typed, until the page has been laid out and painted again and can answer, the median and the longest of {Repeats}: up to 16 of them are the wait for the screen.
            At most 50 at 1,400 nodes and 100 at several thousand is what the project wants.

            | nodes | ties | a kind goes or comes | other years | another order of the nodes | another selection |
            |---:|---:|---:|---:|---:|---:|
            {string.Join('\n', explored)}

            ## Lighthouse, mobile

            Version {lighthouse.Version}, its own throttling (a slow phone on slow 4G), at least 95, 100, 100 and 95.

            | page | performance | accessibility | best practices | SEO | first contentful paint | largest contentful paint | layout shift |
            |---|---:|---:|---:|---:|---:|---:|---:|
            {string.Join('\n', lighthouse.Rows)}

            """);
    }

    /// <summary>Answers the same bytes to whatever is asked, until its input ends: the measure of what this machine's Kestrel can do.</summary>
    public static async Task ServeConstantAsync(string url, int size)
    {
        var page = new byte[size];
        Array.Fill(page, (byte)'x');
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(url);
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Run(context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            context.Response.ContentLength = page.Length;
            return context.Response.Body.WriteAsync(page).AsTask();
        });
        await app.StartAsync();
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
    }

    private static async Task<LoadResult> ReadAsync(Uri site, Guid[] people, int connections, params string[] headers)
    {
        var requests = people.Select(id => HttpLoad.Request("GET", site, $"/researchers/{id}", token: null, headers)).ToArray();
        var turn = 0;
        byte[] Next(int connection) => requests[(uint)Interlocked.Increment(ref turn) % requests.Length];
        await HttpLoad.RunAsync(site, connections, TimeSpan.FromSeconds(5), Next);
        return (await HttpLoad.RunAsync(site, connections, Duration, Next)).AllSucceeded();
    }

    private sealed record Constant(Uri Url, Process Process) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Process.StandardInput.Close();
            await Process.WaitForExitAsync();
            Process.Dispose();
        }
    }

    private static async Task<Constant> ConstantAsync(int size)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["constant", url.ToString(), size.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.BeginOutputReadLine();
        using var http = new HttpClient();
        while (true)
        {
            try
            {
                await http.GetAsync(url);
                return new(url, process);
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }

    /// <summary>What a browser asks for to show the page, without its graph, in the bytes it gets.</summary>
    private static async Task<List<(string Name, int Bytes)>> TransferredAsync(Uri site, Guid person)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = site };
        http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("br, gzip");
        var (page, html) = await GetAsync($"/researchers/{person}");
        var graph = html[html.IndexOf("slot=\"graph\" id=\"graph\"", StringComparison.Ordinal)..];
        List<(string, int)> parts = [("page", page - (int)((double)page * graph.Length / html.Length))];
        foreach (Match asset in Asset().Matches(html[..^graph.Length])) parts.Add((asset.Groups[1].Value.Split('/', '?')[1], (await GetAsync(asset.Groups[1].Value)).Bytes));
        return parts;

        async Task<(int Bytes, string Text)> GetAsync(string path)
        {
            using var answer = await http.GetAsync(path);
            answer.EnsureSuccessStatusCode();
            var body = await answer.Content.ReadAsByteArrayAsync();
            using var raw = new MemoryStream(body);
            Stream text = string.Join("", answer.Content.Headers.ContentEncoding) switch
            {
                "br" => new BrotliStream(raw, CompressionMode.Decompress),
                "gzip" => new GZipStream(raw, CompressionMode.Decompress),
                _ => raw,
            };
            return (body.Length, await new StreamReader(text).ReadToEndAsync());
        }
    }

    [GeneratedRegex("""(?:<link rel="(?:stylesheet|icon)" href|<script(?: type="module")? src)="(/[^"]+)""")]
    private static partial Regex Asset();

    /// <summary>Milliseconds from the answer to a follow until an open page shows its count, sorted.</summary>
    private static async Task<double[]> MovedAsync(Stand stand, Uri site, Guid[] people)
    {
        using var playwright = await Microsoft.Playwright.Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = await ChromiumAsync(), Args = Chromium.Flags });
        var page = await browser.NewPageAsync();
        await page.GotoAsync(new Uri(site, $"/researchers/{people[0]}").ToString());
        await page.WaitForLoadStateAsync();
        using var http = new HttpClient { BaseAddress = site };
        var shown = page.Locator("[data-number=followers]").First;
        var count = int.Parse(await shown.InnerTextAsync(), NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        await page.EvaluateAsync(
            """
            () => {
              const number = document.querySelector("[data-number=followers]");
              window.movedAt = {};
              new MutationObserver(() => window.movedAt[Number(number.textContent.replaceAll(",", ""))] ??= Date.now()).observe(number, { childList: true, characterData: true, subtree: true });
            }
            """);
        List<double> delays = [];
        for (var n = 0; n < Follows; n++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/me/following/{people[0]}");
            request.Headers.Authorization = new("Bearer", stand.Tokens.For(Guid.NewGuid()));
            using var answer = await http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
            var answered = (DateTime.UtcNow - DateTime.UnixEpoch).TotalMilliseconds;
            count++;
            await page.WaitForFunctionAsync($"() => window.movedAt[{count}]");
            delays.Add(await page.EvaluateAsync<double>($"() => window.movedAt[{count}]") - answered);
        }

        delays.Sort();
        return [.. delays];
    }

    /// <summary>How soon the explorer answers, once around 1,400 nodes and once around as many as can be had.</summary>
    private static async Task<List<string>> ExploredAsync(HttpClient http)
    {
        using var playwright = await Microsoft.Playwright.Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = await ChromiumAsync(), Args = Chromium.Flags });
        List<string> rows = [];
        foreach (var atLeast in new[] { 1_400, int.MaxValue })
        {
            var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 1280, Height = 900 } });
            await page.GotoAsync(new Uri(http.BaseAddress!, await LargeExplorerAsync(http, atLeast)).ToString());
            await page.Locator("#graph[role=application]:not([aria-busy])").WaitForAsync(new() { Timeout = 60_000 });
            var size = await page.EvaluateAsync<int[]>("() => { const { nodes, ties } = document.querySelector('#graph').drawing; return [nodes.length, ties.length]; }");
            var figures = new List<string>();
            foreach (var act in new[]
            {
                "n => document.querySelector('#filter [value=topic]').click()",
                "n => { const from = document.querySelector('#from'); from.value = n % 2 ? '' : '2015'; from.dispatchEvent(new Event('input', { bubbles: true })); }",
                "n => document.querySelector(`#nodes [data-sort=${['name', 'links', 'weight'][n % 3]}]`).click()",
                "n => document.querySelectorAll('#nodes [data-select]')[n].click()",
            })
            {
                List<double> taken = [];
                for (var n = 0; n < Repeats; n++)
                {
                    taken.Add(await page.EvaluateAsync<double>(
                        $$"""
                        async n => {
                          const began = performance.now();
                          ({{act}})(n);
                          await new Promise(painted => requestAnimationFrame(() => {
                            const { port1, port2 } = new MessageChannel();
                            port1.onmessage = painted;
                            port2.postMessage(0);
                          }));
                          return performance.now() - began;
                        }
                        """, n));
                    await page.Locator("#inspector:not([aria-busy])").WaitForAsync();
                }

                taken.Sort();
                figures.Add(string.Create(CultureInfo.InvariantCulture, $"{Percentiles.Of([.. taken], 0.5):0}, {taken[^1]:0}"));
            }

            rows.Add(string.Create(CultureInfo.InvariantCulture, $"| {size[0]:N0} | {size[1]:N0} | {string.Join(" | ", figures)} |"));
            await page.CloseAsync();
        }

        return rows;
    }

    /// <summary>An explorer around an institution, with so many of its neighbours expanded that it has at least so many nodes, or with as many as can be.</summary>
    private static async Task<string> LargeExplorerAsync(HttpClient http, int nodes)
    {
        var found = (await http.GetFromJsonAsync<JsonNode>("/api/institutions?q=university"))!["items"]!.AsArray();
        var root = $"/explore/institution/{found.MaxBy(each => each!["works"]!.GetValue<int>())!["id"]}";
        var neighbours = (await http.GetFromJsonAsync<JsonNode>($"{root}?handler=json&limit=200"))!["nodes"]!.AsArray().Skip(1).Where(node => (string)node!["kind"]! is "topic" or "institution").Take(25);
        var address = $"{root}?limit=200";
        foreach (var neighbour in neighbours)
        {
            address += $"&expand={neighbour!["kind"]}.{neighbour["id"]}";
            if ((await http.GetFromJsonAsync<JsonNode>(address.Replace("?", "?handler=json&", StringComparison.Ordinal)))!["nodes"]!.AsArray().Count >= nodes) break;
        }

        return address;
    }

    private static Task<string> ChromiumAsync() => Chromium.EnsureAsync(Repository.DataFolder, Console.Error.WriteLine);

    private static async Task<(string Version, List<string> Rows)> LighthouseAsync(Uri site, Guid person)
    {
        var node = await Node.EnsureAsync(Repository.DataFolder, Console.Error.WriteLine);
        var folder = Path.Combine(Repository.Root, "tests", "Load", "lighthouse");
        await Node.InstallPackagesAsync(folder, Repository.DataFolder);
        List<string> rows = [];
        var version = "";
        foreach (var (name, path) in new[] { ("researcher page", $"/researchers/{person}"), ("explorer", $"/explore/researcher/{person}"), ("search", "/search?q=an") })
        {
            var report = JsonNode.Parse(await Node.RunAsync(node, Path.Combine(folder, "audit.mjs"), [new Uri(site, path).ToString(), await ChromiumAsync(), string.Join(' ', Chromium.Flags)]))!;
            version = (string)report["version"]!;
            string Score(string category) => string.Create(CultureInfo.InvariantCulture, $"{(double)report[category]! * 100:0}");
            rows.Add(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {Score("performance")} | {Score("accessibility")} | {Score("best-practices")} | {Score("seo")} | {(double)report["firstContentfulPaint"]! / 1000:0.0} s | {(double)report["largestContentfulPaint"]! / 1000:0.0} s | {(double)report["layoutShift"]!:0.000} |"));
            foreach (var failed in report["failed"]!.AsArray()) Console.Error.WriteLine($"Lighthouse, {name}: {failed}");
        }

        return (version, rows);
    }
}
