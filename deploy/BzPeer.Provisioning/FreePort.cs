using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace BzPeer.Provisioning;

/// <summary>Ports on the loopback interface.</summary>
public static class FreePort
{
    // Below the range from which the system takes ports for outgoing connections: a server that is down for a moment
    // must find its port free when it comes back.
    private const int Lowest = 20_000, Highest = 32_000;

    // Between the choice of a port and its server's first listening lies the server's start, and several processes that
    // start systems side by side would now and then choose the same one: each port given out is kept by a lock
    // until the process ends.
    private static readonly ConcurrentBag<IDisposable> GivenOut = [];

    internal static string Folder => Path.Combine(Path.GetTempPath(), $"bzpeer-ports-{Environment.UserName}");

    /// <summary>
    /// A port nobody listens on, the preferred one if that is free; any other is given out once only, among all processes
    /// of this user that run at the same time.
    /// </summary>
    public static int Next(int preferred = 0)
    {
        if (preferred > 0 && IsFree(preferred))
            return preferred;
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            var port = Random.Shared.Next(Lowest, Highest);
            if (!IsFree(port) || FolderLock.TryAlone(Path.Combine(Folder, port.ToString(CultureInfo.InvariantCulture))) is not { } kept)
                continue;
            GivenOut.Add(kept);
            return port;
        }
        throw new ProvisioningException($"No port from {Lowest} to {Highest} is free on this machine.");
    }

    /// <summary>Whether a server could listen on the port now.</summary>
    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // As servers do: connections of a predecessor that linger in TIME_WAIT do not make the port busy.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
