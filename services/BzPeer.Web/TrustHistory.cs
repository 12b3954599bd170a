namespace BzPeer.Web;

/// <summary>
/// A researcher's trust over time as a drawing: steps, for a score holds until something changes it, from the first change shown to now,
/// before the four levels. Always from 0 to 100: a point is as tall for everybody.
/// </summary>
/// <param name="Changes">What is drawn, the oldest first, one point for each.</param>
/// <param name="Points">Where they are.</param>
/// <param name="Line">The steps between them.</param>
/// <param name="Whole">Whether these are all changes there ever were.</param>
/// <param name="To">The right end.</param>
internal sealed record TrustHistory(IReadOnlyList<TrustChange> Changes, IReadOnlyList<(double X, double Y)> Points, string Line, bool Whole, DateTimeOffset To)
{
    public const int Width = 320;
    public const int Height = 168;
    public const int Left = 30;
    public const int Right = 248;
    public const int Top = 8;
    public const int Base = 146;

    /// <summary>Null where nothing has changed yet.</summary>
    public static TrustHistory? Of(Paged<TrustChange>? ledger, DateTimeOffset now)
    {
        if (ledger is not { Items.Count: > 0 })
            return null;
        TrustChange[] changes = [.. ledger.Items.Reverse()];
        var (from, to) = (changes[0].At, changes[^1].At > now ? changes[^1].At : now);
        var points = changes.Select(change => (X: X(change.At), Y: Y(change.To.Score))).ToArray();
        var line = $"M{At(points[0])}" + string.Concat(points.Skip(1).Select(point => $"H{Chart.Number(point.X)}V{Chart.Number(point.Y)}")) + $"H{Right}";
        return new(changes, points, line, ledger.Next is null, to);

        double X(DateTimeOffset at) => to == from ? Left : Left + ((Right - Left) * (at - from) / (to - from));
        static string At((double X, double Y) point) => $"{Chart.Number(point.X)} {Chart.Number(point.Y)}";
    }

    public static double Y(int score) => Base - ((Base - Top) * score / 100.0);

    /// <summary>Whether all of it is one day, of which the times say more.</summary>
    public bool IsOneDay => Changes[0].At.UtcDateTime.Date == To.UtcDateTime.Date;
}
