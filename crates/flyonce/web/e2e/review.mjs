// A reviewer's first minutes in a real browser: known stock, false alarm with a reason, and taking that back,
// by keyboard alone. Arguments: the browser, the address of the page, a file for a screenshot.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, url, screenshot] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "flyonce-page-"));
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
args.push("--disable-component-update", "--disable-sync");
const browser = await chromium.launchPersistentContext(profile, {
  executablePath, headless: true, locale: "zh-CN", viewport: { width: 1440, height: 900 }, args,
});
const problems = [];
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => problems.push(`page error: ${error.message}`));
  page.on("response", (answer) => { if (answer.status() >= 400) problems.push(`${answer.status()} ${answer.url()}`); });
  page.on("request", (request) => { if (!request.url().startsWith(url) && request.url().startsWith("http")) problems.push(`outside request ${request.url()}`); });
  const counts = async () => (await (await fetch(new URL("/api/v1/leads?limit=1", url))).json()).counts;
  const until = async (what, holds) => {
    for (let tries = 0; tries < 150; tries += 1) {
      if (await holds()) return;
      await page.waitForTimeout(200);
    }
    throw new Error(`never came true: ${what}; counts ${JSON.stringify(await counts())}`);
  };
  await page.goto(url);
  await page.waitForFunction(() => /PD-\d{8}-\d{4}/.test(document.body.innerText), null, { timeout: 60_000 });
  const before = (await counts()).candidate;
  await page.keyboard.press("k");
  // The first decision asks once who is reviewing.
  await page.getByRole("dialog").getByRole("textbox").fill("王审核");
  await page.keyboard.press("Enter");
  if ((await counts()).known_stock === 0) {
    await page.waitForTimeout(500);
    if ((await counts()).known_stock === 0) await page.keyboard.press("k");
  }
  await until("known stock saved", async () => (await counts()).known_stock === 1);
  await page.waitForTimeout(1000);
  await page.keyboard.press("f");
  await page.keyboard.press("1");
  await until("false alarm saved", async () => (await counts()).false_alarm === 1);
  await page.waitForTimeout(1000);
  await page.keyboard.press("u");
  await until("false alarm taken back", async () => (await counts()).false_alarm === 0);
  await until("one decided", async () => (await counts()).candidate === before - 1);
  if (screenshot) await page.screenshot({ path: screenshot });
} catch (error) {
  problems.push(String(error));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
