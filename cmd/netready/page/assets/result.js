// One result, or several side by side. Both come from the server as HTML, the
// same that the printable report has: every text in them is escaped there.
import { $, localTimes, say } from "./dom.js";
import { read } from "./server.js";
import * as form from "./form.js";

let id = "";
let row = "";
let about; // the shown result's entry of the list: where, who, how long

const fragment = (html) => new DOMParser().parseFromString(html, "text/html").body.childNodes;

function place(target, html) {
  target.replaceChildren(...fragment(html));
  localTimes(target);
}

export async function open(run) {
  id = run;
  row = "";
  $("copied").hidden = true;
  for (const kind of ["xlsx", "html", "json"]) $("get-" + kind).href = `api/results/${encodeURIComponent(id)}/${kind}`;
  try {
    place($("report"), await read(`results/${encodeURIComponent(id)}/view`));
    row = await read(`results/${encodeURIComponent(id)}/row`).catch(() => null); // its text file is gone, which takes nothing from the rest
    $("download").disabled = $("copy").disabled = row === null;
    about = (await read("results")).find((entry) => entry.id === id);
  } catch (error) {
    $("report").textContent = "This result cannot be shown: " + error.message;
  }
}

// spoken is the verdict for those who listen.
export const spoken = () => [...$("report").querySelectorAll(".verdict h2, .verdict h2 + p")].map((e) => e.textContent).join(". ");

export async function compare(ids) {
  try {
    place($("comparison"), await read("compare?" + ids.map((one) => "id=" + encodeURIComponent(one)).join("&")));
  } catch (error) {
    $("comparison").textContent = "These results cannot be compared: " + error.message;
  }
}

export function wire() {
  $("download").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = `api/results/${encodeURIComponent(id)}/txt`;
    link.download = "";
    link.click();
  });
  $("copy").addEventListener("click", copy);
  $("again").addEventListener("click", () => {
    form.again(about);
  });
}

async function copy() {
  try {
    await navigator.clipboard.writeText(row);
    say("Copied. Click into the first free cell of the sheet Runs and paste.");
    $("copy").textContent = "Copied";
    setTimeout(() => ($("copy").textContent = "Copy for spreadsheet"), 3000);
  } catch {
    $("row").value = row; // the browser forbids it: by hand, then
    $("copied").hidden = false;
    $("row").select();
  }
}
