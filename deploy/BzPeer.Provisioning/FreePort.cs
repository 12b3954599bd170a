using System.Net;
using System.Net.Sockets;

namespace BzPeer.Provisioning;

/// <summary>Ports on the loopback interface.</summary>
public static class FreePort
{
    /// <summary>A port nobody listens on, the preferred one if that is free.</summary>
    public static int Next(int preferred = 0)
    {
        if (preferred > 0 && IsFree(preferred))
            return preferred;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
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
