/* The graph: rows on a circle, what passes as curves through it. Places depend on names alone, so that a picture stays. */

const MOST_NODES = 90;
const MOST_EDGES = 2500;

function drawGraph(flows, look, pick) {
  const edges = look.shown.filter((cell) => drawn(flows, cell));
  const used = new Set([...edges.flatMap((cell) => [cell.source, cell.destination]), ...rowsInFocus(look)]);
  const nodes = keeping([...used].sort((a, b) => a - b), MOST_NODES, new Set(rowsInFocus(look)));
  if (nodes.length === 0) return el("p", {}, "No flow fits these filters.");
  const place = new Map(nodes.map((at, n) => [at, n]));
  const keyOf = (cell) => cell.source * look.rows.length + cell.destination;
  const inside = edges.filter((cell) => place.has(cell.source) && place.has(cell.destination));
  const kept = [...inside.filter((cell) => look.focus.has(keyOf(cell))), ...inside.filter((cell) => !look.focus.has(keyOf(cell)))].slice(0, MOST_EDGES);
  // a flow of an answer that is denied has no arrow of its own: it gets one
  const there = new Set(kept.map(keyOf));
  const missing = [...look.marked.keys()].filter((key) => !there.has(key))
    .map((key) => ({ source: Math.floor(key / look.rows.length), destination: key % look.rows.length }))
    .filter((pair) => place.has(pair.source) && place.has(pair.destination));
  const radius = Math.max(130, nodes.length * 4.6);
  const margin = 30 + Math.min(230, 7.2 * Math.max(...nodes.map((at) => Math.min(32, nodeLabel(look.rows[at]).length))));
  const upright = nodes.length <= 14;
  const height = radius + (upright ? 40 : margin);
  const width = radius + margin;
  const spots = nodes.map((at, n) => {
    const angle = (2 * Math.PI * n) / nodes.length - Math.PI / 2;
    return { angle, x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
  });
  const picture = svg("svg", { class: "graph", viewBox: `${-width} ${-height} ${2 * width} ${2 * height}`, role: "group",
    "aria-label": `Graph of ${plural(nodes.length, "node")} and ${plural(kept.length, "arrow")}` });
  picture.append(...tips(flows));
  const paths = kept.map((cell) => {
    const verdict = verdictOf(flows, cell);
    const way = curve(spots[place.get(cell.source)], spots[place.get(cell.destination)], cell.source === cell.destination);
    return svg("path", { class: `edge v${verdict}`, d: way, "marker-end": `url(#tip-${verdict})` });
  });
  const spare = missing.map((pair) => svg("path", { class: "edge missing",
    d: curve(spots[place.get(pair.source)], spots[place.get(pair.destination)], pair.source === pair.destination), "marker-end": "url(#tip-mark)" }));
  const all = [...kept.map((cell, n) => [cell, paths[n]]), ...missing.map((pair, n) => [pair, spare[n]])];
  for (const [pair, path] of all) {
    if (look.marked.has(keyOf(pair))) {
      path.classList.add("marked");
      path.setAttribute("marker-end", "url(#tip-mark)");
    }
    if (look.focus.has(keyOf(pair))) path.classList.add("focus");
  }
  picture.append(svg("g", { "aria-hidden": "true" }, ...paths, ...spare));
  const light = (at) => {
    picture.classList.toggle("picked", at !== null || look.focus.size > 0);
    for (const [pair, path] of all) {
      path.classList.toggle("on", at === null ? look.focus.has(keyOf(pair)) : pair.source === at || pair.destination === at);
    }
    marks.forEach((mark, n) => mark.classList.toggle("on", at === null ? aimed.has(nodes[n]) : nodes[n] === at));
  };
  const aimed = new Set(rowsInFocus(look));
  let chosen = null;
  const marks = nodes.map((at, n) => {
    const mark = nodeMark(look.rows[at], spots[n], upright, counted(kept, at));
    const take = () => { chosen = at; light(at); pick(at); };
    mark.addEventListener("click", take);
    mark.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === "Enter" || event.key === " ") take();
      else if (step !== undefined) marks[(n + step + marks.length) % marks.length].focus();
      else return;
      event.preventDefault();
    });
    mark.addEventListener("mouseenter", () => light(at));
    mark.addEventListener("mouseleave", () => light(chosen));
    mark.addEventListener("focus", () => light(at));
    return mark;
  });
  picture.append(...marks);
  light(null);
  const left = used.size - nodes.length;
  return el("div", {}, picture, left > 0 || kept.length < edges.length ? el("p", { class: "muted" },
    `Drawn are ${plural(nodes.length, "node")} of ${number(used.size)} and ${plural(kept.length, "arrow")} of ` +
    `${number(edges.length)}: fold namespaces or filter to see the others.`) : null);
}

