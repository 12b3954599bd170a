using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
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
/// string of the same size, how much goes over the wire, how soon a number moves on an open page, and what Lighthouse says.
/// </summary>
internal static partial class PageReport
{
    private const int Connections = 32;
    private const int Follows = 200;
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
