using BzPeer.Follow;
using BzPeer.Testing;
using JasperFx;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;
using IProjectionCoordinator = Marten.Events.Daemon.Coordination.IProjectionCoordinator;

namespace BzPeer.ServiceDefaults.Tests;

/// <summary>Of several instances of a service one runs the daemon, and another one as soon as that one cannot.</summary>
public sealed class DaemonLeaderTests(ServiceHost<Program> service) : IClassFixture<ServiceHost<Program>>
{
    private const string LeaderSessions = "pg_stat_activity where datname = current_database() and application_name like '%-leader'";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static int RunningOn(ServiceHost<Program> instance) =>
        instance.Services.GetRequiredService<IProjectionCoordinator>().DaemonForMainDatabase().CurrentAgents().Count(agent => agent.Status == AgentStatus.Running);

    private static Task<int> Runs(ServiceHost<Program> instance, string because) => Eventually.Async(_ => Task.FromResult(RunningOn(instance)), agents => agents == 3, because, TimeSpan.FromMinutes(3), Ct);

    private static async Task CountOfAFollowMoves(ServiceHost<Program> instance)
    {
        var (ada, bob) = (Guid.NewGuid(), Guid.NewGuid());
        await instance.Services.GetRequiredService<FollowCommands>().ExecuteAsync(new(ada, bob, FollowResearcher.Decide), Ct);
        await Eventually.Async(_ => instance.Rows($"follow_counts where researcher = '{bob}'", "followers", "followers"), rows => rows is ["(1)"], "the count has moved", TimeSpan.FromMinutes(3), Ct);
    }

    [Fact]
    public async Task The_session_of_the_leader_keeps_nothing_from_being_tidied_away()
    {
        await Runs(service, "the only instance leads");
        // But for the moment in which it shows every other second that it is alive.
        await Eventually.Async(_ => service.Rows(LeaderSessions, "state", "state, backend_xmin, xact_start"), rows => rows is ["(idle,,)"], "its session holds nothing", ct: Ct);
    }

    [Fact]
    public async Task Somebody_leads_again_when_the_session_of_the_leader_was_cut()
    {
        await Runs(service, "the only instance leads");
        var before = await service.Rows(LeaderSessions, "pid", "pid");
        await service.Rows(LeaderSessions, "1", "pg_terminate_backend(pid)");
        await Eventually.Async(_ => service.Rows(LeaderSessions, "pid", "pid"), after => after.Length == 1 && after[0] != before[0], "it leads in a session anew", TimeSpan.FromMinutes(3), Ct);
        await Runs(service, "and runs everything");
        await CountOfAFollowMoves(service);
    }

    [Fact]
    public async Task The_other_instance_takes_over_when_the_leader_ends()
    {
        await using var leader = new ServiceHost<Program>();
        await leader.InitializeAsync();
        await Runs(leader, "the first instance leads");
        await using var other = new ServiceHost<Program> { Beside = leader };
        await other.InitializeAsync();
        await CountOfAFollowMoves(other);
        RunningOn(other).ShouldBe(0);

        await leader.DisposeAsync();
        await Runs(other, "the other one has taken over");
        await CountOfAFollowMoves(other);
    }
}
