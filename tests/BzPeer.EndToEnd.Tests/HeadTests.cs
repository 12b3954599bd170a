using System.Net.Sockets;
using System.Text;

namespace BzPeer.EndToEnd.Tests;

/// <summary>HEAD on the wire, where what follows the headers would be taken for the next answer.</summary>
public sealed class HeadTests(RunningSystem running)
{
    [Theory]
    [InlineData("/api/events?limit=1", "200 OK")]
    [InlineData("/api/researchers?q=nobody", "200 OK")]
    [InlineData("/api/researchers/5a5a5a5a-0000-4000-8000-5a5a5a5a5a5a", "404 Not Found")]
    [InlineData("/", "200 OK")]
    public async Task Headers_are_all_there_is(string path, string status)
    {
        var stop = TestContext.Current.CancellationToken;
        var site = running.System.Site;
        using var client = new TcpClient();
        await client.ConnectAsync(site.Host, site.Port, stop);
        var wire = client.GetStream();
        await wire.WriteAsync(Encoding.ASCII.GetBytes($"HEAD {path} HTTP/1.1\r\nHost: {site.Authority}\r\nConnection: close\r\n\r\n"), stop);

        var answer = await new StreamReader(wire, Encoding.ASCII).ReadToEndAsync(stop);

        answer.ShouldStartWith($"HTTP/1.1 {status}\r\n");
        answer.ShouldContain("Content-Type: ");
        answer.IndexOf("\r\n\r\n", StringComparison.Ordinal).ShouldBe(answer.Length - 4);
    }
}
