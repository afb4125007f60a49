// Small helpers for the document. Texts are always set as text, never as HTML.
export const $ = (id) => document.getElementById(id);

// make builds an element: make("li", { class: "past" }, "text", child).
export function make(name, attributes = {}, ...children) {
  const svg = ["svg", "path"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

const signs = { pass: "✓", fail: "✕", warn: "!", unknown: "–" };

// mark is a sign, a word and a colour.
export const mark = (tone, word, sign = signs[tone]) =>
  make("span", { class: "mark tone-" + tone }, make("i", { "aria-hidden": "true" }, sign), make("bdi", {}, word));

// say tells those who listen instead of looking.
export function say(text) {
  if ($("status").textContent !== text) $("status").textContent = text;
}

// plain makes "sao" find São Paulo.
export const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// when prints a moment in the reader's own time.
export const when = (iso) =>
  new Date(iso).toLocaleString(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    time.textContent = when(time.dateTime);
  }
}
