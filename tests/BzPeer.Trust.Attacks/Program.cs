using BzPeer.Provisioning;
using BzPeer.Trust.Attacks;

// dotnet run -c Release --project tests/BzPeer.Trust.Attacks -- report: the attacks at full size, written to docs/trust-attacks.md. Anything else runs the tests.
if (args is not ["report"]) return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);

#if DEBUG
Console.Error.WriteLine("This is a Debug build: add -c Release, or the figures of speed say nothing.");
#endif

var report = AttackReport.Write();
Console.WriteLine(report);
File.WriteAllText(Path.Combine(Repository.Root, "docs", "trust-attacks.md"), report);
return 0;
