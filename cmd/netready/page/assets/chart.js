// A small graph over the seconds of a call, drawn as the report draws it: one
// unit a second wide, 100 high, stretched to its box.
import { make } from "./dom.js";

// niceTop is the next number that an axis should end with.
function niceTop(f) {
  const power = 10 ** Math.floor(Math.log10(f));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => f <= step * power) * power;
}

const path = (cls) => make("path", { class: cls });

// chart makes the figure; draw(points) brings it up to date. A point is
// { second, up, down }, with null where nothing is known.
export function chart({ title, unit, floor, limit, single }) {
  const lines = { limit: path("line-limit"), up: path("line-up"), down: path("line-down") };
  const grid = path("line-grid");
  const svg = make("svg", { preserveAspectRatio: "none", "aria-hidden": "true" }, grid, lines.limit, lines.up, lines.down);
  const top = make("span", { class: "tick tick-1" });
  const end = make("span", {});
  const now = { up: make("dd", {}, "–"), down: make("dd", {}, "–") };
  const label = (way) => make("dt", {}, make("svg", { viewBox: "0 0 32 8", "aria-hidden": "true" }, make("path", { class: "line-" + way, d: "M1 4H31" })), single ? "there and back" : way);
  const element = make("section", { class: "card graph", "aria-label": title + " now" },
    make("h2", {}, title),
    make("dl", { class: "now" }, make("div", {}, label("up"), now.up), single ? null : make("div", {}, label("down"), now.down)),
    make("div", { class: "plot", "aria-hidden": "true" }, top, make("span", { class: "tick tick-0" }, "0"), svg),
    make("div", { class: "times", "aria-hidden": "true" }, make("span", {}, "0:00"), end));

  function draw(points, seconds) {
    const width = Math.max(seconds, points.length ? points.at(-1).second + 1 : 1);
    const figures = points.flatMap((p) => [p.up, p.down]).filter((f) => f != null);
    let high = niceTop(Math.max(floor, ...figures));
    if (limit && limit < high * 1.6) high = niceTop(Math.max(high, limit * 1.1));
    const y = (f) => (100 - (100 * f) / high).toFixed(1);
    svg.setAttribute("viewBox", `0 0 ${width} 100`);
    grid.setAttribute("d", `M0 0H${width}M0 50H${width}M0 100H${width}`);
    lines.limit.setAttribute("d", limit && limit < high ? `M0 ${y(limit)}H${width}` : "");
    for (const way of ["up", "down"]) {
      let last = -2;
      let d = "";
      for (const p of points) {
        if (p[way] == null) continue;
        d += p.second === last + 1 ? `L${p.second + 0.5} ${y(p[way])}` : `M${p.second + 0.3} ${y(p[way])}H${p.second + 0.5}`;
        last = p.second;
      }
      lines[way].setAttribute("d", d);
      const figure = points.at(-1)?.[way];
      now[way].replaceChildren(figure == null ? "–" : figure.toFixed(figure < 10 ? 1 : 0), make("small", {}, " " + unit));
    }
    top.textContent = high + " " + unit;
    end.textContent = `${Math.floor(width / 60)}:${String(width % 60).padStart(2, "0")}`;
  }
  return { element, draw };
}
