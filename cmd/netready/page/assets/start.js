// The first thing to run, and the only one before the first paint: everything
// else would take the processor from it.
const find = (id) => document.getElementById(id);
let begun = false;

function begin() {
  if (begun) return;
  begun = true;
  // The token did its work: the cookie has it now, the address bar need not.
  if (location.search) history.replaceState(null, "", location.pathname + location.hash);
  find("main").append(find("views").content); // until now no more than text in a template
  const asked = location.hash.slice(1);
  if (find("main").dataset.phase === "idle" && (asked === "" || asked === "new")) find("view-new").hidden = false;
  import("./page.js"); // which makes the form work, and shows whatever else there is
}

// A tab that is not looked at never paints, and some browsers do not tell of
// it: then it is time after a moment.
if (PerformanceObserver.supportedEntryTypes.includes("paint")) new PerformanceObserver(begin).observe({ type: "paint", buffered: true });
setTimeout(begin, 500);
