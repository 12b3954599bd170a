using System.Diagnostics;
using Shouldly;
using Xunit;

namespace BzPeer.Provisioning.Tests;

public sealed class ProcessMarkTests : IDisposable
{
    private readonly Process sleeper = Process.Start("sleep", "600");

    public void Dispose()
    {
        sleeper.Kill();
        sleeper.Dispose();
    }

    [Fact]
    public async Task A_process_left_by_a_crash_is_stopped_by_the_record_of_it()
    {
        using var folder = new TemporaryFolder();
        new ProcessRecords(folder.Path).Add(ProcessMark.Of("follow", sleeper.Id, Signal.Terminate)!);

        var stopped = await new ProcessRecords(folder.Path).StopLeftoversAsync();

        stopped.ShouldBe(["follow"]);
        sleeper.WaitForExit(TimeSpan.FromMinutes(1)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_later_process_with_the_id_of_a_recorded_one_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        var mark = ProcessMark.Of("follow", sleeper.Id, Signal.Terminate)!;
        new ProcessRecords(folder.Path).Add(mark with { Started = "another boot:1" });

        var stopped = await new ProcessRecords(folder.Path).StopLeftoversAsync();

        stopped.ShouldBeEmpty();
        mark.IsRunning.ShouldBeTrue();
    }

    [Fact]
    public async Task A_process_that_does_not_listen_is_killed()
    {
        using var deaf = Process.Start("sh", ["-c", "trap '' TERM; while :; do sleep 1; done"]);
        var mark = ProcessMark.Of("deaf", deaf.Id, Signal.Terminate)!;

        await mark.StopAsync(TimeSpan.FromMilliseconds(200));

        mark.IsRunning.ShouldBeFalse();
    }
}
