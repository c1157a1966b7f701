// Answers of the coverage part of the HTTP API, field for field.
import type { Bounds } from "../geo";
import type { Bilingual } from "../types";

export interface Amount {
  km2: number | null;
  /** Only for corridors. */
  km: number | null;
  percent: number | null;
  /** Why there is no figure. */
  unknown: Bilingual | null;
}

export interface Ages {
  p50_days: number | null;
  p90_days: number | null;
  max_days: number | null;
  never_percent: number | null;
}

/** What the table can be broken down by. */
export const TABLE_KINDS = ["town", "dock", "class", "corridor"] as const;
export type TableKind = (typeof TABLE_KINDS)[number];

export interface CoverageRow {
  kind: TableKind | "district";
  name: string;
  code: string | null;
  area_km2: number | null;
  length_km: number | null;
  reachable: Amount;
  planned: Amount;
  imaged: Amount;
  ages: Ages;
  alone_km2: number | null;
  wished_interval_days: number | null;
}

export interface LayerUse {
  kind: string;
  name: string;
  version: string;
  valid_from: string | null;
  valid_to: string | null;
  source: string | null;
}

export interface Goal {
  number: string;
  target_percent: number;
  percent: number | null;
  met: boolean | null;
}

export interface CoverageSetting {
  within_days: number;
  since: string;
  until: string;
  max_gsd_cm: number;
  /** Limits that can be asked for, the finest first. */
  gsd_classes_cm: number[];
  cell_m: number;
  time_zone: string;
  reach: Bilingual;
  plan: Bilingual;
}

export interface CoverageFigures {
  as_of: string;
  as_known_then: boolean;
  whole: CoverageRow;
  goals: Goal[];
  layers: LayerUse[];
  missing_layers: string[];
  setting: CoverageSetting;
}

export interface CoverageTable {
  as_of: string;
  kind: TableKind;
  rows: CoverageRow[];
  unknown: Bilingual | null;
}

export interface StatedDay {
  reachable_percent: number | null;
  planned_percent: number | null;
  imaged_percent: number | null;
}

export interface DayFigures {
  day: string;
  imaged_percent: number | null;
  imaged_km2: number;
  photos: number;
  stated: StatedDay | null;
}

export interface History {
  days: DayFigures[];
}

export interface Forecast {
  target_percent: number;
  outlook: string;
  day: string | null;
  words: Bilingual;
}

export interface Gap {
  rank: number;
  name: string;
  town: string | null;
  area_m2: number;
  age_days: number;
  last_seen: string | null;
  never_seen_percent: number;
  classes: string[];
  class_weight: number;
  priority: number;
  inside: [longitude_deg: number, latitude_deg: number];
  dock_id: string | null;
  dock_distance_m: number | null;
  reachable_percent: number | null;
  flight_minutes: number | null;
  sorties: number | null;
  /** Named by its outline: the same after other gaps came and went. */
  gap_id?: string;
  /** Pieces that one battery flies, each with a plan ready to fly. */
  flights?: { number: number; minutes: number }[];
}

export interface GapList {
  as_of: string;
  gaps: Gap[];
  total: number;
  total_km2: number;
  small: number;
  small_km2: number;
  smallest_m2: number;
  never_seen_days: number;
  flying: Bilingual;
}

export interface Explanation {
  photos: number;
  photos_counted: number;
  photos_in_ledger: number;
  not_counted: { code: string; words: Bilingual; photos: number }[];
  grid: Record<string, unknown> | null;
  gsd_classes_cm: number[];
  ledger_sha256: string;
  docks: string[];
  missions: { mission: string; dock_id: string; plan: string; photos: number | null; problem: string | null }[];
  definitions: Bilingual[];
}

/** What is asked for; what is left out is as configured. */
export interface CoverageAsked {
  as_of?: string;
  /** Only what was in the store on that day. */
  known_then?: "true";
  since?: string;
  max_gsd_cm?: number;
}

/** A flight or import whose photos do not count. */
export interface Withdrawal { sortie_id: string; reason: string; by: string; at: string; photos: number }
export interface WithdrawalList { withdrawn: Withdrawal[] }
/** `new`: false where it was withdrawn before, for the reason that stands. */
export interface Withdrawn extends Withdrawal { new: boolean }
export interface Restored { sortie_id: string; photos: number }

/** The part of a TileJSON document that the map needs; null bounds where there is nothing to show. */
export interface TileSet { bounds: Bounds | null }
