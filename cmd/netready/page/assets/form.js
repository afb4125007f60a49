// The form: which region, who, how long.
import { $, make, plain, say } from "./dom.js";
import { ask } from "./server.js";

const fields = ["region", "organization", "location", "invite", "duration", "calls"];
let starting = false; // until the run is seen, or was refused: a second click is not a second test
let cleared = 0; // the run after which the typed invite was taken out of the form
let groups; // every region of the list, so that a filter can bring it back

export const values = () => ({
  region: $("region").value,
  organization: $("organization").value,
  location: $("location").value,
  invite: $("invite").value,
  duration_s: whole($("duration").value),
  auto: $("auto").checked,
  calls: whole($("calls").value),
  upload: $("upload").checked,
  anonymous: $("anonymous").checked,
});

// whole reads a number that is one, 1e3 too; anything else is 0, which the
// server refuses with words.
const whole = (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : 0);

export function wire() {
  groups = [...$("region").querySelectorAll("optgroup")].map((group) => ({ group, options: [...group.children] }));
  picked = $("region").value;
  $("region").addEventListener("input", () => {
    picked = $("region").value;
    found = "";
  });
  $("find").addEventListener("input", filter);
  $("find").addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it searches, it does not start
  });
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    start(values());
  });
  for (const name of fields) $(name).addEventListener("input", () => complain(name, ""));
  for (const name of ["region", "invite", "duration", "auto", "calls", "upload"]) $(name).addEventListener("input", plan);
  $("measure")?.addEventListener("click", measure);
  $("forget")?.addEventListener("click", forget);
  plan();
  $("form").inert = false; // it was shown before anything listened to it
}

// reflect follows the run: only one can go on at a time.
export function reflect(state) {
  const running = state.phase === "running" || state.phase === "stopping";
  starting = false;
  if (state.phase === "done" && state.run !== cleared) {
    cleared = state.run;
    $("invite").value = ""; // it has done its work; one that failed stays to be corrected
  }
  $("start").disabled = running;
  $("failure").hidden = state.phase !== "failed";
  if (state.phase === "failed") $("failure").textContent = "The test did not come about: " + state.error;
}

// again runs the test of a result once more, with its own settings as far as it
// holds them; what it does not hold (the length, where no call came about) is
// the form's. The form shows them, should something be missing.
export function again(about) {
  if (!about) return start(values());
  pick(about.region_id);
  $("organization").value = about.organization;
  $("location").value = about.location;
  $("invite").value = "";
  if (about.duration_s > 0) {
    $("duration").value = about.duration_s;
    $("auto").checked = false;
  }
  if (about.calls > 0) $("calls").value = about.calls;
  plan();
  return start({ ...values(), region: about.region_id, responder: about.responder });
}

// start begins a test. A field that is wrong is named and focused.
export async function start(what) {
  if (starting) return;
  starting = true;
  for (const name of fields) complain(name, "");
  try {
    if (!what.region) throw Object.assign(new Error("choose the region that your calls go to"), { field: "region" });
    const { note } = await ask("start", what);
    if (note) say(note);
  } catch (error) {
    if (location.hash !== "#new") location.hash = "#new";
    if (error.field) {
      complain(error.field, error.message);
      $(error.field).focus();
    } else {
      $("failure").textContent = error.message;
      $("failure").hidden = false;
    }
    starting = false;
  }
}

function complain(name, text) {
  const place = $(name + "-error");
  place.textContent = text && text[0].toUpperCase() + text.slice(1) + ".";
  place.hidden = !text;
  if (text) $(name).setAttribute("aria-invalid", "true");
  else $(name).removeAttribute("aria-invalid");
}

// filter keeps the regions that hold every word. Countries and continents count
// as words. A search chooses a region where it leaves one alone; what it passed on
// the way, letter by letter, nobody chose. Without a match nothing is chosen.
let picked = ""; // by hand, or by a search that was cleared afterwards
let found = ""; // by the search that stands there
function filter() {
  const words = plain($("find").value).split(/[\s,]+/).filter(Boolean);
  const select = $("region");
  const kept = [];
  for (const { group, options } of groups) {
    const fits = options.filter((o) => {
      const text = plain([o.textContent, o.dataset.country, group.label].join(" "));
      return words.every((word) => text.includes(word));
    });
    group.replaceChildren(...fits);
    if (fits.length) select.append(group);
    else group.remove();
    kept.push(...fits.map((o) => o.value));
  }
  if (!words.length) picked = found || picked;
  found = words.length && kept.length === 1 ? kept[0] : "";
  if (found && found !== picked) picked = "";
  select.value = found || (kept.includes(picked) ? picked : "");
  const what = select.value ? ", " + select.selectedOptions[0].dataset.name + " is chosen" : kept.length ? ", choose one" : "";
  if (words.length) say((kept.length === 1 ? "1 match" : kept.length + " matches") + what);
  plan();
}

