// The explorer's graph, drawn of the page's own tables: a row is a node or a tie, and what the rows say of themselves is all there is.
// Without this script the page has the tables, a picture, and an address for everything that is done here.
import cytoscape from "./lib/cytoscape.js";
import { inWords, plural, text } from "./texts.js";

const page = document.getElementById("explorer");
const stage = document.getElementById("graph");
const nodesBody = document.querySelector("#nodes tbody");
const tiesBody = document.querySelector("#ties tbody");
const form = document.getElementById("filter");
const inspector = document.getElementById("inspector");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const [rootKind, root] = page.dataset.root.split(".");
/** From so many nodes on, what is only for the eye is left out while things move. */
const many = 600;

// What there is, whatever is shown of it: `from` has who brought it here, the root, an expanded node or the path.
const nodes = new Map([[root, { id: root, kind: rootKind, label: page.dataset.label, year: Number(page.dataset.year) || undefined, from: new Set([root]) }]]);
const ties = new Map();
const expanded = new Map();

let state = read(location);
let shown = { nodes: new Set(), ties: new Set() };
/** Where the keyboard is in the graph. */
let focus = root;

/** What an address asks for. */
function read({ search }) {
  const query = new URLSearchParams(search);
  const year = name => /^\d{1,4}$/.test(query.get(name) ?? "") ? Number(query.get(name)) : undefined;
  const kinds = query.getAll("show").filter(kind => form.querySelector(`[value="${CSS.escape(kind)}"]`));
  return {
    expand: query.getAll("expand"),
    show: kinds.length === 4 ? [] : kinds,
    from: year("from"),
    to: year("to"),
    selected: query.get("selected") ?? undefined,
    sort: query.get("sort") ?? "",
    ties: query.get("ties") ?? "",
  };
}

