// Where the nodes of the explorer stand, worked out beside the page, so that it answers while thousands of them find their places.
// The same graph gets the same places: d3-force starts from a spiral and has its own numbers in place of chance.
importScripts("lib/d3-dispatch.js", "lib/d3-timer.js", "lib/d3-quadtree.js", "lib/d3-force.js");

let latest = 0;

/** `links` has two numbers of nodes for each; `places`, where they are known, an x and a y for each node. What is told is the same. */
onmessage = async ({ data: { run, count, links: ends, places } }) => {
  latest = run;
  const large = count > 500;
  const nodes = Array.from({ length: count }, (_, n) => places ? { x: places[2 * n], y: places[2 * n + 1] } : {});
  const links = Array.from({ length: ends.length / 2 }, (_, n) => ({ source: ends[2 * n], target: ends[2 * n + 1] }));
  const degree = new Uint32Array(count);
  for (const end of ends) degree[end]++;
  const simulation = d3.forceSimulation(nodes)
    .force("links", d3.forceLink(links)
      // A hub keeps its distance, so that what hangs on it alone finds room around it.
      .distance(link => 80 + 6 * Math.sqrt(Math.max(degree[link.source.index], degree[link.target.index]))))
    .force("apart", d3.forceManyBody().strength(-420).theta(large ? 1.1 : 0.9).distanceMax(1400))
    .force("x", d3.forceX().strength(0.045))
    .force("y", d3.forceY().strength(0.06))
    .force("room", large ? null : d3.forceCollide(34))
    .alpha(places ? 0.5 : 1)
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
    const found = new Float64Array(2 * count);
    nodes.forEach(({ x, y }, n) => [found[2 * n], found[2 * n + 1]] = [x, y]);
    postMessage({ run, done, places: found }, [found.buffer]);
  }
};
