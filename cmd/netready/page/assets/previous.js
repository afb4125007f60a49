// The results that lie in the folder.
import { $, make, mark, when } from "./dom.js";
import { read } from "./server.js";

// As in the report: a verdict that is open is a question, a figure that is missing a dash.
const words = { ready: ["pass", "Ready"], not_ready: ["fail", "Not ready"], undetermined: ["unknown", "No verdict yet", "?"] };

export async function open() {
  let entries = [];
  try {
    entries = await read("results");
    $("previous-none").textContent = "Nothing yet. A result appears here after its test.";
  } catch (error) {
    $("previous-none").textContent = error.message;
  }
  $("previous-none").hidden = entries.length > 0;
  $("compare").hidden = entries.length < 2;
  $("previous").replaceChildren(...entries.map(item));
  count();
}

function item(entry) {
  const time = when(entry.started_at);
  const [tone, word, sign] = words[entry.verdict] ?? ["unknown", "Unknown", "?"];
  const text = [entry.organization, entry.location, entry.host].filter(Boolean);
  return make("li", {},
    make("label", {}, make("input", { type: "checkbox", value: entry.id }), make("span", { class: "vh" }, `Compare the one of ${time}, ${entry.host}`)),
    mark(tone, word, sign),
    make("div", { class: "what" },
      make("p", {}, make("strong", {}, time), " · ", make("bdi", {}, entry.region), entry.complete ? "" : " · ended early"),
      make("p", { class: "muted small" }, ...text.flatMap((part, i) => [i ? " · " : "", make("bdi", {}, part)]))),
    make("a", { class: "button", href: "#result=" + entry.id, "aria-label": `Open the one of ${time}, ${entry.host}` }, "Open"));
}

const chosen = () => [...$("previous").querySelectorAll("input:checked")].map((box) => box.value);

function count() {
  const n = chosen().length;
  $("compare").disabled = n < 2 || n > 12;
}

export function wire() {
  $("previous").addEventListener("change", count);
  $("compare").addEventListener("click", () => (location.hash = "#compare=" + chosen().join(",")));
}
