/* Elements are made of text alone, never of markup: what is in a file of the user stays text. */

const SVG = "http://www.w3.org/2000/svg";

function make(maker, name, attributes, children) {
  const made = maker(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const el = (name, attributes, ...children) => make((n) => document.createElement(n), name, attributes, children);
const svg = (name, attributes, ...children) => make((n) => document.createElementNS(SVG, n), name, attributes, children);

const by = (id) => document.getElementById(id);
const number = (n) => n.toLocaleString("en-US");
const plural = (n, one, many) => `${number(n)} ${n === 1 ? one : many || one + "s"}`;

/* Calls `work` once after a pause in typing. */
function afterPause(work, milliseconds) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}
