import { describe, expect, test } from "vitest";
import { area, daysBefore, missing, rowSize, share, sortedRows } from "./show";
import type { Amount, CoverageRow } from "./types";

const amount = (percent: number | null): Amount => ({ km2: null, km: null, percent, unknown: null });

function row(name: string, imaged: number | null, length_km: number | null = null): CoverageRow {
  return {
    kind: "town", name, code: null, area_km2: 12.345, length_km, reachable: amount(50), planned: amount(null),
    imaged: amount(imaged), ages: { p50_days: null, p90_days: null, max_days: null, never_percent: 10 },
    alone_km2: null, wished_interval_days: null,
  };
}

describe("figures", () => {
  test("what is not known has no text of its own, and is not zero", () => {
    expect(share(amount(null), "zh")).toBeNull();
    expect(share(amount(0), "zh")).toBe("0.0%");
    expect(share(amount(0.1234), "zh")).toBe("0.12%");
  });
  test("a corridor has a length, a town an area", () => {
    expect(rowSize(row("a", 1, 3.21), "en")).toBe("3.21 km");
    expect(rowSize(row("a", 1), "en")).toBe("12.35 km²");
  });
  test("a window of days ends with its day, over months and years", () => {
    expect(daysBefore("2026-03-01", 1)).toBe("2026-02-28");
    expect(daysBefore("2026-01-10", 29)).toBe("2025-12-12");
    expect(daysBefore("2026-01-10", 0)).toBe("2026-01-10");
  });
  test("gaps are told in the unit that fits", () => {
    expect([9_000, 25_000, 2_500_000].map((m2) => area(m2, "en"))).toEqual(["9,000 m²", "2.5 ha", "2.50 km²"]);
  });
  test("only a figure below its target is short of it", () => {
    expect(missing({ number: "reachable", target_percent: 75, percent: 70, met: false })).toBe(5);
    expect(missing({ number: "reachable", target_percent: 75, percent: 80, met: true })).toBeNull();
    expect(missing({ number: "reachable", target_percent: 75, percent: null, met: null })).toBeNull();
  });
  test("rows that are not known come last in either direction", () => {
    const rows = [row("a", null), row("b", 5), row("c", 9)];
    expect(sortedRows(rows, "imaged", true).map((one) => one.name)).toEqual(["c", "b", "a"]);
    expect(sortedRows(rows, "imaged", false).map((one) => one.name)).toEqual(["b", "c", "a"]);
    expect(sortedRows(rows, "name", true).map((one) => one.name)).toEqual(["c", "b", "a"]);
  });
});
