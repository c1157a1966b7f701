// A manager's minutes with coverage in a real browser: three numbers, towns, the map drawn from vector tiles, gaps, days,
// another window and sharpness, the other language, a service that does not answer. Arguments: the browser, the address
// of the page, a file with what `flyonce coverage --json` says ("empty" for a folder without anything), a folder for
// screenshots.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, url, said, pictures] = process.argv.slice(2);
const expected = said === "empty" ? null : JSON.parse(readFileSync(said, "utf8"));
const profile = mkdtempSync(join(tmpdir(), "flyonce-page-"));
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
args.push("--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader");
const browser = await chromium.launchPersistentContext(profile, {
  executablePath, headless: true, locale: "zh-CN", viewport: { width: 1440, height: 900 }, args,
});
const problems = [];
const own = new URL(url).origin;
const page = await browser.newPage();
page.on("pageerror", (error) => problems.push(`page error: ${error.message}`));
page.on("response", (answer) => {
  const nothingYet = expected === null && answer.status() === 404 && /\/(coverage|fleet)/.test(answer.url());
  if (answer.status() >= 400 && !nothingYet) problems.push(`${answer.status()} ${answer.url()}`);
});
page.on("request", (request) => {
  if (request.url().startsWith("http") && new URL(request.url()).origin !== own) problems.push(`outside request ${request.url()}`);
});

const until = async (what, holds) => {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await holds()) return;
    await page.waitForTimeout(200);
  }
  throw new Error(`never came true: ${what}`);
};
const check = (what, holds) => { if (!holds) throw new Error(`is not true: ${what}`); };
const api = async (path) => (await fetch(new URL(`/api/v1/coverage/${path}`, url))).json();
const percentIn = (text) => Number(/(-?[\d.]+)%/.exec(text)?.[1] ?? NaN);
/** A share as the page rounds it. */
const near = (shown, percent) => Math.abs(shown - percent) <= (percent < 10 ? 0.0051 : 0.051);
const big = async (name) => percentIn(await page.locator(`[data-number=${name}] .big`).innerText());
const idle = () => until("the figures are there", async () => (await page.locator(".cards[aria-busy=false]").count()) === 1);
const shot = async (name) => { if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) }); };
const map = page.locator("[data-map=ages]");
const here = page.locator("[data-here]");

/** What the map says under a mouse that goes all over it, with the places where it said so. */
async function sweep() {
  const box = await map.boundingBox();
  const found = new Map();
  for (let row = 1; row < 14; row += 1) {
    for (let column = 1; column < 20; column += 1) {
      const at = [box.x + (box.width * column) / 20, box.y + (box.height * row) / 14];
      await page.mouse.move(...at);
      const words = await here.innerText();
      if (!found.has(words)) found.set(words, at);
    }
  }
  return found;
}

/** How many pixels of the map have each of these colours, as they are laid over its background. */
async function pixels(colours) {
  const png = (await map.screenshot()).toString("base64");
  return page.evaluate(async ([data, wanted]) => {
    const bytes = Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data: rgba } = context.getImageData(0, 0, image.width, image.height);
    return wanted.map((colour) => {
      let count = 0;
      for (let at = 0; at < rgba.length; at += 4) {
        if (colour.every((part, channel) => Math.abs(part - rgba[at + channel]) <= 6)) count += 1;
      }
      return count;
    });
  }, [png, colours]);
}
const over = (colour, background) => colour.map((part, channel) => part * 0.85 + background[channel] * 0.15);

async function numbersAndTowns() {
  const { whole } = expected.figures;
  for (const name of ["reachable", "planned", "imaged"]) {
    check(`${name} is as on the command line`, near(await big(name), whole[name].percent));
  }
  await until("towns have rows", async () => (await page.locator("[data-row]").count()) === expected.table.rows.length);
  for (const row of expected.table.rows) {
    const cells = await page.locator(`[data-row="${row.name}"] .share`).allInnerTexts();
    const wanted = [row.reachable.percent, row.planned.percent, row.imaged.percent];
    check(`${row.name} is as on the command line: ${cells} ${wanted}`, wanted.every((percent, at) => near(percentIn(cells[at]), percent)));
  }
}

