// What the map of ages says of one place: features of the tiles go in, facts come out.
import type { Touched } from "../map/surface";

/** Layers of the style that are asked. */
export const ASKED_LAYERS = ["ages", "towns-fill", "gaps-fill", "docks"] as const;

export interface Here {
  town: string | null;
  dock: string | null;
  /** Days since seen, `to` null for the oldest class; "never" for flyable ground that no photo shows. */
  age: { from: number; to: number | null } | "never" | null;
  /** Name of the gap. */
  gap: string | null;
  rank: number | null;
}

const text = (value: unknown): string | null => (typeof value === "string" && value ? value : null);
const count = (value: unknown): number | null => (typeof value === "number" ? value : null);

/** The uppermost of each kind; null where nothing lies there. */
export function hereOf(found: readonly Touched[]): Here | null {
  if (found.length === 0) return null;
  const of = (layer: string): Record<string, unknown> => found.find((one) => one.layer === layer)?.properties ?? {};
  const [ages, gap] = [of("ages"), of("gaps-fill")];
  const from = count(ages.from_days);
  return {
    town: text(of("towns-fill").name),
    dock: text(of("docks").dock_id),
    age: ages.seen === false ? "never" : from === null ? null : { from, to: count(ages.to_days) },
    gap: text(gap.name),
    rank: count(gap.rank),
  };
}
