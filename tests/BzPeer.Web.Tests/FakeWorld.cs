using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BzPeer.Web.Tests;

/// <summary>The little world the fake services answer from: the seed paper with its five authors, and whatever a test adds.</summary>
internal sealed class FakeWorld
{
    public const string SeedTitle = "Extending Kubernetes Networking to make use of Segment Routing over IPv6 (SRv6)";
    public const string SeedAbstract = "Kubernetes is the leading platform for orchestrating containerized applications. In this paper, we extend Kubernetes networking to make use of SRv6, a feature-rich overlay networking mechanism. Integration with SRv6 can be very beneficial when Kubernetes is used in large-scale and distributed multi-datacenter scenarios. We have focused on the Calico CNI plugin, one of the most used Kubernetes networking plugins. In particular, we consider Calico-VPP, a version of the Calico plugin based on the VPP (Vector Packet Processing) data plane, which provides support for SRv6 operations with very high performance. The proposed SRv6 overlay networking solution for Kubernetes offers several advantages compared to a traditional overlay (e.g. IP in IP), in particular the possibility to use Traffic Engineering for the overlay tunnels. In the paper, we provide the architecture and the detailed design of the SRv6 based overlay and describe our open source implementation. We consider the research and technological question on how to extend Kubernetes networking to support large-scale and distributed multi-datacenter scenarios, which is an important goal for Cloud and Network providers. In this respect, we compare two different solutions for the control plane architecture of the SRv6 capable Kubernetes networking plugin, one based on the BGP routing protocol and another one based on extending the Kubernetes control plane. Finally, we report a performance evaluation of the data plane of the proposed SRv6 overlay networking, showing that it has comparable performance to existing overlay solutions (e.g. IP in IP), while offering a richer set of features.";

    public readonly Entries<Person> People = [];
    public readonly Entries<Paper> Papers = [];
    public readonly Entries<(Guid Follower, Guid Followee, DateTimeOffset Since)> Follows = [];
    public readonly Dictionary<Guid, string> Affiliations = [];
    public readonly HashSet<Guid> Erased = [];
    public readonly HashSet<Guid> Removed = [];
    public readonly Dictionary<Guid, Guid> Merged = [];

    public readonly Dictionary<Guid, string> Headlines = [];
    public readonly HashSet<Guid> Closed = [];
    public readonly HashSet<Guid> Claimed = [];
    public readonly HashSet<Guid> ClaimsRevoked = [];
    public readonly List<(Guid Blocker, Guid Blocked)> Blocks = [];
    public readonly Dictionary<Guid, (bool Lists, bool Counts)> Visible = [];
    public readonly Dictionary<Guid, long> ReadTo = [];
    public readonly Dictionary<Guid, long> SeenTo = [];
    public readonly Dictionary<Guid, object> Imports = [];
    public readonly List<(Guid Id, Guid One, Guid Other, string Evidence)> Pairs = [];
    public readonly List<(string Service, string Id, string? Type, string Reason, string Content)> DeadLetters = [];
    public readonly List<(Guid Id, Guid[] Members, string Reason, string? ReinstatedFor)> Rings = [];

    public sealed record Person(Guid Id, string Name, string? Orcid = null);

    public sealed record Paper(Guid Id, string Title, string Type, int Year, string Venue, string? Doi, string? ArxivId, string Abstract, Guid[] Authors, string[] Topics)
    {
        public bool Validated { get; init; } = true;
        public bool Retracted { get; init; }
        public (bool Reinstates, string Reason)[] Notices { get; init; } = [];
        public (string Reason, string Source)? RetractedByCurator { get; init; }
        public string[] Unlinked { get; init; } = [];
        public object[] Versions { get; init; } = [];
        public string? TitleMarkup { get; init; }
        public string? AbstractMarkup { get; init; }
    }

    public static FakeWorld WithTheSeedPaper()
    {
        var world = new FakeWorld();
        var authors = new[] { "Francesco Lombardo", "Stefano Salsano", "Ahmed Abdelsalam", "Daniel Bernier", "Clarence Filsfils" }.Select(name => world.Add(name)).ToArray();
        world.Publish(SeedTitle, SeedAbstract, authors, ["cs.NI"], 2023, "2301.01178");
        return world;
    }

    public Guid Seed => Find("Daniel Bernier");

    public Guid AddWithOrcid(string name, string orcid)
    {
        People.Add(new(Stable(name), name, orcid));
        return Stable(name);
    }

    public Guid Add(string name, string? affiliation = null)
    {
        var person = new Person(Stable(name), name);
        People.Add(person);
        if (affiliation is not null)
            Affiliations[person.Id] = affiliation;
        return person.Id;
    }

    public Guid Find(string name) => People.Single(person => person.Name == name).Id;

    public Paper Publish(string title, string text, Guid[] authors, string[] topics, int year = 2023, string? arxiv = null, string? doi = null)
    {
        var paper = new Paper(Stable(title), title, arxiv is null ? "article" : "preprint", year, arxiv is null ? "Computer Networks" : "arXiv", doi, arxiv, text, authors, topics);
        Papers.Add(paper);
        return paper;
    }

