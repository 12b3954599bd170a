using System.Globalization;
using Shouldly;
using Xunit;

namespace BzPeer.Provisioning.Tests;

public sealed class FreePortTests
{
    [Fact]
    public void A_port_given_out_is_nobody_elses_while_its_process_runs_though_nobody_listens_there()
    {
        var port = FreePort.Next();

        FreePort.IsFree(port).ShouldBeTrue();
        FolderLock.TryAlone(Path.Combine(FreePort.Folder, port.ToString(CultureInfo.InvariantCulture))).ShouldBeNull("what another process would have to get for it");
    }

    [Fact]
    public void A_preferred_port_is_given_where_it_is_free()
    {
        var port = FreePort.Next();

        FreePort.Next(port).ShouldBe(port);
    }
}
