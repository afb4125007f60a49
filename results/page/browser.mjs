// Opens the page for support in Chromium as a reader does, and prints what it found as
// JSON. The packages are those of the page's browser test.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const given = JSON.parse(process.argv[2]);
const require = createRequire(given.packages + "/package.json");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({ executablePath: given.chromium, args: ["--no-sandbox"] });
const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 } });
const found = { errors: [], requests: [], said: {}, axe: [] };
const page = await context.newPage();
page.on("console", (m) => { if (m.type() === "error") found.errors.push(m.text()); });
page.on("pageerror", (e) => found.errors.push(String(e)));
page.on("request", (r) => found.requests.push(r.url()));

// In a world of its own, which the page's policy does not bind.
async function look(name) {
  for (const [scheme, width] of given.img ? [["light", 1280]] : [["light", 1280], ["dark", 320]]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    const session = await context.newCDPSession(page);
    const { frameTree } = await session.send("Page.getFrameTree");
    const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
    const run = async (expression) => (await session.send("Runtime.evaluate", { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true })).result.value;
    await run(axe + "; 0");
    found.axe.push(...(await run("axe.run().then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120)).join(' ')))")).map((v) => name + ": " + v));
    if (await run("document.documentElement.scrollWidth > innerWidth")) found.axe.push(name + ": wider than a window of " + width);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
}

await page.goto(given.url + "/results");
await look("door");
await page.fill("#link", "https://example.com/results#cut");
await page.getByRole("button", { name: "Open" }).click();
found.said.cut = await page.textContent("#state");
await page.goto(given.url + "/results?day=2026-11-25#" + given.token);
await page.waitForSelector("text=Worst machines");
found.said.address = page.url();
found.said.cookie = await page.evaluate(() => document.cookie);
found.said.title = await page.textContent("h1");
await look("day");
if (given.img) await page.screenshot({ path: given.img + "/results-page.png", clip: { x: 0, y: 0, width: 1280, height: 1400 }, fullPage: true });
await page.getByRole("link", { name: /run of acme-pc-4/ }).first().click();
await page.waitForSelector(".report");
await look("run");
await page.getByRole("link", { name: "Back to the runs" }).click();
await page.waitForSelector("text=Worst machines");
await page.getByRole("link", { name: /Not ready \d+/ }).click();
found.said.filtered = await page.textContent("#runs ~ p:last-of-type");
await page.getByRole("link", { name: "Leave" }).click();
await page.fill("#link", given.url + "/i#" + given.token + ".AAAA");
await page.getByRole("button", { name: "Open" }).click();
await page.waitForSelector("h1:has-text('Results of')");
found.said.pasted = await page.textContent("h1");
await browser.close();
console.log(JSON.stringify(found));