    public void Follow(Guid follower, Guid followee)
    {
        lock (Follows)
        {
            if (!Follows.Any(edge => edge.Follower == follower && edge.Followee == followee))
                Follows.Add((follower, followee, DateTimeOffset.UtcNow));
        }
    }

    public void Unfollow(Guid follower, Guid followee)
    {
        lock (Follows)
            Follows.RemoveAll(edge => edge.Follower == follower && edge.Followee == followee);
    }

    public void Suspect(Guid one, Guid other, string evidence) => Pairs.Add((Stable($"{one}{other}"), one, other, evidence));

    public IEnumerable<Paper> PapersOf(Guid id) => Papers.Where(paper => paper.Authors.Contains(id)).OrderByDescending(paper => paper.Year);

    public object? Card(Guid id) => People.FirstOrDefault(person => person.Id == id) is not { } person ? null : new
    {
        person.Id,
        person.Name,
        headline = Headlines.GetValueOrDefault(id) is { Length: > 0 } written ? written : $"{person.Name} contributes to research discovery and scholarly infrastructure.",
        role = "Researcher",
        affiliation = Affiliations.GetValueOrDefault(id),
        openToCollaborate = !Closed.Contains(id),
        claimed = Claimed.Contains(id),
        trust = new { score = Score(id), level = Level(Score(id)) },
        counts = new
        {
            works = PapersOf(id).Count(),
            followers = Hidden.Contains(id) ? (int?)null : Follows.Count(edge => edge.Followee == id),
            following = Hidden.Contains(id) ? (int?)null : Follows.Count(edge => edge.Follower == id),
            topics = PapersOf(id).SelectMany(paper => paper.Topics).Distinct().Count(),
            closeCollaborators = Strengths(id).Count(each => each.Strength >= 0.2),
        },
        externalIds = new { orcid = person.Orcid, openAlex = (string?)null },
        asOf = new { profile = 1, follow = 1, publication = AsOf, trust = AsOf },
    };

    /// <summary>Up to where the cards and statements go, in the events of their sources.</summary>
    public long AsOf { get; set; } = 1;

    /// <summary>Who hides their lists and counts.</summary>
    public HashSet<Guid> Hidden { get; } = [];

    public object Counts(Guid id)
    {
        if (Hidden.Contains(id))
            return new { followers = new { value = (long?)null, digest = (string?)null }, following = new { value = (long?)null, digest = (string?)null }, asOf = 42, hidden = true };
        lock (Follows)
        {
            return new
            {
                followers = Count(Follows.Where(edge => edge.Followee == id).Select(edge => edge.Follower)),
                following = Count(Follows.Where(edge => edge.Follower == id).Select(edge => edge.Followee)),
                asOf = 42,
            };
        }
    }

    public object Statement(Guid id)
    {
        var works = PapersOf(id).Count();
        object Factor(string factor, int evidence, int points, int max, string why) => new { factor, evidence, points, max, why };
        return new
        {
            score = Score(id),
            level = Level(Score(id)),
            modelVersion = 1,
            asOf = AsOf,
            contributions = new[]
            {
                Factor("record", 1, 9, 9, "registered from arXiv"),
                Factor("works", works, Score(id) - 9, 12, $"{works} validated work(s); an unverified profile stops at 12"),
                Factor("identity", 0, 0, 20, "nobody claimed this profile"),
                Factor("topics", 1, 0, 6, "counts for a verified profile only"),
                Factor("collaborators", Strengths(id).Count(), 0, 10, "counts for a verified profile only"),
                Factor("followers", Follows.Count(edge => edge.Followee == id), 0, 25, "trust flow is not calculated yet; a count of followers never gives points"),
            },
        };
    }

    public IEnumerable<(Guid Id, int Works, double Strength)> Strengths(Guid id) =>
        PapersOf(id).SelectMany(paper => paper.Authors.Where(author => author != id).Select(author => (author, strength: 1.0 / (paper.Authors.Length - 1))))
            .GroupBy(each => each.author)
            .Select(each => (each.Key, each.Count(), each.Sum(one => one.strength)))
            .OrderByDescending(each => each.Item3).ThenBy(each => each.Key);

    public string NameOf(Guid id) => People.First(person => person.Id == id).Name;

