using BzPeer.Local;
using BzPeer.Provisioning;

try
{
    var arguments = LauncherArguments.Parse(args);
    if (arguments.ShowHelp)
    {
        Console.WriteLine(LauncherArguments.Help);
        return 0;
    }
    using var signals = new StopSignals();
    try
    {
        await new Launcher(arguments).RunAsync(signals);
    }
    catch (OperationCanceledException) when (signals.Stop.IsCancellationRequested)
    {
        // Stopped while starting: everything has been taken down again.
    }
    Report.Say("Everything is stopped.");
    return 0;
}
catch (ProvisioningException e)
{
    Report.Fail(e.Message);
    return 1;
}
