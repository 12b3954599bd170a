// The explorer: it draws what the page's data says, and has its tables show what is asked for without loading the page. Without this script the page
// has the tables, a picture, and an address for everything that is done here.
import { drawing, short } from "./explore-drawing.js";
import { inWords, plural, text } from "./texts.js";

const page = document.getElementById("explorer");
const stage = document.getElementById("graph");
const form = document.getElementById("filter");
const inspector = document.getElementById("inspector");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const [rootKind, root] = page.dataset.root.split(".");
/** From so many nodes on they go to their places at once. */
const many = 600;
/** As many rows as a table has at once: thousands of them take longer to lay out than anybody wants to wait. */
const most = Number(page.dataset.rows);

// What there is, whatever is shown of it: `from` has who brought it here, the root, an expanded node or the path.
const nodes = new Map([[root, { id: root, kind: rootKind, label: page.dataset.label, root: true, from: new Set([root]) }]]);
const ties = new Map();
const expanded = new Map();

let state = read(location);
/** What the filters leave: nodes, the best connected first, and ties. */
let shown = { nodes: [], ties: [] };
/** Where the keyboard is in the graph. */
let focus = root;

/** What an address asks for. */
function read({ search }) {
  const query = new URLSearchParams(search);
  const number = (name, digits) => new RegExp(`^\\d{1,${digits}}$`).test(query.get(name) ?? "") ? Number(query.get(name)) || undefined : undefined;
  const kinds = query.getAll("show").filter(kind => form.querySelector(`[value="${CSS.escape(kind)}"]`));
  return {
    expand: query.getAll("expand"),
    show: kinds.length === 4 ? [] : kinds,
    from: number("from", 4),
    to: number("to", 4),
    selected: query.get("selected") ?? undefined,
    sort: query.get("sort") ?? "",
    ties: query.get("ties") ?? "",
    part: number("part", 5),
    tiepart: number("tiepart", 5),
  };
}

/** The address of a state, or of the same in another form; what is not of the state stays as the page was asked for. */
function address(of, handler) {
  const query = new URLSearchParams(location.search);
  for (const name of ["find", "expand", "show", "from", "to", "selected", "sort", "ties", "part", "tiepart"]) query.delete(name);
  if (handler) query.set("handler", handler);
  for (const key of of.expand) query.append("expand", key);
  for (const kind of of.show) query.append("show", kind);
  for (const name of ["from", "to", "selected", "sort", "ties", "part", "tiepart"]) if (of[name]) query.set(name, of[name]);
  const text = query.toString();
  return location.pathname + (text && `?${text}`);
}

function go(change) {
  state = { ...state, ...change };
  history.pushState(null, "", address(state));
  point();
}

/** Links that lead to another form of what is shown follow what is shown. */
function point() {
  for (const link of document.querySelectorAll("[data-as]")) link.href = address(state, link.dataset.as);
}

const said = document.getElementById("said");
const say = words => said.textContent = words;
const graphState = document.getElementById("graph-state");

/** Another arrangement of nodes than the one that was given places. */
let rearranged = false;
/** The places of labels in the alphabet, while there are the same labels. */
let alphabet;

/**
 * Takes over data of this page's graph, or of an expanded node's, who then is `by`. What is here already only learns who else has brought it.
 */
function adopt(data, by) {
  const owners = from => new Set(by ? [by] : from.split(" "));
  const reasons = data.reasons.map(html => document.createRange().createContextualFragment(html));
  for (const node of data.nodes) {
    const known = nodes.get(node.id);
    node.from = owners(node.from);
    if (known) for (const owner of node.from) known.from.add(owner);
    else nodes.set(node.id, node);
  }
  for (const tie of data.ties) {
    const between = pair(tie.source, tie.target), known = ties.get(between);
    tie.from = owners(tie.from);
    if (known) {
      for (const owner of tie.from) known.from.add(owner);
      continue;
    }
    tie.key = `${tie.source}~${tie.target}`;
    tie.ends = [nodes.get(tie.source), nodes.get(tie.target)];
    tie.relation = data.relations[tie.kind] ?? tie.kind;
    tie.reason = reasons[tie.reason];
    ties.set(between, tie);
  }
  changed();
}

