/* What passes between the two rows of a cell, or from and to a node; and the list of all that is shown. */

const MOST_TOLD = 40;
const MOST_LISTED = 300;
const MOST_NAMED = 5;

function namesOf(flows, ends, within) {
  const inside = within === null ? ends : ends.filter((n) => within.has(n));
  const names = inside.slice(0, MOST_NAMED).map((n) => flows.places[n].full);
  return names.join(", ") + (inside.length > MOST_NAMED ? ` and ${number(inside.length - MOST_NAMED)} more` : "");
}

function told(flows, cell, look) {
  const [from, to] = [look.rows[cell.source], look.rows[cell.destination]];
  const [sources, destinations] = [new Set(from.ends), new Set(to.ends)];
  return cell.groups.filter((group) => flows.filter.verdicts.has(group.verdict)).map((group) => {
    const [name, sign] = flows.verdicts[group.verdict];
    const { text } = flows.traffic[group.traffic];
    const line = el("li", {}, el("b", {}, text), ` ${sign}${text === name ? "" : ` ${name}`}: `,
      `${namesOf(flows, group.sources, sources)} → ${namesOf(flows, group.destinations, destinations)}`);
    if (group.item > 0) line.append(" ", el("a", { href: `#answer-${group.item}` }, "why"));
    return line;
  });
}

function capped(lines, most) {
  const list = el("ul", {}, ...lines.slice(0, most));
  return lines.length <= most ? list : el("div", {}, list, el("p", { class: "muted" }, `and ${number(lines.length - most)} more`));
}

function tellCell(flows, look, cell, key) {
  const source = look.rows[Math.floor(key / look.rows.length)];
  const destination = look.rows[key % look.rows.length];
  const head = [el("h3", {}, `${source.label} → ${destination.label}`), ...markLines(look.marked.get(key) || [])];
  const how = howToExplain(flows, source, destination);
  if (cell === undefined || verdictOf(flows, cell) < 0) {
    const outside = source.outside || destination.outside;
    const why = source.outside && destination.outside ? "Two ends outside of the cluster are not judged."
      : outside && flows.rest >= 0 ? "Nothing is listed under exactly this block; wider and narrower blocks have rows of their own."
      : "Nothing of what you look for.";
    return [...head, el("p", {}, why)];
  }
  return [...head, el("p", {}, wordsOf(flows, cell)), capped(told(flows, cell, look), MOST_TOLD), how];
}

/* The answers whose flow is between the two, each with a link to it. */
function markLines(marks) {
  return marks.slice(0, MOST_NAMED).map((mark) => {
    const link = el("a", { href: `#answer-${mark.item}` }, titleOfAnswer(mark.item));
    return el("p", { class: "mark" }, el("span", { "aria-hidden": "true" }, "◥ "), el("b", {}, mark.text),
      mark.allowed ? " passes: " : " is denied: ", link);
  });
}

const titleOfAnswer = (item) => by(`answer-${item}`).querySelector(".title").textContent;

/* The command that tells which rules decide, for one end and another. */
function howToExplain(flows, source, destination) {
  if (flows.kind !== "connectivity" || source.ends.length > 1 || destination.ends.length > 1) return "";
  const address = (text) => text.replace(/\/(32|128)$/, (width) => (text.includes(":") === (width === "/128") ? "" : width));
  const name = ([n]) => (flows.places[n].outside ? address(flows.places[n].name) : `${flows.places[n].kind.toLowerCase()}/${flows.places[n].full}`);
  const command = `npverify explain PATH --from ${name(source.ends)} --to ${name(destination.ends)} --port PORT`;
  return el("p", { class: "muted" }, "Which rules decide: ", el("code", {}, command));
}

/* The traffic of a cell, where it is one and the verdict has not said it. */
function alone(flows, cell) {
  const texts = new Set(cell.groups.map((group) => flows.traffic[group.traffic].text));
  const [text] = texts;
  return texts.size !== 1 || text === "everything" ? "" : ` – ${text}`;
}

function tellNode(flows, look, at, toggle) {
  const row = look.rows[at];
  const out = look.shown.filter((cell) => cell.source === at && drawn(flows, cell));
  const into = look.shown.filter((cell) => cell.destination === at && drawn(flows, cell));
  const line = (cell, other) => el("li", {}, el("b", {}, look.rows[other].label), `: ${wordsOf(flows, cell)}`,
    alone(flows, cell));
  const parts = [el("h3", {}, row.label)];
  if (row.folded || row.foldable) {
    const button = el("button", { type: "button", class: "fold" }, row.folded ? "Unfold the namespace" : "Fold the namespace");
    button.addEventListener("click", () => toggle(row.namespace));
    parts.push(button);
  }
  parts.push(el("p", {}, `Sends to ${plural(out.length, "row")}`), capped(out.map((c) => line(c, c.destination)), MOST_TOLD));
  parts.push(el("p", {}, `Gets from ${plural(into.length, "row")}`), capped(into.map((c) => line(c, c.source)), MOST_TOLD));
  return parts;
}

function drawList(flows, look) {
  const cells = look.shown.filter((cell) => drawn(flows, cell)).sort((a, b) => a.source - b.source || a.destination - b.destination);
  if (cells.length === 0) return el("p", {}, "No flow fits these filters.");
  const rows = cells.slice(0, MOST_LISTED).map((cell) => {
    const passing = cell.groups.filter((group) => flows.filter.verdicts.has(group.verdict));
    const texts = [...new Set(passing.map((group) => flows.traffic[group.traffic].text))];
    const what = texts.slice(0, 4).join("; ") + (texts.length > 4 ? `; ${number(texts.length - 4)} more` : "");
    const key = cell.source * look.rows.length + cell.destination;
    const mark = look.focus.has(key) ? "focus" : null;
    return el("tr", { class: mark }, el("td", {}, look.rows[cell.source].label), el("td", {}, look.rows[cell.destination].label),
      el("td", {}, what), el("td", {}, wordsOf(flows, cell) + (look.marked.has(key) ? " ◥" : "")));
  });
  const heads = ["From", "To", "What", "Pairs"].map((text) => el("th", { scope: "col" }, text));
  return el("div", {}, el("table", { class: "plain" }, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)),
    cells.length > rows.length ? el("p", { class: "muted" }, `and ${number(cells.length - rows.length)} more: filter to see them`) : null);
}
