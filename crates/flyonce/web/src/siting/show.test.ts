import { describe, expect, test } from "vitest";
import type { FeatureCollection } from "geojson";
import { sitingFileUrl } from "./api";
import { ground, proofOf, reachOf, siteRows } from "./show";
import type { MoreSites, Site, SitingRun } from "./types";

const site = (id: string, kept = false): Site => ({
  id, name: "", kept, grounded: false, longitude_deg: 121.5, latitude_deg: 31.2, adds_km2: 9, alone_km2: 5, reaches_km2: 12,
});
const more = (sites: number, ids: string[]): MoreSites => ({
  sites, new: ids.map((id) => site(id)), covered_km2: 30, covered_percent: 60, adds_km2: 3, bound_km2: 31,
});
const run = (changes: Partial<SitingRun>): SitingRun => ({
  id: "01J", at: "2026-11-29T01:00:00Z", sites: [site("D01", true), site("R1C1")], demand_km2: 50, covered_km2: 27, covered_percent: 54,
  bound_km2: 28, bound_percent: 56, gap_percent: 3.6, optimal: false, weighed_by_class: false, ground_km2: 50, covered_ground_km2: 27,
  measured_km2: 26.9, measure_cell_m: 25, demand_cell_m: 200, all_candidates_km2: 48, greedy_km2: 26, swapped_km2: 26.5, candidates: 90,
  grounded_candidates: 0, repeated_candidates: 0, reach: { zh: "圆盘", en: "discs" }, no_fly_areas: 0, layers: [], seed: 1, cut_short: true,
  more: [], ...changes,
});

describe("a siting", () => {
  test("lists its sites, then the longest list of further ones, numbered on", () => {
    const rows = siteRows(run({ more: [more(3, ["R9C9"]), more(4, ["R5C5", "R7C7"])] }));
    expect(rows.map((row) => [row.number, row.state, row.site.id])).toEqual([
      [1, "kept", "D01"], [2, "new", "R1C1"], [3, "further", "R5C5"], [4, "further", "R7C7"],
    ]);
    expect(siteRows(run({}))).toHaveLength(2);
  });
  test("says what is proven", () => {
    expect(proofOf(run({ optimal: true }))).toBe("optimal");
    expect(proofOf(run({}))).toBe("cut");
    expect(proofOf(run({ cut_short: false }))).toBe("proven");
  });
  test("its map shows what each site reaches, and a site that reaches nothing has no shape", () => {
    const shapes = { type: "FeatureCollection", features: [
      { type: "Feature", properties: { kind: "reach", site: "D01" }, geometry: { type: "Point", coordinates: [0, 0] } },
      { type: "Feature", properties: { kind: "reach", site: "R1C1" }, geometry: null },
      { type: "Feature", properties: { kind: "uncovered" }, geometry: { type: "Point", coordinates: [1, 1] } },
    ] } as unknown as FeatureCollection;
    expect(ground(shapes, "reach").features).toHaveLength(1);
    expect(ground(shapes, "uncovered").features).toHaveLength(1);
    expect(reachOf(shapes, "D01").features).toHaveLength(1);
    expect(reachOf(shapes, null).features).toHaveLength(0);
  });
  test("its file has an address", () => expect(sitingFileUrl("01J")).toBe("/api/v1/siting/01J"));
});
