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
    return await Launcher.RunAsync(arguments);
}
catch (ProvisioningException e)
{
    Report.Fail(e.Message);
    return 1;
}
