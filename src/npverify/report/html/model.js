/* The flows of the page, and which of them pass the filters, counted for each pair of rows that the page shows.

   A group says that any of its sources may send its traffic to any other of its destinations. A row is one end, or a folded
   namespace with all its ends. Counting goes by groups and rows, so that four million pairs are counted without being made. */

const FOLD_ABOVE = 40; // ends; with more the namespaces are folded at first
const MOST_UNFOLDED = 240; // rows of ends, all namespaces together
const MOST_OF_ONE = 80; // rows of ends of one namespace

function readFlows() {
  const node = by("flows");
  return node === null ? null : decodeFlows(JSON.parse(node.textContent));
}

function unranged(ranges) {
  const out = [];
  for (let i = 0; i < ranges.length; i += 2) for (let n = ranges[i]; n <= ranges[i + 1]; n++) out.push(n);
  return out;
}

function decodeFlows(raw) {
  const places = raw.places.map(([name, namespace, kind, single]) => ({ name, namespace, kind, single: single === 1 }));
  const namespaces = new Map();
  places.forEach((place, n) => {
    place.full = place.namespace === raw.outside ? place.name : `${place.namespace}/${place.name}`;
    place.outside = place.namespace === raw.outside;
    place.searched = `${place.full} ${place.kind}`.toLowerCase();
    if (!namespaces.has(place.namespace)) namespaces.set(place.namespace, []);
    namespaces.get(place.namespace).push(n);
  });
  const groups = raw.groups.map(([sources, destinations, traffic, verdict, item, itself]) => ({
    sources: unranged(sources),
    destinations: unranged(destinations),
    traffic,
    verdict,
    item,
    itself: itself === 1,
  }));
  const traffic = raw.traffic.map(([text, spans]) => ({ text, spans }));
  const open = new Set(places.length <= FOLD_ABOVE ? namespaces.keys() : []);
  const rest = raw.kind === "connectivity" ? raw.verdicts.findIndex(([name]) => name === "nothing") : -1;
  const filter = { namespace: "", text: "", role: "either", port: null, verdicts: new Set(raw.verdicts.keys()) };
  const marks = raw.marks.map(([item, source, destination, text, allowed]) => ({ item, source, destination, text, allowed: allowed === 1 }));
  return { kind: raw.kind, verdicts: raw.verdicts, places, namespaces, groups, traffic, open, rest, filter, marks, focus: 0, lent: [] };
}

/* `5432`, `tcp/5432`, `8000-9000`, `udp`; undefined if it is none of these, null if it is empty. */
function readPort(text) {
  const found = /^(?:(tcp|udp|sctp)(?:[/ ]|$))?(?:(\d{1,5})(?:-(\d{1,5}))?)?$/.exec(text.trim().toLowerCase());
  if (text.trim() === "") return null;
  if (found === null || Number(found[2] || 0) > 65535 || Number(found[3] || 0) > 65535) return undefined;
  const first = found[2] === undefined ? 0 : Number(found[2]);
  const last = found[3] === undefined ? (found[2] === undefined ? 65535 : first) : Number(found[3]);
  return last < first ? undefined : { protocol: found[1] === undefined ? "" : found[1].toUpperCase(), first, last };
}

function trafficPasses(traffic, port) {
  if (port === null) return true;
  const { protocol, first, last } = port;
  return traffic.spans.some(([p, from, to]) => (protocol === "" || p === protocol) && from <= last && first <= to);
}