async function theMap() {
  await until("gaps are listed", async () => (await page.locator("[data-gap]").count()) === Math.min(100, expected.gaps.total));
  const light = [238, 241, 243];
  await until("ages are drawn", async () => (await pixels([over([206, 211, 219], light)]))[0] > 1000);
  const drawn = await pixels([[11, 85, 159], [107, 174, 214], [255, 230, 128]].map((colour) => over(colour, light)));
  check(`ground that was seen is drawn: ${drawn}`, drawn.some((count) => count > 300));
  const words = await sweep();
  for (const part of ["西镇", "东镇", "从未拍到", "天", "空白第"]) {
    check(`the map says ${part}: ${[...words.keys()].join(" | ")}`, [...words.keys()].some((text) => text.includes(part)));
  }
  // A click on a gap takes it in the list.
  const [text, at] = [...words].find(([text]) => text.includes("空白第 1 位"));
  await page.mouse.click(...at);
  await until(`${text} is selected`, async () => (await page.locator("[data-gap=gap-0001].on").count()) === 1);
}

async function theGaps() {
  const last = page.locator("[data-gap]").last();
  await last.getByRole("button").focus();
  await page.keyboard.press("Enter");
  await until("a gap is selected with the keyboard", async () => (await last.getByRole("button").getAttribute("aria-pressed")) === "true");
  await page.locator("[data-gap] td:nth-child(2)").first().click();
  await until("a gap is selected with the mouse", async () => (await page.locator("[data-gap].on").getAttribute("data-gap")) === "gap-0001");
}

async function theDays() {
  const chart = page.locator("svg[data-days]");
  await until("90 days are drawn", async () => (await chart.getAttribute("data-days")) === "90");
  check("imaged has a line", ((await chart.locator("path.imaged").getAttribute("d")) ?? "").includes("L"));
  await chart.focus();
  await page.keyboard.press("ArrowLeft");
  const day = expected.figures.as_of;
  await until("the last day is told", async () => (await page.locator("section:has(svg[data-days]) p[aria-live]").innerText()).includes(day));
}

async function otherQuestions() {
  const imaged = await big("imaged");
  await page.locator("select[name=window]").selectOption("7");
  await until("a shorter window shows less", async () => (await big("imaged")) < imaged);
  await idle();
  const since = (await page.locator(".basis").innerText()).match(/实拍 (\S+)/)[1];
  check("seven days are seven days", near(await big("imaged"), (await api(`figures?since=${since}`)).whole.imaged.percent));
  await page.locator("select[name=window]").selectOption("");
  await until("the window is as before", async () => (await big("imaged")) === imaged);
  const classes = expected.figures.setting.gsd_classes_cm;
  await page.locator("select[name=gsd]").selectOption(String(classes[0]));
  await until("no photo is that sharp", async () => (await big("imaged")) === 0);
  await page.getByRole("button", { name: "恢复默认" }).click();
  await until("everything is as before", async () => (await big("imaged")) === imaged);
  await idle();
  // All photos came in today: yesterday nobody knew of any.
  const before = new Date(Date.parse(expected.figures.as_of) - 86_400_000).toISOString().slice(0, 10);
  await page.locator("input[name=as_of]").fill(before);
  await until("it is another day", async () => (await page.locator(".basis").innerText()).includes(before));
  check("photos of days before count", (await big("imaged")) > 0);
  await page.locator("input[name=known_then]").check();
  await until("nothing was known then", async () => (await big("imaged")) === 0);
  await page.getByRole("button", { name: "恢复默认" }).click();
  await until("everything is as before", async () => (await big("imaged")) === imaged);
  await idle();
}

