"use strict";
// At the door: the token behind # is sent once, in a header, and a cookie comes back that
// no script can read. The address keeps no secret.
const door = document.getElementById("door");
if (door) {
  const state = document.getElementById("state");
  const say = (text, tone) => { state.textContent = text; state.className = "notice " + (tone || ""); };
  const tokenOf = (text) => {
    const [token] = text.trim().replace(/^.*#/s, "").split(".");
    return /^[A-Za-z0-9_~-]{8,300}$/.test(token) ? token : "";
  };
  const enter = async (token) => {
    say("Checking the link…");
    try {
      const response = await fetch("/results/session", { method: "POST", headers: { Authorization: "Bearer " + token }, cache: "no-store" });
      if (response.ok) return location.replace("/results" + location.search);
      const text = await response.text();
      let words = text;
      try { words = JSON.parse(text).error || text; } catch { /* a sentence */ }
      say("Not opened: " + (words || response.status), "fail");
    } catch (error) {
      say("The responder did not answer: " + error.message + ". Try again.", "fail");
    }
  };
  document.getElementById("enter").disabled = false;
  door.addEventListener("submit", (event) => {
    event.preventDefault();
    const token = tokenOf(document.getElementById("link").value);
    if (token) enter(token);
    else say("This is not a whole link. It looks like https://…/results#… or https://…/i#…; a mail program may have cut it off.", "fail");
  });
  const come = () => {
    const given = location.hash.slice(1);
    if (!given || given === "main") return;
    history.replaceState(null, "", location.pathname + location.search);
    const token = tokenOf(given);
    if (token) enter(token);
    else say("The part of the link behind # is cut short: a mail program may have cut it off. Ask for the link as a text file or in a chat message.", "fail");
  };
  say("Open the link that you were given, or paste it here.");
  addEventListener("hashchange", come);
  come();
}
