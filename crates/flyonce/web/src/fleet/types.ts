// The shapes of the fleet part of the HTTP API. Times are RFC 3339, lengths metres, angles degrees.
import type { Bilingual } from "../types";

/** Words of the API may grow: a state or code this page does not know is shown as it is. */
export interface FleetView {
  city_time: string;
  /** City seconds per second. */
  city_speed: number;
  simulated: boolean;
  ground_stop: boolean;
  ground_stop_by: string | null;
  docks: Dock[];
  today: Tally;
}
export interface Tally { launched: number; refused: number; missed: number; due: number }

export interface Dock {
  dock_id: string;
  name: string;
  longitude_deg: number;
  latitude_deg: number;
  /** null: not known. */
  online: boolean | null;
  lid: string;
  vehicle_present: boolean | null;
  mode: string;
  charge: { state: string; percent: number | null } | null;
  weather: Weather | null;
  alternate_landing: { longitude_deg: number; latitude_deg: number } | null;
  /** As if it were to arm at this moment. */
  checks: Check[];
  /** Health alarms of dock and vehicle that stand; only docks of the Cloud API tell them. */
  health: Health[];
  /** What people can have it do by hand; words this page does not know get no button. */
  hand_commands: string[];
  /** The last of these orders. */
  by_hand: ByHand | null;
  vehicle: Vehicle | null;
  /** Under way, or the last one. */
  sortie: FlightSummary | null;
  /** It holds in the air for a person. */
  paused: boolean;
  /** Photos of that sortie's mission that can be flown now. */
  photos_to_fly: number;
}
export interface Health {
  code: string;
  /** 0 a note, 1 a reminder, 2 a warning. */
  level: number | null;
  /** null: a code that the service does not know. */
  words: Bilingual | null;
  remedy: Bilingual;
}
export interface ByHand {
  id: string;
  command: string;
  words: Bilingual;
  actor: string;
  at: string;
  state: "under_way" | "done" | "failed";
  percent: number | null;
  step: string | null;
  why: Bilingual | null;
}
export interface Weather {
  wind_ms: number | null;
  gust_ms: number | null;
  /** 0 none to 3 heavy. */
  rain_level: number | null;
  temperature_c: number | null;
  humidity_percent: number | null;
}
export interface Check {
  /** Which rule; one of its own for every rule. */
  check: string;
  /** What is checked. */
  name: Bilingual;
  /** The refusal it leads to. */
  code: string;
  /** What the refusal would say. */
  words: Bilingual;
  next_step: Bilingual | null;
  verdict: "pass" | "fail" | "unknown";
  /** How much hangs on it: must, where_told or note. */
  need: string;
  value: number | null;
  limit: number | null;
  unit: string;
  /** Which message, topic or rule said so, and how old that is in seconds. */
  source: string;
  age_s: number | null;
  text: string | null;
  /** Keeps the vehicle on the ground. */
  forbids: boolean;
  overridable: boolean;
  overridden: { id: string; actor: string; role: string; reason: string; until: string } | null;
}
/** How the checks stood when a sortie asked to arm, or was refused. */
export interface Gate { at: string; allowed: boolean; checks: Check[] }
export interface Vehicle {
  /** null: flown by its dock, without MAVLink. */
  system_id: number | null;
  link: string;
  heard: boolean;
  last_heard_s: number | null;
  mode: string;
  armed: boolean;
  landed: string | null;
  battery_percent: number | null;
  longitude_deg: number | null;
  latitude_deg: number | null;
  height_above_home_m: number | null;
  heading_deg: number | null;
  ground_speed_ms: number | null;
  mission_current: number | null;
  mission_total: number | null;
}

export interface ShotTotals {
  planned: number;
  triggered: number;
  captured: number;
  stored: number;
  looked_at: number;
  lost: { not_flown: number; misfire: number; never_arrived: number; unreadable: number };
  extra: number;
}
export interface FlightSummary {
  sortie_id: string;
  mission: string;
  dock_id: string | null;
  system_id: number | null;
  slot_at: string | null;
  state: string;
  state_words: Bilingual;
  code: string | null;
  words: Bilingual | null;
  next_step: Bilingual | null;
  note: string | null;
  launched_at: string | null;
  landed_at: string | null;
  simulated: boolean;
  shots: ShotTotals;
}
export interface FlightPage { flights: FlightSummary[]; next: string | null }
export interface FlightQuery { limit?: number; after?: string; dock?: string; state?: string }
export interface FlightDetail extends FlightSummary {
  plan_sha256: string;
  link: string;
  steps: FlightStep[];
  gate: Gate | null;
  photos: Shot[];
  plan: { longitude_deg: number; latitude_deg: number }[];
  /** The whole mission, where more than this sortie flew for it. */
  mission_so_far?: MissionSummary | null;
}
export interface MissionSummary {
  first: string;
  follow_ups: string[];
  planned: number;
  looked_at: number;
  lost: { index: number; state: string }[];
}
export interface FlightStep { at: string; code: string; words: Bilingual; text: string | null }
export interface Shot {
  index: number;
  planned: boolean;
  state: string;
  words: Bilingual;
  image_index: number | null;
  captured_at: string | null;
  longitude_deg: number | null;
  latitude_deg: number | null;
  photo_id: string | null;
}

export interface Slot {
  mission: string;
  dock_id: string;
  plan: string | null;
  at: string;
  state: string;
  state_words: Bilingual;
  code: string | null;
  words: Bilingual | null;
  next_step: Bilingual | null;
  sortie_id: string | null;
}
export interface Calendar { day: string; slots: Slot[] }

export interface OrderRequest { actor: string; reason?: string }
export interface OverrideRequest { dock_id: string; check: string; actor: string; reason: string; for_s: number }
export interface OverrideGiven { id: string; until: string }
export interface HandRequest extends OrderRequest { command: string }
export interface Recalled { recalled: string[]; grounded: boolean }
export interface Ordered { sortie_id: string }
export interface SortieMoved { sortie_id: string; state: string | null; code: string | null; seq: number }

/** What a person may order from this page; each is confirmed in a dialog first. */
export type Order =
  | { kind: "returnAll" }
  | { kind: "release" }
  | { kind: "hand"; command: string; dock: string }
  | { kind: SortieOrderKind; sortie: string; dock: string; photos: number };
export type SortieOrderKind = "return" | "pause" | "continue" | "divert" | "land" | "resume";