/** The address of a state, or of the same in another form; what is not of the state stays as the page was asked for. */
function address(of, handler) {
  const query = new URLSearchParams(location.search);
  for (const name of ["find", "expand", "show", "from", "to", "selected", "sort", "ties"]) query.delete(name);
  if (handler) query.set("handler", handler);
  for (const key of of.expand) query.append("expand", key);
  for (const kind of of.show) query.append("show", kind);
  for (const name of ["from", "to", "selected", "sort", "ties"]) if (of[name]) query.set(name, of[name]);
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

/**
 * Takes over the rows of this page, or of a part brought from elsewhere; `by` is who brought them, where the rows do not say themselves.
 * Those that are here already only learn who else has brought them.
 */
function adopt(from, by) {
  const foreign = from !== document;
  const owners = row => new Set(by ? [by] : row.dataset.from.split(" "));
  for (const row of from.querySelectorAll("#nodes tbody tr")) {
    const [kind, id] = row.dataset.node.split(".");
    if (nodes.has(id)) {
      for (const owner of owners(row)) nodes.get(id).from.add(owner);
      continue;
    }
    nodes.set(id, { id, kind, label: row.querySelector(".label").textContent, year: Number(row.dataset.year) || undefined, from: owners(row), row });
    if (by) row.querySelector(".via")?.removeAttribute("hidden");
    if (foreign) nodesBody.append(row);
  }
  for (const row of from.querySelectorAll("#ties tbody tr")) {
    const [source, target] = row.dataset.tie.split("~");
    const tieKey = pair(row.dataset.tie);
    if (ties.has(tieKey)) {
      for (const owner of owners(row)) ties.get(tieKey).from.add(owner);
      continue;
    }
    const { kind, weight, first, latest } = row.dataset;
    ties.set(tieKey, { id: row.dataset.tie, source, target, kind, weight: Number(weight), first: Number(first) || undefined, latest: Number(latest) || undefined, from: owners(row), row });
    if (foreign) tiesBody.append(row);
  }
}

/** The two ends of a tie in one order, whichever is named first. */
const pair = tie => tie.split("~").sort().join("~");

/** What the filters leave, by the rules the page was made with. */
function fitting() {
  const from = state.from ?? -Infinity, to = state.to ?? Infinity;
  const byYear = state.from !== undefined || state.to !== undefined;
  const always = node => node.id === root || node.from.has("path");
  const fits = node => always(node)
    || ((state.show.length === 0 || state.show.includes(node.kind)) && (!byYear || node.kind !== "work" || (node.year >= from && node.year <= to)));
  const keep = new Set([...nodes.values()].filter(fits).map(node => node.id));
  const kept = new Set(), tied = new Set();
  for (const [key, tie] of ties) {
    if (!keep.has(tie.source) || !keep.has(tie.target)) continue;
    if (byYear && !tie.from.has("path") && !(tie.latest >= from && tie.first <= to)) continue;
    kept.add(key);
    tied.add(tie.source).add(tie.target);
  }
  if (byYear) for (const id of keep) if (!tied.has(id) && !always(nodes.get(id))) keep.delete(id);
  return { nodes: keep, ties: kept };
}

const howMany = () => `${plural("{0} node|{0} nodes", shown.nodes.size)}, ${plural("{0} tie|{0} ties", shown.ties.size)}`;

/** Rows, counts and the graph as the state has it. */
function show() {
  shown = fitting();
  for (const node of nodes.values()) node.degree = 0;
  for (const key of shown.ties) {
    const { source, target } = ties.get(key);
    nodes.get(source).degree++;
    nodes.get(target).degree++;
  }
  for (const { id, row, degree } of nodes.values()) {
    if (!row) continue;
    row.hidden = !shown.nodes.has(id);
    row.querySelector(".degree").textContent = degree;
  }
  for (const [key, { row }] of ties) row.hidden = !shown.ties.has(key);
  const hidden = document.getElementById("hidden");
  hidden.hidden = shown.nodes.size === nodes.size;
  hidden.querySelector("[data-count]").textContent = inWords(nodes.size - shown.nodes.size);
  document.querySelector("[data-ties]").textContent = inWords(shown.ties.size);
  sortRows();
  drawShown();
  mark();
  stage.setAttribute("aria-label", `${page.dataset.label}: ${howMany()}`);
  if (!shown.nodes.has(focus)) focus = root;
}

// Sorting, as the page does it: what is equal stays as it came.
const cellText = (row, cell) => row.cells[cell].textContent.trim();
const words = new Intl.Collator(document.documentElement.lang);
const columns = {
  nodes: {
    name: ({ label }) => label,
    kind: ({ kind }) => kind,
    year: ({ row }) => Number(row.cells[2].dataset.value) || 0,
    weight: ({ row }) => Number(row.dataset.weight) || 0,
    links: ({ degree }) => degree,
  },
  ties: {
    from: ({ row }) => cellText(row, 0),
    to: ({ row }) => cellText(row, 1),
    relation: ({ kind }) => kind,
    year: ({ latest }) => latest ?? 0,
    weight: ({ weight }) => weight,
  },
};
const sorted = { nodes: undefined, ties: undefined };

function sortRows() {
  sortTable("nodes", state.sort, [...nodes.values()].filter(node => node.row), nodesBody);
  sortTable("ties", state.ties, [...ties.values()], tiesBody);
}

function sortTable(table, sort, items, body) {
  const how = `${sort}/${items.length}/${sort.endsWith("links") ? shown.ties.size : ""}`;
  if (sorted[table] === how) return;
  const first = sorted[table] === undefined;
  sorted[table] = how;
  const key = columns[table][sort.replace(/^-/, "")];
  const down = sort.startsWith("-") ? -1 : 1;
  // The page came sorted.
  if (!first) {
    if (key) {
      const keyed = items.map(item => [key(item), item]);
      items = keyed.sort(([one], [other]) => down * (typeof one === "string" ? words.compare(one, other) : one - other)).map(([, item]) => item);
    }
    body.append(...items.map(({ row }) => row));
  }
  for (const link of document.querySelectorAll(`#${table} [data-sort]`)) {
    const here = link.dataset.sort === sort.replace(/^-/, "");
    link.lastElementChild.textContent = here ? (down < 0 ? " ↓" : " ↑") : "";
    if (here) link.closest("th").setAttribute("aria-sort", down < 0 ? "descending" : "ascending");
    else link.closest("th").removeAttribute("aria-sort");
  }
}

// The drawing. Its colours are the page's.
const colours = () => {
  const style = getComputedStyle(document.documentElement);
  return name => style.getPropertyValue(`--${name}`).trim();
};
function looks() {
  const colour = colours();
  return [
    {
      selector: "node",
      style: {
        width: "data(size)",
        height: "data(size)",
        label: "data(short)",
        color: colour("ink"),
        "font-family": getComputedStyle(document.body).fontFamily,
        "font-size": 12,
        "min-zoomed-font-size": 9,
        "text-valign": "bottom",
        "text-margin-y": 4,
        "text-max-width": 140,
        "text-wrap": "ellipsis",
        "text-outline-color": colour("card"),
        "text-outline-width": 2,
        "border-width": 1.5,
        "border-color": colour("card"),
      },
    },
    ...Object.entries({ researcher: "ellipse", work: "round-rectangle", topic: "diamond", institution: "pentagon" })
      .map(([kind, shape]) => ({ selector: `node[kind="${kind}"]`, style: { shape, "background-color": colour(kind) } })),
    { selector: "edge", style: { "curve-style": "haystack", "line-color": colour("line-strong"), "line-opacity": 0.35, width: "data(width)" } },
    { selector: ".root", style: { "font-weight": "bold", "font-size": 15, "min-zoomed-font-size": 0, "border-width": 4, "border-color": colour("accent") } },
    { selector: ".expanded", style: { "border-width": 3, "border-color": colour("ink-soft") } },
    { selector: "edge.path", style: { "line-color": colour("good"), "line-opacity": 1, width: 5 } },
    { selector: "node.path", style: { "border-width": 4, "border-color": colour("good"), "min-zoomed-font-size": 0 } },
    { selector: ".beside", style: { "line-opacity": 0.9, "line-color": colour("accent"), "z-index": 2 } },
    { selector: ".faded", style: { opacity: 0.25 } },
    { selector: "node.focus", style: { "outline-width": 3, "outline-color": colour("focus"), "outline-offset": 3, "min-zoomed-font-size": 0, "z-index": 9 } },
    { selector: "node.selected", style: { "border-width": 5, "border-color": colour("focus"), "min-zoomed-font-size": 0, "z-index": 8 } },
    { selector: "edge.selected", style: { "line-color": colour("focus"), "line-opacity": 1, width: 6, "z-index": 8 } },
    { selector: ".gone", style: { display: "none" } },
  ];
}

let cy;
function draw() {
  document.getElementById("picture").remove();
  for (const part of [stage, page.querySelector(".tools"), document.getElementById("graph-keys")]) part.hidden = false;
  form.querySelector("button").classList.add("needless");
  stage.tabIndex = 0;
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-describedby", "graph-keys");
  const large = nodes.size > many;
  cy = cytoscape({
    container: stage,
    style: looks(),
    minZoom: 0.03,
    maxZoom: 4,
    hideEdgesOnViewport: large,
    textureOnViewport: large,
    pixelRatio: large ? 1 : "auto",
    boxSelectionEnabled: false,
    autounselectify: true,
  });
  cy.on("tap", "node", ({ target }) => select(target.id()));
  cy.on("tap", "edge", ({ target }) => select(target.id()));
  cy.on("tap", ({ target }) => target === cy && state.selected && select(undefined));
  cy.on("dbltap", "node", ({ target }) => toggle(key(target.id())));
  cy.on("mouseover", "node, edge", () => stage.classList.add("over"));
  cy.on("mouseout", "node, edge", () => stage.classList.remove("over"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => cy.style(looks()));
  new ResizeObserver(() => cy.resize()).observe(stage);
}

const key = id => `${nodes.get(id).kind}.${id}`;
const short = label => label.length > 60 ? `${label.slice(0, 59).trimEnd()}…` : label;

/** The graph gets what is new and loses what is gone; only then are there places to find. */
function drawShown() {
  const strongest = new Map();
  for (const { kind, weight } of ties.values()) strongest.set(kind, Math.max(weight, strongest.get(kind) ?? 0));
  const tied = new Map();
  for (const { source, target } of ties.values()) for (const end of [source, target]) tied.set(end, (tied.get(end) ?? 0) + 1);
  let changed = false;
  cy.batch(() => {
    for (const each of cy.elements()) {
      if (each.isNode() ? nodes.has(each.id()) : ties.has(each.data("key"))) continue;
      each.remove();
      changed = true;
    }
    const fresh = [];
    for (const { id, kind, label, from } of nodes.values()) {
      if (cy.getElementById(id).nonempty()) continue;
      // Who is new comes out of whom it was expanded from.
      const by = [...from].map(each => cy.getElementById(each)).find(each => each.nonempty());
      fresh.push({ group: "nodes", data: { id, kind, short: short(label), size: 14 }, position: by ? { ...by.position() } : undefined });
    }
    for (const [tieKey, { id, source, target, kind, weight }] of ties) {
      if (cy.getElementById(id).empty()) fresh.push({ group: "edges", data: { id, key: tieKey, source, target, width: 1 + 3 * weight / strongest.get(kind) } });
    }
    if (fresh.length > 0) {
      cy.add(fresh);
      changed = true;
    }
    for (const each of cy.nodes()) {
      const node = nodes.get(each.id());
      // By all its ties, so that a filter does not have thousands drawn anew in another size.
      const size = Math.min(46, 14 + 3 * Math.sqrt(tied.get(node.id) ?? 0));
      if (each.data("size") !== size) each.data("size", size);
      each.toggleClass("gone", !shown.nodes.has(node.id));
      each.toggleClass("root", node.id === root);
      each.toggleClass("expanded", expanded.has(node.id));
      each.toggleClass("path", node.from.has("path"));
    }
    for (const each of cy.edges()) {
      each.toggleClass("gone", !shown.ties.has(each.data("key")));
      each.toggleClass("path", ties.get(each.data("key")).from.has("path"));
    }
  });
  if (changed) place();
}

const layout = new Worker(new URL("explore-layout.js", import.meta.url));
let run = 0;
let placed = false;
function place() {
  run++;
  graphState.textContent = placed ? "" : text("Finding places for everything…");
  stage.setAttribute("aria-busy", "true");
  layout.postMessage({
    run,
    warm: placed,
    nodes: cy.nodes().map(node => placed ? { id: node.id(), ...node.position() } : { id: node.id() }),
    links: cy.edges().map(edge => ({ source: edge.data("source"), target: edge.data("target") })),
  });
}
layout.addEventListener("message", ({ data }) => {
  if (data.run !== run || (!data.done && calm.matches)) return;
  const places = new Map(data.places.map(([id, x, y]) => [id, { x, y }]));
  const moving = data.done && placed && places.size <= many && !calm.matches;
  cy.stop(true);
  cy.layout({ name: "preset", positions: node => places.get(node.id()), fit: false, animate: moving, animationDuration: 350, stop: () => (data.done || !placed) && fit() }).run();
  if (!data.done) return;
  placed = true;
  graphState.textContent = "";
  stage.removeAttribute("aria-busy");
});

function fit() {
  cy.fit(cy.elements(":visible"), 30);
  // A few nodes are not blown up to fill it.
  if (cy.zoom() > 1.3) cy.zoom(1.3), cy.center(cy.elements(":visible"));
}

/** The selection, in the graph and in both tables. */
function mark() {
  const of = state.selected;
  const tie = of?.includes("~") ? ties.get(pair(of)) : undefined;
  cy.batch(() => {
    cy.elements().removeClass("selected beside faded");
    const chosen = cy.getElementById(tie?.id ?? of ?? "");
    if (chosen.nonempty()) {
      chosen.addClass("selected");
      const near = chosen.isNode() ? chosen.closedNeighborhood() : chosen.connectedNodes().union(chosen);
      near.edges().addClass("beside");
      if (nodes.size <= many) cy.elements().difference(near).addClass("faded");
    }
  });
  for (const row of document.querySelectorAll("tr[aria-current]")) row.removeAttribute("aria-current");
  (tie ?? nodes.get(of))?.row?.setAttribute("aria-current", "true");
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

function name(of) {
  const [one, other] = of.split("~");
  return other ? `${nodes.get(one)?.label} – ${nodes.get(other)?.label}` : nodes.get(one)?.label;
}

/** The frames of the tables that are on the screen: thousands of rows that nobody looks at are not laid out. */
const inView = new Set();
const watch = new IntersectionObserver(seen => {
  for (const { target, isIntersecting } of seen) {
    if (isIntersecting) {
      inView.add(target);
      reveal(target);
    } else {
      inView.delete(target);
    }
  }
});
for (const frame of document.querySelectorAll("#tables .scroll")) watch.observe(frame);

/** Brings what is selected into sight in a frame; the page stays where it is. */
function reveal(frame) {
  const row = frame.querySelector("tr[aria-current]");
  if (row && (row.offsetTop < frame.scrollTop + 40 || row.offsetTop + row.offsetHeight > frame.scrollTop + frame.clientHeight)) frame.scrollTop = row.offsetTop - frame.clientHeight / 3;
}

function select(id) {
  go({ selected: id });
  if (id && !id.includes("~")) focusOn(id, false);
  mark();
  inspect();
  for (const frame of inView) reveal(frame);
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
  const part = await bring("tables", state, `/explore/${kind}/${id}`).catch(() => undefined);
  if (!part) {
    say(text("That cannot be shown right now."));
    return false;
  }
  expanded.set(id, of);
  adopt(part, id);
  nodes.get(id)?.from.add(id);
  const line = part.querySelector("#shown li");
  line.append(collapseLink(of));
  shownList.append(line);
  marked(id, true);
  return true;
}

function collapseLink(of) {
  const link = document.createElement("a");
  link.dataset.expand = of;
  link.href = "";
  link.textContent = nodesBody.querySelector(".open")?.textContent ?? "collapse";
  return link;
}

function collapse(id) {
  expanded.delete(id);
  for (const all of [ties, nodes]) {
    for (const [each, { from, row }] of all) {
      from.delete(id);
      if (from.size > 0) continue;
      all.delete(each);
      row?.remove();
    }
  }
  shownList.querySelector(`[data-around="${id}"]`)?.remove();
  marked(id, false);
}

/** Whether a row says of itself that it is expanded. */
function marked(id, open) {
  const row = nodes.get(id)?.row;
  if (!row) return;
  row.querySelector(".open").hidden = !open;
  row.querySelector(".closed").hidden = open;
}

// The keyboard: nodes in the order of how much they are connected.
function focusOn(id, aloud = true) {
  focus = id;
  cy.nodes(".focus").removeClass("focus");
  const node = cy.getElementById(id);
  node.addClass("focus");
  const { x, y } = node.renderedPosition();
  if (x < 30 || y < 30 || x > cy.width() - 30 || y > cy.height() - 30) cy.center(node);
  if (aloud) say([nodes.get(id).label, kindOf(id), plural("{0} tie|{0} ties", nodes.get(id).degree), ...expanded.has(id) ? [text("open")] : []].join(", "));
}

const kindOf = id => form.querySelector(`[value="${nodes.get(id).kind}"]`).dataset.one;

function move(step) {
  const order = [...shown.nodes].sort((one, other) => nodes.get(other).degree - nodes.get(one).degree || (one < other ? -1 : 1));
  const at = typeof step === "number" ? Math.min(order.length - 1, Math.max(0, order.indexOf(focus) + step)) : step === "first" ? 0 : order.length - 1;
  focusOn(order[at]);
}

const zoom = by => cy.zoom({ level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
const keys = {
  ArrowRight: () => move(1),
  ArrowDown: () => move(1),
  ArrowLeft: () => move(-1),
  ArrowUp: () => move(-1),
  Home: () => move("first"),
  End: () => move("last"),
  Enter: () => toggle(key(focus)),
  " ": () => select(focus),
  Escape: () => state.selected && select(undefined),
  "+": () => zoom(1.3),
  "-": () => zoom(1 / 1.3),
  0: fit,
};

const tools = {
  in: () => zoom(1.3),
  out: () => zoom(1 / 1.3),
  fit,
  png() {
    const picture = cy.png({ output: "blob", full: true, maxWidth: 8000, maxHeight: 8000, scale: 2, bg: colours()("card") });
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(picture), download: "graph.png" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  },
};

function listen() {
  stage.addEventListener("keydown", event => {
    if (event.altKey || event.ctrlKey || event.metaKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  stage.addEventListener("focus", () => focusOn(focus));
  stage.addEventListener("blur", () => cy.nodes(".focus").removeClass("focus"));
  page.querySelector(".tools").addEventListener("click", event => tools[event.target.closest("[data-do]")?.dataset.do]?.());

  form.addEventListener("input", () => {
    const kinds = [...form.querySelectorAll("[name=show]:checked")].map(({ value }) => value);
    const year = input => /^\d{4}$/.test(input.value) ? Number(input.value) : undefined;
    const change = { show: kinds.length === 4 ? [] : kinds, from: year(form.elements.from), to: year(form.elements.to) };
    if (["from", "to"].every(each => change[each] === state[each]) && change.show.join() === state.show.join()) return;
    go(change);
    show();
    say(howMany());
  });
  form.addEventListener("submit", event => event.preventDefault());

  // Links say what they do; with a modifier, or in another window, they lead to the address of the same.
  document.addEventListener("click", event => {
    const link = event.target.closest("a");
    const row = event.target.closest("tr[data-node], tr[data-tie]");
    if (!link && row && getSelection().isCollapsed) select(row.dataset.tie ?? row.dataset.node.split(".")[1]);
    const { select: selected, expand: of, sort } = link?.dataset ?? {};
    if (!(selected || of || sort) || event.ctrlKey || event.metaKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    if (selected) {
      select(selected);
      // From the tables one goes to what is said of it.
      if (!inspector.contains(link)) inspector.focus();
    } else if (of) {
      toggle(of);
    } else {
      const table = link.closest("table").id;
      const name = table === "nodes" ? "sort" : "ties";
      const up = ["year", "weight", "links"].includes(sort) ? `-${sort}` : sort;
      const other = up.startsWith("-") ? sort : `-${sort}`;
      go({ [name]: state[name] === up ? other : up });
      sortRows();
    }
  });
  const follow = event => {
    const link = event.target.closest?.("a");
    const { select: selected, expand: of } = link?.dataset ?? {};
    if (selected) link.href = `${address({ ...state, selected })}#inspector`;
    else if (of) link.href = address({ ...state, expand: state.expand.includes(of) ? state.expand.filter(each => each !== of) : [...state.expand, of] });
  };
  document.addEventListener("pointerover", follow);
  document.addEventListener("focusin", follow);

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

adopt(document);
for (const of of state.expand) if (nodes.has(of.split(".")[1])) expanded.set(of.split(".")[1], of);
inspector.tabIndex = -1;
draw();
listen();
show();
// The page has only the rows that fit its filters; those that are to come back when they go are asked for now.
if (state.show.length > 0 || state.from || state.to) {
  bring("tables", { ...state, show: [], from: undefined, to: undefined }).then(whole => {
    adopt(whole);
    show();
  }, () => {});
}
