using System.Globalization;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BzPeer.Analytics;

/// <summary>From which day to which, both included, and in what steps. Days are of UTC.</summary>
/// <param name="By"><c>day</c>, <c>month</c> or <c>year</c>.</param>
/// <param name="From">First day of the first step.</param>
/// <param name="To">Last day of the last step, or within it.</param>
internal sealed record Period(string By, DateOnly From, DateOnly To)
{
    /// <summary>Steps in one answer at most.</summary>
    public const int MostSteps = 400;

    /// <summary>The first day of every step.</summary>
    public IEnumerable<DateOnly> Steps()
    {
        for (var step = From; step <= To; step = Next(step, 1)) yield return step;
    }

    /// <summary>How a step is called: <c>2026-03-01</c>, <c>2026-03</c> or <c>2026</c>.</summary>
    public string NameOf(DateOnly step) => step.ToString(By switch { "day" => "yyyy-MM-dd", "month" => "yyyy-MM", _ => "yyyy" }, CultureInfo.InvariantCulture);

    /// <summary>Reads <c>by</c>, <c>from</c> and <c>to</c> (a day, or a month or year where those are the steps); null, with the problem, when they are none.</summary>
    /// <param name="by">As asked; null for the first of <paramref name="known"/>.</param>
    /// <param name="from">As asked; null for so many steps before the end.</param>
    /// <param name="to">As asked; null for today.</param>
    /// <param name="known">Steps there are.</param>
    /// <param name="steps">How many when nothing is said.</param>
    /// <param name="today">The day it is.</param>
    /// <param name="problem">400 that names what is wrong.</param>
    public static Period? Read(string? by, string? from, string? to, string[] known, int steps, DateOnly today, out ProblemHttpResult? problem)
    {
        problem = null;
        by ??= known[0];
        if (!known.Contains(by)) return Wrong(Problems.Malformed("by", $"'{by}' is none of the steps there are: {string.Join(", ", known)}."), out problem);
        if (!TryDay(from, out var first)) return Wrong(Problems.Malformed("from", $"'{from}' is no day, month or year: say 2026-03-01, 2026-03 or 2026."), out problem);
        if (!TryDay(to, out var last)) return Wrong(Problems.Malformed("to", $"'{to}' is no day, month or year: say 2026-03-01, 2026-03 or 2026."), out problem);

        var period = new Period(by, default, default);
        // A month or a year is meant with all its days.
        var end = last is { } said ? to!.Length switch { 4 => said.AddYears(1).AddDays(-1), 7 => said.AddMonths(1).AddDays(-1), _ => said } : today;
        var start = period.StartOf(first ?? period.Next(period.StartOf(end), 1 - steps));
        if (start > end) return Wrong(Problems.Malformed("from", $"The period ends on {end:yyyy-MM-dd}, before {start:yyyy-MM-dd}, where it begins."), out problem);
        if (start < period.Next(period.StartOf(end), 1 - MostSteps))
            return Wrong(Problems.Of(400, "period-too-long", "Period too long", $"One answer has at most {MostSteps} steps; ask for a later 'from', an earlier 'to' or longer steps."), out problem);
        return period with { From = start, To = end };
    }

    /// <summary>400 for a parameter there is none of: nothing that is asked is passed over.</summary>
    public static ProblemHttpResult? Unknown(HttpRequest request, params string[] known) =>
        request.Query.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown
            ? Problems.Of(400, "unknown-parameter", "Unknown parameter", $"There is no parameter '{unknown}'. There are {string.Join(", ", known)}.")
            : null;

    /// <summary>Today, UTC.</summary>
    public static DateOnly Today(TimeProvider clock) => DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);

    private DateOnly StartOf(DateOnly day) => By switch { "day" => day, "month" => new(day.Year, day.Month, 1), _ => new(day.Year, 1, 1) };

    private DateOnly Next(DateOnly step, int n) => By switch { "day" => step.AddDays(n), "month" => step.AddMonths(n), _ => step.AddYears(n) };

    private static bool TryDay(string? text, out DateOnly? day)
    {
        day = null;
        if (text is null) return true;
        if (!DateOnly.TryParseExact(text, ["yyyy-MM-dd", "yyyy-MM", "yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var read) || read.Year is < 1000 or > 2999) return false;
        day = read;
        return true;
    }

    private static Period? Wrong(ProblemHttpResult with, out ProblemHttpResult? problem)
    {
        problem = with;
        return null;
    }
}
