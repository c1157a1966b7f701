import { describe, expect, it } from "vitest";
import { WORDS, isWordKey, preferredLang, translate, type WordKey } from "./i18n";
import { LEAD_STATES } from "./types";

const entries = Object.entries(WORDS);
const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe("words", () => {
  it.each(entries)("%s has both languages with the same placeholders", (_key, pair) => {
    expect(pair.zh.trim()).not.toBe("");
    expect(pair.en.trim()).not.toBe("");
    expect(placeholders(pair.zh)).toEqual(placeholders(pair.en));
  });

  it("keeps each language in its own script, except the switch that names the other", () => {
    for (const [key, pair] of entries.filter(([name]) => name !== "top.language")) {
      expect(pair.en, key).not.toMatch(/[\u4e00-\u9fff]/);
      expect(pair.zh, key).toMatch(/[\u4e00-\u9fff]/);
    }
  });

  it("names every lead state with the bureau's words", () => {
    for (const state of LEAD_STATES) expect(isWordKey(`state.${state}`)).toBe(true);
    expect(translate("zh", "state.known_stock")).toBe("存量在册");
    expect(translate("zh", "decide.fly_again")).toBe("补飞");
  });

  it("fills placeholders and leaves unknown ones visible", () => {
    expect(translate("zh", "top.left", { n: 12 })).toBe("待审 12 条");
    expect(translate("en", "top.left")).toBe("{n} left");
  });

  it("does not take inherited names for words", () => {
    expect(isWordKey("toString")).toBe(false);
    const key: WordKey = "app.review";
    expect(isWordKey(key)).toBe(true);
  });
});

describe("preferred language", () => {
  it.each([
    ["en", ["zh-CN"], "en"],
    [null, ["zh-CN", "en"], "zh"],
    [null, ["zh-Hant-TW"], "zh"],
    [null, ["en-GB", "zh"], "en"],
    ["fr", ["de"], "en"],
    [null, [], "zh"],
  ] as const)("saved %s, browser %j gives %s", (saved, browser, want) => {
    expect(preferredLang(saved, browser)).toBe(want);
  });
});
