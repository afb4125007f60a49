// The view of a test that is going on.
import { $, make, mark, say } from "./dom.js";
import { ask } from "./server.js";
import { chart } from "./chart.js";

const steps = { connect: "Responder", firewall: "Ports and addresses", call: "Test call", late: "Late packets", bandwidth: "Bandwidth", done: "Report" };
const charts = {
  jitter: chart({ title: "Jitter", unit: "ms", floor: 10, limit: 30 }),
  loss: chart({ title: "Packet loss", unit: "%", floor: 2, limit: 1 }),
  rtt: chart({ title: "Round trip", unit: "ms", floor: 20, limit: 150, single: true }),
};
let ends = 0; // when the run should be over, by this browser's clock

export function wire() {
  $("live").append(...Object.values(charts).map((c) => c.element));
  $("steps").append(...Object.entries(steps).map(([key, text]) => make("li", { "data-step": key }, text)));
  $("stop").addEventListener("click", () => ask("stop").catch((error) => say(error.message)));
  setInterval(tick, 1000);
}

export function draw(state) {
  const title = state.text || "Starting";
  if ($("title-run").textContent !== title) {
    const counts = (text) => text.replace(/\d+/g, "#"); // "its turn in 12 s" is not said twelve times
    if (counts($("title-run").textContent) !== counts(title)) say(title);
    $("title-run").textContent = title;
  }
  $("progress").value = state.done;
  $("stop").disabled = state.phase === "stopping";
  $("far").textContent = state.asked.region === "local" ? "itself" : state.asked.region;
  $("view-run").classList.toggle("calling", state.step === "call" && state.phase === "running");
  const order = Object.keys(steps);
  const at = order.indexOf(state.step);
  for (const item of $("steps").children) {
    const i = order.indexOf(item.dataset.step);
    item.classList.toggle("past", i < at);
    if (i === at) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  ends = state.left_ms > 0 ? Date.now() + state.left_ms : 0;
  tick();
  figures(state);
  ports(state.rows ?? []);
}

function tick() {
  const left = Math.round((ends - Date.now()) / 1000);
  $("left").textContent = ends === 0 ? "" : left > 90 ? `About ${Math.round(left / 60)} minutes left` : left > 1 ? `About ${left} seconds left` : "Almost there";
}

function figures(state) {
  const live = state.live ?? [];
  const take = (get) => live.map((s) => ({ second: s.second, up: get(s.up), down: get(s.down) }));
  charts.jitter.draw(take((side) => side?.jitter_ms), state.asked.duration_s);
  charts.loss.draw(take((side) => side?.loss_percent), state.asked.duration_s);
  charts.rtt.draw(live.map((s) => ({ second: s.second, up: s.rtt_ms, down: null })), state.asked.duration_s);
}

let drawn = "";

function ports(rows) {
  const key = JSON.stringify(rows.map((r) => [r.name, r.family, r.status]));
  if (key === drawn) return; // rebuilding would take the place of whoever reads there
  drawn = key;
  $("rows-none").hidden = rows.length > 0;
  $("rows").replaceChildren(...rows.map((row) => {
    const word = { pass: "passed", fail: "failed" }[row.status] ?? "not measured";
    const chip = mark(row.level, row.name + (row.family ? ` (${row.family === "ipv6" ? "IPv6" : "IPv4"})` : ""));
    chip.append(make("span", { class: "vh" }, " " + word));
    return make("li", {}, chip);
  }));
}
