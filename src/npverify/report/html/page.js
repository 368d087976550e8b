/* Puts the page together, and draws again whenever a filter changes. */

const VIEWS = [["matrix", "Matrix"], ["graph", "Graph"], ["list", "List"]];

function flowView(flows) {
  const map = by("map");
  const detail = el("div", { class: "detail", role: "region", "aria-live": "polite", "aria-label": "What passes" });
  const panel = el("div", { id: "view", role: "tabpanel", "aria-labelledby": "tab-matrix" });
  const told = el("p", { class: "count", role: "status" });
  const legend = el("ul", { class: "legend" }, ...flows.verdicts.map(([name, sign], verdict) =>
    el("li", {}, el("span", { class: `v${verdict}`, "aria-hidden": "true" }, sign), ` ${name}`)),
    el("li", {}, `a number: how many pairs of a folded namespace${flows.kind === "connectivity" ? "" : ", once for each group of flows"}; ` +
      "underlined: with other verdicts too"),
    flows.kind === "connectivity" && flows.places.some((place) => place.outside)
      ? el("li", {}, "empty, at an outside block: nothing is listed under exactly this block") : null,
    flows.marks.length > 0 ? el("li", {}, el("span", { class: "mark", "aria-hidden": "true" }, "◥"), " the flow of an answer above") : null);
  let view = "matrix";
  const hint = () => detail.replaceChildren(el("p", { class: "muted" }, `Choose a ${view === "matrix" ? "cell" : "node"} to see what passes.`));
  const drawing = el("div", { class: "drawing" }, panel, detail);
  const aim = el("p", { class: "aim", role: "status", hidden: true });
  const toggle = (namespace) => {
    if (!flows.open.delete(namespace)) flows.open.add(namespace);
    draw();
    const again = [...panel.querySelectorAll("tbody th button")].find((button) => button.textContent.includes(namespace));
    if (again !== undefined) again.focus({ preventScroll: true });
  };
  const draw = () => {
    const look = lookAt(flows);
    const sums = flows.verdicts.map(([name], verdict) => [name, look.shown.reduce((sum, cell) => sum + cell.counts[verdict], 0), verdict])
      .filter(([, , verdict]) => flows.filter.verdicts.has(verdict));
    told.textContent = `${plural(look.rows.length, "row")}; pairs: ` + sums.map(([name, n]) => `${number(n)} ${name}`).join(", ");
    const show = (parts) => detail.replaceChildren(...parts);
    const [key] = look.focus;
    if (key === undefined) hint();
    else show(tellCell(flows, look, look.cells.get(key), key));
    detail.hidden = view === "list";
    drawing.className = `drawing ${view}`;
    if (view === "matrix") panel.replaceChildren(drawMatrix(flows, look, toggle, (cell, key) => show(tellCell(flows, look, cell, key))));
    else if (view === "graph") panel.replaceChildren(drawGraph(flows, look, (at) => show(tellNode(flows, look, at, toggle))));
    else panel.replaceChildren(drawList(flows, look));
  };
  const tabs = VIEWS.map(([name, text]) => el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "view",
    "aria-selected": String(name === view), tabindex: name === view ? 0 : -1 }, text));
  const choose = (n) => {
    view = VIEWS[n][0];
    tabs.forEach((tab, at) => {
      tab.setAttribute("aria-selected", String(at === n));
      tab.tabIndex = at === n ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", tabs[n].id);
    draw();
  };
  tabs.forEach((tab, n) => {
    tab.addEventListener("click", () => choose(n));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: n + 1, ArrowLeft: n - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose((to + tabs.length) % tabs.length);
      tabs[(to + tabs.length) % tabs.length].focus();
    });
  });
  map.className = flows.kind === "connectivity" ? "connectivity" : "diff";
  let form = flowFilters(flows, draw);
  const focusOn = (item, go) => {
    if (lookAtAnswer(flows, item)) {
      const anew = flowFilters(flows, draw);
      form.replaceWith(anew);
      form = anew;
    }
    if (item > 0 && view === "list") choose(0);
    else draw();
    tellAim(flows, aim, () => focusOn(0, false));
    const aimed = panel.querySelector("td.focus, path.focus.on");
    if (aimed !== null && view === "matrix") intoMiddle(panel.querySelector(".scroll"), aimed);
    if (!go) return;
    by("flows-head").scrollIntoView();
    if (view === "matrix" && aimed !== null) aimed.focus({ preventScroll: true });
  };
  showable(flows, focusOn);
  map.append(form, aim, el("div", { class: "tabs", role: "tablist", "aria-label": "How to show the flows" }, ...tabs),
    told, legend, drawing);
  draw();
  map.hidden = false;
  by("map-plain").hidden = true;
}

/* Says which answer one looks at, with a way out. */
function tellAim(flows, aim, leave) {
  aim.hidden = flows.focus === 0;
  if (aim.hidden) return;
  const button = el("button", { type: "button" }, "Unmark");
  button.addEventListener("click", leave);
  aim.replaceChildren("Marked: ", el("a", { href: `#answer-${flows.focus}` }, titleOfAnswer(flows.focus)), " ", button);
}

function intoMiddle(box, cell) {
  const [outer, inner] = [box.getBoundingClientRect(), cell.getBoundingClientRect()];
  box.scrollTop += inner.top - outer.top - box.clientHeight / 2;
  box.scrollLeft += inner.left - outer.left - box.clientWidth / 2;
}

/* An answer that is opened is marked in the map; a button in it leads there. */
function showable(flows, focusOn) {
  for (const item of answersInMap(flows)) {
    const answer = by(`answer-${item}`);
    if (answer === null) continue;
    answer.querySelector("summary").addEventListener("click", () => {
      if (!answer.open) focusOn(item, false);
      else if (flows.focus === item) focusOn(0, false);
    });
    const button = el("button", { type: "button", class: "locate" }, "Show in the map");
    button.addEventListener("click", () => focusOn(item, true));
    answer.querySelector(".body").prepend(button);
  }
}

/* Whoever follows a link to an answer wants to read it; whoever prints wants to print it. */
function unfolding() {
  const follow = () => {
    const aim = location.hash.startsWith("#answer-") ? by(location.hash.slice(1)) : null;
    if (aim === null) return;
    aim.hidden = false;
    aim.open = true;
    aim.scrollIntoView();
    aim.querySelector("summary").focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);
  follow();
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.answer:not([open])")].filter((answer) => answer.dataset.kind !== "passed");
    for (const answer of opened) answer.open = true;
  });
  addEventListener("afterprint", () => { for (const answer of opened) answer.open = false; });
}

answerFilters();
const pageFlows = readFlows();
if (pageFlows !== null) flowView(pageFlows);
unfolding();
