import { describe, expect, test } from "vitest";
import { gridPercents, linePath, loneDays, percentOn, topPercent, type Frame } from "./chart";
import type { DayFigures } from "./types";

const FRAME: Frame = { width: 120, height: 60, left: 10, right: 10, top: 5, bottom: 5 };

function day(imaged: number | null, reachable: number | null = null): DayFigures {
  const stated = reachable === null ? null
    : { reachable_percent: reachable, planned_percent: null, imaged_percent: imaged };
  return { day: "2026-11-01", imaged_percent: imaged, imaged_km2: 1, photos: 2, stated };
}

describe("the chart of days", () => {
  test("draws a number from the left edge to the right one", () => {
    expect(linePath([day(0), day(50), day(100)], "imaged", 100, FRAME)).toBe("M10.0 55.0L60.0 30.0L110.0 5.0");
  });
  test("a day without a figure breaks the line and is no zero", () => {
    const days = [day(0), day(null), day(100), day(100)];
    expect(linePath(days, "imaged", 100, FRAME).match(/M/g)).toHaveLength(2);
    expect(loneDays(days, "imaged")).toEqual([0]);
  });
  test("what was not stated on a day is not known", () => {
    expect(percentOn(day(3), "reachable")).toBeNull();
    expect(percentOn(day(3, 80), "reachable")).toBe(80);
    expect(percentOn(day(3, 80), "planned")).toBeNull();
  });
  test("the upper edge holds figures and targets", () => {
    expect(topPercent([day(1.5)], [])).toBe(2);
    expect(topPercent([day(1.5)], [75])).toBe(80);
    expect(topPercent([], [])).toBe(2);
    expect(topPercent([day(130)], [])).toBe(140);
    expect(gridPercents(80)).toEqual([0, 20, 40, 60, 80]);
  });
});
