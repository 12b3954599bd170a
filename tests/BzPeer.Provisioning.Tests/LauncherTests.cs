using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using BzPeer.Local;
using Shouldly;
using Xunit;

namespace BzPeer.Provisioning.Tests;

/// <summary>The launcher as it is started from a console, in the cases in which it ends before it brings anything up.</summary>
public sealed class LauncherTests
{
    [Fact]
    public async Task Help_lists_the_options()
    {
        var (code, output) = await RunAsync("--help");

        code.ShouldBe(0);
        foreach (var option in (string[])["--port N", "--data PATH", "--reset", "--no-sample", "--servers-only"])
            output.ShouldContain(option);
    }

    [Fact]
    public async Task A_busy_port_is_named_with_another_that_is_free()
    {
        using var folder = new TemporaryFolder();
        using var busy = new TcpListener(IPAddress.Loopback, 0);
        busy.Start();
        var port = ((IPEndPoint)busy.LocalEndpoint).Port;

        var (code, output) = await RunAsync("--port", $"{port}", "--data", folder.Path);

        code.ShouldBe(1);
        output.ShouldContain($"Port {port} is in use by another program. End it, or choose another port: --port ");
    }

    [Fact]
    public async Task A_second_launcher_on_a_data_folder_is_told_that_there_is_a_first()
    {
        using var folder = new TemporaryFolder();
        using var first = FolderLock.TryAlone(folder.File("launcher.lock")).ShouldNotBeNull();

        var (code, output) = await RunAsync("--data", folder.Path);

        code.ShouldBe(1);
        output.ShouldContain($"Another launcher runs on {folder.Path}.");
    }

    [Fact]
    public async Task A_data_folder_that_is_no_folder_is_named()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("a-file"), "", TestContext.Current.CancellationToken);

        var (code, output) = await RunAsync("--data", folder.File("a-file"));

        code.ShouldBe(1);
        output.ShouldContain($"{folder.File("a-file")} cannot be written to");
        output.ShouldContain("Choose another folder: --data PATH.");
        output.ShouldNotContain("   at ");
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[typeof(LauncherArguments).Assembly.Location, .. args])
            start.ArgumentList.Add(argument);
        using var launcher = Process.Start(start)!;
        var output = launcher.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = launcher.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await launcher.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (launcher.ExitCode, await output + await errors);
    }
}
