using System.Net;
using System.Net.Sockets;

namespace BzPeer.Analytics;

/// <summary>
/// Which addresses belong to the public Internet. A webhook's owner names where we connect to: never into our own network, nor to what a
/// cloud answers its machines with.
/// </summary>
internal static class PublicAddress
{
    /// <summary>IANA's special-purpose IPv4 addresses, multicast, what is reserved, and Azure's answer to its machines, which has an address like any other.</summary>
    private static readonly IPNetwork[] Refused4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>All of the IPv6 Internet there is; whatever lies outside (loopback, ULA, link-local, multicast, site-local) is not public.</summary>
    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    /// <summary>Within <see cref="Global6"/>: protocol assignments with Teredo, and documentation.</summary>
    private static readonly IPNetwork[] Refused6 = [IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("3fff::/20")];

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>Whether anybody on the Internet may have this address. An IPv6 address that stands for an IPv4 one is as public as that.</summary>
    public static bool Is(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork) return !Refused4.Any(network => network.Contains(address));
        var bytes = address.GetAddressBytes();
        if (Nat64.Contains(address)) return Is(new IPAddress(bytes.AsSpan(12)));
        if (SixToFour.Contains(address)) return Is(new IPAddress(bytes.AsSpan(2, 4)));
        return Global6.Contains(address) && !Refused6.Any(network => network.Contains(address));
    }

    /// <summary>The addresses a host has, by name or as written.</summary>
    public static async Task<IPAddress[]> OfAsync(string host, CancellationToken cancellation) =>
        IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellation);
}