/** The two ends of a tie in one order, whichever is named first. */
const pair = (one, other) => one < other ? `${one}~${other}` : `${other}~${one}`;
const find = id => id?.includes("~") ? ties.get(pair(...id.split("~"))) : nodes.get(id);

/** There are others than before. */
function changed() {
  [rearranged, alphabet] = [true, undefined];
  const strongest = {};
  for (const { kind, weight } of ties.values()) strongest[kind] = Math.max(weight, strongest[kind] ?? 0);
  for (const node of nodes.values()) node.size = 0;
  for (const tie of ties.values()) {
    tie.width = 1 + 3 * tie.weight / strongest[tie.kind];
    for (const end of tie.ends) end.size++;
  }
  // By all its ties, whatever is shown: a filter makes nobody smaller.
  for (const node of nodes.values()) node.size = Math.min(46, 14 + 3 * Math.sqrt(node.size));
}

/** What the filters leave, by the rules the page was made with; each node gets the ties it has `here`. */
function fitting() {
  const from = state.from ?? -Infinity, to = state.to ?? Infinity;
  const byYear = state.from !== undefined || state.to !== undefined;
  const always = node => node.root || node.path;
  for (const node of nodes.values()) {
    [node.path, node.open, node.here] = [node.from.has("path"), expanded.has(node.id), []];
    node.fits = always(node) || ((state.show.length === 0 || state.show.includes(node.kind)) && (!byYear || node.kind !== "work" || (node.year >= from && node.year <= to)));
  }
  const kept = [];
  for (const tie of ties.values()) {
    const [one, other] = tie.ends;
    tie.path = tie.from.has("path");
    if (!one.fits || !other.fits || (byYear && !tie.path && !(tie.latest >= from && tie.first <= to))) continue;
    kept.push(tie);
    one.here.push(tie);
    other.here.push(tie);
  }
  for (const node of nodes.values()) node.fits &&= !byYear || node.here.length > 0 || always(node);
  return { nodes: [...nodes.values()].filter(node => node.fits).sort((one, other) => other.here.length - one.here.length || (one.id < other.id ? -1 : 1)), ties: kept };
}

const howMany = () => `${plural("{0} node|{0} nodes", shown.nodes.length)}, ${plural("{0} tie|{0} ties", shown.ties.length)}`;

/** Rows, counts and the graph as the state has it. */
function show() {
  shown = fitting();
  const hidden = document.getElementById("hidden");
  hidden.hidden = shown.nodes.length === nodes.size;
  hidden.querySelector("[data-count]").textContent = inWords(nodes.size - shown.nodes.length);
  document.querySelector("[data-ties]").textContent = inWords(shown.ties.length);
  if (!nodes.get(focus)?.fits) focus = root;
  if (rearranged) place();
  graph.show(shown.nodes, shown.ties);
  graph.choose(chosen());
  for (const table of tables) table.fill();
  stage.setAttribute("aria-label", `${page.dataset.label}: ${howMany()}`);
}

/** What is selected, where the filters leave it. */
function chosen() {
  const what = find(state.selected);
  return what?.fits || shown.ties.includes(what) ? what : undefined;
}

// The tables. Their rows are made of the same row that the page itself has made them of.
const quantity = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2, useGrouping: false });
const span = ties => {
  const dated = ties.filter(({ first, latest }) => first && latest);
  return dated.length === 0 ? undefined : [Math.min(...dated.map(({ first }) => first)), Math.max(...dated.map(({ latest }) => latest))];
};
const years = span => !span ? "–" : span[0] === span[1] ? `${span[0]}` : `${span[0]}–${span[1]}`;
const other = (tie, node) => tie.ends[tie.ends[0] === node ? 1 : 0];
const symbol = kind => form.querySelector(`[value="${kind}"] ~ svg`).cloneNode(true);

/** What ties a node to the root, else to who was expanded first, else to anybody: the strongest of that. */
function tieOf(node) {
  const around = [root, ...expanded.keys()];
  const place = tie => around.indexOf(other(tie, node).id) >>> 0;
  return node.here.reduce((best, tie) => !best || place(tie) < place(best) || (place(tie) === place(best) && tie.weight > best.weight) ? tie : best, undefined);
}

