// Pure rules of the fleet page: what state a dock is in, what needs attention, how far the photos got.
import type { Check, Dock, FlightSummary, Health, Shot, ShotTotals, Slot, Vehicle } from "./types";

export const DOCK_STATES = ["idle", "preparing", "flying", "refused", "offline"] as const;
export type DockState = (typeof DOCK_STATES)[number];
export const SHOT_STATES = ["planned", "captured", "stored", "looked_at", "lost"] as const;
export type ShotState = (typeof SHOT_STATES)[number];

/** A vehicle on the ground this close to its dock stands in it, metres. */
const IN_DOCK_M = 25;
const METRES_PER_DEGREE = 111_320;

const AIRBORNE: readonly string[] = ["launching", "flying", "returning"];
const OVER: readonly string[] = ["closed", "refused", "failed"];

export const isAirborne = (flight: Pick<FlightSummary, "state"> | null): boolean =>
  flight !== null && AIRBORNE.includes(flight.state);
/** True while a sortie can still change by flying or by photos coming in. */
export const isOpen = (flight: Pick<FlightSummary, "state"> | null): boolean =>
  flight !== null && !OVER.includes(flight.state);
/** True while there is something to bring home or to keep from starting. */
export const canReturn = (flight: Pick<FlightSummary, "state"> | null): boolean =>
  flight !== null && isOpen(flight) && flight.state !== "landed" && flight.state !== "returning";
/** Holding in the air, and landing somewhere else or at once, are for what flies. */
export const canPause = (flight: Pick<FlightSummary, "state"> | null): boolean => flight?.state === "flying";
export const canLand = (flight: Pick<FlightSummary, "state"> | null): boolean =>
  flight?.state === "flying" || flight?.state === "returning";
/** Something of its mission is missing, and nothing of it flies. */
export const canResume = (dock: Pick<Dock, "sortie" | "photos_to_fly">): boolean =>
  dock.photos_to_fly > 0 && !isOpen(dock.sortie);
export const hasFailed = (flight: Pick<FlightSummary, "state"> | null): boolean =>
  flight?.state === "refused" || flight?.state === "failed";

/** One state per dock; what is in the air comes before everything else. */
export function dockState(dock: Dock): DockState {
  if (isAirborne(dock.sortie)) return "flying";
  if (dock.online !== true) return "offline";
  if (hasFailed(dock.sortie)) return "refused";
  return isOpen(dock.sortie) && dock.sortie?.state !== "landed" ? "preparing" : "idle";
}

/** A lid that is shut is no fault of a dock that waits: it opens as the sortie begins. */
export function opensLater(dock: Dock, check: Check): boolean {
  return check.code === "lid_not_open" && (dock.lid === "closed" || dock.lid === "opening");
}

/** Checks that would keep the next sortie on the ground; none count while the vehicle is out. */
export function failing(dock: Dock): Check[] {
  if (isAirborne(dock.sortie)) return [];
  return dock.checks.filter((check) => check.forbids && check.verdict === "fail" && !opensLater(dock, check));
}

/** Docks of the Cloud API fly their aircraft by themselves: it can only be held, let go on, and called home. */
export function flownByDock(dock: Dock): boolean {
  return dock.vehicle !== null && dock.vehicle.system_id === null;
}

/** Such docks let people hold up the way home, too. */
export function canHold(dock: Dock): boolean {
  if (!dock.sortie) return false;
  return canPause(dock.sortie) || (flownByDock(dock) && dock.sortie.state === "returning");
}

/** Alarms that somebody has to look at. */
export function warnings(dock: Dock): Health[] {
  return dock.health.filter((alarm) => alarm.level === null || alarm.level >= 2);
}

/** True where the check of this code says that the value is over its limit. */
export function overLimit(dock: Dock, code: string): boolean {
  return dock.checks.some((check) => check.code === code && check.verdict === "fail");
}

