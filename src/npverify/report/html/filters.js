/* The two forms: what one filters the answers by, and what one filters the flows by. */

const KINDS = { failed: "to look at", warned: "warnings", open: "undecided", told: "to know", passed: "passed", silenced: "silenced" };

function checkboxes(legend, choices, changed) {
  const boxes = choices.map(([value, text]) => {
    const box = el("input", { type: "checkbox", value, checked: true });
    box.addEventListener("change", changed);
    return el("label", {}, box, text);
  });
  return el("fieldset", {}, el("legend", {}, legend), ...boxes);
}

const checked = (form) => new Set([...form.querySelectorAll("input:checked")].map((box) => box.value));

function answerFilters() {
  const form = by("answer-filters");
  const answers = [...document.querySelectorAll("details.answer")];
  if (form === null || answers.length < 2) return;
  const texts = answers.map((answer) => answer.textContent.toLowerCase());
  const search = el("input", { type: "search", id: "answer-search", autocomplete: "off" });
  const told = el("p", { class: "count", role: "status" });
  const kinds = Object.entries(KINDS).filter(([kind]) => answers.some((answer) => answer.dataset.kind === kind));
  const show = () => {
    const wanted = checked(form);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    answers.forEach((answer, n) => {
      const fits = wanted.has(answer.dataset.kind) && words.every((word) => texts[n].includes(word));
      answer.hidden = !fits;
      shown += fits;
    });
    told.textContent = `${number(shown)} of ${number(answers.length)} shown`;
    by("no-answers").hidden = shown > 0;
  };
  search.addEventListener("input", afterPause(show, 80));
  form.append(el("label", {}, "Search", search), checkboxes("Show", kinds, show), told);
  form.hidden = false;
  show();
}

function flowFilters(flows, changed) {
  const { filter } = flows;
  const choose = (id, label, options, set) => {
    const box = el("select", { id }, ...options.map(([value, text]) => el("option", { value }, text)));
    box.addEventListener("change", () => { set(box.value); changed(); });
    return el("label", {}, label, box);
  };
  const write = (id, label, hint, set) => {
    const box = el("input", { id, type: "search", placeholder: hint, autocomplete: "off", spellcheck: "false" });
    box.addEventListener("input", afterPause(() => { set(box); changed(); }, 120));
    return el("label", {}, label, box);
  };
  const names = [...flows.namespaces.keys()].map((name) => [name, name]);
  const verdicts = checkboxes("Verdict", flows.verdicts.map(([name, sign], n) => [n, `${sign} ${name}`]), () => {
    filter.verdicts = new Set([...checked(verdicts)].map(Number));
    changed();
  });
  const folding = (text, set) => {
    const button = el("button", { type: "button" }, text);
    button.addEventListener("click", () => { set(); changed(); });
    return button;
  };
  return el("div", { class: "filters", role: "search", "aria-label": "Filter the flows" },
    choose("f-namespace", "Namespace", [["", "all"], ...names], (value) => {
      filter.namespace = value;
      if (value !== "") flows.open.add(value);
    }),
    write("f-workload", "Workload", "part of a name", (box) => { filter.text = box.value; }),
    choose("f-role", "which is", [["either", "source or destination"], ["from", "source"], ["to", "destination"]],
      (value) => { filter.role = value; }),
    write("f-port", "Port", "5432, udp/53", (box) => {
      const port = readPort(box.value);
      box.setAttribute("aria-invalid", String(port === undefined));
      box.setCustomValidity(port === undefined ? "A port is written 5432, tcp/5432 or 8000-9000" : "");
      filter.port = port === undefined ? null : port;
    }),
    verdicts,
    flows.namespaces.size < 2 ? null : el("fieldset", {}, el("legend", {}, "Namespaces"),
      folding("Fold all", () => flows.open.clear()),
      folding("Unfold all", () => { for (const name of flows.namespaces.keys()) flows.open.add(name); })));
}