// pick chooses a region as by hand.
function pick(region) {
  $("find").value = found = "";
  picked = region;
  filter();
}

// plan says in plain words what the test will send, and where to.
function plan() {
  const { region, duration_s: seconds, auto, calls } = values();
  $("duration").disabled = auto; // and still sent, to be there the next time
  const lasts = auto ? "30 to 300 s, until it is sure," : `${seconds} s`;
  const option = $("region").selectedOptions[0];
  const name = option?.dataset.name || region;
  const typed = $("invite").value.trim();
  const { known: kept, from } = $("invite").dataset;
  // On this machine an invite of the last time does not count, as in handlers.go.
  const known = typed || (region === "local" && from === "the last time" ? "" : kept);
  const far = known ? host(known) : name;
  const own = option?.hasAttribute("data-responder");
  if ($("without")) $("without").textContent = region === "local" ? "the test stays inside this computer" : own ? "this region has its own responder" : "call quality will not be measured";
  const list = [];
  if (!region) list.push("Choose a region to see what a test does.");
  else if (region === "local" && !known) {
    list.push("The ports are tried and the test call is placed against a responder inside netready: nothing leaves this machine.");
    list.push(`${callText(calls, lasts)} go from this machine to itself and back.`);
  } else {
    list.push(`The ports and addresses that calls need are tried, a few packets each: those of ${region === "local" ? "this machine" : name}, and the responder's.`);
    if (isList(typed)) {
      list.push(`${callText(calls, lasts)} go through the TURN server that you pasted and back to this machine, as three streams a call: ${Math.round(calls * 261.6)} kbit/s each way. A service that counts minutes counts 6 relays a call.`);
      list.push("There is no bandwidth test through somebody's server. At most 5 calls at once.");
    } else if (known || own) {
      list.push(`${callText(calls, lasts)} go to ${far} and as much comes back: ${Math.round(calls * 87.2)} kbit/s each way, alone on the line.`);
      list.push(`The bandwidth to ${far} is filled for some seconds, at the end of the test.`);
    } else {
      list.push("Without an invite call quality is not measured: nothing at the far end counts packets. The round trip is.");
    }
  }
  const to = far && (known || own) && !isList(typed) ? far : "";
  $("sent-to").textContent = !$("upload").checked ? " and are sent to nobody, unless whoever made the invite asks for them: the page says so before the call" : to ? ` and are sent to ${to}` : " and are sent to nobody: only the responder of an invite stores results";
  $("plan").replaceChildren(...list.map((text) => make("li", {}, make("span", {}, text))));
}

// isList tells what a TURN service hands out from an invite, as probe/ice does.
const isList = (text) => /^[{[]/.test(text);

const callText = (calls, lasts) => `Voice packets of ${calls === 1 ? "one test call" : calls + " test calls"} of ${lasts}`;

function host(invite) {
  if (isList(invite)) return "the TURN server";
  try {
    return new URL(invite.trim().replace(/^["'<]+|["'>]+$/g, "")).host || invite;
  } catch {
    return invite.includes("#") ? "the responder" : invite;
  }
}

async function measure() {
  const button = $("measure");
  button.disabled = true;
  say("Measuring the round trip to every region");
  try {
    const times = await ask("measure");
    const [nearest] = Object.entries(times).sort((a, b) => a[1] - b[1])[0] ?? [];
    for (const { options } of groups) {
      for (const option of options) {
        const ms = times[option.value];
        const base = option.textContent.split(" – ")[0];
        option.textContent = ms == null ? base : `${base} – ${Math.round(ms)} ms${option.value === nearest ? ", the nearest" : ""}`;
      }
    }
    if (nearest) {
      pick(nearest);
    }
    say(nearest ? "The nearest is " + $("region").selectedOptions[0].textContent : "No region answered");
    if (!nearest) complain("region", "no region answered; choose one from the list");
  } catch (error) {
    complain("region", error.message);
  }
  button.disabled = false;
}

async function forget() {
  try {
    await ask("forget");
    $("invite").dataset.known = "";
    $("invite-hint").textContent = "It is forgotten. Paste another link, or leave this empty.";
    $("invite").focus();
    $("forget").remove();
    plan();
  } catch (error) {
    complain("invite", error.message);
  }
}
