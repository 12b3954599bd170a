using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BzPeer.Web.Tests;

/// <summary>What the fake services answer about topics and institutions: those of the papers, and where their authors are.</summary>
internal sealed partial class FakeServices
{
    private static readonly string[] Subjects = ["topics", "institutions"];

    private void MapSubjects(WebApplication app)
    {
        foreach (var of in Subjects)
        {
            app.MapGet($"/api/{of}/{{id:guid}}", (Guid id) => Labelled(of, id) is { } label
                ? Results.Ok(new { id, label, works = PapersWith(of, id).Count(), researchers = People(of, id).Count() })
                : Results.Problem("There is none of this id.", statusCode: 404));
            app.MapGet($"/api/{of}/{{id:guid}}/researchers", (HttpContext context, Guid id) => Page(context, People(of, id)));
            app.MapGet($"/api/{of}/{{id:guid}}/works", (HttpContext context, Guid id) => Labelled(of, id) is null
                ? Results.Problem("There is none of this id.", statusCode: 404)
                : Chosen(context.Request.Query, PapersWith(of, id)) is { } papers ? Page(context, papers.Select(WorkOf)) : Results.Problem("A year is four digits.", statusCode: 400));
        }
        app.MapGet("/api/works", (HttpContext context) => Page(context, World.Papers.Where(paper => Begins(context, paper.Title) || paper.Doi == context.Request.Query["q"]).Select(WorkOf)));
        foreach (var of in Subjects)
            app.MapGet($"/api/{of}", (HttpContext context) => Page(context, World.Papers.SelectMany(paper => LabelsOf(paper, of)).Where(label => Begins(context, label))
                .GroupBy(label => label).Select(label => new { id = FakeWorld.Stable(label.Key), label = label.Key, works = label.Count() })));
        foreach (var of in Subjects.Append("researchers"))
        {
            foreach (var what in Subjects)
                app.MapGet($"/api/{of}/{{id:guid}}/{what}", (HttpContext context, Guid id) => Page(context, PapersWith(of, id)
                    .SelectMany(paper => LabelsOf(paper, what, of == "researchers" ? id : null)).Where(label => FakeWorld.Stable(label) != id)
                    .GroupBy(label => label).OrderByDescending(label => label.Count()).Select(label => new { id = FakeWorld.Stable(label.Key), label = label.Key, works = label.Count() })));
        }
    }

    private static bool Begins(HttpContext context, string text) => context.Request.Query["q"].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .All(word => text.Split(' ').Any(part => part.StartsWith(word, true, CultureInfo.InvariantCulture)));

    private string? Labelled(string of, Guid id) => World.Papers.SelectMany(paper => LabelsOf(paper, of)).FirstOrDefault(label => FakeWorld.Stable(label) == id);

    private IEnumerable<FakeWorld.Paper> PapersWith(string of, Guid id) =>
        of == "researchers" ? World.PapersOf(id) : World.Papers.Where(paper => LabelsOf(paper, of).Any(label => FakeWorld.Stable(label) == id)).OrderByDescending(paper => paper.Year);

    private IEnumerable<object> People(string of, Guid id) => PapersWith(of, id).SelectMany(paper => paper.Authors)
        .Where(author => of == "topics" || (World.Affiliations.TryGetValue(author, out var place) && FakeWorld.Stable(place) == id))
        .GroupBy(author => author).Select(author => new { researcherId = author.Key, name = World.NameOf(author.Key), works = author.Count() });

    private IEnumerable<string> LabelsOf(FakeWorld.Paper paper, string what, Guid? author = null) => what == "topics"
        ? paper.Topics
        : paper.Authors.Where(one => author is null || one == author).Select(one => World.Affiliations.GetValueOrDefault(one)).OfType<string>().Distinct();
}
