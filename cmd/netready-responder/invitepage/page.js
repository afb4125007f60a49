"use strict";
const state = document.getElementById("state");
const say = (text, tone) => { state.textContent = text; state.className = "notice " + (tone || ""); };
const secrets = location.hash.slice(1);
const whole = /^[A-Za-z0-9_~-]+(\.[A-Za-z0-9_-]{43})+$/.test(secrets);

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function mine(row) {
  const agent = navigator.userAgent;
  const os = /Windows/.test(agent) ? "windows" : /Mac OS X/.test(agent) ? "darwin" : /Linux/.test(agent) ? "linux" : "";
  return row.dataset.os === os && (os === "darwin" || row.dataset.arch === (/aarch64|arm64/i.test(agent) ? "arm64" : "amd64"));
}

async function read(response, size) {
  const parts = [];
  let got = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts, { type: "application/octet-stream" });
    parts.push(value);
    got += value.length;
    const percent = Math.floor(100 * got / size / 10) * 10;
    if (state.dataset.percent !== String(percent)) { state.dataset.percent = percent; say("Downloading: " + percent + " %"); }
  }
}

async function download(button) {
  const { name, sum, size } = button.dataset;
  button.disabled = true;
  try {
    say("Downloading…");
    const response = await fetch("/i/files/" + encodeURIComponent(name), { headers: { Authorization: "Bearer " + secrets.split(".")[0] } });
    if (!response.ok) {
      const problem = await response.json().catch(() => ({}));
      return say("The download was refused: " + (problem.error || response.status), "fail");
    }
    const blob = await read(response, Number(size));
    const hash = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    const got = Array.from(new Uint8Array(hash), (b) => b.toString(16).padStart(2, "0")).join("");
    if (got !== sum) return say("The file was damaged on its way and was not saved. Try again.", "fail");
    save(blob, name);
    say(name + " was saved. Its checksum is right. Now save the invite beside it.", "pass");
  } catch (error) {
    say("The download broke off: " + error.message + ". Try again.", "fail");
  } finally {
    button.disabled = false;
  }
}

if (!whole) {
  say("The part of the link behind # is missing or cut short: a mail program may have cut it off. Ask for the invite as a text file or in a chat message.", "fail");
} else {
  say("Your invite is complete. Three steps are left.", "pass");
  const invite = document.getElementById("invite");
  invite.disabled = false;
  invite.addEventListener("click", () => {
    save(new Blob([location.origin + "/i#" + secrets + "\n"], { type: "text/plain" }), "netready-invite.txt");
    say("netready-invite.txt was saved. Put it into the same folder as the program, and start the program.", "pass");
  });
  for (const button of document.querySelectorAll("button.get")) {
    button.disabled = false;
    button.addEventListener("click", () => download(button));
  }
}
for (const row of document.querySelectorAll("tr[data-os]")) if (mine(row)) row.classList.add("mine");
