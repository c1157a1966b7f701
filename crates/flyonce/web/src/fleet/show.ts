// Numbers and times of the fleet page as people read them.
import type { Lang } from "../i18n";

const CITY = "Asia/Shanghai";
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: CITY, hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const day = new Intl.DateTimeFormat("en-CA", {
  timeZone: CITY, year: "numeric", month: "2-digit", day: "2-digit",
});

/** Time of day of the city to the second: 10:03:27. */
export function cityClock(iso: string | null): string {
  return formatted(clock, iso);
}
/** Time of day of the city to the minute: 10:03. */
export function cityMinute(iso: string | null): string {
  return formatted(clock, iso).replace(/:\d\d$/, "");
}
/** Day of the city: 2026-03-02. */
export function cityDay(iso: string | null): string {
  return formatted(day, iso);
}

function formatted(format: Intl.DateTimeFormat, iso: string | null): string {
  const at = iso ? new Date(iso) : null;
  return at && !Number.isNaN(at.getTime()) ? format.format(at) : "—";
}

/** A measured value with a dash where there is none. */
export function plain(value: number | null | undefined, digits = 1): string {
  return value === null || value === undefined ? "—" : value.toFixed(digits);
}

/** Time that went by, in the largest unit that still says something: 7 秒, 3 分钟, 2 小时. */
export function duration(seconds: number, lang: Lang): string {
  const units: [number, string, string][] = [[3600, " 小时", " h"], [60, " 分钟", " min"], [1, " 秒", " s"]];
  for (const [size, zh, en] of units) {
    if (seconds >= size) return `${Math.floor(seconds / size)}${lang === "zh" ? zh : en}`;
  }
  return lang === "zh" ? "0 秒" : "0 s";
}
