"""Makes the sample of works beside this file: python3 make.py FOLDER, where FOLDER holds openalex/ and arxiv/.

README.md says what comes out and by which rules. The same input gives the same files, byte for byte.
arxiv-seed.xml is written by hand; here it is only read.
"""

import collections
import gzip
import json
import pathlib
import re
import sys
import unicodedata
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).parent
SEED_PAPER = "arxiv-seed.xml"

# What an importer reads of an OpenAlex work and of an authorship; the rest stays behind.
WORK_FIELDS = """id doi title display_name publication_year publication_date ids language type type_crossref primary_location
    host_venue authorships topics primary_topic concepts keywords is_retracted is_paratext abstract_inverted_index""".split()
AUTHORSHIP_FIELDS = """author_position author institutions raw_author_name raw_affiliation_strings raw_affiliation_string""".split()

EMAIL = re.compile(r"[\w.+-]+@\s?[\w-]+(?:\.[\w-]+)+")


def read(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def write(name, records):
    # No file name and no time in the header: they would differ from run to run.
    with open(HERE / name, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        for record in records:
            packed.write(json.dumps(without_emails(record), ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def without_emails(value):
    """In the words of an inverted abstract, too, which are the keys of an object."""
    if isinstance(value, str):
        return EMAIL.sub("[e-mail removed]", value)
    if isinstance(value, list):
        return [without_emails(item) for item in value]
    if isinstance(value, dict):
        return {without_emails(key): without_emails(item) for key, item in value.items()}
    return value


def trim(work):
    kept = {field: work[field] for field in WORK_FIELDS if field in work}
    kept["authorships"] = [
        {field: authorship[field] for field in AUTHORSHIP_FIELDS if field in authorship} for authorship in work["authorships"]]
    return kept


def folded(name):
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def arxiv_authors(paper):
    return sorted({folded(name) for name in paper["authors"]})


def openalex_authors(work):
    return sorted({authorship["author"]["id"] for authorship in work["authorships"] if authorship["author"].get("id")})


def names(work):
    if "arxiv_id" in work:
        return work["authors"]
    return [name for authorship in work["authorships"]
            for name in (authorship["author"].get("display_name"), authorship.get("raw_author_name")) if name]


def may_be_the_seed_researcher(name):
    """D. Bernier, Bernier Daniel, Dániel Bernier: anybody who could be taken for Daniel Bernier."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()
    words = re.findall(r"\w+", plain)
    return "bernier" in words and any(word.startswith("d") for word in words)


def grow(works, authors_of, known, count):
    """
    Takes works one by one: next is the one with most authors known already, of several the one whose authors
    wrote most. So everything taken hangs together with the authors it began with.
    """
    authors = [authors_of(work) for work in works]
    written = collections.Counter(author for group in authors for author in group)
    works_by = collections.defaultdict(set)
    for index, group in enumerate(authors):
        for author in group:
            works_by[author].add(index)

    def rank(index):
        group = authors[index]
        return sum(author in known for author in group), sum(written[author] for author in group) / len(group), -index

    known, taken = set(known), []
    candidates = {index for author in known for index in works_by[author]}
    while candidates and len(taken) < count:
        best = max(candidates, key=rank)
        candidates.remove(best)
        taken.append(best)
        for author in authors[best]:
            if author not in known:
                known.add(author)
                candidates |= works_by[author].difference(taken)
    return [works[index] for index in sorted(taken)]


def select_arxiv(papers, neighbourhood, dois):
    near = {paper["arxiv_id"] for paper in neighbourhood}
    known = {author for paper in neighbourhood for author in arxiv_authors(paper)}
    # A name of one word comes from a list of authors that was split at the wrong place.
    fit = [paper for paper in papers if paper["arxiv_id"] not in near and 2 <= len(paper["authors"]) <= 8
           and all(" " in name.strip() for name in paper["authors"])]
    selected = [paper for paper in papers if paper["doi"] and paper["doi"].lower() in dois]
    there = {paper["arxiv_id"] for paper in selected}
    for category, count in (("cs.NI", 600), ("cs.SI", 350), ("cs.DL", 250)):
        of_category = [paper for paper in fit if paper["primary_category"] == category and paper["arxiv_id"] not in there]
        selected += grow(of_category, arxiv_authors, known, count)
        known.update(author for paper in selected for author in arxiv_authors(paper))
    return sorted(selected, key=lambda paper: (paper["created"], paper["arxiv_id"]))


def select_openalex(works):
    fit = [work for work in works if work["title"] and 2 <= len(openalex_authors(work)) <= 20
           and any(authorship["institutions"] for authorship in work["authorships"])]
    written = collections.Counter(author for work in fit for author in openalex_authors(work))
    grown = {work["id"] for work in grow(fit, openalex_authors, {author for author, count in written.items() if count >= 4}, 1200)}
    return [work for work in works if work["id"] in grown or work["is_retracted"]]


def doi(work):
    return (work.get("doi") or "").lower().removeprefix("https://doi.org/")


def seed_paper():
    atom = {"a": "http://www.w3.org/2005/Atom"}
    entry, = xml.etree.ElementTree.parse(HERE / SEED_PAPER).findall("a:entry", atom)
    return {"arxiv_id": entry.findtext("a:id", namespaces=atom).split("/")[-1].split("v")[0],
            "title": entry.findtext("a:title", namespaces=atom), "doi": None,
            "authors": [name.text for name in entry.findall("a:author/a:name", atom)]}


def author_keys(work):
    """One list per author: ORCID, OpenAlex id, else (arXiv) the folded name; empty where OpenAlex knows neither."""
    if "arxiv_id" in work:
        return [[author] for author in arxiv_authors(work)]
    return [[key for key in (authorship["author"].get("orcid"), authorship["author"].get("id")) if key]
            for authorship in work["authorships"]]


def count(files):
    people, works, groups = {}, set(), []
    for file, records in files.items():
        found = set()
        titled = [work for work in records if work["title"]]
        for work in titled:
            works.add(doi(work) or work.get("arxiv_id") or work["id"])
            group = set()
            for keys in filter(None, author_keys(work)):
                person = next((people[key] for key in keys if key in people), keys[0])
                for key in keys:
                    people.setdefault(key, person)
                group.add(person)
            groups.append(group)
            found |= group
        print(f"{file}: {len(records)} records, {len(titled)} with a title, {len(found)} distinct authors")
    written = collections.Counter(person for group in groups for person in group)
    print(f"together: {len(works)} distinct works with a title, {len(written)} distinct authors; "
          f"{sum(n > 1 for n in written.values())} of them on two works or more, {sum(n > 4 for n in written.values())} on five or more")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    source = pathlib.Path(sys.argv[1])

    def load(path):
        works = json.loads((source / path).read_text("utf-8")).values() if path.endswith(".json") else read(source / path)
        return [work for work in works if not any(map(may_be_the_seed_researcher, names(work)))]

    current = [trim(work) for work in load("openalex/works-current-schema.ndjson.gz")]
    older = load("openalex/works-2023-schema.ndjson.gz")
    neighbourhood = load("arxiv/srv6-neighbourhood.json")
    papers = load("arxiv/metadata.ndjson.gz")

    # Papers that OpenAlex has as well: one work, told by two sources.
    by_doi = {paper["doi"].lower() for paper in papers if paper["doi"]}
    both = {doi(work) for work in current if doi(work) in by_doi}
    files = {
        "arxiv-networking.ndjson.gz": select_arxiv(papers, neighbourhood, both),
        "arxiv-srv6-neighbourhood.ndjson.gz": neighbourhood,
        "openalex-2023.ndjson.gz": [trim(work) for work in select_openalex(older)],
        "openalex-current.ndjson.gz": current,
    }
    for file, records in files.items():
        write(file, records)
    count({**files, SEED_PAPER: [seed_paper()]})


main()