/* An unfolded namespace has a row for each of its ends, those that the filter names first, and one for the rest of many. */
function rowsOf(flows, matched) {
  const rows = [];
  const aimed = endsInFocus(flows);
  let left = MOST_UNFOLDED;
  for (const [namespace, ends] of flows.namespaces) {
    const outside = flows.places[ends[0]].outside;
    const several = ends.length > 1;
    const open = flows.open.has(namespace) || !several;
    const named = open ? ends.filter((n) => matched[n]) : [];
    const first = [...ends.filter((n) => aimed.has(n)), ...named.filter((n) => !aimed.has(n))];
    const alone = open ? [...new Set([...first, ...ends.filter((n) => !matched[n])])].slice(0, Math.min(MOST_OF_ONE, left)) : [];
    const apart = new Set(alone);
    const rest = ends.filter((n) => !apart.has(n));
    left -= alone.length;
    for (const n of alone.sort((a, b) => a - b)) {
      rows.push({ label: flows.places[n].full, namespace, ends: [n], folded: false, outside, foldable: several });
    }
    if (rest.length > 0) {
      const label = alone.length > 0 ? `${namespace}: ${number(rest.length)} more` : namespace;
      rows.push({ label, namespace, ends: rest, folded: alone.length === 0, outside, several: true });
    }
  }
  return rows;
}

function pairs(sources, theirs, destinations, ours, role) {
  if (role === "from") return theirs * destinations;
  if (role === "to") return sources * ours;
  return sources * destinations - (sources - theirs) * (destinations - ours);
}

/* How many of some ends are in each row, and how many of those the filter names. */
function tally(ends, rowOf, matched) {
  const found = new Map();
  for (const n of ends) {
    const row = rowOf[n];
    let counted = found.get(row);
    if (counted === undefined) found.set(row, (counted = [0, 0]));
    counted[0] += 1;
    counted[1] += matched[n];
  }
  return found;
}

/* What the page shows: rows, and for each pair of rows the counts by verdict with the groups that they come from. */
function lookAt(flows) {
  const { namespace, text, role, port, verdicts } = flows.filter;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const matched = flows.places.map((place) =>
    (namespace === "" || place.namespace === namespace) && words.every((word) => place.searched.includes(word)) ? 1 : 0);
  const rows = rowsOf(flows, matched);
  const rowOf = new Int32Array(flows.places.length);
  rows.forEach((row, at) => row.ends.forEach((n) => (rowOf[n] = at)));
  const passing = flows.traffic.map((traffic) => trafficPasses(traffic, port));
  const cells = new Map();
  const cellAt = (source, destination) => {
    const key = source * rows.length + destination;
    let cell = cells.get(key);
    if (cell === undefined) {
      cell = { source, destination, counts: flows.verdicts.map(() => 0), groups: [] };
      cells.set(key, cell);
    }
    return cell;
  };
  for (const group of flows.groups) {
    if (!passing[group.traffic]) continue;
    const sources = tally(group.sources, rowOf, matched);
    const destinations = tally(group.destinations, rowOf, matched);
    const itself = group.itself ? new Map() : selves(flows, group, rowOf, matched);
    for (const [source, [all, theirs]] of sources) {
      for (const [destination, [every, ours]] of destinations) {
        let count = pairs(all, theirs, every, ours, role);
        if (source === destination) count -= itself.get(source) || 0;
        if (count <= 0) continue;
        const cell = cellAt(source, destination);
        cell.counts[group.verdict] += count;
        cell.groups.push(group);
      }
    }
  }
  if (flows.rest >= 0) addRest(flows, rows, matched, cellAt);
  const shown = [...cells.values()].filter((cell) => cell.counts.some((n, verdict) => n > 0 && verdicts.has(verdict)));
  return { rows, cells, shown, matched, ...marksOf(flows, rows, rowOf, cells) };
}

/* The cells in which flows of answers are, and those of the answer that one looks at. */
function marksOf(flows, rows, rowOf, cells) {
  const marked = new Map();
  const focus = new Set();
  for (const mark of flows.marks) {
    const key = rowOf[mark.source] * rows.length + rowOf[mark.destination];
    marked.set(key, [...(marked.get(key) || []), mark]);
    if (mark.item === flows.focus) focus.add(key);
  }
  if (flows.focus > 0) {
    for (const [key, cell] of cells) if (cell.groups.some((group) => group.item === flows.focus)) focus.add(key);
  }
  return { marked, focus };
}

