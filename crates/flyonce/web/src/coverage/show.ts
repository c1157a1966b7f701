// Figures of coverage as people read them.
import { km2, number } from "../format";
import type { Lang } from "../i18n";
import type { Amount, CoverageRow, Gap, Goal } from "./types";

export const percent = (value: number, lang: Lang): string =>
  `${number(value, lang, value > 0 && value < 10 ? 2 : 1)}%`;

/** A share where there is one; null where it is not known. */
export const share = (amount: Amount, lang: Lang): string | null =>
  amount.percent === null ? null : percent(amount.percent, lang);

/** Ground in km², length in km; null where neither is known. */
export function size(amount: { km2: number | null; km: number | null }, lang: Lang): string | null {
  if (amount.km !== null) return `${number(amount.km, lang, amount.km < 10 ? 2 : 1)} km`;
  return amount.km2 === null ? null : `${km2(amount.km2, lang)} km²`;
}

export const rowSize = (row: CoverageRow, lang: Lang): string | null =>
  size({ km2: row.area_km2, km: row.length_km }, lang);

/** Small ground in m², larger in hectares, then km². */
export function area(area_m2: number, lang: Lang): string {
  if (area_m2 < 10_000) return `${number(area_m2, lang)} m²`;
  if (area_m2 < 1e6) return `${number(area_m2 / 1e4, lang, 1)} ha`;
  return `${number(area_m2 / 1e6, lang, 2)} km²`;
}

/** Whether all of a gap was never seen. */
export const isNeverSeen = (gap: Gap): boolean => gap.last_seen === null;

/** What is missing to a target, percentage points; null where the figure is not known or the target is met. */
export function missing(goal: Goal): number | null {
  if (goal.percent === null || goal.met !== false) return null;
  return goal.target_percent - goal.percent;
}

/** The civil day `days` before another one, both yyyy-mm-dd. */
export function daysBefore(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - days);
  return at.toISOString().slice(0, 10);
}

export type SortKey = "name" | "size" | "reachable" | "planned" | "imaged" | "age" | "never";

const VALUES: Record<Exclude<SortKey, "name">, (row: CoverageRow) => number | null> = {
  size: (row) => row.length_km ?? row.area_km2,
  reachable: (row) => row.reachable.percent,
  planned: (row) => row.planned.percent,
  imaged: (row) => row.imaged.percent,
  age: (row) => row.ages.p50_days,
  never: (row) => row.ages.never_percent,
};

/** Rows by a column; what is not known comes last in either direction. */
export function sortedRows(rows: readonly CoverageRow[], key: SortKey, falling: boolean): CoverageRow[] {
  const turn = falling ? -1 : 1;
  if (key === "name") return rows.toSorted((a, b) => turn * a.name.localeCompare(b.name, "zh"));
  const value = VALUES[key];
  return rows.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return turn * (left - right);
  });
}