/** How urgent a dock is: the smaller, the sooner somebody must look. */
export function urgency(dock: Dock): number {
  if (isAirborne(dock.sortie) && dock.vehicle?.heard === false) return 0;
  if (dock.sortie?.state === "failed") return 1;
  if (dock.sortie?.state === "refused") return 2;
  if (dock.online !== true || dock.lid === "fault") return 3;
  if (failing(dock).length > 0 || warnings(dock).length > 0) return 4;
  if (dock.sortie && lostTotal(dock.sortie.shots) > 0) return 5;
  return CALM;
}
export const CALM = 9;

export function sorted(docks: readonly Dock[], problemsFirst: boolean): Dock[] {
  if (!problemsFirst) return [...docks];
  return docks.map((dock) => ({ dock, rank: urgency(dock) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ dock }) => dock);
}

export function lostTotal({ lost }: ShotTotals): number {
  return lost.not_flown + lost.misfire + lost.never_arrived + lost.unreadable;
}

/**
 * A slot as it ended: the calendar calls it launched once its sortie was started, also where that
 * sortie was refused or failed before it could fly.
 */
export function asItEnded(slot: Slot, docks: readonly Dock[]): Slot {
  const sortie = docks.find((dock) => dock.dock_id === slot.dock_id)?.sortie ?? null;
  if (!sortie || !slot.sortie_id || sortie.sortie_id !== slot.sortie_id || !hasFailed(sortie)) return slot;
  const { state_words, code, words, next_step } = sortie;
  return { ...slot, state: "refused", state_words, code, words, next_step };
}

export interface Segment { state: ShotState; count: number }

/**
 * The photos of a flight by how far each got, every photo once. The server's numbers count
 * everything that came at least so far, and an unreadable file counts as stored and as lost.
 */
export function segments(totals: ShotTotals): Segment[] {
  const { captured, stored, looked_at, lost, planned, extra } = totals;
  const missing = lostTotal(totals);
  const here = Math.max(0, stored - looked_at - lost.unreadable);
  const awaited = Math.max(0, captured - stored - lost.never_arrived);
  const open = Math.max(0, planned + extra - looked_at - here - awaited - missing);
  return [
    { state: "looked_at", count: looked_at }, { state: "stored", count: here },
    { state: "captured", count: awaited }, { state: "lost", count: missing },
    { state: "planned", count: open },
  ];
}

/** The five colours of the map for the many states of the ledger. */
export function shotState(state: string): ShotState {
  if (state.startsWith("lost")) return "lost";
  if (state === "reviewed") return "looked_at";
  return (SHOT_STATES as readonly string[]).includes(state) ? (state as ShotState) : "planned";
}

/** Lost photos by reason with their numbers, in the order of the flight. */
export function losses(shots: readonly Shot[]): { reason: string; numbers: number[] }[] {
  const found = new Map<string, number[]>();
  for (const shot of shots) {
    if (!shot.state.startsWith("lost:")) continue;
    const reason = shot.state.slice("lost:".length);
    found.set(reason, [...(found.get(reason) ?? []), shot.index]);
  }
  return [...found].map(([reason, numbers]) => ({ reason, numbers }));
}

/** Numbers with runs drawn together: 3–7, 9. */
export function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last && n === last[1] + 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`)).join(", ");
}

/** Where to draw the vehicle; null while it is not known or stands in its dock. */
export function vehiclePlace(dock: Dock): { at: [number, number]; heading_deg: number } | null {
  const vehicle: Vehicle | null = dock.vehicle;
  if (!vehicle || vehicle.longitude_deg === null || vehicle.latitude_deg === null) return null;
  const east = (vehicle.longitude_deg - dock.longitude_deg) * Math.cos((dock.latitude_deg * Math.PI) / 180);
  const away_m = Math.hypot(east, vehicle.latitude_deg - dock.latitude_deg) * METRES_PER_DEGREE;
  const flies = vehicle.armed || (vehicle.landed !== null && vehicle.landed !== "on_ground");
  if (!flies && away_m < IN_DOCK_M) return null;
  return { at: [vehicle.longitude_deg, vehicle.latitude_deg], heading_deg: vehicle.heading_deg ?? 0 };
}
