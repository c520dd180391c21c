// Drives the page as a person does, and compares what it shows with what the session says.
// Its argument is JSON: {browser, url, other, live, ended, stage}: addresses with tokens of
// the sessions, and of what makes things happen to them.
import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";

const given = JSON.parse(process.argv[2]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: given.browser, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const stage = async (what) => (await fetch(given.stage + what)).text();
const within = { timeout: 60000 };

// open is a page, that fails where something is asked of another host or a script fails.
async function open(url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  page.faults = [];
  const home = new URL(url).host;
  page.on("request", (r) => { if (new URL(r.url()).host !== home) page.faults.push("asked " + r.url()); });
  page.on("pageerror", (e) => page.faults.push(e.stack));
  page.on("console", (m) => { if (m.type() === "error" && /Content Security|Refused/.test(m.text())) page.faults.push(m.text()); });
  await page.goto(url);
  await page.locator("#connection", { hasText: /Connected|Ended/ }).waitFor();
  return page;
}
const asked = async (page, op, args = {}) => page.evaluate(async ([op, args]) => {
  const r = await fetch("api/v1/" + op, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(args) });
  return (await r.json()).result;
}, [op, args]);
const shows = (page, selector, text) => page.locator(selector, { hasText: text }).first().waitFor();
async function done(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

const tests = {
  async "what is shown is what the session says"() {
    const page = await open(given.url);
    assert.equal(new URL(page.url()).search, "", "the token stays in the address");
    assert.equal(await page.locator("#mode").textContent(), "SIMULATED");
    const s = await asked(page, "status"), [btc] = await asked(page, "positions"), [pair] = await asked(page, "pairs");
    const plain = (x) => x.replace(/[,+]/g, "").replace("\u2212", "-");
    for (const [id, want] of [["equity", s.equity], ["pnl", s.pnl], ["today", s.today], ["funding", s.funding], ["unhedged", s.unhedged]]) {
      assert.equal(plain(await page.locator("#figure-" + id).textContent()), Number(want).toFixed(2), id);
    }
    for (const [id, want] of [["activity", s.fills], ["errors", s.errors]]) assert.equal(plain(await page.locator("#figure-" + id).textContent()), String(want));
    await page.locator("#positions").scrollIntoViewIfNeeded();
    const cells = page.locator("#positions tbody tr").first().locator("td");
    await shows(page, "#positions td", "BTCUSDT");
    assert.deepEqual([plain(await cells.nth(1).textContent()), await cells.nth(4).getAttribute("title"), await cells.nth(5).getAttribute("title")], [btc.qty, btc.notional, btc.unrealised]);
    const legs = page.locator("#pairs tbody tr", { hasText: "#" + pair.id }).locator("td");
    assert.match(await legs.nth(1).getAttribute("title"), new RegExp(`cost ${pair.legs[0].cost}`));
    await page.locator("#fills").scrollIntoViewIfNeeded();
    await shows(page, "#fills td", "BTCUSDT");
    const want = (await asked(page, "fills", { limit: 200 })).map((f) => `${f.price} ${f.qty} ${f.fee} ${f.fee_asset}`), got = [];
    for (;;) {
      for (const row of await page.locator("#fills tbody tr").all()) {
        const td = row.locator("td");
        got.push([plain(await td.nth(3).textContent()), plain(await td.nth(4).textContent()), await td.nth(5).getAttribute("title")].join(" "));
      }
      const older = page.getByRole("button", { name: "Older" });
      if (!await older.first().isVisible() || await older.first().isDisabled()) break;
      const first = await page.locator("#fills tbody tr").first().textContent();
      await older.first().click();
      await page.waitForFunction((t) => document.querySelector("#fills tbody tr")?.textContent !== t, first, within);
    }
    assert.deepEqual(got, want);
    await done(page);
  },

  async "what happens is drawn, and nothing grows"() {
    const page = await open(given.url);
    await page.locator("#log").scrollIntoViewIfNeeded();
    await shows(page, "#log li", "look 39");
    await stage("flood");
    await page.locator("#log").scrollIntoViewIfNeeded();
    await shows(page, "#log li", "flood 1999");
    assert.ok(await page.locator("#log li").count() <= 600);
    await page.locator("#positions").scrollIntoViewIfNeeded();
    await shows(page, "#positions .scroll p", /200 of 1000/);
    assert.equal(await page.locator("#positions tbody tr").count(), 200);
    await page.getByLabel("Search positions").fill("COIN777");
    await page.waitForFunction(() => document.querySelectorAll("#positions tbody tr").length === 1, null, within);
    await shows(page, "#equity .readout", /\d/);
    await done(page);
  },

  async "what strangers name is text"() {
    const page = await open(given.url);
    await page.locator("#positions").scrollIntoViewIfNeeded();
    await shows(page, "#positions td", "<img src=x onerror");
    await page.locator("#orders").scrollIntoViewIfNeeded();
    await page.getByRole("button", { name: "#41" }).click();
    await shows(page, "#inspector li", "<script>");
    assert.equal(await page.locator("main img, main script").count(), 0);
    assert.doesNotMatch(await page.title(), /owned/);
    await done(page);
  },

  async "halt and resume, by keys alone"() {
    const page = await open(given.url);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("?");
    await shows(page, "dialog.help[open] h2", "What this is");
    await page.keyboard.press("Escape");
    await page.keyboard.press("h");
    await shows(page, "dialog.tell[open] li", "kill latch");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.type("news at noon");
    await page.keyboard.press("Enter");
    await shows(page, "#state", "halted");
    await shows(page, "#halted", "news at noon");
    await page.keyboard.press("h");
    await page.keyboard.press("Enter");
    await shows(page, "#state", "running");
    await done(page);
  },

  async "a parameter is changed within its range"() {
    const page = await open(given.url);
    await page.getByText("Parameters (3)").click();
    const field = page.locator(".param", { hasText: "notional" }).locator("input"), change = page.locator(".card .primary").first();
    await field.fill("6000");
    await shows(page, ".param .doc", "above 5000");
    assert.ok(await change.isDisabled());
    await field.fill("3000");
    await change.click();
    await shows(page, "dialog.tell li", "notional: 2500 becomes 3000");
    await page.locator("dialog.tell .primary").click();
    await shows(page, "#notice", "are changed");
    await page.waitForFunction(() => document.querySelector(".param input").value === "3000", null, within);
    await done(page);
  },

  async "a version of before comes back"() {
    const page = await open(given.url);
    await shows(page, ".card pre.failed", "The last save was refused");
    await page.getByText("Versions and changes").first().click();
    await shows(page, ".diff .add", "+local edge = 12");
    await page.getByRole("button", { name: "Roll back to v2" }).click();
    await page.locator("dialog.tell .primary").click();
    await shows(page, ".card .chip", "v2");
    await done(page);
  },

  async "a double click flattens once"() {
    const page = await open(given.url);
    await page.locator("#limits").scrollIntoViewIfNeeded();
    await shows(page, "#limits td", "max_order_notional");
    await page.getByRole("button", { name: "Flatten…" }).click();
    await shows(page, "dialog.tell[open] h2", "Flatten everything");
    const yes = page.locator("dialog.tell .primary");
    assert.ok(await yes.isDisabled());
    await page.getByLabel("I have read what it does").check();
    await page.waitForFunction(() => !document.querySelector("dialog.tell .primary").disabled, null, within);
    await yes.dblclick({ noWaitAfter: true });
    await shows(page, "#notice", "Closing");
    await page.locator("#positions").scrollIntoViewIfNeeded();
    await shows(page, "#positions .scroll p", "Nothing is held");
    assert.equal((await asked(page, "commands")).filter((c) => c.op === "flatten").length, 1);
    await done(page);
  },

  async "real money wants a word typed"() {
    const page = await open(given.live);
    assert.equal(await page.locator("#mode").textContent(), "LIVE");
    await page.locator(".card .danger").first().click();
    const yes = page.locator("dialog.tell .primary");
    await page.getByLabel("Type flatten to confirm").fill("flat");
    assert.ok(await yes.isDisabled());
    await page.getByLabel("Type flatten to confirm").fill("flatten");
    await yes.click();
    await shows(page, "#notice", "Closing");
    await done(page);
  },

  async "a session that has ended is read, beside another"() {
    const page = await open(given.ended);
    assert.equal(await page.locator("#mode").textContent(), "ENDED");
    await shows(page, "#control-closed", "has ended");
    assert.ok(await page.locator("#halt").isDisabled());
    assert.ok(await page.getByRole("button", { name: "Flatten…" }).isDisabled());
    await shows(page, "#compare td", "Worst drawdown");
    const mine = await asked(page, "status"), other = await asked(page, "with/status");
    const row = page.locator("#compare tr", { hasText: "Result" }).locator("td");
    assert.equal((await row.nth(3).textContent()).replace(/[,+]/g, "").replace("\u2212", "-"), (other.pnl - mine.pnl).toFixed(2));
    await done(page);
  },

  async "nothing serious for axe, in light and dark, wide and narrow"() {
    for (const colorScheme of ["light", "dark"]) for (const width of [1440, 390]) {
      const page = await open(given.live, { colorScheme, viewport: { width, height: 900 } });
      for (const s of await page.locator("summary:visible").all()) await s.click();
      for (const id of ["pairs", "orders", "price", "fills", "limits"]) await page.locator("#" + id).scrollIntoViewIfNeeded();
      await shows(page, "#limits td", "max_order_notional");
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
      await page.evaluate(axe);
      for (const dialog of (colorScheme === "light") === (width === 390) ? [null] : [null, "?", "h"]) {
        if (dialog) await page.keyboard.press(dialog);
        const found = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }));
        const bad = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
        assert.deepEqual(bad.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target + " " + n.any.map((a) => a.message).join(";")).join(", ")}`), [], `${colorScheme}, ${width} px, ${dialog}`);
        if (dialog) await page.keyboard.press("Escape");
      }
      await done(page);
    }
  },

  async "a session that goes away, and another that comes"() {
    const page = await open(given.url);
    await stage("hang");
    await shows(page, "#connection", "Stale");
    await stage("down");
    await shows(page, "#connection", "Disconnected");
    await shows(page, "#problem", "tries again by itself");
    assert.ok(await page.locator("#halt").isDisabled());
    await stage("restart");
    await shows(page, "#connection", "Connected");
    await shows(page, "#notice", "was restarted");
    await shows(page, ".card .chip", "v1");
    await stage("say");
    await page.locator("#log").scrollIntoViewIfNeeded();
    await shows(page, "#log li", "after the restart");
    await stage("lock");
    await shows(page, "#problem", "not signed in");
    await done(page);
  },
};

const only = process.env.ONLY;
for (const [name, test] of Object.entries(tests)) {
  if (only && !name.includes(only)) continue;
  const began = Date.now();
  try { await test(); } catch (e) {
    console.log(`failed: ${name}\n${e.stack}`);
    await browser.close();
    process.exit(1);
  }
  console.log(`ok: ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
}
await browser.close();