function nodeRow(row, node) {
  const [name, kind, when, why, strength, degree] = row.cells;
  const key = `${node.kind}.${node.id}`, tie = tieOf(node);
  row.dataset.node = key;
  const [label, inspect, toggle, itsPage] = name.querySelectorAll("a");
  label.textContent = node.label;
  label.href = `/explore/${node.kind}/${node.id}`;
  inspect.dataset.select = node.id;
  toggle.dataset.expand = key;
  // Where it leads is made up when somebody is about to go there.
  inspect.href = toggle.href = "";
  toggle.querySelector(".open").hidden = !node.open;
  toggle.querySelector(".closed").hidden = node.open;
  itsPage.href = `/${node.kind}s/${node.id}`;
  for (const part of name.querySelectorAll("bdi")) part.textContent = node.label;
  kind.append(symbol(node.kind), ` ${kindOf(node)}`);
  when.textContent = years(span(node.here));
  if (tie) {
    why.replaceChildren(tie.reason.cloneNode(true));
    if (other(tie, node).id !== root) {
      const via = document.createElement("bdi");
      via.textContent = short(other(tie, node).label, 60);
      why.append(" · ", via);
    }
    strength.textContent = quantity.format(tie.weight);
  }
  degree.textContent = node.here.length;
}

function tieRow(row, tie) {
  const [one, two, relation, when, strength, why] = row.cells;
  row.dataset.tie = tie.key;
  one.textContent = short(tie.ends[0].label, 90);
  two.textContent = short(tie.ends[1].label, 90);
  const link = relation.querySelector("a");
  link.textContent = tie.relation;
  link.dataset.select = tie.key;
  link.href = "";
  when.textContent = years(span([tie]));
  strength.textContent = quantity.format(tie.weight);
  why.append(tie.reason.cloneNode(true));
}

/** Where labels stand in the alphabet: compared once, and by number from then on. */
function inAlphabet(label) {
  const { compare } = new Intl.Collator(document.documentElement.lang);
  alphabet ??= new Map([...new Set([...nodes.values()].map(({ label }) => label))].sort(compare).map((label, n) => [label, n]));
  return alphabet.get(label);
}

const tables = [
  table("nodes", "sort", "part", () => [...nodes.values()].filter(node => node.fits && !node.root), node => node.id, nodeRow, {
    name: ({ label }) => inAlphabet(label),
    kind: ({ kind }) => ["institution", "researcher", "topic", "work"].indexOf(kind),
    year: ({ here }) => span(here)?.[1] ?? 0,
    weight: node => tieOf(node)?.weight ?? 0,
    links: ({ here }) => here.length,
  }),
  table("ties", "ties", "tiepart", () => shown.ties, tie => tie.key, tieRow, {
    from: ({ ends: [one] }) => inAlphabet(one.label),
    to: ({ ends: [, two] }) => inAlphabet(two.label),
    relation: ({ kind }) => ["about", "affiliated", "authored", "collaborated"].indexOf(kind),
    year: ({ latest }) => latest ?? 0,
    weight: ({ weight }) => weight,
  }),
];

