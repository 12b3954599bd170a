using System.Globalization;

namespace BzPeer.Client;

/// <summary>
/// Keeps a position in a file, for effects that are no transaction: write it after the effect, and what the process had begun when it ended is done
/// once more. The file is the old one or the new one, never half of it.
/// </summary>
/// <param name="path">The file; it need not exist, its folder must.</param>
public sealed class FileCheckpoint(string path)
{
    /// <summary>The position kept, or null when there is none.</summary>
    /// <exception cref="FormatException">The file holds something else.</exception>
    public async Task<long?> ReadAsync(CancellationToken cancellation = default)
    {
        if (!File.Exists(path)) return null;
        var text = (await File.ReadAllTextAsync(path, cancellation)).Trim();
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : throw new FormatException($"{path} holds no position.");
    }

    /// <summary>Keeps a position; it is on the disk when this returns.</summary>
    public async Task WriteAsync(long position, CancellationToken cancellation = default)
    {
        var fresh = path + ".new";
        await using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write))
        {
            await file.WriteAsync(System.Text.Encoding.ASCII.GetBytes(position.ToString(CultureInfo.InvariantCulture)), cancellation);
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, path, overwrite: true);
    }
}
