// The only script before the first paint, and inline in the page: fetching one,
// or running more, would take the processor from that paint.
const find = (id) => document.getElementById(id);
let begun = false;

function begin() {
  if (begun) return;
  begun = true;
  find("main").append(find("views").content); // until now no more than text in a template
  const asked = location.hash.slice(1);
  if (find("main").dataset.phase === "idle" && (asked === "" || asked === "new")) find("view-new").hidden = false;
  import("./assets/page.js").catch(incomplete); // makes the form work, and shows whatever else there is
}

function incomplete() {
  find("ended").textContent = "A part of this page could not be loaded. Reload it, or start netready again.";
  find("ended").hidden = false;
}

// A tab that is not looked at never paints, and some browsers do not tell of
// it: then it is time after a moment.
if (PerformanceObserver.supportedEntryTypes.includes("paint")) new PerformanceObserver(begin).observe({ type: "paint", buffered: true });
setTimeout(begin, 500);
