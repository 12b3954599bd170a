// Where the nodes of the explorer stand, worked out beside the page, so that it answers while thousands of them find their places.
// The same graph gets the same places: d3-force starts from a spiral and has its own numbers in place of chance.
importScripts("lib/d3-dispatch.js", "lib/d3-timer.js", "lib/d3-quadtree.js", "lib/d3-force.js");

let latest = 0;

onmessage = async ({ data: { run, nodes, links, warm } }) => {
  latest = run;
  const large = nodes.length > 500;
  const degree = new Map();
  for (const { source, target } of links) for (const end of [source, target]) degree.set(end, (degree.get(end) ?? 0) + 1);
  const simulation = d3.forceSimulation(nodes)
    .force("links", d3.forceLink(links).id(node => node.id)
      // A hub keeps its distance, so that what hangs on it alone finds room around it.
      .distance(link => 80 + 6 * Math.sqrt(Math.max(degree.get(link.source.id), degree.get(link.target.id)))))
    .force("apart", d3.forceManyBody().strength(-420).theta(large ? 1.1 : 0.9).distanceMax(1400))
    .force("x", d3.forceX().strength(0.045))
    .force("y", d3.forceY().strength(0.06))
    .force("room", large ? null : d3.forceCollide(34))
    .alpha(warm ? 0.5 : 1)
    .alphaDecay(1 - Math.pow(0.001, 1 / (large ? 120 : 260)))
    .stop();

  let told = performance.now();
  while (simulation.alpha() > simulation.alphaMin()) {
    simulation.tick();
    if (performance.now() - told < 300) continue;
    tell(false);
    // Let in whoever has a newer graph: this one is then done with.
    await new Promise(resolve => setTimeout(resolve));
    if (run !== latest) return;
    told = performance.now();
  }
  tell(true);

  function tell(done) {
    postMessage({ run, done, places: nodes.map(({ id, x, y }) => [id, x, y]) });
  }
};
