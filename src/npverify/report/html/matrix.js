/* The matrix: a row for each source, a column for each destination. Arrow keys move, Enter tells what passes. */

const MOST_LINES = 64; // rows and columns that are drawn
const EMPTY = el("td", { role: "gridcell", tabindex: "-1", "aria-label": "not listed" });

function linesOf(look) {
  const sources = new Set(look.shown.map((cell) => cell.source));
  const destinations = new Set(look.shown.map((cell) => cell.destination));
  for (const key of look.focus) {
    sources.add(Math.floor(key / look.rows.length));
    destinations.add(key % look.rows.length);
  }
  const ascending = (set) => [...set].sort((a, b) => a - b);
  return [ascending(sources), ascending(destinations)];
}

function headOf(flows, row, toggle) {
  if (!row.folded && !row.foldable) return el("span", { title: row.label }, row.label);
  const told = row.folded ? `unfold namespace ${row.label}` : `fold namespace ${row.namespace}`;
  const button = el("button", { type: "button", "aria-expanded": String(!row.folded), title: told },
    row.folded ? `▸ ${row.label} (${number(row.ends.length)})` : row.label);
  button.addEventListener("click", () => toggle(row.namespace));
  return button;
}

function drawMatrix(flows, look, toggle, pick) {
  const [sources, destinations] = linesOf(look);
  const aimed = [...look.focus].map((key) => [Math.floor(key / look.rows.length), key % look.rows.length]);
  const [from, to] = [new Set(aimed.map(([at]) => at)), new Set(aimed.map(([, at]) => at))];
  const rows = keeping(sources, MOST_LINES, from);
  const columns = keeping(destinations, MOST_LINES, to);
  if (rows.length === 0) return el("p", {}, "No flow fits these filters.");
  const head = el("tr", {}, el("th", { scope: "col" }, el("span", {}, "from ↓ to →")),
    ...columns.map((at) => el("th", { scope: "col", class: to.has(at) ? "on" : null }, headOf(flows, look.rows[at], toggle))));
  const body = rows.map((source) => el("tr", {},
    el("th", { scope: "row", class: from.has(source) ? "on" : null }, headOf(flows, look.rows[source], toggle)),
    ...columns.map((destination) => cellOf(flows, look, source, destination))));
  const table = el("table", { class: "matrix", role: "grid", "aria-label": "Sources and destinations", "aria-readonly": "true" },
    el("thead", {}, head), el("tbody", {}, ...body));
  walkable(table, (td) => pick(look.cells.get(Number(td.dataset.key)), Number(td.dataset.key)));
  table.addEventListener("mouseover", (event) => {
    const td = event.target.closest("td");
    if (td !== null && td.title === "") td.title = titleOf(flows, look, Number(td.dataset.key));
  });
  const cut = sources.length > rows.length || destinations.length > columns.length;
  return el("div", {}, el("div", { class: "scroll" }, table), cut ? el("p", { class: "muted" },
    `Drawn are ${number(rows.length)} of ${number(sources.length)} rows and ${number(columns.length)} of ` +
    `${number(destinations.length)} columns: fold namespaces or filter to see the others.`) : null);
}

/* Its row and column say whose it is, its label what passes; a title, for the mouse, is made when the mouse is there. */
function cellOf(flows, look, source, destination) {
  const key = source * look.rows.length + destination;
  const td = plainCell(flows, look, source, destination, key);
  if (look.marked.has(key)) {
    td.classList.add("marked");
    td.setAttribute("aria-label", `${td.getAttribute("aria-label")}; ${plural(look.marked.get(key).length, "flow")} of an answer`);
  }
  if (look.focus.has(key)) {
    td.classList.add("focus");
    td.setAttribute("aria-current", "true");
  }
  return td;
}

function plainCell(flows, look, source, destination, key) {
  const cell = look.cells.get(key);
  const [verdict, other] = cell === undefined ? [] : verdictsOf(flows, cell);
  const td = EMPTY.cloneNode();
  td.dataset.key = key;
  if (verdict === undefined) {
    if (source === destination) td.className = "self";
    return td;
  }
  const many = look.rows[source].ends.length > 1 || look.rows[destination].ends.length > 1;
  const share = cell.counts.reduce((sum, n, v) => sum + (v === flows.rest || !flows.filter.verdicts.has(v) ? 0 : n), 0);
  const all = cell.counts.reduce((sum, n) => sum + n, 0);
  const mixed = other === undefined || other === flows.rest ? "" : ` mixed o${other}`;
  td.className = `v${verdict}${many ? " wide" : ""}${mixed}${share > 0 && 2 * share < all ? " few" : ""}`;
  td.textContent = many && share > 0 ? short(share) : flows.verdicts[verdict][1];
  td.setAttribute("aria-label", many ? wordsOf(flows, cell) : flows.verdicts[verdict][0]);
  return td;
}

function titleOf(flows, look, key) {
  const cell = look.cells.get(key);
  const [from, to] = [look.rows[Math.floor(key / look.rows.length)], look.rows[key % look.rows.length]];
  return `${from.label} → ${to.label}: ${cell === undefined || verdictOf(flows, cell) < 0 ? "not listed" : wordsOf(flows, cell)}`;
}

function short(n) {
  if (n < 1000) return String(n);
  return n < 1e6 ? `${(n / 1000).toFixed(n < 1e4 ? 1 : 0)}k` : `${(n / 1e6).toFixed(1)}M`;
}

/* One cell is in the order of the tabulator key; from there arrows lead to the others (ARIA Authoring Practices, Grid). */
function walkable(table, chosen) {
  const lines = [...table.tBodies[0].rows].map((row) => [...row.cells].slice(1));
  const start = table.querySelector("td.focus");
  let [y, x] = start === null ? [0, 0] : [start.parentNode.sectionRowIndex, start.cellIndex - 1];
  lines[y][x].tabIndex = 0;
  const go = (toY, toX) => {
    lines[y][x].tabIndex = -1;
    y = Math.max(0, Math.min(lines.length - 1, toY));
    x = Math.max(0, Math.min(lines[0].length - 1, toX));
    lines[y][x].tabIndex = 0;
    lines[y][x].focus();
  };
  const take = (td) => {
    for (const old of table.querySelectorAll('[aria-selected="true"]')) old.removeAttribute("aria-selected");
    td.setAttribute("aria-selected", "true");
    chosen(td);
  };
  table.addEventListener("click", (event) => {
    const td = event.target.closest("td");
    if (td === null) return;
    go(td.parentNode.sectionRowIndex, td.cellIndex - 1);
    take(td);
  });
  table.addEventListener("keydown", (event) => {
    const td = event.target.closest("td");
    if (td === null || event.altKey || event.metaKey) return;
    const moves = {
      ArrowUp: [y - 1, x], ArrowDown: [y + 1, x], ArrowLeft: [y, x - 1], ArrowRight: [y, x + 1],
      Home: [event.ctrlKey ? 0 : y, 0], End: [event.ctrlKey ? lines.length : y, lines[0].length],
      PageUp: [y - 10, x], PageDown: [y + 10, x],
    };
    if (event.key === "Enter" || event.key === " ") take(td);
    else if (event.key in moves) go(...moves[event.key]);
    else return;
    event.preventDefault();
  });
}
