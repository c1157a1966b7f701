// Answers of the siting part of the HTTP API, field for field.
import type { LayerUse } from "../coverage/types";
import type { Bilingual } from "../types";

export interface Site {
  id: string;
  name: string;
  kept: boolean;
  /** Stands in a no-fly area: nothing takes off. */
  grounded: boolean;
  longitude_deg: number;
  latitude_deg: number;
  adds_km2: number;
  alone_km2: number;
  reaches_km2: number;
}

export interface MoreSites {
  sites: number;
  new: Site[];
  covered_km2: number;
  covered_percent: number;
  adds_km2: number;
  bound_km2: number;
}

export interface SitingRun {
  id: string;
  at: string;
  sites: Site[];
  demand_km2: number;
  covered_km2: number;
  covered_percent: number;
  bound_km2: number;
  bound_percent: number;
  gap_percent: number;
  optimal: boolean;
  /** Ground counts by the class weight of its targets. */
  weighed_by_class: boolean;
  ground_km2: number;
  covered_ground_km2: number;
  measured_km2: number;
  measure_cell_m: number;
  demand_cell_m: number;
  all_candidates_km2: number;
  greedy_km2: number;
  swapped_km2: number;
  candidates: number;
  grounded_candidates: number;
  repeated_candidates: number;
  reach: Bilingual;
  no_fly_areas: number;
  layers: LayerUse[];
  seed: number;
  cut_short: boolean;
  more: MoreSites[];
}
