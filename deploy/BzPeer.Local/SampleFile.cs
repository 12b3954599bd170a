using System.IO.Compression;
using BzPeer.Provisioning;

namespace BzPeer.Local;

/// <summary>A file of the sample: its name says its format (<c>openalex-works.ndjson.gz</c>) and its type.</summary>
internal sealed record SampleFile(string Path)
{
    private static readonly string[] Formats = ["openalex", "crossref", "arxiv", "orcid"];

    public static string Folder => System.IO.Path.Combine(Repository.Root, "deploy", "sample");

    public string Name => System.IO.Path.GetFileName(Path);

    public string Format => Name.Split('-')[0];

    public bool IsCompressed => Name.EndsWith(".gz", StringComparison.Ordinal);

    public string ContentType => System.IO.Path.GetExtension(IsCompressed ? Name[..^3] : Name) switch
    {
        ".ndjson" => "application/x-ndjson",
        ".xml" => "application/atom+xml",
        _ => "application/json",
    };

    /// <summary>The files, in the order of their names.</summary>
    public static IReadOnlyList<SampleFile> All() => Directory.Exists(Folder)
        ? [.. Directory.GetFiles(Folder).Select(path => new SampleFile(path))
            .Where(file => file.Name.Contains('-') && Formats.Contains(file.Format))
            .OrderBy(file => file.Name, StringComparer.Ordinal)]
        : [];

    /// <summary>About how many records it holds, for a progress bar.</summary>
    public int CountRecords()
    {
        using var file = File.OpenRead(Path);
        using Stream stream = IsCompressed ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream);
        var records = 0;
        while (reader.ReadLine() is { } line)
        {
            if (ContentType == "application/x-ndjson" ? line.Length > 0 : line.Contains("<entry", StringComparison.Ordinal))
                records++;
        }
        return Math.Max(1, records);
    }
}