async function whatItRestsOn() {
  await page.locator("details summary").click();
  await until("the ledger has a name", async () => /[0-9a-f]{64}/.test(await page.locator("details").innerText()));
  await page.locator("details summary").click();
}

async function noAnswer() {
  const imaged = await big("imaged");
  await page.route("**/api/v1/coverage/**", (route) => route.abort());
  await page.locator("select[name=window]").selectOption("14");
  const alert = page.getByRole("alert");
  await alert.waitFor({ timeout: 30_000 });
  check("figures stay beside the alarm", (await big("imaged")) === imaged);
  await page.unroute("**/api/v1/coverage/**");
  await page.locator("select[name=window]").selectOption("");
  await alert.waitFor({ state: "detached", timeout: 30_000 });
  await idle();
}

/** The import is left out of coverage from one of its photos, taken back with the message, left out again, and let back
 *  in from the list of the page. */
async function leftOutAndBack() {
  const imaged = await big("imaged");
  const section = (name) => page.getByRole("navigation").getByRole("button", { name }).click();
  const leaveOut = async (reason) => {
    await section("照片");
    if ((await page.locator("[data-withdraw]").count()) === 0) await page.locator("main li").first().getByRole("button").first().click();
    await page.locator("[data-withdraw]").click();
    const dialog = page.getByRole("dialog");
    await dialog.locator("input[name=reason]").fill(reason);
    if ((await dialog.locator("input[name=actor]").inputValue()) === "") await dialog.locator("input[name=actor]").fill("王审核");
    await page.keyboard.press("Enter");
    await page.locator("[data-withdrawn]", { hasText: reason }).waitFor();
  };
  await leaveOut("镜头盖没取下");
  await page.getByRole("status").getByRole("button", { name: "撤销" }).click();
  await page.locator("[data-withdraw]").waitFor();
  await leaveOut("演练");
  await section("覆盖");
  const row = page.locator("[data-withdrawn]", { hasText: "演练" });
  await row.waitFor();
  check("it is said who left it out", (await row.innerText()).includes("王审核"));
  await until("its photos do not count", async () => (await big("imaged")) < imaged);
  await row.getByRole("button").click();
  await until("it counts again", async () => (await big("imaged")) === imaged);
  await row.waitFor({ state: "detached" });
  await idle();
}

async function looks() {
  await page.mouse.move(5, 5);
  for (const [language, title] of [["zh", "适飞区域覆盖"], ["en", "Coverage of the flyable area"]]) {
    if ((await page.locator("h1", { hasText: title }).count()) === 0) await page.locator("header").getByRole("button", { name: "English", exact: true }).click();
    await page.locator("h1", { hasText: title }).waitFor();
    check("the page has no other language's words", language === "zh" || !/[一-鿿]{4}/.test(await page.locator(".cards").innerText()));
    for (const width of [1440, 1024]) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await page.waitForTimeout(400);
        check("nothing is wider than the page", await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
        await shot(`coverage-${language}-${width}-${colorScheme}`);
        await page.locator("main").evaluate((main) => main.scrollTo(0, main.scrollHeight));
        await page.waitForTimeout(200);
        await shot(`coverage-${language}-${width}-${colorScheme}-end`);
        await page.locator("main").evaluate((main) => main.scrollTo(0, 0));
      }
    }
  }
}

try {
  await page.goto(new URL("#/coverage", url).href);
  if (expected === null) {
    await page.getByRole("heading", { name: "还没有可统计的内容" }).waitFor({ timeout: 60_000 });
    check("nothing is no error", (await page.getByRole("alert").count()) === 0);
    await shot("coverage-empty");
  } else {
    await page.locator("[data-number=imaged] .big").waitFor({ timeout: 120_000 });
    await idle();
    await numbersAndTowns();
    await theMap();
    await theGaps();
    await theDays();
    await otherQuestions();
    await whatItRestsOn();
    await noAnswer();
    await leftOutAndBack();
    await looks();
  }
} catch (error) {
  await shot("coverage-failed").catch(() => undefined);
  problems.push(String(error));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