    /// <summary>The slice around a researcher, work or topic, one step out and the works' own ties.</summary>
    public object? Graph(string kind, string id, int limit)
    {
        var papers = kind switch
        {
            "researcher" => PapersOf(Guid.Parse(id)),
            "work" => Papers.Where(paper => paper.Id.ToString() == id),
            "topic" => Papers.Where(paper => paper.Topics.Any(topic => Stable(topic).ToString() == id)),
            _ => Papers.Where(paper => paper.Authors.Any(author => Affiliations.TryGetValue(author, out var place) && Stable(place).ToString() == id)),
        };
        var found = papers.ToArray();
        if (found.Length == 0)
            return null;
        var nodes = new Dictionary<string, (string Kind, object Node)>();
        var edges = new List<object>();
        void Node(Guid node, string nodeKind, string label, int? year = null) => nodes.TryAdd(node.ToString(), (nodeKind, new { id = node, kind = nodeKind, label, year }));
        object Edge(Guid source, Guid target, string edgeKind, double weight, string reason, int first, int latest) => new { source, target, kind = edgeKind, weight, reason, first, latest };
        foreach (var paper in found)
        {
            Node(paper.Id, "work", paper.Title, paper.Year);
            foreach (var author in paper.Authors)
            {
                Node(author, "researcher", NameOf(author));
                edges.Add(Edge(author, paper.Id, "authored", 1, $"author of “{paper.Title}”", paper.Year, paper.Year));
                if (Affiliations.TryGetValue(author, out var place))
                {
                    Node(Stable(place), "institution", place);
                    edges.Add(Edge(author, Stable(place), "affiliated", 1, $"{NameOf(author)} is affiliated there", PapersOf(author).Last().Year, PapersOf(author).First().Year));
                }
            }
            foreach (var topic in paper.Topics)
            {
                Node(Stable(topic), "topic", topic);
                edges.Add(Edge(paper.Id, Stable(topic), "about", 1, $"topic of “{paper.Title}”", paper.Year, paper.Year));
            }
        }
        if (kind == "researcher")
            edges.AddRange(Strengths(Guid.Parse(id)).Select(each => Shared(Guid.Parse(id), each.Id) is var years
                ? Edge(Guid.Parse(id), each.Id, "collaborated", each.Strength, $"{each.Works} shared work(s), strength {each.Strength.ToString("0.##", CultureInfo.InvariantCulture)}", years.Min(paper => paper.Year), years.Max(paper => paper.Year)) : null!));
        var kept = nodes.OrderByDescending(node => node.Key == id).Take(limit).ToDictionary();
        var kinds = nodes.GroupBy(node => node.Value.Kind).ToDictionary(same => same.Key, same => new { shown = same.Count(node => kept.ContainsKey(node.Key)), total = same.Count() });
        return new { nodes = kept.Values.Select(each => each.Node), edges = edges.Distinct(), shown = kept.Count, total = nodes.Count, kinds, asOf = 1 };
    }

    private Paper[] Shared(Guid one, Guid other) => [.. Papers.Where(paper => paper.Authors.Contains(one) && paper.Authors.Contains(other))];

    /// <summary>The shortest way over co-authorships, as the graph tells it.</summary>
    public object Connection(Guid from, Guid to)
    {
        var before = new Dictionary<Guid, Guid> { [from] = from };
        var next = new Queue<Guid>([from]);
        while (next.TryDequeue(out var at) && !before.ContainsKey(to))
            foreach (var (other, _, _) in Strengths(at))
                if (before.TryAdd(other, at)) next.Enqueue(other);
        List<Guid> way = [to];
        while (before.ContainsKey(to) && way[0] != from) way.Insert(0, before[way[0]]);
        var found = before.ContainsKey(to);
        var hops = way.Zip(way.Skip(1)).ToArray();
        return new
        {
            hops = found ? hops.Length : (int?)null,
            nodes = (found ? way : [from, to]).Select(id => new { id, kind = "researcher", label = NameOf(id) }),
            edges = hops.Select(hop => new { source = hop.First, target = hop.Second, kind = "collaborated", weight = 1.0, reason = "co-author of 1 work", first = Shared(hop.First, hop.Second)[0].Year, latest = Shared(hop.First, hop.Second)[0].Year }),
            works = hops.Select(hop => new { source = hop.First, target = hop.Second, total = Shared(hop.First, hop.Second).Length, newest = Shared(hop.First, hop.Second).Take(3).Select(paper => new { paper.Id, paper.Title, paper.Year }) }),
            reason = found ? null : "They are not connected by up to 4 co-authorships of validated, unretracted works with at most 100 people.",
        };
    }

    public static Guid Stable(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));

    private static object Count(IEnumerable<Guid> ids)
    {
        var digest = new byte[32];
        var count = 0;
        foreach (var id in ids)
        {
            count++;
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(id.ToString()));
            for (var i = 0; i < 32; i++)
                digest[i] ^= hash[i];
        }
        return new { value = count, digest = Convert.ToHexStringLower(digest) };
    }

    private int Score(Guid id) => 9 + Math.Min(12, 2 * PapersOf(id).Count());

    private static string Level(int score) => score < 21 ? "Baseline" : "Emerging";
}

/// <summary>A list that a test adds to while the fake services answer from it: whoever goes through it has it as it was at that moment.</summary>
internal sealed class Entries<T> : IReadOnlyList<T>
{
    private readonly Lock changing = new();
    private volatile T[] items = [];

    public int Count => items.Length;

    public T this[int index]
    {
        get => items[index];
        set
        {
            lock (changing)
                items = [.. items[..index], value, .. items[(index + 1)..]];
        }
    }

    public void Add(T item)
    {
        lock (changing)
            items = [.. items, item];
    }

    public void RemoveAll(Predicate<T> which)
    {
        lock (changing)
            items = Array.FindAll(items, item => !which(item));
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