/* Pairs between which nothing passes are drawn only where one asks for nothing else. */
function drawn(flows, cell) {
  const { verdicts } = flows.filter;
  return cell.counts.some((n, v) => n > 0 && verdicts.has(v) && (v !== flows.rest || verdicts.size === 1));
}

function counted(edges, at) {
  return [edges.filter((cell) => cell.source === at).length, edges.filter((cell) => cell.destination === at).length];
}

function curve(from, to, loop) {
  const f = (n) => n.toFixed(1);
  if (loop) {
    const [ux, uy] = [Math.cos(from.angle), Math.sin(from.angle)];
    const [a, b] = [[-26 * ux + 16 * uy, -26 * uy - 16 * ux], [-26 * ux - 16 * uy, -26 * uy + 16 * ux]];
    return `M${f(from.x)} ${f(from.y)}C${f(from.x + a[0])} ${f(from.y + a[1])} ${f(from.x + b[0])} ${f(from.y + b[1])} ` +
      `${f(from.x - 7 * ux - 3 * uy)} ${f(from.y - 7 * uy + 3 * ux)}`;
  }
  // the way back is bent to the other side, so that both can be told apart
  const [mx, my] = [(from.x + to.x) * 0.22 + (to.y - from.y) * 0.06, (from.y + to.y) * 0.22 - (to.x - from.x) * 0.06];
  const [dx, dy] = [to.x - mx, to.y - my];
  const short = Math.max(1, Math.hypot(dx, dy));
  return `M${f(from.x)} ${f(from.y)}Q${f(mx)} ${f(my)} ${f(to.x - (dx / short) * 9)} ${f(to.y - (dy / short) * 9)}`;
}

function tips(flows) {
  const tip = (name, verdict) => svg("defs", { class: verdict },
    svg("marker", { id: `tip-${name}`, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 7, markerHeight: 7,
      markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { class: `tip ${verdict}`, d: "M0 0L8 4L0 8z" })));
  return [...flows.verdicts.map((_, verdict) => tip(verdict, `v${verdict}`)), tip("mark", "mark")];
}

const nodeLabel = (row) => (row.folded ? `${row.label} (${number(row.ends.length)})` : row.label);

function nodeMark(row, spot, upright, [out, into]) {
  const label = nodeLabel(row);
  const cut = label.length > 32 ? `${label.slice(0, 31)}…` : label;
  const left = Math.cos(spot.angle) < -0.01;
  const turn = (spot.angle * 180) / Math.PI + (left ? 180 : 0);
  const middle = upright && Math.abs(Math.cos(spot.angle)) < 0.2;
  const text = svg("text", middle
    ? { x: 0, y: spot.y < 0 ? -14 : 22, "text-anchor": "middle" }
    : { x: left ? -13 : 13, y: 4, "text-anchor": left ? "end" : "start", transform: upright ? null : `rotate(${turn.toFixed(1)})` },
    cut);
  return svg("g", { class: row.several || row.folded ? "node group" : "node", role: "button", tabindex: 0,
    transform: `translate(${spot.x.toFixed(1)} ${spot.y.toFixed(1)})`,
    "aria-label": `${label}: ${plural(out, "arrow")} out, ${number(into)} in` },
    svg("title", {}, label), svg("circle", { r: row.folded ? 8 : 6 }), text);
}
