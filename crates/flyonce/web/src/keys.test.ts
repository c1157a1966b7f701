import { describe, expect, it } from "vitest";
import { REASON_KEYS, callsHome, commandFor } from "./keys";

describe("review keys", () => {
  it.each([
    ["c", "confirm"], ["Y", "confirm"], ["f", "false_alarm"], ["n", "false_alarm"],
    ["k", "known_stock"], ["R", "fly_again"],
  ])("%s decides %s", (key, decision) => {
    expect(commandFor({ key }, "review")).toEqual({ kind: "decide", decision });
  });

  it.each([
    ["ArrowDown", "next"], ["j", "next"], ["ArrowUp", "previous"], ["l", "previous"],
    ["ArrowRight", "nextView"], ["ArrowLeft", "previousView"], ["u", "undo"], ["0", "fitBox"],
    ["+", "zoomIn"], ["=", "zoomIn"], ["-", "zoomOut"], ["?", "help"], ["？", "help"],
  ])("%s means %s", (key, kind) => {
    expect(commandFor({ key }, "review")).toMatchObject({ kind });
  });

  it("switches views by digit, counted from one", () => {
    expect(commandFor({ key: "1" }, "review")).toEqual({ kind: "view", index: 0 });
    expect(commandFor({ key: "9" }, "review")).toEqual({ kind: "view", index: 8 });
  });

  it("pans with shift, and looks to the right when the right arrow is pressed", () => {
    const command = commandFor({ key: "ArrowRight", shiftKey: true }, "review");
    expect(command).toMatchObject({ kind: "pan" });
    expect(command?.kind === "pan" && command.dx).toBeLessThan(0);
  });

  it("undoes with Ctrl+Z and leaves other shortcuts of the browser alone", () => {
    expect(commandFor({ key: "z", ctrlKey: true }, "review")).toEqual({ kind: "undo" });
    expect(commandFor({ key: "c", ctrlKey: true }, "review")).toBeNull();
    expect(commandFor({ key: "r", metaKey: true }, "review")).toBeNull();
    expect(commandFor({ key: "f", altKey: true }, "review")).toBeNull();
  });
});

describe("reason picker keys", () => {
  it("gives digits to reasons, not to views", () => {
    expect(commandFor({ key: "3" }, "reason")).toEqual({ kind: "reason", index: 2 });
    expect(commandFor({ key: "0" }, "reason")).toEqual({ kind: "reason", index: 9 });
  });

  it("has no key that picks two things", () => {
    expect(new Set(REASON_KEYS).size).toBe(REASON_KEYS.length);
    expect(REASON_KEYS).not.toContain("m");
  });

  it("never decides by a letter of the review mode", () => {
    for (const key of ["c", "y", "k", "r", "u"]) expect(commandFor({ key }, "reason")).toBeNull();
  });
});

describe("fleet keys", () => {
  it.each([
    ["ArrowDown", "next"], ["ArrowUp", "previous"], ["0", "fitAll"], ["z", "fitSortie"], ["P", "problems"],
    ["Escape", "close"], ["?", "help"],
  ])("%s means %s", (key, kind) => {
    expect(commandFor({ key }, "fleet")).toEqual({ kind });
  });

  it("never decides about leads", () => {
    for (const key of ["c", "y", "f", "k", "r", "u", "1"]) expect(commandFor({ key }, "fleet")).toBeNull();
  });
});

describe("bring everyone home", () => {
  it("is Shift+H, also while an input method swallows the letter", () => {
    expect(callsHome({ key: "H", shiftKey: true })).toBe(true);
    expect(callsHome({ key: "Process", code: "KeyH", shiftKey: true })).toBe(true);
  });

  it("is nothing else, and no other page gives Shift+H a meaning", () => {
    expect(callsHome({ key: "h" })).toBe(false);
    expect(callsHome({ key: "H", shiftKey: true, ctrlKey: true })).toBe(false);
    expect(callsHome({ key: "J", code: "KeyJ", shiftKey: true })).toBe(false);
    for (const mode of ["review", "fleet", "elsewhere"] as const) {
      expect(commandFor({ key: "H", shiftKey: true }, mode)).toBeNull();
    }
  });
});
