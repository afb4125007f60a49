// The main ways through the page in Firefox, which is driven by WebDriver BiDi.
// Run by firefox_system_test.go: node firefox.mjs '{"url": …, "dir": …}'.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { outside } from "./outside.mjs";

const given = JSON.parse(process.argv[2]);
const downloads = mkdtempSync(join(tmpdir(), "netready-firefox-"));
const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: given.firefox,
  headless: true,
  extraPrefsFirefox: { "browser.download.folderList": 2, "browser.download.dir": downloads, "browser.download.useDownloadDir": true },
});

const problems = [];
const own = new URL(given.url).origin;

async function visit(url) {
  const page = await browser.newPage();
  page.on("request", (request) => {
    if (!/^(file|blob|data):/.test(request.url()) && new URL(request.url()).origin !== own) problems.push("asked for " + request.url());
  });
  page.on("console", (message) => message.type() === "error" && problems.push("console: " + message.text()));
  page.on("pageerror", (error) => problems.push("script: " + error.message));
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(url);
  await page.waitForSelector("#form:not([inert])", { timeout: 60_000 });
  return page;
}

const seen = (page, selector) => page.waitForSelector(selector, { visible: true, timeout: 60_000 });
const ended = (page) => seen(page, "#report .verdict");
const text = (page, selector) => page.$eval(selector, (e) => e.textContent);
const files = (dir, ending) => readdirSync(dir).filter((name) => name.endsWith(ending));

// until waits for what is to become true; 60 s at most.
async function until(what, ok) {
  for (let i = 0; i < 600; i++) {
    if (await ok()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail("never came: " + what);
}

async function start(page, seconds) {
  await page.select("#region", "eu-central-1");
  for (const [field, value] of [["organization", "Example Ltd"], ["duration", seconds]]) {
    await page.$eval("#" + field, (e) => (e.value = ""));
    await page.type("#" + field, value);
  }
  await page.click("#start");
}

// whole: from the file that opens the page to a result that is there after a reload.
async function whole() {
  const page = await visit(given.launch);
  assert.match(page.url(), new RegExp("^" + own + "/[A-Z2-7]{20,}/$"), "the file does not lead to the page");
  assert.equal(await page.evaluate(() => document.cookie), "");
  await page.click("#start");
  await seen(page, "#region-error");
  await start(page, "5");
  await seen(page, "#view-run.calling");
  await ended(page);
  await page.reload();
  await ended(page);
  await page.click("#download");
  await until("the download", () => files(downloads, ".txt").length > 0 && files(downloads, ".part").length === 0);
  const [name] = files(downloads, ".txt");
  await until("the whole download", () => readFileSync(join(downloads, name)).equals(readFileSync(join(given.dir, name))));
  return page;
}

// copied pastes what Copy has put on the clipboard, as text and as a table.
async function copied(page) {
  await page.click("#copy");
  await until("Copied", async () => (await text(page, "#copy")) === "Copied");
  const sheet = await browser.newPage();
  await sheet.goto("data:text/html,<textarea></textarea><div contenteditable>x</div>");
  for (const place of ["textarea", "div"]) {
    await sheet.click(place);
    await sheet.keyboard.down("Control");
    await sheet.keyboard.press("v");
    await sheet.keyboard.up("Control");
  }
  const line = await sheet.$eval("textarea", (e) => e.value);
  assert.ok(line.includes("\t"), "pasted as text: " + line);
  const values = await sheet.$$eval("td", (all) => all.filter((td) => JSON.parse(td.dataset.sheetsValue ?? "{}")[1] === 3).length); // numbers; of the rest a paste into a page takes the marks away
  assert.ok(values > 15, "pasted as a table: " + (await sheet.$eval("div", (e) => e.innerHTML)));
  await sheet.close();
}

async function stop() {
  const page = await visit(given.url + "#new");
  await start(page, "600");
  await seen(page, "#view-run.calling");
  await page.click("#stop");
  await ended(page);
  assert.equal(await text(page, "#report .verdict h2"), "No verdict yet");
  await page.close();
}

async function list(page) {
  await page.click("[data-nav=previous]");
  await until("the list", async () => (await page.$$("#previous li")).length === 7);
  await page.select("#only", "not_ready");
  await until("the filter", async () => (await page.$$("#previous li")).length === 2);
  for (const box of await page.$$("#previous input")) await box.click();
  await page.click("#compare");
  await seen(page, ".compare");
}

// widths: every shape of result on the screens that people have.
async function widths(page) {
  const all = await page.evaluate(() => fetch("api/results").then((r) => r.json()));
  for (const { id } of all) {
    await page.evaluate((id) => (location.hash = "#result=" + id), id);
    await seen(page, `#report [data-run="${id}"]`);
    for (const width of [1024, 1100, 1280, 1600, 1920]) {
      await page.setViewport({ width, height: 800 });
      assert.deepEqual(await page.evaluate(outside), [], `${id} at ${width} px`);
    }
  }
}

try {
  const page = await whole();
  await copied(page);
  await stop();
  await list(page);
  await widths(page);
  assert.deepEqual(problems, []);
  console.log("passed");
} catch (error) {
  console.error(error);
  for (const problem of problems) console.error(problem);
  process.exitCode = 1;
} finally {
  await browser.close();
  rmSync(downloads, { recursive: true, force: true });
}
