// Small ground helpers for the map: error-ellipse outlines, bounds and a graticule.
import type { Feature, FeatureCollection, Geometry, Position } from "geojson";
import type { Ellipse } from "./types";

export type LonLat = [longitude_deg: number, latitude_deg: number];
export type Bounds = [west: number, south: number, east: number, north: number];

/** Mean metres per degree of latitude; drawing needs no better (0.5 %). */
const METRES_PER_DEGREE = 111_320;

export const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

/** Outline of an error ellipse as a closed ring of `n` + 1 points, for when the server sent none. */
export function ellipseRing(centre: LonLat, ellipse: Ellipse, n = 64): LonLat[] {
  const azimuth = (ellipse.azimuth_deg * Math.PI) / 180;
  const perEast = METRES_PER_DEGREE * Math.cos((centre[1] * Math.PI) / 180);
  const ring: LonLat[] = [];
  for (let i = 0; i < n; i += 1) {
    const turn = (2 * Math.PI * i) / n;
    const along = ellipse.semi_major_m * Math.cos(turn);
    const across = ellipse.semi_minor_m * Math.sin(turn);
    const east = along * Math.sin(azimuth) + across * Math.cos(azimuth);
    const north = along * Math.cos(azimuth) - across * Math.sin(azimuth);
    ring.push([centre[0] + east / perEast, centre[1] + north / METRES_PER_DEGREE]);
  }
  return closed(ring);
}

/** The ring with its first point repeated at the end, as GeoJSON wants it. */
export function closed(ring: readonly LonLat[]): LonLat[] {
  const first = ring[0];
  const last = ring[ring.length - 1];
  if (!first || !last) return [];
  return first[0] === last[0] && first[1] === last[1] ? [...ring] : [...ring, [...first]];
}

export function polygon(ring: readonly LonLat[]): FeatureCollection {
  if (ring.length < 3) return EMPTY;
  return collection([feature({ type: "Polygon", coordinates: [closed(ring)] })]);
}

export function point(at: LonLat, properties: Record<string, string> = {}): FeatureCollection {
  return collection([feature({ type: "Point", coordinates: at }, properties)]);
}

/** Bounds of everything that has coordinates; null where nothing has. */
export function boundsOf(features: FeatureCollection): Bounds | null {
  let bounds: Bounds | null = null;
  const take = (at: Position): void => {
    const [x, y] = at;
    if (x === undefined || y === undefined || !Number.isFinite(x + y)) return;
    bounds = bounds
      ? [Math.min(bounds[0], x), Math.min(bounds[1], y), Math.max(bounds[2], x), Math.max(bounds[3], y)]
      : [x, y, x, y];
  };
  // A lead without a place has a null geometry, which the GeoJSON types do not admit here.
  for (const { geometry } of features.features as { geometry: Geometry | null }[]) {
    if (geometry) eachPosition(geometry, take);
  }
  return bounds;
}

/** Bounds grown by a margin in metres on every side. */
export function grown(bounds: Bounds, margin_m: number): Bounds {
  const north = margin_m / METRES_PER_DEGREE;
  const east = north / Math.max(Math.cos((bounds[1] * Math.PI) / 180), 0.01);
  return [bounds[0] - east, bounds[1] - north, bounds[2] + east, bounds[3] + north];
}

const STEPS_DEG = [10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];

/** Lines of longitude and latitude at a round step, about four across the longer side. */
export function graticule(bounds: Bounds): { lines: FeatureCollection; step_deg: number } {
  const [west, south, east, north] = bounds;
  const span = Math.max(east - west, north - south);
  const step_deg = STEPS_DEG.find((step) => span / step >= 4) ?? 0.0001;
  const lines: Feature[] = [];
  for (const x of multiples(west, east, step_deg)) {
    lines.push(feature({ type: "LineString", coordinates: [[x, south], [x, north]] }));
  }
  for (const y of multiples(south, north, step_deg)) {
    lines.push(feature({ type: "LineString", coordinates: [[west, y], [east, y]] }));
  }
  return { lines: collection(lines), step_deg };
}

function multiples(from: number, to: number, step: number): number[] {
  const found: number[] = [];
  // 200 lines are more than a screen shows; the limit keeps a whole-earth view cheap.
  for (let i = Math.ceil(from / step); i * step <= to && found.length < 200; i += 1) found.push(i * step);
  return found;
}

function eachPosition(geometry: Geometry, take: (at: Position) => void): void {
  switch (geometry.type) {
    case "Point": take(geometry.coordinates); break;
    case "LineString":
    case "MultiPoint": geometry.coordinates.forEach(take); break;
    case "Polygon":
    case "MultiLineString": geometry.coordinates.flat().forEach(take); break;
    case "MultiPolygon": geometry.coordinates.flat(2).forEach(take); break;
    case "GeometryCollection": geometry.geometries.forEach((part) => eachPosition(part, take)); break;
  }
}

function feature(geometry: Geometry, properties: Record<string, string> = {}): Feature {
  return { type: "Feature", geometry, properties };
}

function collection(features: Feature[]): FeatureCollection {
  return { type: "FeatureCollection", features };
}
