// Opens an invite in Chromium, downloads what it offers, and prints what it found
// as JSON. The packages are those of the page's browser test.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const given = JSON.parse(process.argv[2]);
const require = createRequire(given.packages + "/package.json");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({ executablePath: given.chromium, args: ["--no-sandbox"] });
const context = await browser.newContext({ ignoreHTTPSErrors: true, acceptDownloads: true, bypassCSP: false });
const found = { errors: [], requests: [], saved: {}, said: {}, axe: [] };
const page = await context.newPage();
page.on("console", (m) => { if (m.type() === "error") found.errors.push(m.text()); });
page.on("pageerror", (e) => found.errors.push(String(e)));
page.on("request", (r) => { if (!r.url().startsWith("blob:")) found.requests.push(r.url()); });

async function saved(name, click) {
  const [download] = await Promise.all([page.waitForEvent("download", { timeout: 15000 }), click()]);
  const path = given.dir + "/" + download.suggestedFilename();
  await download.saveAs(path);
  found.saved[name] = path;
}

await page.goto(given.invite);
found.said.open = await page.textContent("#state");
await saved("program", () => page.getByRole("button", { name: "Download for Linux, amd64" }).click());
await page.waitForFunction(() => document.querySelector("#state").className.includes("pass"));
found.said.program = await page.textContent("#state");
await saved("invite", () => page.getByRole("button", { name: "Save netready-invite.txt" }).click());
await page.getByRole("button", { name: "Download for Windows, amd64" }).click(); // changed since its checksum was made
await page.waitForFunction(() => document.querySelector("#state").className.includes("fail"));
found.said.damaged = await page.textContent("#state");

for (const [scheme, width] of [["light", 1000], ["dark", 1000], ["light", 320]]) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width, height: 900 });
  // In a world of its own, which the page's policy does not bind.
  const session = await context.newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const run = async (expression) => (await session.send("Runtime.evaluate", { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true })).result.value;
  await run(axe + "; 0");
  found.axe.push(...await run("axe.run().then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 80)).join(' ')))"));
  if (await run("document.documentElement.scrollWidth > innerWidth")) found.axe.push("wider than a window of " + width);
}
await page.goto(given.invite.split("#")[0]);
await page.reload();
found.said.cut = await page.textContent("#state");
await browser.close();
console.log(JSON.stringify(found));