const endsInFocus = (flows) => new Set(flows.marks.filter((mark) => mark.item === flows.focus).flatMap((mark) => [mark.source, mark.destination]));

/* The answers that have a place in the map. */
const answersInMap = (flows) => new Set([...flows.marks, ...flows.groups].map((one) => one.item).filter((item) => item > 0));

/* Looks at one answer, 0 for none: its namespaces are unfolded until one looks at another, and a filter that hides it is dropped. */
function lookAtAnswer(flows, item) {
  for (const namespace of flows.lent) flows.open.delete(namespace);
  flows.focus = item;
  const ends = [...endsInFocus(flows)];
  const theirs = [...new Set(ends.map((n) => flows.places[n].namespace))];
  flows.lent = theirs.filter((namespace) => !flows.open.has(namespace));
  for (const namespace of flows.lent) flows.open.add(namespace);
  const { filter } = flows;
  const narrowed = filter.namespace !== "" || filter.text !== "" || filter.port !== null || filter.verdicts.size < flows.verdicts.length;
  if (item === 0 || !narrowed) return false;
  Object.assign(filter, { namespace: "", text: "", role: "either", port: null, verdicts: new Set(flows.verdicts.keys()) });
  return true;
}

/* The first so many of some rows, with those of a few in any case. */
function keeping(rows, most, wanted) {
  if (rows.length <= most) return rows;
  const kept = rows.filter((at) => wanted.has(at)).slice(0, most);
  return [...new Set([...kept, ...rows])].slice(0, most).sort((a, b) => a - b);
}

const rowsInFocus = (look) => [...look.focus].flatMap((key) => [Math.floor(key / look.rows.length), key % look.rows.length]);

/* The pods of a group that are alone in their workload and stand on both sides of it, by row. */
function selves(flows, group, rowOf, matched) {
  const found = new Map();
  const sources = new Set(group.sources);
  for (const n of group.destinations) {
    if (flows.places[n].single && matched[n] && sources.has(n)) found.set(rowOf[n], (found.get(rowOf[n]) || 0) + 1);
  }
  return found;
}

/* The pairs between which nothing passes: all the others, but for outside blocks, of which only those are listed that count. */
function addRest(flows, rows, matched, cellAt) {
  const inside = rows.map((row, at) => ({ at, row, ours: row.ends.reduce((sum, n) => sum + matched[n], 0) }))
    .filter(({ row }) => !row.outside);
  for (const source of inside) {
    for (const destination of inside) {
      let all = pairs(source.row.ends.length, source.ours, destination.row.ends.length, destination.ours, flows.filter.role);
      if (source === destination) all -= source.row.ends.filter((n) => flows.places[n].single && matched[n]).length;
      if (all <= 0) continue;
      const cell = cellAt(source.at, destination.at);
      cell.counts[flows.rest] = Math.max(0, all - cell.counts.reduce((sum, n) => sum + n, 0));
    }
  }
}

/* The verdicts of a cell that one wants to see, that of most pairs first; that nothing passes comes last. */
function verdictsOf(flows, cell) {
  const weight = (verdict) => (verdict === flows.rest ? 0 : cell.counts[verdict]);
  return [...cell.counts.keys()].filter((verdict) => cell.counts[verdict] > 0 && flows.filter.verdicts.has(verdict))
    .sort((a, b) => weight(b) - weight(a) || a - b);
}

/* The verdict by which a cell is drawn, -1 if there is nothing to draw. */
function verdictOf(flows, cell) {
  const [first] = verdictsOf(flows, cell);
  return first === undefined ? -1 : first;
}

function wordsOf(flows, cell) {
  return flows.verdicts.map(([name], verdict) => [name, cell.counts[verdict]])
    .filter(([, n], verdict) => n > 0 && flows.filter.verdicts.has(verdict))
    .map(([name, n], _, all) => (n === 1 && all.length === 1 ? name : `${number(n)} ${name}`)).join(", ");
}
