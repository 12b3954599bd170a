// The explorer's graph on a canvas: nodes and ties as explore.js has them, drawn anew as a whole whenever something changes. That takes a few
// milliseconds for thousands of them; keeping an object per line and finding out which of them changed would take longer.

/** From so many ties on, those that are only for the eye are left out while somebody moves the view or a node. */
const many = 2500;
const closest = 4, farthest = 0.03;

/**
 * A drawing in an element that has a size. `on` hears what is done with it: `select(key)` with a node's id, a tie's key or nothing, and `open(id)` for a
 * node that is clicked twice.
 *
 * A node has `id`, `kind`, `label`, `size` (its diameter) and `x` and `y`; of its looks `root`, `open` and `path` are asked. A tie has `key`, `ends` (two
 * nodes), `width` (1 to 4) and `path`.
 */
export function drawing(stage, on) {
  const canvas = stage.appendChild(document.createElement("canvas"));
  const paper = canvas.getContext("2d");
  const view = { x: 0, y: 0, zoom: 1 };
  let nodes = [], ties = [];
  /** What is selected: a node, a tie or nothing; and the nodes that are lit with it, where others fade. */
  let chosen, lit;
  let focused, over;
  /** Whether anybody has a place yet. */
  let placed = false;
  let moving = false, asked = 0, gliding = 0;
  let look = looks();

  const x = node => node.x * view.zoom + view.x;
  const y = node => node.y * view.zoom + view.y;
  const radius = (node, zoom = view.zoom) => Math.max(2.5, node.size / 2 * zoom);

  /** At the next frame, however often it is asked for until then. */
  function paint() {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      const scale = Math.min(devicePixelRatio, 2), { clientWidth: width, clientHeight: height } = stage;
      if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
      paper.setTransform(scale, 0, 0, scale, 0, 0);
      paper.clearRect(0, 0, width, height);
      if (placed) paintOn(paper, view, width, height, moving && ties.length > many);
    });
  }

  function paintOn(to, { x: left, y: top, zoom }, width, height, nodesOnly = false) {
    const at = node => [node.x * zoom + left, node.y * zoom + top];
    const inside = node => {
      const [x, y] = at(node);
      return x > -50 && y > -50 && x < width + 50 && y < height + 50;
    };
    to.lineCap = "round";

    // Ties, the plain ones by how wide they are: thousands of them are few strokes.
    const plain = [[], [], [], []], beside = [], path = [];
    for (const tie of ties) {
      if (tie === chosen) continue;
      else if (tie.path) path.push(tie);
      else if (chosen && tie.ends.includes(chosen)) beside.push(tie);
      else if (!nodesOnly) plain[Math.min(3, Math.round(tie.width) - 1)].push(tie);
    }
    plain.forEach((each, n) => lines(each, look.line, (n + 1) * zoom, lit ? 0.1 : 0.35));
    lines(beside, look.accent, 2 * zoom, 0.9);
    lines(path, look.good, 5 * zoom, 1);
    if (chosen?.ends) lines([chosen], look.focus, 6 * zoom, 1);

    function lines(those, colour, wide, opacity) {
      to.strokeStyle = colour;
      to.globalAlpha = opacity;
      to.lineWidth = Math.max(0.6, wide);
      let held = 0;
      to.beginPath();
      for (const { ends: [one, other] } of those) {
        const [x1, y1] = at(one), [x2, y2] = at(other);
        if ((x1 < 0 && x2 < 0) || (y1 < 0 && y2 < 0) || (x1 > width && x2 > width) || (y1 > height && y2 > height)) continue;
        to.moveTo(x1, y1);
        to.lineTo(x2, y2);
        // One long line with itself crossing thousands of times takes longer than many short ones.
        if (++held % 64 === 0) {
          to.stroke();
          to.beginPath();
        }
      }
      to.stroke();
      to.globalAlpha = 1;
    }

    // Nodes, those that fade first.
    const visible = nodes.filter(inside);
    for (const faded of lit ? [true, false] : [false]) {
      to.globalAlpha = faded ? 0.25 : 1;
      for (const kind of Object.keys(shapes)) {
        to.beginPath();
        for (const node of visible) if (node.kind === kind && (faded ? !lit.has(node) : !lit || lit.has(node))) shapes[kind](to, ...at(node), radius(node, zoom));
        to.fillStyle = look[kind];
        to.fill();
        to.strokeStyle = look.card;
        to.lineWidth = Math.min(1.5, 3 * zoom);
        to.stroke();
      }
    }
    to.globalAlpha = 1;
    for (const node of visible) {
      if (node === chosen) ring(node, look.focus, 4);
      else if (node.path) ring(node, look.good, 4);
      else if (node.root) ring(node, look.accent, 4);
      else if (node.open) ring(node, look.soft, 3);
    }
    if (focused) {
      to.beginPath();
      to.arc(...at(focused), radius(focused, zoom) + 6, 0, 2 * Math.PI);
      to.strokeStyle = look.focus;
      to.lineWidth = 3;
      to.stroke();
    }

    function ring(node, colour, wide) {
      to.beginPath();
      shapes[node.kind](to, ...at(node), radius(node, zoom));
      to.strokeStyle = colour;
      to.lineWidth = Math.min(wide, radius(node, zoom) / 2);
      to.stroke();
    }

    // Names, where there is room for them: first of those somebody looks at, then of the best connected.
    const taken = [];
    const first = [over, focused, chosen?.ends ? undefined : chosen, ...chosen?.ends ?? []].filter(Boolean);
    const order = new Set([...first, ...visible.filter(node => node.root || node.path), ...lit ? visible.filter(node => lit.has(node)) : visible]);
    const most = Math.min(160, width * height / 6000);
    to.textAlign = "center";
    to.textBaseline = "top";
    to.lineJoin = "round";
    let tried = 0;
    for (const node of order) {
      if (taken.length > most || ++tried > 800) break;
      const [middle, y] = at(node);
      to.font = `${node.root ? `bold ${look.size + 2}` : look.size}px ${look.font}`;
      node.wide ??= to.measureText(short(node.label, 30)).width;
      // At the edge it moves in, as far as it is long.
      const x = Math.max(Math.min(middle, width - node.wide / 2 - 4), node.wide / 2 + 4);
      const box = { left: x - node.wide / 2 - 3, right: x + node.wide / 2 + 3, top: y + radius(node, zoom) + 3, bottom: y + radius(node, zoom) + 5 + look.size };
      if (!first.includes(node) && taken.some(other => box.left < other.right && box.right > other.left && box.top < other.bottom && box.bottom > other.top)) continue;
      taken.push(box);
      to.strokeStyle = look.card;
      to.lineWidth = 3;
      to.strokeText(short(node.label, 30), x, box.top);
      to.fillStyle = look.ink;
      to.fillText(short(node.label, 30), x, box.top);
    }
  }

  /** The node at a place of the stage, or else the tie. */
  function what(px, py) {
    let found, nearest = Infinity;
    for (const node of nodes) {
      const distance = Math.hypot(x(node) - px, y(node) - py);
      if (distance < Math.max(radius(node) + 3, 9) && distance < nearest) [found, nearest] = [node, distance];
    }
    if (found) return found;
    nearest = 6;
    for (const tie of ties) {
      const [one, other] = tie.ends;
      const x1 = x(one), y1 = y(one), dx = x(other) - x1, dy = y(other) - y1;
      const along = Math.max(0, Math.min(1, ((px - x1) * dx + (py - y1) * dy) / (dx * dx + dy * dy || 1)));
      const distance = Math.hypot(x1 + along * dx - px, y1 + along * dy - py);
      if (distance < nearest) [found, nearest] = [tie, distance];
    }
    return found;
  }

  function zoomBy(by, px = stage.clientWidth / 2, py = stage.clientHeight / 2) {
    const zoom = Math.max(farthest, Math.min(closest, view.zoom * by));
    view.x = px - (px - view.x) * zoom / view.zoom;
    view.y = py - (py - view.y) * zoom / view.zoom;
    view.zoom = zoom;
    paint();
  }

  function frame(zoomed, width, height, margin) {
    let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
    for (const { x, y } of nodes) [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
    const zoom = zoomed((width - 2 * margin) / (right - left || 1), (height - 2 * margin) / (bottom - top || 1));
    return { zoom, x: width / 2 - (left + right) / 2 * zoom, y: height / 2 - (top + bottom) / 2 * zoom };
  }

  /** All of it in sight; a few nodes are not blown up to fill it. */
  function fit() {
    Object.assign(view, frame((wide, high) => Math.max(farthest, Math.min(1.3, wide, high)), stage.clientWidth, stage.clientHeight, 45));
    paint();
  }

  // The mouse, a pen and fingers: one moves a node or the view, two zoom, one that stays where it came down selects.
  const pointers = new Map();
  let held, travelled = 0, last;
  const place = event => [event.clientX - canvas.getBoundingClientRect().left, event.clientY - canvas.getBoundingClientRect().top];
  canvas.addEventListener("pointerdown", event => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    if (pointers.size === 1) [held, travelled] = [what(...place(event)), 0];
    else held = undefined;
  });
  canvas.addEventListener("pointermove", event => {
    const now = place(event), before = pointers.get(event.pointerId);
    if (!before) {
      hover(what(...now));
      return;
    }
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    pointers.set(event.pointerId, now);
    travelled += Math.hypot(dx, dy);
    if (travelled < 4) return;
    moving = true;
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const far = ([x, y]) => Math.hypot(x - other[0], y - other[1]) || 1;
      zoomBy(far(now) / far(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else if (held && !held.ends) {
      held.x += dx / view.zoom;
      held.y += dy / view.zoom;
    } else {
      view.x += dx;
      view.y += dy;
    }
    paint();
  });
  const up = event => {
    if (!pointers.delete(event.pointerId) || pointers.size > 0) return;
    moving = false;
    paint();
    if (event.type === "pointercancel" || travelled >= 4) return;
    const again = held && !held.ends && last?.held === held && event.timeStamp - last.at < 400;
    last = again ? undefined : { held, at: event.timeStamp };
    if (again) on.open(held.id);
    else on.select(held && (held.key ?? held.id));
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => hover(undefined));
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015)), ...place(event));
  }, { passive: false });

  function hover(now) {
    stage.classList.toggle("over", now !== undefined);
    const node = now?.ends ? undefined : now;
    if (node === over) return;
    over = node;
    paint();
  }

  new ResizeObserver(paint).observe(stage);
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", () => {
      look = looks();
      paint();
    });
  }

  return {
    get nodes() { return nodes; },
    get ties() { return ties; },
    get chosen() { return chosen; },
    get focused() { return focused; },
    get look() { return look; },
    /** Where a node is, in pixels of the stage. */
    at: node => ({ x: x(node), y: y(node) }),
    /** Draws these, the best connected first, and nothing else. */
    show(newNodes, newTies) {
      [nodes, ties] = [newNodes, newTies];
      paint();
    },
    /** Marks a node or a tie as what is selected, or nothing. */
    choose(what) {
      chosen = what;
      lit = what && new Set(what.ends ?? [what, ...ties.filter(tie => tie.ends.includes(what)).flatMap(tie => tie.ends)]);
      paint();
    },
    /** Marks where the keyboard is, brought into sight, or that it is elsewhere. */
    focus(node) {
      focused = node;
      if (node && (x(node) < 30 || y(node) < 30 || x(node) > stage.clientWidth - 30 || y(node) > stage.clientHeight - 30)) {
        view.x += stage.clientWidth / 2 - x(node);
        view.y += stage.clientHeight / 2 - y(node);
      }
      paint();
    },
    /** Puts nodes where they belong, `places` two numbers for each; gently, so that the eye can follow, or at once. */
    place(those, places, gently, done) {
      placed = true;
      cancelAnimationFrame(gliding);
      const from = those.map(node => [node.x, node.y]);
      const start = performance.now();
      const step = now => {
        const t = gently ? Math.min(1, (now - start) / 350) : 1, eased = t * t * (3 - 2 * t);
        those.forEach((node, n) => {
          node.x = t === 1 ? places[2 * n] : from[n][0] + (places[2 * n] - from[n][0]) * eased;
          node.y = t === 1 ? places[2 * n + 1] : from[n][1] + (places[2 * n + 1] - from[n][1]) * eased;
        });
        paint();
        if (t < 1) gliding = requestAnimationFrame(step);
        else done();
      };
      step(start);
    },
    fit,
    zoom: by => zoomBy(by),
    /** All of it as a picture, twice as fine as it is on the screen, and never larger than what can be had. */
    picture() {
      const { zoom } = frame((wide, high) => Math.min(2, wide, high), 8000, 8000, 200);
      const size = length => Math.min(8000, Math.max(600, length * zoom + 400));
      const spread = of => nodes.reduce(([least, most], node) => [Math.min(least, node[of]), Math.max(most, node[of])], [Infinity, -Infinity]);
      const [[left, right], [top, bottom]] = [spread("x"), spread("y")];
      const sheet = Object.assign(document.createElement("canvas"), { width: size(right - left), height: size(bottom - top) });
      const to = sheet.getContext("2d");
      to.fillStyle = look.card;
      to.fillRect(0, 0, sheet.width, sheet.height);
      paintOn(to, { zoom, x: sheet.width / 2 - (left + right) / 2 * zoom, y: sheet.height / 2 - (top + bottom) / 2 * zoom }, sheet.width, sheet.height);
      return new Promise(resolve => sheet.toBlob(resolve));
    },
  };
}

