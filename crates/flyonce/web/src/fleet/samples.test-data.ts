// Whole answers with one thing changed, for the tests of the fleet page.
import type { Check, Dock, FlightSummary, ShotTotals, Vehicle } from "./types";

const words = { zh: "词", en: "word" };

export const check = (part: Partial<Check>): Check =>
  ({
    check: "wind", name: words, code: "wind", words, next_step: null, verdict: "pass", need: "must", value: null, limit: null,
    unit: "", source: "", age_s: null, text: null, forbids: part.verdict === "fail", overridable: false, overridden: null, ...part,
  });

export const totals = (part: Partial<ShotTotals>): ShotTotals => ({
  planned: 0, triggered: 0, captured: 0, stored: 0, looked_at: 0,
  lost: { not_flown: 0, misfire: 0, never_arrived: 0, unreadable: 0 }, extra: 0, ...part,
});

export const sortie = (part: Partial<FlightSummary>): FlightSummary => ({
  sortie_id: "S1", mission: "m", dock_id: "D01", system_id: 1, slot_at: null, state: "closed", state_words: words,
  code: null, words: null, next_step: null, note: null, launched_at: null, landed_at: null, simulated: true,
  shots: totals({}), ...part,
});

export const vehicle = (part: Partial<Vehicle>): Vehicle => ({
  system_id: 1, link: "udpin:127.0.0.1:14551", heard: true, last_heard_s: 0.2, mode: "AUTO", armed: false,
  landed: "on_ground", battery_percent: 90, longitude_deg: 121.5, latitude_deg: 31.2, height_above_home_m: 0,
  heading_deg: 0, ground_speed_ms: 0, mission_current: null, mission_total: null, ...part,
});

export const dock = (part: Partial<Dock>): Dock => ({
  dock_id: "D01", name: "花木", longitude_deg: 121.5, latitude_deg: 31.2, online: true, lid: "closed",
  vehicle_present: true, mode: "idle", charge: null, weather: null, alternate_landing: null, checks: [],
  health: [], hand_commands: [], by_hand: null, vehicle: vehicle({}), sortie: null, paused: false, photos_to_fly: 0, ...part,
});
