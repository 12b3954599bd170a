using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BzPeer.Provisioning;

/// <summary>A RabbitMQ broker on which virtual hosts can be made.</summary>
public sealed class BrokerServer(ServerRecord record, Func<IReadOnlyList<string>, CancellationToken, Task>? rabbitmqctl = null)
{
    /// <summary>Where it came from and what was started for it.</summary>
    public ServerRecord Record { get; } = record;

    /// <summary>The address of the default virtual host, or of the one that was configured.</summary>
    public Uri Address => new(Record.Address);

    /// <summary>The console for people, without user and password.</summary>
    public Uri? Console => Record.Management is { } management ? new UriBuilder(management) { UserName = "", Password = "" }.Uri : null;

    /// <summary>The address of a virtual host of this broker.</summary>
    public Uri AddressOf(string virtualHost) =>
        new UriBuilder(Address) { Path = Uri.EscapeDataString(virtualHost) }.Uri;

    /// <summary>Makes the virtual host if it is not there, and answers its address.</summary>
    public async Task<Uri> CreateVirtualHostAsync(string name, CancellationToken ct = default)
    {
        var user = Uri.UnescapeDataString(Address.UserInfo.Split(':')[0]);
        if (Record.Management is not null)
        {
            await SendAsync(HttpMethod.Put, $"api/vhosts/{Uri.EscapeDataString(name)}", new { }, ct);
            await SendAsync(HttpMethod.Put, $"api/permissions/{Uri.EscapeDataString(name)}/{Uri.EscapeDataString(user)}",
                new { configure = ".*", write = ".*", read = ".*" }, ct);
        }
        else
        {
            await Control(["add_vhost", name], ct);
            await Control(["set_permissions", "-p", name, user, ".*", ".*", ".*"], ct);
        }
        return AddressOf(name);
    }

    /// <summary>Deletes a virtual host with everything in it.</summary>
    public Task DeleteVirtualHostAsync(string name, CancellationToken ct = default) =>
        Record.Management is not null
            ? SendAsync(HttpMethod.Delete, $"api/vhosts/{Uri.EscapeDataString(name)}", null, ct)
            : Control(["delete_vhost", name], ct);

    /// <summary>The virtual hosts of this broker, where its management API can be asked.</summary>
    public async Task<IReadOnlyList<string>> VirtualHostsAsync(CancellationToken ct = default)
    {
        if (Record.Management is null)
            return [];
        using var http = Http();
        return [.. (await http.GetFromJsonAsync<VirtualHost[]>("api/vhosts", ct))!.Select(host => host.Name)];
    }

    private sealed record VirtualHost(string Name);

    /// <summary>Null when the broker answers and lets the user in, else why not.</summary>
    internal static async Task<string?> WhyUnusableAsync(string address, CancellationToken ct)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("amqp" or "amqps"))
            return "it is not an address of the form amqp://user:password@host:port/virtual-host";
        try
        {
            var factory = new ConnectionFactory { Uri = uri, RequestedConnectionTimeout = TimeSpan.FromSeconds(5) };
            await using var connection = await factory.CreateConnectionAsync(ct);
            return null;
        }
        catch (Exception e) when (e is BrokerUnreachableException or RabbitMQClientException or IOException or TimeoutException)
        {
            return e.GetBaseException().Message;
        }
    }

    /// <summary>Whether the management API answers at this address with these rights.</summary>
    internal static async Task<bool> IsManagementAsync(Uri management, CancellationToken ct)
    {
        try
        {
            using var http = Http(management);
            http.Timeout = TimeSpan.FromSeconds(3);
            using var answer = await http.GetAsync("api/vhosts", ct);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }

    private Task Control(IReadOnlyList<string> arguments, CancellationToken ct) =>
        rabbitmqctl?.Invoke(arguments, ct) ?? throw new ProvisioningException(
            $"A virtual host of its own is needed on {Record.Origin}, and its management API does not answer. "
            + $"Set {ServersOptions.ManagementVariable} to its address, http://user:password@host:15672.");

    private async Task SendAsync(HttpMethod method, string path, object? body, CancellationToken ct)
    {
        using var http = Http();
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await http.SendAsync(request, ct);
        if (!answer.IsSuccessStatusCode)
            throw new ProvisioningException(
                $"The broker's management API answered {method} /{path} with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(ct)}");
    }

    private HttpClient Http() => Http(Record.Management!);

    private static HttpClient Http(Uri management)
    {
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(management.UserInfo)));
        return new HttpClient
        {
            BaseAddress = new UriBuilder(management) { UserName = "", Password = "" }.Uri,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Basic", credentials) },
        };
    }
}
