namespace BzPeer.Provisioning;

/// <summary>Something could not be brought up. The message is for the person at the console and says what to do.</summary>
public sealed class ProvisioningException(string message, Exception? cause = null) : Exception(message, cause);
