// A siting as people read it: rows of its table, and what its map shows.
import type { Feature, FeatureCollection } from "geojson";
import type { Site, SitingRun } from "./types";

export type SiteState = "kept" | "new" | "further";
export interface SiteRow { number: number; state: SiteState; site: Site }

/** The sites of a run, then those that would come next: of the longest list there is. */
export function siteRows(run: SitingRun): SiteRow[] {
  const further = run.more.at(-1)?.new ?? [];
  return [
    ...run.sites.map((site, at) => ({ number: at + 1, state: site.kept ? "kept" as const : "new" as const, site })),
    ...further.map((site, at) => ({ number: run.sites.length + at + 1, state: "further" as const, site })),
  ];
}

export type Proof = "optimal" | "cut" | "proven";

export function proofOf(run: SitingRun): Proof {
  if (run.optimal) return "optimal";
  return run.cut_short ? "cut" : "proven";
}

export type GroundKind = "reach" | "uncovered";

/** Ground of a kind; features without a shape are left out. */
export function ground(shapes: FeatureCollection, kind: GroundKind): FeatureCollection {
  const features = shapes.features as (Feature | (Omit<Feature, "geometry"> & { geometry: null }))[];
  const wanted = features.filter((one): one is Feature => one.geometry !== null && one.properties?.kind === kind);
  return { type: "FeatureCollection", features: wanted };
}

/** What one site reaches. */
export function reachOf(shapes: FeatureCollection, id: string | null): FeatureCollection {
  const all = ground(shapes, "reach");
  return { ...all, features: all.features.filter((one) => one.properties?.site === id) };
}
