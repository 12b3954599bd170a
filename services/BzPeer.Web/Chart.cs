using System.Globalization;

namespace BzPeer.Web;

/// <summary>
/// A chart as lines and boxes, drawn for about as many units as it will have pixels. The axis of values begins at 0, always; the same
/// numbers give the same drawing.
/// </summary>
/// <param name="Form"><c>wide</c>, or <c>tall</c> for a narrow screen.</param>
internal sealed record Chart(
    string Form, int Width, int Height, IReadOnlyList<ChartTick> Values, IReadOnlyList<ChartTick> Steps, IReadOnlyList<ChartBar> Bars, string? Line = null, string? Area = null,
    IReadOnlyList<ChartPoint>? Points = null)
{
    private const int Top = 12;
    private const int Bottom = 26;
    private const int Right = 12;

    /// <summary>Where the values stand, left of the drawing.</summary>
    public int Left { get; private init; }

    /// <summary>Where 0 is.</summary>
    public int Base => Height - Bottom;

    /// <summary>A number that changes, as a line over its days or months; one alone is a dot.</summary>
    public static IReadOnlyList<Chart> OfLine(IReadOnlyList<(string Name, long Value)> steps) => Both((form, width, height) =>
    {
        var (left, top, ticks) = Scale(steps.Max(step => step.Value), height);
        double X(int n) => steps.Count == 1 ? (left + width - Right) / 2.0 : left + ((width - Right - left) * n / (steps.Count - 1.0));
        double Y(long value) => height - Bottom - ((height - Bottom - Top) * value / (double)top);
        var line = string.Concat(steps.Select((step, n) => $"{(n == 0 ? "M" : "L")}{Number(X(n))} {Number(Y(step.Value))}"));
        return new(form, width, height, ticks, Labels([.. steps.Select(step => step.Name)], X, width), [], line,
            $"{line}L{Number(X(steps.Count - 1))} {height - Bottom}L{Number(X(0))} {height - Bottom}Z",
            [.. steps.Select((step, n) => new ChartPoint(X(n), Y(step.Value), $"{step.Name}: {Shown.Count(step.Value)}")).Where((_, n) => n == steps.Count - 1 || steps.Count <= 12)])
        { Left = left };
    });

    /// <summary>Numbers that add up, stacked over their days or months.</summary>
    /// <param name="steps">What each is called, and its parts from the bottom up: a class for the colour, a name and a number.</param>
    public static IReadOnlyList<Chart> OfStacks(IReadOnlyList<(string Name, IReadOnlyList<(string Class, string Name, long Value)> Parts)> steps) => Both((form, width, height) =>
    {
        var (left, top, ticks) = Scale(steps.Max(step => step.Parts.Sum(part => part.Value)), height);
        var each = (width - Right - left) / (double)steps.Count;
        var thick = Math.Min(Math.Max(1.5, each - Math.Max(1, each * .22)), 64);
        double X(int n) => left + (each * (n + .5));
        var bars = new List<ChartBar>();
        foreach (var (n, step) in steps.Index())
        {
            double y = height - Bottom;
            foreach (var part in step.Parts.Where(part => part.Value > 0))
            {
                // One of thousands is thin, but there.
                var tall = Math.Max(1, (height - Bottom - Top) * part.Value / (double)top);
                bars.Add(new(X(n) - (thick / 2), y -= tall, thick, tall, part.Class, $"{step.Name}{(part.Name == "" ? "" : $", {part.Name}")}: {Shown.Count(part.Value)}"));
            }
        }

        return new(form, width, height, ticks, Labels([.. steps.Select(step => step.Name)], X, width), bars) { Left = left };
    });

    /// <summary>A number for a drawing.</summary>
    public static string Number(double exact) => exact.ToString("0.#", CultureInfo.InvariantCulture);

    private static IReadOnlyList<Chart> Both(Func<string, int, int, Chart> draw) => [draw("wide", 680, 240), draw("tall", 300, 200)];

    /// <summary>Round values from 0 on, three to five of them; the greatest is at least <paramref name="most"/>, and at least 1.</summary>
    private static (int Left, long Top, IReadOnlyList<ChartTick> Ticks) Scale(long most, int height)
    {
        long step = 1;
        for (var n = 0; step * 4 < most; n++) step = n % 3 == 1 ? step / 2 * 5 : step * 2;
        var top = Math.Max(1, (most + step - 1) / step) * step;
        var ticks = Enumerable.Range(0, (int)(top / step) + 1)
            .Select(n => new ChartTick(height - Bottom - ((height - Bottom - Top) * n * step / (double)top), Shown.Count(n * step))).ToList();
        return (18 + (7 * ticks[^1].Text.Length), top, ticks);
    }

    /// <summary>As many names as there is room for, evenly, the last one always.</summary>
    private static IReadOnlyList<ChartTick> Labels(IReadOnlyList<string> names, Func<int, double> x, int width)
    {
        var most = Math.Max(2, width / (7 * names.Max(name => name.Length) + 22));
        var every = (int)Math.Ceiling(names.Count / (double)most);
        return [.. names.Select((name, n) => (name, n)).Where(one => (names.Count - 1 - one.n) % every == 0).Select(one => new ChartTick(x(one.n), one.name))];
    }
}

/// <param name="At">Along its axis.</param>
internal sealed record ChartTick(double At, string Text);

/// <param name="Class">Says its colour.</param>
/// <param name="Title">What it stands for, in words.</param>
internal sealed record ChartBar(double X, double Y, double Width, double Height, string Class, string Title);

/// <param name="Title">What it stands for, in words.</param>
internal sealed record ChartPoint(double X, double Y, string Title);
