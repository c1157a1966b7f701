import { describe, expect, test } from "vitest";
import { hereOf } from "./here";

describe("a place on the map of ages", () => {
  test("says town, age and gap at once", () => {
    const found = [
      { layer: "gaps-fill", properties: { name: "gap-0003", rank: 3 } },
      { layer: "towns-fill", properties: { name: "花木街道" } },
      { layer: "ages", properties: { class: 1, seen: true, from_days: 8, to_days: 14 } },
    ];
    expect(hereOf(found)).toEqual({ town: "花木街道", dock: null, age: { from: 8, to: 14 }, gap: "gap-0003", rank: 3 });
  });
  test("ground that was never seen is not the newest", () => {
    expect(hereOf([{ layer: "ages", properties: { class: 5, seen: false } }])?.age).toBe("never");
  });
  test("the oldest class has no end", () => {
    expect(hereOf([{ layer: "ages", properties: { class: 4, seen: true, from_days: 91 } }])?.age).toEqual({ from: 91, to: null });
  });
  test("beyond everything there is nothing to say", () => {
    expect(hereOf([])).toBeNull();
  });
});
