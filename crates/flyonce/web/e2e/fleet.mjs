// A dispatcher's minutes with the fleet in a real browser: the docks, one dock with its timeline, its sortie held in the
// air and let go on, everyone called home with Shift+H, and the ground stop lifted. Arguments: the browser, the address of the page, a file for a
// screenshot.
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
const own = new URL(url).origin;
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => problems.push(`page error: ${error.message}`));
  page.on("response", (answer) => { if (answer.status() >= 400) problems.push(`${answer.status()} ${answer.url()}`); });
  page.on("request", (request) => {
    if (request.url().startsWith("http") && new URL(request.url()).origin !== own) problems.push(`outside request ${request.url()}`);
  });
  const fleet = async () => (await fetch(new URL("/api/v1/fleet", url))).json();
  const until = async (what, holds) => {
    for (let tries = 0; tries < 150; tries += 1) {
      if (await holds()) return;
      await page.waitForTimeout(200);
    }
    const { ground_stop, today } = await fleet();
    throw new Error(`never came true: ${what}; ${JSON.stringify({ ground_stop, today })}`);
  };
  await until("a dock has a sortie", async () => (await fleet()).docks.some((dock) => dock.sortie));
  const { docks } = await fleet();
  const flown = docks.find((dock) => dock.sortie?.launched_at) ?? docks.find((dock) => dock.sortie);

  await page.goto(new URL("#/fleet", url).href);
  await page.waitForSelector("[data-dock]", { timeout: 60_000 });
  await until("every dock has its row", async () => (await page.locator("[data-dock]").count()) === docks.length);

  // The first arrow key selects a dock; then the one that has flown is clicked.
  await page.keyboard.press("ArrowDown");
  await page.waitForSelector("[data-panel]");
  await page.locator(`[data-dock="${flown.dock_id}"]`).click();
  await page.waitForSelector(`[data-panel="${flown.dock_id}"]`);
  await until("the timeline has steps", async () => (await page.locator("[data-step]").count()) > 0);
  const steps = (await (await fetch(new URL(`/api/v1/flights/${encodeURIComponent(flown.sortie.sortie_id)}`, url))).json()).steps;
  if (steps.length === 0) throw new Error(`flight ${flown.sortie.sortie_id} has no steps`);
  await until("the checks have sources", async () => (await page.locator("[data-check] .source", { hasText: "GPS_RAW_INT" }).count()) > 0);
  await page.waitForSelector('[data-gate="true"]');
  if (screenshot) await page.screenshot({ path: screenshot });

  // Held in the air and let go on; the first order asks who gives it, and landing is confirmed.
  const dialog = page.getByRole("dialog");
  const held = async () => (await fleet()).docks.find((dock) => dock.dock_id === flown.dock_id)?.paused === true;
  await page.locator("[data-order=pause]").click();
  await dialog.locator("input[name=actor]").fill("李飞手");
  await page.keyboard.press("Enter");
  await until("the sortie is held in the air", held);
  await page.locator("[data-order=continue]").waitFor();
  if (screenshot) await page.screenshot({ path: screenshot });
  await page.locator("[data-order=land]").click();
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.locator("[data-order=continue]").click();
  await until("the sortie goes on", async () => !(await held()));
  const names = async () => (await (await fetch(new URL(`/api/v1/flights/${encodeURIComponent(flown.sortie.sortie_id)}`, url))).json())
    .steps.filter((step) => step.code.startsWith("order_")).map((step) => step.text);
  await until("every order names who gave it", async () => {
    const texts = await names();
    return texts.length >= 2 && texts.every((text) => text.includes("李飞手"));
  });

  await page.keyboard.press("Shift+H");
  await dialog.locator("input[name=actor]").fill("王调度");
  await page.keyboard.press("Enter");
  await until("the fleet is grounded", async () => (await fleet()).ground_stop === true);
  const banner = page.getByRole("alert").filter({ hasText: "全队停飞中" });
  await banner.waitFor({ timeout: 30_000 });
  await until("the banner names who ordered it", async () => (await banner.innerText()).includes("王调度"));

  await dialog.waitFor({ state: "detached" });
  await banner.getByRole("button").click();
  // The name is remembered: Enter is enough.
  await dialog.waitFor();
  await page.keyboard.press("Enter");
  await until("the ground stop is lifted", async () => (await fleet()).ground_stop === false);
  await banner.waitFor({ state: "detached", timeout: 30_000 });
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
