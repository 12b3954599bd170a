using Microsoft.Extensions.Configuration;

namespace BzPeer.ServiceDefaults;

/// <summary>A setting is missing or wrong. The message is the one sentence the operator gets to read.</summary>
public sealed class InvalidSetting(string message) : Exception(message);

/// <summary>Settings are read at start, and a service that lacks one does not start.</summary>
public static class Settings
{
    /// <summary>The value of <paramref name="key"/>, or an end of the process that names it.</summary>
    /// <exception cref="InvalidSetting">It is missing or empty.</exception>
    public static string Required(this IConfiguration configuration, string key, string meaning) =>
        configuration[key] is { Length: > 0 } value
            ? value
            : throw new InvalidSetting(
                $"The setting '{key}' is missing: {meaning}. Set the environment variable {key.Replace(":", "__", StringComparison.Ordinal)}.");

    /// <summary>A whole number of at least <paramref name="least"/>, or the default when it is not set.</summary>
    /// <exception cref="InvalidSetting">It is set and is no such number.</exception>
    public static long Number(this IConfiguration configuration, string key, long otherwise, long least = 0)
    {
        if (configuration[key] is not { Length: > 0 } text) return otherwise;
        return long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) && number >= least
            ? number
            : throw new InvalidSetting($"The setting '{key}' is '{text}', which is not a whole number of at least {least}.");
    }

    /// <summary>An unusable setting ends the process with its sentence on standard error and exit code 78 (EX_CONFIG), without a stack trace.</summary>
    public static void EndTheProcessOnInvalidSettings() =>
        AppDomain.CurrentDomain.UnhandledException += static (_, failure) =>
        {
            if (failure.ExceptionObject is not InvalidSetting setting) return;
            Console.Error.WriteLine(setting.Message);
            Environment.Exit(78);
        };
}
