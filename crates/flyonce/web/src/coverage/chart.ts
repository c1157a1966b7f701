// The lines of the chart of days: pure arithmetic from figures to points of an SVG.
import type { DayFigures } from "./types";

export const NUMBERS = ["reachable", "planned", "imaged"] as const;
export type CoverageNumber = (typeof NUMBERS)[number];

export interface Frame { width: number; height: number; left: number; right: number; top: number; bottom: number }

/** A figure of a day, per cent; null where it is not known. */
export function percentOn(day: DayFigures, number: CoverageNumber): number | null {
  if (number === "imaged") return day.imaged_percent;
  return day.stated ? day.stated[`${number}_percent`] : null;
}

export const xOf = (index: number, days: number, frame: Frame): number =>
  frame.left + ((frame.width - frame.left - frame.right) * index) / Math.max(1, days - 1);

/** `top_percent` lies on the upper edge. */
export const yOf = (percent: number, top_percent: number, frame: Frame): number =>
  frame.height - frame.bottom - ((frame.height - frame.top - frame.bottom) * percent) / top_percent;

/** The SVG path of a number over the days; a day without a figure breaks the line. */
export function linePath(days: readonly DayFigures[], number: CoverageNumber, top_percent: number, frame: Frame): string {
  let path = "";
  let pen = "M";
  days.forEach((day, index) => {
    const percent = percentOn(day, number);
    if (percent === null) {
      pen = "M";
      return;
    }
    path += `${pen}${xOf(index, days.length, frame).toFixed(1)} ${yOf(percent, top_percent, frame).toFixed(1)}`;
    pen = "L";
  });
  return path;
}

/** Points of days that stand alone: a path of one point draws nothing. */
export function loneDays(days: readonly DayFigures[], number: CoverageNumber): number[] {
  const known = days.map((day) => percentOn(day, number) !== null);
  return known.flatMap((here, index) => (here && !known[index - 1] && !known[index + 1] ? [index] : []));
}

/** The upper edge: a round figure not below any figure or target. */
export function topPercent(days: readonly DayFigures[], targets: readonly number[]): number {
  const figures = days.flatMap((day) => NUMBERS.map((number) => percentOn(day, number) ?? 0));
  const most = Math.max(1, ...figures, ...targets);
  return [2, 5, 10, 20, 40, 60, 80, 100].find((top) => top >= most) ?? Math.ceil(most / 20) * 20;
}

/** Heights of the grid's lines: four steps from nothing to the upper edge. */
export const gridPercents = (top_percent: number): number[] => [0, 1, 2, 3, 4].map((step) => (top_percent * step) / 4);