/** A label cut after a word, as the page cuts them. */
export function short(label, length) {
  if (label.length <= length) return label;
  const afterWord = label.slice(0, length).lastIndexOf(" ");
  return `${label.slice(0, afterWord > length / 3 ? afterWord : length - 1).trimEnd()}…`;
}

/** The colours and the letters of the page as it is now. */
function looks() {
  const style = getComputedStyle(document.documentElement);
  const own = name => style.getPropertyValue(`--${name}`).trim();
  const look = {
    ink: own("ink"), soft: own("ink-soft"), card: own("card"), line: own("line-strong"), accent: own("accent"), good: own("good"), focus: own("focus"),
    ...Object.fromEntries(Object.keys(shapes).map(kind => [kind, own(kind)])), font: getComputedStyle(document.body).fontFamily, size: 12,
  };
  if (!matchMedia("(forced-colors: active)").matches) return look;
  for (const name of Object.keys(look)) if (name !== "font" && name !== "size") look[name] = "CanvasText";
  return Object.assign(look, { card: "Canvas", focus: "Highlight", accent: "LinkText" });
}

/** One for each kind, the same as in the rest of the pages. */
const shapes = {
  researcher(to, x, y, r) {
    to.moveTo(x + r, y);
    to.arc(x, y, r, 0, 2 * Math.PI);
  },
  institution(to, x, y, r) {
    to.moveTo(x, y - 1.15 * r);
    to.lineTo(x + 1.05 * r, y - 0.3 * r);
    to.lineTo(x + 1.05 * r, y + r);
    to.lineTo(x - 1.05 * r, y + r);
    to.lineTo(x - 1.05 * r, y - 0.3 * r);
    to.closePath();
  },
  work(to, x, y, r) {
    to.roundRect(x - 0.85 * r, y - r, 1.7 * r, 2 * r, 0.28 * r);
  },
  topic(to, x, y, r) {
    to.moveTo(x, y - 1.15 * r);
    to.lineTo(x + 1.15 * r, y);
    to.lineTo(x, y + 1.15 * r);
    to.lineTo(x - 1.15 * r, y);
    to.closePath();
  },
};
