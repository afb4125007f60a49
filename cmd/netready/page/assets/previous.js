// The results that lie in the folder, and those of others that were opened.
import { $, make, mark, plain, say, when } from "./dom.js";
import { read, send } from "./server.js";

// As in the report: a verdict that is open is a question, a figure that is missing a dash.
const words = { ready: ["pass", "Ready"], not_ready: ["fail", "Not ready"], undetermined: ["unknown", "No verdict yet", "?"] };
const most = 12; // side by side
let entries = [];
const chosen = new Set(); // ids, whether the filter shows them or not

export async function open() {
  try {
    entries = await read("results");
    $("previous-none").textContent = "Nothing yet. A result appears here after its test.";
  } catch (error) {
    entries = [];
    $("previous-none").textContent = error.message;
  }
  chosen.clear();
  draw();
}

const orders = {
  newest: (a, b) => b.started_at.localeCompare(a.started_at),
  oldest: (a, b) => a.started_at.localeCompare(b.started_at),
  verdict: (a, b) => rank(a) - rank(b),
  organization: (a, b) => a.organization.localeCompare(b.organization),
  location: (a, b) => a.location.localeCompare(b.location),
  machine: (a, b) => a.host.localeCompare(b.host),
  region: (a, b) => a.region.localeCompare(b.region),
};
const rank = (entry) => ["not_ready", "undetermined", "ready"].indexOf(entry.verdict); // the worst first

// draw shows what fits the filter, in the order that was chosen.
function draw() {
  const typed = plain($("narrow").value).split(/[\s,]+/).filter(Boolean);
  const verdict = $("only").value;
  const fits = entries.filter((entry) => {
    if (verdict && entry.verdict !== verdict) return false;
    const text = plain([entry.organization, entry.location, entry.host, entry.region, entry.region_id, entry.opened, when(entry.started_at)].join(" "));
    return typed.every((word) => text.includes(word));
  });
  fits.sort((a, b) => orders[$("sort").value](a, b) || orders.newest(a, b));
  $("previous").replaceChildren(...fits.map(item));
  $("previous-none").hidden = entries.length > 0;
  $("tools").hidden = $("compare").hidden = entries.length < 2;
  $("found").textContent = fits.length === entries.length ? `${entries.length} results` : `${fits.length} of ${entries.length} results`;
  count();
}

function item(entry) {
  const time = when(entry.started_at);
  const [tone, word, sign] = words[entry.verdict] ?? ["unknown", "Unknown", "?"];
  const text = [entry.organization, entry.location, entry.host].filter(Boolean);
  return make("li", {},
    make("label", {}, make("input", { type: "checkbox", value: entry.id, checked: chosen.has(entry.id) }), make("span", { class: "vh" }, `Compare the one of ${time}, ${entry.host}`)),
    mark(tone, word, sign),
    make("div", { class: "what" },
      make("p", {}, make("strong", {}, time), " · ", make("bdi", {}, entry.region), entry.complete ? "" : " · ended early"),
      make("p", { class: "muted small" }, ...text.flatMap((part, i) => [i ? " · " : "", make("bdi", {}, part)])),
      entry.opened ? make("p", { class: "muted small" }, "opened from the file ", make("bdi", {}, entry.opened)) : null),
    make("a", { class: "button", href: "#result=" + entry.id, "aria-label": `Open the one of ${time}, ${entry.host}` }, "Open"));
}

function count() {
  $("compare").disabled = chosen.size < 2 || chosen.size > most;
  $("compare").textContent = chosen.size > most ? `Compare: ${most} at most` : chosen.size ? `Compare ${chosen.size} side by side` : "Compare side by side";
}

// look opens a file of somebody else, which stays where it is.
async function look(file) {
  if (!file) return;
  $("open-error").hidden = true;
  try {
    const entry = await send("open?name=" + encodeURIComponent(file.name), file);
    location.hash = "#result=" + entry.id;
  } catch (error) {
    if (location.hash !== "#previous") location.hash = "#previous";
    $("open-error").textContent = error.message[0].toUpperCase() + error.message.slice(1) + ".";
    $("open-error").hidden = false;
    say($("open-error").textContent);
  }
  $("file").value = ""; // the same file can be chosen once more
}

export function wire() {
  $("previous").addEventListener("change", ({ target }) => {
    if (target.checked) chosen.add(target.value);
    else chosen.delete(target.value);
    count();
  });
  $("compare").addEventListener("click", () => (location.hash = "#compare=" + [...chosen].join(",")));
  for (const [id, event] of [["narrow", "input"], ["only", "change"], ["sort", "change"]]) {
    $(id).addEventListener(event, () => {
      draw();
      say($("found").textContent);
    });
  }
  $("open").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => look($("file").files[0]));
  // A file can be dropped wherever the page is.
  addEventListener("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    look(event.dataTransfer.files[0]);
  });
}
