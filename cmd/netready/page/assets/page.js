// The frame: which view is shown, and what the server says of the run.
import { ask, listen } from "./server.js";
import { $, make, say } from "./dom.js";
import * as form from "./form.js";
import * as run from "./run.js";
import * as result from "./result.js";
import * as previous from "./previous.js";

// Not in the page itself: the browser would draw it before it draws the page.
document.head.append(make("link", { rel: "icon", href: "assets/icon.svg", type: "image/svg+xml" }));

const { phase, run: count, result: last } = $("main").dataset;
let state = { phase, run: Number(count), result: last }; // the server's: at first what it was when it sent the page, then whole
let shown = ""; // the view that is on the screen, with its argument

// place says what to show: the address decides, and without one the run does.
function place() {
  const [name, argument = ""] = location.hash.slice(1).split("=");
  if (name === "new" || name === "previous") return [name, ""];
  if ((name === "result" || name === "compare") && argument) return [name, argument];
  if (state.phase === "running" || state.phase === "stopping") return ["run", String(state.run)];
  if (state.phase === "done") return ["result", state.result];
  return ["new", ""];
}

async function show() {
  const [name, argument] = place();
  const running = state.phase === "running" || state.phase === "stopping";
  $("elsewhere").hidden = !running || name === "run";
  if (name === "run") run.draw(state);
  sending(name, argument);
  form.reflect(state);
  const key = name + "=" + argument;
  if (key === shown) return;
  const first = shown === "";
  shown = key;
  if (name === "result") await result.open(argument);
  if (name === "previous") await previous.open();
  if (name === "compare") await result.compare(argument.split(","));
  if (shown !== key) return; // another view was asked for meanwhile
  for (const view of document.querySelectorAll(".view")) view.hidden = view.id !== "view-" + name;
  for (const link of document.querySelectorAll("[data-nav]")) {
    if (link.dataset.nav === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const title = $("title-" + name);
  document.title = (name === "run" ? "Testing" : title.textContent) + " – netready";
  scrollTo(0, 0);
  if (!first) title.focus({ preventScroll: true });
  if (name === "result") say(result.spoken());
}

// sending says what becomes of the result of the run: while it goes on, and beside it.
function sending(name, argument) {
  const { text = "", trouble, may_decline: may } = state.upload ?? {};
  $("sending").hidden = !text || !(name === "run" || (name === "result" && argument === state.result));
  $("sending").classList.toggle("tone-warn", Boolean(trouble));
  $("decline").hidden = !may;
  const said = text && text[0].toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".");
  if ($("sending-text").textContent !== said) $("sending-text").textContent = said;
}
$("decline").addEventListener("click", () => ask("decline").catch((error) => say(error.message)));

listen((next) => {
  const started = next.run !== state.run;
  state = next;
  $("ended").hidden = true;
  if (started && location.hash) history.pushState(null, "", "#"); // a run that starts is what to look at
  show();
}, (message) => {
  $("ended").textContent = message;
  $("ended").hidden = false;
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address names the view, and is to go on naming it
  $("main").focus();
});
addEventListener("hashchange", show);
addEventListener("popstate", show);
form.wire();
run.wire();
result.wire();
previous.wire();
if (phase === "idle" || phase === "done") show(); // what goes on or went wrong is told by the stream
