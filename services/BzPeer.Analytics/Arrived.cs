using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using BzPeer.Contracts;
using RabbitMQ.Client;

namespace BzPeer.Analytics;

/// <summary>What a researcher lets nobody else see.</summary>
internal readonly record struct Hides(Guid Researcher, bool Lists, bool Counts);

/// <summary>An event as it came from the broker.</summary>
/// <param name="Source">The service it comes from.</param>
/// <param name="Sequence">Its position in the source's store.</param>
/// <param name="Previous">The sequence of the one its source published before it.</param>
/// <param name="Id">Id of the event.</param>
/// <param name="Type">The last part of its CloudEvents type.</param>
/// <param name="Subject">Whom or what it is about; of a follow the followee.</param>
/// <param name="Actor">Of a follow the follower, else null.</param>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Event">The CloudEvent in structured form, JSON in UTF-8, without a position.</param>
internal sealed record Arrived(string Source, long Sequence, long Previous, Guid Id, string Type, Guid Subject, Guid? Actor, DateTime Time, byte[] Event)
{
    /// <summary>What it says about what its subject hides; null where it says nothing about that.</summary>
    public Hides? Hides()
    {
        if (Type != nameof(FollowerCountChanged)) return null;
        using var read = JsonDocument.Parse(Event);
        var data = read.RootElement.GetProperty("data");
        return new(Subject, data.GetProperty("listsHidden").GetBoolean(), data.GetProperty("countsHidden").GetBoolean());
    }

    /// <summary>Reads a message of <c>bzpeer.events</c>.</summary>
    /// <exception cref="Exception">It is no CloudEvent of BZPEER; says what is wrong with it.</exception>
    public static Arrived Read(IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body)
    {
        var fullType = Attribute("type");
        var type = fullType[(fullType.LastIndexOf('.') + 1)..];
        var source = Attribute("source");
        var subject = Guid.Parse(Attribute("subject"));
        var id = Guid.Parse(Attribute("id"));
        var time = DateTime.Parse(Attribute("time"), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
        var (sequence, previous) = (Number("sequence"), Number("previous"));
        var actor = type is nameof(ResearcherFollowed) or nameof(ResearcherUnfollowed) ? Follower(body) : (Guid?)null;
        return new(source, sequence, previous, id, type, subject, actor, time, Structured());

        string Attribute(string name) => properties.Headers?.TryGetValue(CloudEvents.HeaderPrefix + name, out var value) == true && value is byte[] text
            ? Encoding.UTF8.GetString(text)
            : throw new FormatException($"The message has no attribute {CloudEvents.HeaderPrefix}{name}.");

        long Number(string name) => long.Parse(Attribute(name), CultureInfo.InvariantCulture);

        byte[] Structured()
        {
            var buffer = new ArrayBufferWriter<byte>(body.Length + 512);
            using (var json = new Utf8JsonWriter(buffer, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            {
                json.WriteStartObject();
                json.WriteString("specversion", "1.0");
                json.WriteString("id", id);
                json.WriteString("source", source);
                json.WriteString("type", fullType);
                json.WriteString("subject", subject);
                json.WriteString("time", Attribute("time"));
                json.WriteString("datacontenttype", "application/json");
                json.WriteNumber("sequence", sequence);
                json.WriteNumber("previous", previous);
                json.WriteString("stream", Attribute("stream"));
                json.WriteNumber("streamversion", Number("streamversion"));
                if (actor is { } follower) json.WriteString("actor", follower);
                json.WritePropertyName("data");
                json.WriteRawValue(body.Span);
                json.WriteEndObject();
            }

            return buffer.WrittenSpan.ToArray();
        }
    }

    private static Guid Follower(ReadOnlyMemory<byte> body)
    {
        using var data = JsonDocument.Parse(body);
        return data.RootElement.GetProperty("followerId").GetGuid();
    }
}

/// <summary>Where events that have arrived belong.</summary>
/// <param name="Appended">Those whose predecessors are all in the log, in the order they are appended in.</param>
/// <param name="Held">Those that came before their predecessor.</param>
/// <param name="Released">How many of the appended had been held.</param>
internal sealed record Placement(IReadOnlyList<Arrived> Appended, IReadOnlyList<Arrived> Held, int Released)
{
    /// <summary>
    /// Puts what arrived into order: each source's events after one another, none twice, none before the one it says it follows. Sources
    /// keep the order of arrival among each other.
    /// </summary>
    /// <param name="arrived">In the order of arrival, with repeats and out of order.</param>
    /// <param name="held">Held from before.</param>
    /// <param name="marks">Up to where each source is in the log without a gap; moved on.</param>
    public static Placement Of(IReadOnlyList<Arrived> arrived, IReadOnlyCollection<Arrived> held, Dictionary<string, long> marks)
    {
        var waiting = held.ToDictionary(one => (one.Source, one.Previous));
        List<Arrived> appended = new(arrived.Count);
        HashSet<(string, long)> news = [];
        var released = 0;
        foreach (var one in arrived)
        {
            var mark = marks.GetValueOrDefault(one.Source);
            if (one.Sequence <= mark) continue;
            if (one.Previous != mark)
            {
                if (waiting.TryAdd((one.Source, one.Previous), one)) news.Add((one.Source, one.Previous));
                continue;
            }

            Append(one);
            while (waiting.Remove((one.Source, marks[one.Source]), out var next))
            {
                if (!news.Remove((next.Source, next.Previous))) released++;
                Append(next);
            }
        }

        return new(appended, [.. news.Select(key => waiting[key])], released);

        void Append(Arrived one)
        {
            appended.Add(one);
            marks[one.Source] = one.Sequence;
        }
    }
}
