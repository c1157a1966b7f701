import type { FeatureCollection } from "geojson";
import { describe, expect, it } from "vitest";
import { EMPTY, boundsOf, closed, ellipseRing, graticule, grown, polygon, type LonLat } from "./geo";

const PUDONG: LonLat = [121.54, 31.22];
const metres = (from: LonLat, to: LonLat): [number, number] => [
  (to[0] - from[0]) * 111_320 * Math.cos((from[1] * Math.PI) / 180), (to[1] - from[1]) * 111_320,
];
const ellipse = (azimuth_deg: number) => ({ semi_major_m: 10, semi_minor_m: 4, azimuth_deg, confidence: 0.95 });

describe("error ellipse", () => {
  it.each([[0, 0, 10], [90, 10, 0], [45, 7.071, 7.071]])("with azimuth %d° starts %d m east, %d m north", (azimuth, east, north) => {
    const start = ellipseRing(PUDONG, ellipse(azimuth))[0];
    const [e, n] = metres(PUDONG, start ?? [0, 0]);
    expect(e).toBeCloseTo(east, 2);
    expect(n).toBeCloseTo(north, 2);
  });

  it("is closed and keeps both half axes", () => {
    const ring = ellipseRing(PUDONG, ellipse(30), 72);
    expect(ring).toHaveLength(73);
    expect(ring[0]).toEqual(ring[72]);
    const radii = ring.map((at) => Math.hypot(...metres(PUDONG, at)));
    expect(Math.max(...radii)).toBeCloseTo(10, 2);
    expect(Math.min(...radii)).toBeCloseTo(4, 2);
  });
});

describe("rings and bounds", () => {
  it("closes an open ring once", () => {
    const ring: LonLat[] = [[0, 0], [1, 0], [1, 1]];
    expect(closed(ring)).toHaveLength(4);
    expect(closed(closed(ring))).toHaveLength(4);
    expect(polygon([[0, 0], [1, 1]])).toBe(EMPTY);
  });

  it("skips leads without a place", () => {
    const leads = {
      type: "FeatureCollection",
      features: [
        { type: "Feature", geometry: null, properties: {} },
        { type: "Feature", geometry: { type: "Point", coordinates: [121.5, 31.2] }, properties: {} },
        { type: "Feature", geometry: { type: "Point", coordinates: [121.6, 31.1] }, properties: {} },
      ],
    } as unknown as FeatureCollection;
    expect(boundsOf(leads)).toEqual([121.5, 31.1, 121.6, 31.2]);
    expect(boundsOf(EMPTY)).toBeNull();
  });

  it("grows by metres in both directions", () => {
    const [west, south, east, north] = grown([121.5, 31.2, 121.5, 31.2], 100);
    const [e, n] = metres([121.5, 31.2], [east, north]);
    expect(e).toBeCloseTo(100, 1);
    expect(n).toBeCloseTo(100, 1);
    expect(west).toBeLessThan(121.5);
    expect(south).toBeLessThan(31.2);
  });
});

describe("graticule", () => {
  it.each([[0.0021, 0.0005], [0.05, 0.01], [1, 0.2], [90, 10]])("over %d° steps by %d°", (span, step) => {
    expect(graticule([121, 31, 121 + span, 31 + span]).step_deg).toBe(step);
  });
  it("stays small for a degenerate and for a huge view", () => {
    expect(graticule([121, 31, 121, 31]).lines.features.length).toBeLessThan(5);
    expect(graticule([-1e6, -1e6, 1e6, 1e6]).lines.features.length).toBeLessThanOrEqual(400);
  });
});
