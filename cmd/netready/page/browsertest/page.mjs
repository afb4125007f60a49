// The page in a real browser. Run by browser_system_test.go, which starts the
// server: node page.mjs SCENARIO '{"url": …, "dir": …}'.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { outside } from "./outside.mjs";

const scenario = process.argv[2];
const given = JSON.parse(process.argv[3]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({
  executablePath: given.chromium,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

const problems = [];

// visit opens a tab that may talk to nothing but the page's own server, and
// remembers what it wanted and what it complained of.
async function visit(options = {}, context) {
  context ??= await browser.newContext({ acceptDownloads: true, ...options });
  const page = await context.newPage();
  const own = new URL(given.url).origin;
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== own) problems.push("asked for " + request.url());
  });
  page.on("console", (message) => message.type() === "error" && problems.push("console: " + message.text()));
  page.on("pageerror", (error) => problems.push("script: " + error.message));
  await page.goto(given.url);
  return page;
}

async function fill(page, { region = given.region ?? "eu-central-1", organization = "Example Ltd", location = "Berlin, 2nd floor", seconds = given.seconds ?? "20" } = {}) {
  await page.getByLabel("Region").selectOption(region);
  await page.getByLabel("Organization").fill(organization);
  await page.getByLabel("Location").fill(location);
  await page.getByLabel("Length of the test").fill(seconds);
}

const start = (page) => page.getByRole("button", { name: "Start" }).click();
const ended = (page) => page.getByRole("region", { name: "VOIP" }).waitFor({ timeout: 60_000 });
const calling = (page) => page.locator("#view-run.calling").waitFor({ timeout: 60_000 });
const files = (ending) => readdirSync(given.dir).filter((name) => name.endsWith(ending));

async function check(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html + " " + n.failureSummary).join("; ")}`);
  assert.deepEqual(found, [], `axe-core in state ${where}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `state ${where} is ${wide} px wider than the window`);
}

async function download(page) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download results" }).click()]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path()) };
}

// copied presses Copy, in each way that browsers have, and reads the clipboard
// back: the line of the text file, and a table in which numbers are numbers.
async function copied(page, text) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const bare = await browser.newPage(); // without the page's policy
  for (const way of ["at once", "where that is not permitted"]) {
    if (way !== "at once") await page.evaluate(() => (document.execCommand = () => false));
    await page.evaluate(() => navigator.clipboard.writeText("nothing"));
    await page.getByRole("button", { name: "Copy for spreadsheet" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const [row, table] = await page.evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      return Promise.all(["text/plain", "text/html"].map(async (type) => (await item.getType(type)).text()));
    });
    assert.ok(row.includes("\t") && text.includes(row), `${way}: the copied line is not in the file: ${row}`);
    const cells = await bare.evaluate((table) => [...new DOMParser().parseFromString(table, "text/html").querySelectorAll("td")].map((td) => [td.textContent, td.getAttribute("sdval"), td.dataset.sheetsValue]), table);
    const numbers = cells.filter(([, value]) => value !== null);
    assert.ok(numbers.length > 15, `${way}: ${numbers.length} cells have a value: ${table}`);
    for (const [shown, value, sheets] of numbers) {
      assert.equal(String(JSON.parse(sheets)[3]), value, way);
      assert.ok(shown === value || /^\d{4}-\d\d-\d\d /.test(shown), `${way}: ${shown} is ${value}`);
    }
    await page.getByRole("button", { name: "Copy for spreadsheet" }).waitFor();
  }
  await bare.close();
  problems.splice(0, problems.length, ...problems.filter((p) => !p.includes("Applying inline style"))); // what the clipboard's own cleaning says of the table
}

