namespace BzPeer.Provisioning;

/// <summary>Something could not be brought up. The message is for the person at the console and says what to do.</summary>
public sealed class ProvisioningException : Exception
{
    private readonly string problem;
    private readonly string? advice;

    /// <summary>A failure whose message says all.</summary>
    public ProvisioningException(string message, Exception? cause = null) : base(message, cause) => problem = message;

    internal ProvisioningException(string problem, string advice) : base($"{problem}\n{advice}") =>
        (this.problem, this.advice) = (problem, advice);

    /// <summary>Several failures as one message, with each piece of advice once.</summary>
    internal static ProvisioningException Of(IReadOnlyList<ProvisioningException> failures) => failures is [var only]
        ? only
        : new ProvisioningException(string.Join('\n', [.. failures.Select(f => f.problem), .. failures.Select(f => f.advice).OfType<string>().Distinct()]));
}
