using BzPeer.Local;
using Shouldly;
using Xunit;

namespace BzPeer.Provisioning.Tests;

public sealed class LauncherArgumentsTests
{
    [Fact]
    public void Without_options_everything_is_brought_up_on_port_8080_in_the_repository()
    {
        var arguments = LauncherArguments.Parse([]);

        arguments.Port.ShouldBe(8080);
        arguments.DataFolder.ShouldBe(Path.Combine(Repository.Root, ".bzpeer"));
        (arguments.Reset, arguments.Sample, arguments.ServersOnly, arguments.ShowHelp).ShouldBe((false, true, false, false));
    }

    [Theory]
    [InlineData("--port", "9000", "--data", "/tmp/x", "--reset", "--no-sample")]
    [InlineData("--no-sample", "--reset", "--data=/tmp/x", "--port=9000")]
    public void Options_come_in_any_order_and_in_both_ways_of_writing(params string[] args)
    {
        var arguments = LauncherArguments.Parse(args);

        arguments.ShouldBe(new LauncherArguments { Port = 9000, DataFolder = Path.GetFullPath("/tmp/x"), Reset = true, Sample = false });
    }

    [Theory]
    [InlineData("There is no option --prot. --help lists what there is.", "--prot", "80")]
    [InlineData("There is no option 9000. --help lists what there is.", "9000")]
    [InlineData("--port needs a value: --port 8080.", "--port")]
    [InlineData("--port needs a value: --port 8080.", "--port", "--reset")]
    [InlineData("--data needs a value: --data PATH.", "--data=")]
    [InlineData("--port takes a number from 1 to 65535, not 'http'.", "--port", "http")]
    [InlineData("--port takes a number from 1 to 65535, not '0'.", "--port", "0")]
    [InlineData("--port takes a number from 1 to 65535, not '65536'.", "--port=65536")]
    [InlineData("--reset takes no value.", "--reset=yes")]
    public void A_mistake_is_named(string message, params string[] args) =>
        Should.Throw<ProvisioningException>(() => LauncherArguments.Parse(args)).Message.ShouldBe(message);
}