// unchosen types as people do, letter by letter: what a search passes on its way
// is nobody's choice, and a choice by hand comes back.
async function unchosen(page) {
  const region = page.getByLabel("Region");
  const find = page.getByLabel("Find in the list");
  for (const [typed, want] of [["oregno", ""], ["fran", "eu-central-1"], ["franz", ""], ["us", ""]]) {
    await find.fill("");
    await page.evaluate(() => document.getElementById("region").dispatchEvent(new Event("input")));
    await region.selectOption("");
    await find.pressSequentially(typed);
    assert.equal(await region.inputValue(), want, `after typing ${typed}`);
    if (want) continue;
    await start(page);
    await page.locator("#region-error").waitFor();
    await find.fill("");
    assert.equal(await region.inputValue(), "", `after typing ${typed} and clearing it`);
    await start(page);
    await page.locator("#region-error").waitFor();
  }
  await find.fill("");
  await region.selectOption("eu-west-2");
  await find.fill("atlantis");
  assert.equal(await region.inputValue(), "");
  await find.fill("");
  assert.equal(await region.inputValue(), "eu-west-2", "a choice by hand is lost");
  assert.equal(files(".json").length, 0);
}

const scenarios = {
  // widths walks results of every shape through the widths of screens, on the
  // page and in the printable file, folded and unfolded.
  async widths() {
    const page = await visit();
    const ids = await page.evaluate(() => fetch("api/results").then((r) => r.json()).then((all) => all.map((e) => e.id)));
    const files = readdirSync(given.html).map((name) => "file://" + given.html + "/" + name);
    assert.ok(ids.length === 5 && files.length === 5, "five results");
    const paper = await browser.newPage();
    for (const at of [...ids, ...files]) {
      const tab = at.startsWith("file:") ? paper : page;
      if (tab === paper) await tab.goto(at);
      else {
        await tab.evaluate((id) => (location.hash = "#result=" + id), at);
        await tab.locator(`#report [data-run="${at}"]`).waitFor();
      }
      for (const open of [false, true]) {
        await tab.evaluate((open) => document.querySelectorAll(".report details").forEach((d) => (d.open = open)), open);
        for (const width of open ? [320, 1100, 1920] : [320, 412, 600, 768, 900, 1024, 1100, 1180, 1280, 1366, 1440, 1600, 1750, 1920, 2560, 3840]) {
          await tab.setViewportSize({ width, height: 800 });
          assert.deepEqual(await tab.evaluate(outside), [], `${at}, ${open ? "un" : ""}folded, at ${width} px`);
        }
      }
      // Both columns are there without scrolling, on a laptop.
      await tab.evaluate(() => document.querySelectorAll(".report details").forEach((d) => (d.open = false)));
      await tab.setViewportSize({ width: 1280, height: 800 });
      await tab.evaluate(() => scrollTo(0, 0));
      for (const name of ["VOIP", "Firewall"]) {
        const top = await tab.getByRole("region", { name }).evaluate((e) => e.getBoundingClientRect().top);
        assert.ok(top < 400, `${name} begins at ${top} px of 800: ${at}`);
      }
      const table = await tab.locator(".measures").evaluate((e) => e.getBoundingClientRect().bottom);
      assert.ok(table <= 800, `the VOIP table ends at ${table} px of 800: ${at}`);
    }
    await paper.close();
  },

  async whole() {
    const page = await visit();
    await fill(page);
    assert.equal(new URL(page.url()).search, "", "the token stays in the address bar");
    await start(page);
    await calling(page);
    await ended(page);
    await page.getByRole("region", { name: "Firewall" }).waitFor();
    const got = await download(page);
    assert.deepEqual(files(".txt"), [got.name]);
    assert.deepEqual(got.text, readFileSync(given.dir + "/" + got.name), "the download differs from the file on the disk");
    await copied(page, got.text.toString());
    await page.getByRole("button", { name: "Run again" }).click();
    await page.locator("#view-run").waitFor();
    await ended(page);
    assert.equal(files(".txt").length, 2);
    await page.getByRole("link", { name: "Previous results" }).click();
    await page.locator("#previous li").nth(1).waitFor(); // the list comes a moment after the page
    for (const box of await page.getByRole("checkbox").all()) await box.check();
    await page.getByRole("button", { name: "Compare" }).click();
    await page.getByRole("heading", { name: "Side by side" }).waitFor();
    const [table, room] = await Promise.all([".compare", ".scroll"].map((name) => page.locator(name).boundingBox()));
    assert.ok(table.width >= room.width - 1, `two results fill ${table.width} of ${room.width} px`);
    await page.goBack();
    await page.getByRole("link", { name: "Open" }).last().click();
    await ended(page);
    assert.equal((await download(page)).name, got.name);
    // An older result is run again as it was, whatever the form holds now.
    await page.getByRole("link", { name: "New test" }).click();
    await fill(page, { region: "local", organization: "Another", location: "Elsewhere", seconds: "7" });
    await page.getByLabel("Number of calls").fill("3");
    await page.goBack();
    await ended(page);
    await page.getByRole("button", { name: "Run again" }).click();
    await page.locator("#view-run").waitFor();
    await ended(page);
    const results = files(".json").map((name) => JSON.parse(readFileSync(given.dir + "/" + name, "utf8")));
    assert.equal(results.length, 3);
    for (const r of results) {
      assert.deepEqual([r.region.id, r.organization, r.location, r.voice.duration_s, r.voice.calls], [given.region ?? "eu-central-1", "Example Ltd", "Berlin, 2nd floor", Number(given.seconds ?? 20), 1]);
    }
  },

  // launched goes in by the file, once; other ports of this host get nothing that
  // opens the page, and neither does what is saved.
  async launched() {
    const context = await browser.newContext({ acceptDownloads: true });
    const page = await context.newPage();
    await page.goto(given.launch);
    await page.locator("#form:not([inert])").waitFor();
    const secret = new URL(page.url()).pathname.split("/")[1];
    assert.ok(secret.length > 20, page.url());
    assert.deepEqual(await context.cookies(), []);
    const seen = [];
    const other = createServer((request, response) => {
      seen.push(request.url + JSON.stringify(request.headers));
      response.end("<p>other</p>");
    });
    await new Promise((done) => other.listen(0, "127.0.0.1", done));
    const port = other.address().port;
    await page.evaluate((port) => { location.href = `http://127.0.0.1:${port}/x`; }, port);
    await page.getByText("other").waitFor();
    await page.goBack();
    await page.locator("#form:not([inert])").waitFor(); // back and forward go on working
    await fill(page, { seconds: "5" });
    await start(page);
    await ended(page);
    const deep = page.url().replace(/#.*/, "") + "#previous";
    const tab = await context.newPage(); // a second tab, by the address of the first
    await tab.goto(deep);
    await tab.locator("#previous li").first().waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "JSON", exact: true }).click()]);
    assert.ok(file.url().startsWith("blob:") && !file.url().includes(secret), file.url());
    assert.equal((await tab.goto(given.launch).catch(() => null))?.ok() ?? false, false, "the file opens the page twice");
    other.close();
    assert.ok(seen.length > 0 && !seen.join().includes(secret), "another port got " + seen);
  },

  async stop() {
    const page = await visit();
    await fill(page, { seconds: "120" });
    await start(page);
    await calling(page);
    await page.getByRole("button", { name: "Stop" }).click();
    await ended(page);
    await page.getByRole("heading", { name: "No verdict yet" }).waitFor();
    assert.ok((await page.locator("#report .verdict").textContent()).includes("?"), "the result's own sign");
    await page.getByRole("link", { name: "Previous results" }).click();
    const mark = page.locator("#previous .mark").first();
    assert.equal((await mark.textContent()).trim(), "?No verdict yet", "another sign than the result's");
    const [badge, text] = [await mark.boundingBox(), await page.locator("#previous .what").first().boundingBox()];
    assert.ok(text.x - badge.x - badge.width >= 12, `the mark is ${text.x - badge.x - badge.width} px from the date`);
    const result = JSON.parse(readFileSync(given.dir + "/" + files(".json")[0], "utf8"));
    assert.equal(result.complete, false);
  },

  // waiting for a busy responder is said, once for those who listen, and without
  // a guess of what is left.
  async waiting() {
    const page = await visit();
    await fill(page, { seconds: "5" });
    await page.evaluate(() => {
      window.spoken = [];
      new MutationObserver(() => window.spoken.push(document.getElementById("status").textContent)).observe(document.getElementById("status"), { childList: true, characterData: true, subtree: true });
    });
    await start(page);
    await page.getByRole("heading", { name: "waiting for a turn" }).waitFor();
    assert.equal(await page.locator("#left").textContent(), "");
    await ended(page);
    const spoken = await page.evaluate(() => window.spoken.filter((text) => text.includes("waiting for a turn")));
    assert.equal(spoken.length, 1, spoken.join("\n"));
  },

  async dying() {
    const page = await visit();
    await fill(page);
    await start(page);
    await ended(page);
    await page.getByText("the responder fell silent").filter({ visible: true }).first().waitFor();
    await page.getByRole("region", { name: "VOIP" }).getByText("not measured").first().waitFor();
  },

  async failing() {
    const page = await visit();
    await fill(page);
    await start(page);
    const alert = page.locator("#failure");
    await alert.waitFor();
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const width of [320, 1280, 3840]) {
        await page.setViewportSize({ width, height: 900 });
        await check(page, `failed, ${colorScheme}, ${width} px`);
      }
    }
    assert.match(await alert.textContent(), /was refused/);
    const everything = await page.content() + JSON.stringify(await page.evaluate(() => fetch("api/results").then((r) => r.text())));
    assert.ok(!everything.includes("SECRET"), "the invite's secret reached the page");
    await page.reload();
    await alert.waitFor();
    assert.ok(!(await page.content()).includes("SECRET"));
  },

  async tabs() {
    const one = await visit();
    const two = await visit({}, one.context());
    await fill(one);
    await start(one);
    await Promise.all([calling(one), calling(two)]);
    await Promise.all([ended(one), ended(two)]);
    const titles = await Promise.all([one, two].map((page) => page.locator("#report .verdict").textContent()));
    assert.equal(titles[0], titles[1]);
    assert.equal(files(".json").length, 1, "two tabs, one run");
  },

  // crowd: a browser has six connections to a host for all its tabs.
  async crowd() {
    const pages = [await visit()];
    while (pages.length < 8) pages.push(await visit({}, pages[0].context()));
    const last = pages.at(-1);
    await fill(last, { seconds: "600" });
    await start(last);
    await Promise.all(pages.map(calling));
    await last.getByRole("button", { name: "Stop" }).click();
    await Promise.all(pages.map(ended));
    assert.equal(files(".json").length, 1);
    assert.ok(!(await last.locator("#ended").isVisible()), "a page that waits its turn thinks that netready has ended");
  },

  async reload() {
    const page = await visit();
    await fill(page);
    await start(page);
    await calling(page);
    await page.reload();
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await page.locator("#live .line-up").first().waitFor({ state: "attached" });
    await ended(page);
    await page.reload();
    await ended(page);
    assert.equal(files(".json").length, 1);
  },

  async keyboard() {
    const page = await visit();
    const reach = async (name) => {
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
          const e = document.activeElement;
          return e.labels?.[0]?.textContent || e.getAttribute("aria-label") || e.textContent;
        });
        if (at.trim().startsWith(name)) return;
      }
      assert.fail("Tab does not reach " + name);
    };
    await reach("Region");
    await page.keyboard.type("Europe (F");
    await reach("Organization");
    await page.keyboard.type("Keys only");
    await reach("Length of the test");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("10");
    await reach("Start");
    await page.keyboard.press("Enter");
    await ended(page);
    assert.equal(await page.evaluate(() => document.activeElement.id), "title-result", "the focus is lost");
    await reach("Download results");
    const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    assert.match(file.suggestedFilename(), /\.txt$/);
    await reach("Jitter");
    await page.keyboard.press("Enter");
    await page.getByText("How unevenly packets arrive").waitFor();
  },

  async hostile() {
    const name = "<script>window.hit=1</script><img src=x onerror=window.hit=1>\u202Eevil\u202C\u0000\"'&=cmd|" + "A".repeat(10_000);
    const page = await visit({ viewport: { width: 320, height: 640 } });
    await fill(page, { organization: name });
    await start(page);
    await ended(page);
    const kept = name.replace("\u0000", "");
    assert.ok((await page.locator("#report").textContent()).replaceAll("\uFFFD", "").includes(kept), "the name is not there as text");
    await check(page, "hostile name");
    await page.getByRole("link", { name: "Previous results" }).click();
    await page.locator("#previous li").first().waitFor();
    assert.ok((await page.locator("#previous").textContent()).replaceAll("\u0000", "").replaceAll("\uFFFD", "").includes(kept));
    await check(page, "hostile name in the list");
    await page.reload();
    await page.locator("#previous li").first().waitFor();
    assert.equal(await page.evaluate(() => window.hit), undefined, "a script of the name ran");
  },

  async accessible() {
    const views = [320, 1280, 3840].flatMap((width) => [["light", width], ["dark", width]]);
    for (const [colorScheme, width] of views) {
      const where = (state) => `${state}, ${colorScheme}, ${width} px`;
      const page = await visit({ colorScheme, viewport: { width, height: width > 3000 ? 2160 : 900 }, reducedMotion: "reduce" });
      await page.evaluate(() => (location.hash = "#new"));
      await page.getByRole("button", { name: "Start" }).waitFor();
      await check(page, where("form"));
      await page.getByLabel("Region").selectOption("");
      await start(page);
      await page.locator("#region-error").waitFor();
      await check(page, where("form with an error"));
      const whole = width === 1280; // the others see a test that was stopped
      await fill(page, { seconds: whole ? "20" : "600" });
      await start(page);
      await calling(page);
      await check(page, where("running"));
      if (!whole) await page.getByRole("button", { name: "Stop" }).click();
      await ended(page);
      await check(page, where("result"));
      for (const summary of await page.locator("#report summary").all()) await summary.click();
      await check(page, where("result, opened"));
      await page.getByRole("link", { name: "Previous results" }).click();
      await page.locator("#previous li").first().waitFor();
      await check(page, where("list"));
      if ((await page.getByRole("checkbox").count()) > 1) {
        for (const box of await page.getByRole("checkbox").all()) await box.check();
        await page.getByRole("button", { name: "Compare" }).click();
        await page.getByRole("heading", { name: "Side by side" }).waitFor();
        await check(page, where("comparison"));
      }
      await page.context().close();
    }
  },

  // list is many results: found, sorted and compared without a mouse, and a
  // colleague's file among them.
  async list() {
    const page = await visit({ viewport: { width: 1280, height: 800 } });
    await page.getByRole("link", { name: "Previous results" }).click();
    const items = page.locator("#previous li");
    await items.nth(39).waitFor();
    const bottom = await page.getByRole("button", { name: "Compare" }).evaluate((e) => e.getBoundingClientRect().bottom);
    assert.ok(bottom < 400, `Compare lies at ${bottom} px`);
    await check(page, "long list");
    await page.getByLabel("Filter").focus();
    await page.keyboard.type("hamburg warehouse-1");
    await page.getByText("11 of 40 results", { exact: true }).first().waitFor();
    assert.equal(await items.count(), 11);
    await page.keyboard.press("Tab");
    await page.keyboard.type("Not"); // of the verdicts
    assert.equal(await page.getByLabel("Verdict").inputValue(), "not_ready");
    for (const mark of await page.locator("#previous .mark").allTextContents()) assert.match(mark, /Not ready/);
    await page.keyboard.press("Tab");
    await page.keyboard.type("Old");
    const times = await page.locator("#previous strong").evaluateAll((all) => all.map((e) => Date.parse(e.textContent)));
    assert.ok(times.length > 1 && times.every((t, i) => !i || t >= times[i - 1]), "not the oldest first: " + times);
    // A tick stays, whatever the filter shows.
    await page.getByRole("checkbox").first().check();
    await page.getByLabel("Filter").fill("hamburg warehouse-2");
    await page.getByLabel("Verdict").selectOption("");
    await page.getByRole("checkbox").first().check();
    await page.getByRole("button", { name: "Compare 2 side by side" }).click();
    await page.getByRole("heading", { name: "Side by side" }).waitFor();
    await page.goBack();
    await items.first().waitFor();
    // A colleague's file, by the button and by dropping it.
    const choose = async (path) => {
      const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Open a file" }).click()]);
      await chooser.setFiles(path);
    };
    await choose(given.wrong);
    await page.locator("#open-error").getByText("0 bytes").waitFor();
    problems.length = 0; // the browser's, that the server refused it
    await choose(given.colleague);
    await ended(page);
    await page.getByText("Colleague Ltd").first().waitFor();
    const own = await download(page);
    assert.ok(own.text.toString().includes("Colleague Ltd"), "the opened result cannot be saved");
    await page.goto(given.url + "#new");
    await page.locator("#form:not([inert])").waitFor();
    const text = readFileSync(given.colleague, "utf8");
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "dropped.json"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, text);
    await ended(page);
    await page.getByRole("link", { name: "Previous results" }).click();
    await page.getByText("opened from the file dropped.json").waitFor();
    await check(page, "list with opened files");
  },

  async pasted() {
    const page = await visit();
    await fill(page, { region: "local", seconds: "2" });
    const field = page.getByLabel("Test invite");
    await field.evaluate((input, text) => {
      const data = new DataTransfer();
      data.setData("text/plain", text);
      input.focus();
      if (input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }))) {
        document.execCommand("insertText", false, text);
      }
    }, given.pasted);
    await start(page);
    await ended(page);
    const shown = await page.getByRole("region", { name: "VOIP" }).textContent();
    assert.match(shown, /there and back|through the TURN server/i);
    assert.match(shown, /\u2264|at most/, "no figure is said to be the most that each way has");
    const everything = (await page.content()) + files(".json").map((name) => readFileSync(given.dir + "/" + name)).join();
    assert.ok(!everything.includes(given.password), "the password stands in the page or a result");
    await check(page, "a result through a TURN server");
  },

  async remembered() {
    const page = await visit();
    await fill(page, { region: "local" });
    await page.getByLabel("Test invite").fill("https://far.example.net:8443/i#TOKENTOKEN.n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg");
    const plan = await page.locator("#plan").textContent();
    assert.ok(plan.includes("those of this machine") && plan.includes("go to far.example.net:8443"), plan);
    await fill(page, { organization: "Zoë & Söhne", seconds: "10" });
    await page.getByLabel("Test invite").fill("https://far.example.net:8443/i#TOKENTOKEN.n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg");
    await start(page);
    await ended(page);
    const other = await visit({}, await browser.newContext());
    await other.evaluate(() => (location.hash = "#new"));
    assert.equal(await other.getByLabel("Region").inputValue(), "eu-central-1");
    assert.equal(await other.getByLabel("Organization").inputValue(), "Zoë & Söhne");
    assert.equal(await other.getByLabel("Test invite").inputValue(), "");
    await other.getByText("far.example.net:8443", { exact: true }).waitFor();
    assert.ok(!(await other.content()).includes("TOKENTOKEN"));
    await other.getByRole("button", { name: "Forget it" }).click();
    await other.getByText("It is forgotten").waitFor();
    await other.getByRole("button", { name: "Find the nearest" }).click();
    await other.getByText("21 ms, the nearest").first().waitFor({ state: "attached" });
    await other.getByLabel("Find in the list").fill("sydney");
    assert.equal(await other.getByLabel("Region").inputValue(), "ap-southeast-2");
  },

  // still: where the system asks for no motion, none is there.
  async still() {
    const page = await visit({ reducedMotion: "reduce" });
    await fill(page);
    await start(page);
    await calling(page);
    assert.deepEqual(await page.evaluate(() => document.getAnimations().map((a) => a.animationName)), []);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    assert.notEqual(await page.evaluate(() => document.getAnimations().length), 0, "the test sees no motion at all");
    await ended(page);
  },

  // invented is what people do that nobody asked them to.
  async invented() {
    const page = await visit();
    const wrong = async (name, text, field) => {
      await fill(page);
      await page.getByLabel(name).fill(text);
      await start(page);
      await page.locator(`#${field}-error`).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.id), field);
      assert.equal(files(".json").length, 0, `${name} = ${text} was taken`);
    };
    for (const text of ["", "-5", "0", "1.5", "1e9", "3601", "99999999999999999999"]) await wrong("Length of the test", text, "duration");
    for (const text of ["", "201", "0.5", "-1"]) await wrong("Number of calls", text, "calls");
    await page.getByLabel("Number of calls").fill("1");
    // The list: a continent is a word like others, and nothing found is no choice.
    const options = () => page.locator("#region option").allTextContents();
    await page.getByLabel("Find in the list").fill("EUROPE lon");
    assert.equal(await page.getByLabel("Region").inputValue(), "eu-west-2");
    assert.deepEqual((await options()).slice(1), ["Europe (London) · eu-west-2"]);
    await page.getByLabel("Find in the list").fill("sao paulo");
    assert.equal(await page.getByLabel("Region").inputValue(), "sa-east-1");
    await page.getByLabel("Find in the list").fill("Frankfurt, Germany");
    assert.equal(await page.getByLabel("Region").inputValue(), "eu-central-1");
    await page.getByLabel("Find in the list").fill("atlantis");
    assert.equal(await page.getByLabel("Region").inputValue(), "");
    await start(page);
    await page.locator("#region-error").waitFor();
    await page.getByLabel("Find in the list").fill("");
    assert.ok((await options()).length > 5);
    assert.equal(await page.getByLabel("Region").inputValue(), "", "a region that nobody chose is kept");
    await unchosen(page);
    // The skip link leads to the content of the view, not out of it.
    await page.getByRole("link", { name: "Previous results" }).click();
    await page.getByRole("heading", { name: "Previous results" }).waitFor();
    await page.locator(".skip").focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    assert.equal(new URL(page.url()).hash, "#previous");
    assert.ok(await page.getByRole("heading", { name: "Previous results" }).isVisible(), "the skip link changed the view");
    // Addresses that somebody else made up.
    for (const hash of ["#result=../../outside", "#result=<img src=x onerror=window.hit=1>", "#compare=a,b", "#compare=a", "#nothing", "#=", "#%E0%A4%A"]) {
      await page.evaluate((hash) => (location.hash = hash), hash);
      await page.waitForTimeout(150);
      assert.equal(await page.locator(".view:visible").count(), 1, hash);
    }
    assert.equal(await page.evaluate(() => window.hit), undefined);
    problems.splice(0, problems.length, ...problems.filter((p) => !/status of 40[04]/.test(p))); // those results are not there, and that is said
    // A click too many.
    await page.getByRole("link", { name: "New test" }).click();
    await fill(page);
    await page.getByRole("button", { name: "Start" }).dblclick();
    await page.locator("#view-run").waitFor();
    await page.waitForTimeout(300);
    assert.ok(await page.locator("#view-run").isVisible(), "a double click led away from the test");
    await ended(page);
    // Each form of the result can be had.
    for (const [name, ending, magic] of [["JSON", ".json", "{"], ["Printable page", ".html", "<!doctype html>"], ["Workbook", ".xlsx", "PK"]]) {
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
      const text = readFileSync(await file.path());
      assert.ok(file.suggestedFilename().endsWith(ending) && text.toString("latin1").startsWith(magic), name + " is " + file.suggestedFilename());
      if (ending === ".json") assert.deepEqual(text, readFileSync(given.dir + "/" + file.suggestedFilename()));
    }
    await page.getByRole("button", { name: "Run again" }).dblclick();
    await page.locator("#view-run").waitFor();
    await ended(page);
    assert.equal(files(".json").length, 2);
  },

  // gone: netready ends while the page is open, which the page says.
  async gone() {
    const page = await visit();
    await fill(page);
    await page.locator("#ended").waitFor({ timeout: 30_000 });
    await check(page, "ended");
    problems.length = 0; // the browser's, that nobody answers
  },

  // closed opens the page and closes it again.
  async closed() {
    const page = await visit();
    await fill(page);
    await page.close();
  },

  // paint prints, for each of some visits, the time to the first paint and to
  // the form (its heading is the largest text) in ms, the time for a line of bare
  // text, and the bytes of the visit. Before each the tab rests on bare text, and
  // after each it is left alone: asking it earlier would delay what is timed.
  async paint() {
    const page = await browser.newPage();
    const text = given.url.replace("/?", "/api/results?");
    const open = async (url) => {
      await page.goto(text);
      await page.waitForTimeout(250);
      await page.goto(url);
      await page.waitForTimeout(400);
    };
    const first = (type) => page.evaluate((type) => new Promise((done) => {
      new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime)).observe({ type, buffered: true });
    }), type);
    for (let i = 0; i < 9; i++) {
      await open(text);
      console.log("bare=" + await first("paint"));
      await open(given.url);
      await page.getByRole("button", { name: "Start" }).waitFor();
      console.log("paint=" + await page.evaluate(() => performance.getEntriesByName("first-paint")[0].startTime));
      console.log("form=" + await first("largest-contentful-paint"));
      console.log("weight=" + await page.evaluate(() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce((sum, e) => sum + e.transferSize, 0)));
    }
  },

  // screenshots are of every state in light and dark, on a small phone, a
  // laptop and a 4K screen.
  async screenshots() {
    const sizes = { narrow: [320, 640], wide: [1280, 860], "4k": [3840, 2160] };
    let made = 0;
    for (const colorScheme of ["light", "dark"]) for (const [size, [width, height]] of Object.entries(sizes)) {
      const page = await visit({ colorScheme, viewport: { width, height }, reducedMotion: "no-preference" });
      const shot = async (state) => {
        await page.evaluate((path) => document.querySelectorAll(".path bdi").forEach((e) => (e.textContent = path)), "Documents/netready-results");
        await page.mouse.move(0, 0);
        await page.screenshot({ path: `${given.img}/page-${state}-${colorScheme}-${size}.png`, fullPage: true });
        made++;
      };
      await page.evaluate(() => (location.hash = "#new"));
      await fill(page);
      if (given.kind === "ready") await shot("form");
      await start(page);
      await calling(page);
      if (given.kind === "not-ready") {
        await page.waitForTimeout(2600);
        await shot("running");
        assert.ok(await page.locator("#view-run.calling").isVisible(), "the test was over before its picture");
      }
      await ended(page);
      await shot(given.kind);
      if (given.kind === "not-ready") {
        await page.evaluate(() => (location.hash = "#previous"));
        await page.locator("#previous li").first().waitFor();
        for (const box of (await page.getByRole("checkbox").all()).slice(0, 4)) await box.check();
        await shot("previous");
        await page.getByRole("button", { name: "Compare" }).click();
        await page.getByRole("heading", { name: "Side by side" }).waitFor();
        await shot("compare");
      }
      await page.context().close();
    }
    console.log(made, "pictures");
  },
};

try {
  await scenarios[scenario]();
  assert.deepEqual(problems, []);
  console.log(scenario, "passed");
} catch (error) {
  console.error(error);
  for (const problem of problems) console.error(problem);
  process.exitCode = 1;
} finally {
  await browser.close();
}
