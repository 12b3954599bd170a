using System.Runtime.InteropServices;

namespace BzPeer.Local;

/// <summary>Ctrl-C, SIGTERM and a closed terminal all mean the same: stop everything, in order.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly PosixSignalRegistration[] registrations;

    public StopSignals()
    {
        PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];
        registrations = [.. signals.Select(signal => PosixSignalRegistration.Create(signal, OnSignal))];
    }

    public CancellationToken Stop => stop.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        stop.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Ending is ours to do: what was started must go first.
        context.Cancel = true;
        if (stop.IsCancellationRequested)
            return;
        Report.Say("Stopping everything.");
        stop.Cancel();
    }
}
