// Numbers, times and places as people read them.
import type { Lang } from "./i18n";
import type { Place } from "./types";

const LOCALE: Record<Lang, string> = { zh: "zh-CN", en: "en-GB" };
/** The bureau's people live in the city's civil time, wherever the browser thinks it is. */
const CITY = "Asia/Shanghai";

export function number(value: number, lang: Lang, digits = 0): string {
  return value.toLocaleString(LOCALE[lang], {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** Square kilometres with the digits that still mean something. */
export function km2(value: number, lang: Lang): string {
  return number(value, lang, value >= 100 ? 1 : value >= 1 ? 2 : 4);
}

export function score(value: number): string {
  return `${Math.round(value * 100)}%`;
}

/** Local time of the city to the minute: 2026-08-03 14:05. */
export function dateTime(iso: string | null): string {
  const at = iso ? new Date(iso) : null;
  if (!at || Number.isNaN(at.getTime())) return "—";
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: CITY, hourCycle: "h23",
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  }).formatToParts(at);
  const part = (type: string): string => parts.find((p) => p.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}`;
}

/** The city's time of day of an instant in ms since the epoch: 14:05. */
export const clockTime = (at_ms: number): string => dateTime(new Date(at_ms).toISOString()).slice(11);

/** Age in the largest unit that is not zero: 3 小时 / 3 h. */
export function age(iso: string | null, now: number, lang: Lang): string {
  const seconds = Math.max(0, (now - Date.parse(iso ?? "")) / 1000);
  if (Number.isNaN(seconds)) return "—";
  const units: [number, string, string][] = [
    [86_400, " 天", " d"], [3600, " 小时", " h"], [60, " 分钟", " min"],
  ];
  for (const [size, zh, en] of units) {
    if (seconds >= size) return `${Math.floor(seconds / size)}${lang === "zh" ? zh : en}`;
  }
  return lang === "zh" ? "刚刚" : "now";
}

/** WGS-84, latitude first as a navigator takes it: 31.221457, 121.543700. */
export function coordinates(place: Place): string {
  return `${place.latitude_deg.toFixed(6)}, ${place.longitude_deg.toFixed(6)}`;
}

/** Size of the 95 % ellipse: ± 6.2 m, or ± 6.2 × 4.1 m where it is clearly longer than wide. */
export function errorText(place: Place): string {
  const { semi_major_m: a, semi_minor_m: b } = place.ellipse;
  const metres = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
  return a - b < a * 0.1 ? `± ${metres(a)} m` : `± ${metres(a)} × ${metres(b)} m`;
}

export function shortHash(sha256: string): string {
  return sha256.slice(0, 10);
}
