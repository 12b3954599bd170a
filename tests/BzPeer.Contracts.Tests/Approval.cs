using BzPeer.Provisioning;
using Shouldly;

namespace BzPeer.Contracts.Tests;

/// <summary>A file that is made from the contracts, committed, and reviewed like code.</summary>
internal static class Approval
{
    /// <summary>Whether this run may write what it makes.</summary>
    public static bool Given => Environment.GetEnvironmentVariable("BZPEER_APPROVE") == "1";

    /// <summary>The committed file says the same as what is made now. Writes it first where the run may.</summary>
    public static void Of(string file, string made)
    {
        var path = Path.Combine(Repository.Root, file);
        if (Given)
            File.WriteAllText(path, made);
        made.ShouldBe(File.Exists(path) ? File.ReadAllText(path) : "", $"{file} is not what the contracts give. Run this test with BZPEER_APPROVE=1 and review what it changed.");
    }
}
