// One result, or several side by side. Both come from the server as HTML, the
// same that the printable report has: every text in them is escaped there.
import { $, localTimes, say } from "./dom.js";
import { file, read } from "./server.js";
import * as form from "./form.js";

let id = "";
let row = null; // for the spreadsheet, as text and as a table of typed cells
let about; // the shown result's entry of the list: where, who, how long

const fragment = (html) => new DOMParser().parseFromString(html, "text/html").body.childNodes;

function place(target, html) {
  target.replaceChildren(...fragment(html));
  localTimes(target);
}

export async function open(run) {
  id = run;
  row = about = null;
  $("copied").hidden = true;
  const of = (what) => read(`results/${encodeURIComponent(run)}/${what}`);
  try {
    place($("report"), await of("view"));
    row = await of("row").catch(() => null); // its text file is gone, which takes nothing from the rest
    $("download").disabled = $("copy").disabled = row === null;
    about = await of("about");
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
  for (const [button, kind] of [["download", "txt"], ["get-xlsx", "xlsx"], ["get-html", "html"], ["get-json", "json"]]) {
    $(button).addEventListener("click", () => download(kind));
  }
  $("copy").addEventListener("click", copy);
  $("again").addEventListener("click", () => {
    form.again(about);
  });
}

// download saves a file under a name of this page's own: of a link, browsers
// write the address into the saved file's attributes, and the secret is in it.
async function download(kind) {
  try {
    const { name, blob } = await file(`results/${encodeURIComponent(id)}/${kind}`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    $("report").prepend(Object.assign(document.createElement("p"), { className: "notice tone-fail", role: "alert", textContent: "The file was not saved: " + error.message }));
  }
}

// copy puts the row on the clipboard twice: as a table of typed cells, which no
// spreadsheet guesses at, and as text.
async function copy() {
  if (!copyNow() && !(await copyLater())) {
    $("row").value = row.text; // the browser forbids it: by hand, then
    $("copied").hidden = false;
    $("row").select();
    return;
  }
  say("Copied. Click into the first free cell of the sheet Runs and paste.");
  $("copy").textContent = "Copied";
  setTimeout(() => ($("copy").textContent = "Copy for spreadsheet"), 3000);
}

// copyNow writes the table as it is; the newer way cleans it, and with that
// takes away what Excel goes by.
function copyNow() {
  let done = false;
  const write = (event) => {
    event.clipboardData.setData("text/plain", row.text);
    event.clipboardData.setData("text/html", row.html);
    event.preventDefault();
    event.stopImmediatePropagation();
    done = true;
  };
  addEventListener("copy", write, { capture: true, once: true });
  try {
    return document.execCommand("copy") && done;
  } catch {
    return false;
  } finally {
    removeEventListener("copy", write, { capture: true });
  }
}

async function copyLater() {
  try {
    const part = (type, text) => ({ [type]: new Blob([text], { type }) });
    await navigator.clipboard.write([new ClipboardItem({ ...part("text/html", row.html), ...part("text/plain", row.text) })]);
    return true;
  } catch {
    return navigator.clipboard?.writeText(row.text).then(() => true, () => false) ?? false;
  }
}