/** A table that shows a part of its items at a time: `sort` and `part` are what the address calls the order and the part. */
function table(name, sort, part, items, key, fillRow, columns) {
  const element = document.getElementById(name);
  const frame = element.closest(".scroll");
  const body = element.tBodies[0];
  const model = document.getElementById(`${name}-row`).content.firstElementChild;
  const parts = document.getElementById(`${name}-parts`);
  const details = element.closest("details");
  /** Whether rows are to come when somebody opens it. */
  let behind = false;
  details?.addEventListener("toggle", () => details.open && behind && fill());

  /** All items in the order asked for; what is equal stays as it came. */
  function sorted() {
    const value = columns[state[sort].replace(/^-/, "")];
    if (!value) return items();
    const down = state[sort].startsWith("-") ? -1 : 1;
    return items().map(item => [value(item), item]).sort(([one], [two]) => down * (one - two)).map(([, item]) => item);
  }

  function fill() {
    watch ??= new IntersectionObserver(([{ isIntersecting }]) => {
      inView = isIntersecting;
      if (inView) mark();
    });
    watch.observe(frame);
    behind = details && !details.open;
    if (behind) {
      body.replaceChildren();
      return;
    }
    const all = sorted(), last = Math.max(1, Math.ceil(all.length / most)), at = all.indexOf(chosen());
    const now = Math.min(last, state[part] ?? (at < 0 ? 1 : 1 + Math.floor(at / most)));
    const first = (now - 1) * most;
    body.replaceChildren(...all.slice(first, first + most).map(item => {
      const row = model.cloneNode(true);
      fillRow(row, item);
      return row;
    }));
    parts.hidden = last === 1;
    parts.firstElementChild.textContent = text("Rows {0} to {1} of {2}", first + 1, Math.min(first + most, all.length), all.length);
    for (const link of parts.querySelectorAll("a")) {
      const to = now + (link.rel === "next" ? 1 : -1);
      link.hidden = to < 1 || to > last;
      link.dataset.to = to;
      link.href = `${address({ ...state, [part]: to })}#${name}`;
    }
    const by = state[sort].replace(/^-/, ""), descends = state[sort].startsWith("-");
    for (const link of element.querySelectorAll("[data-sort]")) {
      const here = link.dataset.sort === by;
      link.lastElementChild.textContent = here ? (descends ? " ↓" : " ↑") : "";
      if (here) link.closest("th").setAttribute("aria-sort", descends ? "descending" : "ascending");
      else link.closest("th").removeAttribute("aria-sort");
    }
    mark();
  }

  const rowOf = what => [...body.rows].find(row => (row.dataset.tie ?? row.dataset.node?.split(".")[1]) === key(what));

  /** Marks the row of what is selected, and brings it into sight within the frame, where that is on the screen; the page stays where it is. */
  function mark() {
    for (const row of body.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
    const what = chosen(), row = what && rowOf(what);
    row?.setAttribute("aria-current", "true");
    if (row && inView && (row.offsetTop < frame.scrollTop + 40 || row.offsetTop + row.offsetHeight > frame.scrollTop + frame.clientHeight)) frame.scrollTop = row.offsetTop - frame.clientHeight / 3;
  }
  let inView = false, watch;

  parts.addEventListener("click", event => {
    const link = event.target.closest("a");
    if (!link || elsewhere(event)) return;
    event.preventDefault();
    go({ [part]: Number(link.dataset.to) });
    fill();
    frame.scrollTop = 0;
    say(parts.firstElementChild.textContent);
    if (link.hidden) parts.querySelector("a:not([hidden])").focus();
  });

  return {
    fill,
    part,
    mark,
    /** Whether it is among the rows. */
    has: what => rowOf(what) !== undefined,
    sortBy(column) {
      const up = ["year", "weight", "links"].includes(column) ? `-${column}` : column;
      // In another order one begins at its beginning.
      go({ [sort]: state[sort] !== up ? up : up.startsWith("-") ? column : `-${column}`, [part]: state.selected && 1 });
      fill();
      frame.scrollTop = 0;
    },
    name,
  };
}

/** With a modifier a link leads to the address of the same in another window. */
const elsewhere = event => event.ctrlKey || event.metaKey || event.shiftKey || event.button > 0;

// The drawing, and who finds the places in it.
const graph = drawing(stage, { select, open: id => toggle(keyOf(nodes.get(id))) });
// Programs see no pixels: they may ask what is drawn.
stage.drawing = graph;
const layout = new Worker(new URL("explore-layout.js", import.meta.url));
let run = 0;
let placed = false;
/** The nodes that are being given places, in the order the other side knows them by. */
let placing = [];
function place() {
  run++;
  rearranged = false;
  if (page.classList.contains("still")) return;
  graphState.textContent = placed ? "" : text("Finding places for everything…");
  stage.setAttribute("aria-busy", "true");
  placing = [...nodes.values()];
  const number = new Map(placing.map((node, n) => [node, n]));
  for (const node of placing) {
    // Who is new comes out of whom it was expanded from.
    if (node.x !== undefined) continue;
    const by = [...node.from].map(each => nodes.get(each)).find(each => each?.x !== undefined);
    [node.x, node.y] = [by?.x ?? 0, by?.y ?? 0];
  }
  layout.postMessage({
    run,
    count: placing.length,
    links: Uint32Array.from([...ties.values()].flatMap(({ ends }) => ends.map(end => number.get(end)))),
    places: placed ? Float64Array.from(placing.flatMap(({ x, y }) => [x, y])) : undefined,
  });
}
layout.addEventListener("message", ({ data: { run: of, done, places } }) => {
  if (of !== run || (!done && calm.matches)) return;
  graph.place(placing, places, done && placed && placing.length <= many && !calm.matches, () => (done || !placed) && graph.fit());
  if (!done) return;
  placed = true;
  graphState.textContent = "";
  stage.removeAttribute("aria-busy");
});
layout.addEventListener("error", still);

/** What is left where nothing can be drawn: the picture, and the tables. */
function still() {
  page.classList.add("still");
  graphState.textContent = "";
}

let inspecting = 0;
async function inspect() {
  const mine = ++inspecting;
  inspector.setAttribute("aria-busy", "true");
  const part = await bring("inspector", state).catch(() => undefined);
  if (mine !== inspecting) return;
  inspector.removeAttribute("aria-busy");
  if (part) inspector.replaceChildren(...part.body.childNodes);
  else say(text("That cannot be shown right now."));
}

/** A part of the page in another state. */
async function bring(handler, of, path) {
  const at = new URL(address(of, handler), location);
  if (path) [at.pathname, at.search] = [path, `?handler=${handler}&limit=${page.dataset.limit}`];
  const response = await fetch(at);
  if (!response.ok) throw new Error(`${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

const dataOf = part => JSON.parse(part.getElementById("data").textContent);

function name(of) {
  const what = find(of);
  return what?.ends ? what.ends.map(({ label }) => label).join(" – ") : what?.label;
}

function select(id) {
  const what = find(id);
  // What is chosen elsewhere than in its table is shown there.
  const away = what && tables.find(({ name }) => name === (what.ends ? "ties" : "nodes") && what !== nodes.get(root));
  const turned = away && !away.has(what);
  go({ selected: id, ...turned ? { [away.part]: undefined } : {} });
  if (what && !what.ends) focusOn(id, false);
  graph.choose(chosen());
  for (const table of tables) {
    if (turned && table === away) table.fill();
    else table.mark();
  }
  inspect();
  say(id ? text("Selected: {0}", name(id)) : text("Nothing is selected."));
}

/** Expands a node, or collapses it. */
async function toggle(of) {
  const id = of.split(".")[1];
  if (id === root) return;
  if (expanded.has(id)) {
    collapse(id);
    go({ expand: state.expand.filter(each => each !== of) });
    show();
    say(text("Collapsed: {0}.", howMany()));
  } else {
    if (state.expand.length >= Number(page.dataset.most)) {
      say(text("No more than {0} nodes can be expanded at once.", page.dataset.most));
      return;
    }
    if (!await expand(of)) return;
    go({ expand: [...state.expand, of] });
    show();
    say(text("Expanded: {0}.", howMany()));
  }
  if (state.selected) inspect();
}

const shownList = document.getElementById("shown");
async function expand(of) {
  const [kind, id] = of.split(".");
  const part = await bring("data", state, `/explore/${kind}/${id}`).catch(() => undefined);
  if (!part) {
    say(text("That cannot be shown right now."));
    return false;
  }
  expanded.set(id, of);
  adopt(dataOf(part), id);
  nodes.get(id)?.from.add(id);
  const line = part.querySelector("#shown li");
  line.append(collapseLink(of));
  shownList.append(line);
  return true;
}

function collapseLink(of) {
  const link = document.createElement("a");
  link.dataset.expand = of;
  link.href = "";
  link.textContent = document.getElementById("nodes-row").content.querySelector(".open").textContent;
  return link;
}

function collapse(id) {
  expanded.delete(id);
  for (const all of [ties, nodes]) {
    for (const [each, { from }] of all) {
      from.delete(id);
      if (from.size === 0) all.delete(each);
    }
  }
  changed();
  shownList.querySelector(`[data-around="${id}"]`)?.remove();
}

// The keyboard: nodes in the order of how much they are connected.
function focusOn(id, aloud = true) {
  const node = nodes.get(focus = id);
  graph.focus(node);
  if (aloud) say([node.label, kindOf(node), plural("{0} tie|{0} ties", node.here.length), ...node.open ? [text("open")] : []].join(", "));
}

const keyOf = ({ kind, id }) => `${kind}.${id}`;
const kindOf = ({ kind }) => form.querySelector(`[value="${kind}"]`).dataset.one;

function move(step) {
  const order = shown.nodes;
  const at = typeof step === "number" ? Math.min(order.length - 1, Math.max(0, order.findIndex(({ id }) => id === focus) + step)) : step === "first" ? 0 : order.length - 1;
  focusOn(order[at].id);
}

const keys = {
  ArrowRight: () => move(1),
  ArrowDown: () => move(1),
  ArrowLeft: () => move(-1),
  ArrowUp: () => move(-1),
  Home: () => move("first"),
  End: () => move("last"),
  Enter: () => toggle(keyOf(nodes.get(focus))),
  " ": () => select(focus),
  Escape: () => state.selected && select(undefined),
  "+": () => graph.zoom(1.3),
  "-": () => graph.zoom(1 / 1.3),
  0: graph.fit,
};

const tools = {
  in: () => graph.zoom(1.3),
  out: () => graph.zoom(1 / 1.3),
  fit: graph.fit,
  async png() {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await graph.picture()), download: "graph.png" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  },
};

/** A link that selects or expands leads to the address of that as things are now. */
function follow(link) {
  const { select: selected, expand: of } = link.dataset;
  if (selected) link.href = `${address({ ...state, selected })}#inspector`;
  else if (of) link.href = address({ ...state, expand: state.expand.includes(of) ? state.expand.filter(each => each !== of) : [...state.expand, of] });
}

/** From here on nothing has to load the page. */
function start() {
  for (const part of [stage, page.querySelector(".tools"), document.getElementById("graph-keys")]) part.hidden = false;
  form.querySelector("button").classList.add("needless");
  stage.tabIndex = 0;
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-describedby", "graph-keys");
  inspector.tabIndex = -1;

  stage.addEventListener("keydown", event => {
    if (event.altKey || event.ctrlKey || event.metaKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  stage.addEventListener("focus", () => focusOn(focus));
  stage.addEventListener("blur", () => graph.focus(undefined));
  page.querySelector(".tools").addEventListener("click", event => tools[event.target.closest("[data-do]")?.dataset.do]?.());

  form.addEventListener("input", () => {
    const kinds = [...form.querySelectorAll("[name=show]:checked")].map(({ value }) => value);
    const year = input => /^\d{4}$/.test(input.value) ? Number(input.value) : undefined;
    const change = { show: kinds.length === 4 ? [] : kinds, from: year(form.elements.from), to: year(form.elements.to) };
    if (["from", "to"].every(each => change[each] === state[each]) && change.show.join() === state.show.join()) return;
    go({ ...change, part: undefined, tiepart: undefined });
    show();
    say(howMany());
  });
  form.addEventListener("submit", event => event.preventDefault());

  // Links say what they do.
  document.addEventListener("click", event => {
    const link = event.target.closest("a");
    const row = event.target.closest("tr[data-node], tr[data-tie]");
    if (!link && row && getSelection().isCollapsed) select(row.dataset.tie ?? row.dataset.node.split(".")[1]);
    const { select: selected, expand: of, sort } = link?.dataset ?? {};
    if (!(selected || of || sort) || elsewhere(event)) return;
    event.preventDefault();
    if (selected) {
      select(selected);
      // From the tables one goes to what is said of it.
      if (!inspector.contains(link)) inspector.focus();
    } else if (of) {
      toggle(of);
    } else {
      tables.find(({ name }) => name === link.closest("table").id).sortBy(sort);
    }
  });
  for (const event of ["pointerover", "focusin"]) {
    document.addEventListener(event, ({ target }) => {
      const link = target.closest?.("a");
      if (link) follow(link);
    });
  }
  addEventListener("popstate", arrive);
}

/** Back, or on: everything as the address says. */
async function arrive() {
  const before = state;
  state = read(location);
  for (const box of form.querySelectorAll("[name=show]")) box.checked = state.show.length === 0 || state.show.includes(box.value);
  for (const name of ["from", "to"]) form.elements[name].value = state[name] ?? "";
  for (const [id, of] of [...expanded]) if (!state.expand.includes(of)) collapse(id);
  for (const of of state.expand) if (!expanded.has(of.split(".")[1])) await expand(of);
  point();
  show();
  if (before.selected !== state.selected) inspect();
}

// All of it as it comes, whatever is filtered, sorted and selected.
bring("data", { expand: state.expand, show: [] }).then(part => {
  adopt(dataOf(part));
  for (const of of state.expand) if (nodes.has(of.split(".")[1])) expanded.set(of.split(".")[1], of);
  start();
  show();
}, still);
