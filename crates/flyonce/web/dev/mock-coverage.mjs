// MOCK answers of the coverage part of the API, for working on the page; never shipped.
import { mockTile } from "./mock-tiles.mjs";

const two = (zh, en) => ({ zh, en });
const amount = (percent, area) => ({ km2: percent === null ? null : (percent * area) / 100, km: null, percent, unknown: null });
const unknown = (zh, en) => ({ km2: null, km: null, percent: null, unknown: two(zh, en) });
const day = (back) => new Date(Date.UTC(2026, 7, 3) - back * 86_400_000).toISOString().slice(0, 10);
const row = (kind, name, area, [reachable, planned, imaged], more = {}) => ({
  kind, name, code: null, area_km2: area, length_km: null, reachable: amount(reachable, area), planned: amount(planned, area),
  imaged: amount(imaged, area), ages: { p50_days: 6, p90_days: 24, max_days: 171, never_percent: 100 - imaged - 9 }, alone_km2: null,
  wished_interval_days: null, ...more,
});
const setting = {
  within_days: 30, since: day(29), until: day(0), max_gsd_cm: 6, gsd_classes_cm: [0.9, 1.8, 3.6, 6], cell_m: 5, time_zone: "Asia/Shanghai",
  reach: two("按电池、风和绕飞计算，3 个机场", "by battery, wind and detours, 3 docks"), plan: two("日历中 4 项任务", "4 missions of the calendar"),
};
const layers = [
  { kind: "flyable", name: "浦东适飞区", version: "2026-07", valid_from: "2026-07-01", valid_to: null, source: "示例" },
  { kind: "town", name: "街镇", version: "2026-01", valid_from: null, valid_to: null, source: "OpenStreetMap" },
];
const towns = ["花木街道", "张江镇", "金桥镇", "高行镇", "三林镇", "川沙新镇", "惠南镇", "万祥镇", "书院镇", "祝桥镇", "航头镇"];
const rows = {
  town: towns.map((name, i) => row("town", name, 20 + i * 3.7, [90 - i * 4, 60 - i * 3, 48 - i * 4])),
  dock: ["D01", "D02", "D03"].map((name, i) => row("dock", name, 320, [31 - i, 18 - i, 12 - i], { alone_km2: 3.2 + i })),
  class: [row("class", "重点", 14, [88, 70, 61], { wished_interval_days: 7 }), row("class", "一般", 55, [79, 40, 33], { wished_interval_days: 30 })],
  corridor: [{ ...row("corridor", "川杨河", 0, [95, 60, 41]), area_km2: null, length_km: 28.7 }],
};
const gaps = Array.from({ length: 14 }, (_, i) => ({
  rank: i + 1, name: `gap-${String(i + 1).padStart(4, "0")}`, town: towns[i % towns.length], area_m2: 2_400_000 / (i + 1), age_days: 365 - i * 20,
  last_seen: i % 3 ? day(60 + i) : null, never_seen_percent: 80, classes: i % 4 ? [] : ["重点"], class_weight: 1, priority: 365 - i * 20,
  inside: [121.541 + i * 0.0003, 31.2005], dock_id: "D01", dock_distance_m: 1200 + i * 130, reachable_percent: 100,
  flight_minutes: i === 13 ? null : 21 - i, sorties: i === 13 ? null : 1,
  gap_id: `mock-${i}`, flights: i === 13 ? [] : Array.from({ length: i ? 1 : 3 }, (_, at) => ({ number: at + 1, area_m2: 10_000, minutes: 12 })),
}));
const whole = row("district", "浦东适飞区", 1062, [77.4, 41.3, 22.8]);

const [west, south, east, north] = [121.535, 31.195, 121.55, 31.206];
const strip = (i, of) => [west + ((east - west) * i) / of, south, west + ((east - west) * (i + 1)) / of, north];
const ages = [[0, 7], [8, 14], [15, 30], [31, 90], [91]].map(([from_days, to_days], i) => ({ class: i, seen: true, from_days, ...(to_days ? { to_days } : {}) }));

export function coverageTile([z, x, file]) {
  return mockTile([Number(z), Number(x), Number.parseInt(file, 10)], {
    ages: [...ages, { class: 5, seen: false }].map((values, i) => ({ at: strip(i, 6), values })),
    flyable: [{ at: [west, south, east, north], values: {} }],
    towns: towns.slice(0, 2).map((name, i) => ({ at: strip(i, 2), values: { name } })),
    gaps: gaps.map(({ name, rank, inside: [lon, lat] }) => ({ at: [lon, lat, lon + 0.0002, lat + 0.0008], values: { name, rank } })),
    docks: [{ at: [121.5432, 31.2], values: { dock_id: "D01" } }],
  });
}

let withdrawn = [{ sortie_id: "20260801-0200-D02", reason: "镜头盖没取下", by: "王审核", at: "2026-08-02T02:11:00Z", photos: 76 }];

/** Flights left out of coverage. */
function withdrawalAnswer([a, sortie_id, what], body) {
  if (a === "withdrawals") return { withdrawn };
  if (a !== "flights" || !["withdraw", "restore"].includes(what)) return null;
  withdrawn = withdrawn.filter((one) => one.sortie_id !== sortie_id);
  if (what === "restore") return { sortie_id, photos: 76 };
  const made = { sortie_id, reason: body.reason, by: body.actor, at: new Date().toISOString(), photos: 76 };
  withdrawn = [made, ...withdrawn];
  return { ...made, new: true };
}

export function coverageAnswer([a, part, kind], body) {
  if (a !== "coverage") return withdrawalAnswer([a, part, kind], body);
  switch (part) {
    case "figures": return { as_of: day(0), as_known_then: false, whole, layers, missing_layers: ["obstacle_free"], setting, goals: [
      { number: "reachable", target_percent: 75, percent: 77.4, met: true }, { number: "imaged", target_percent: 60, percent: 22.8, met: false }] };
    case "by": return { as_of: day(0), kind, rows: rows[kind] ?? [], layers, setting, unknown: kind === "corridor" ? two("没有走廊图层", "there is no layer of corridors") : null };
    case "history": return { setting, days: Array.from({ length: 90 }, (_, i) => ({ day: day(89 - i), imaged_percent: i < 4 ? null : 8 + i / 6 + 2 * Math.sin(i / 4), imaged_km2: 1, photos: 900, stated: i > 60 ? { reachable_percent: 77.4, planned_percent: 40 + i / 60, imaged_percent: 20 } : null })) };
    case "tiles.json": return { tilejson: "3.0.0", tiles: [], bounds: [121.535, 31.195, 121.55, 31.206] };
    case "forecast": return { number: "imaged", target_percent: 60, percent: 22.8, outlook: "expected", day: "2026-11-20", words: two("按近 4 周的速度，约 2026-11-20 达到 60%（2026-10-31 至 2027-01-08）", "at the rate of the last 4 weeks, 60 % about 2026-11-20 (2026-10-31 to 2027-01-08)") };
    case "gaps": return { as_of: day(0), gaps, total: 37, total_km2: 12.31, small: 210, small_km2: 0.113, smallest_m2: 2500, never_seen_days: 365, layers, setting, flying: two("100 m 高，10 m/s，旁向重叠 30%", "at 100 m, 10 m/s, 30 % side overlap") };
    case "gaps.geojson": return { type: "FeatureCollection", features: gaps.map((gap) => ({ type: "Feature", properties: { name: gap.name }, geometry: { type: "Polygon", coordinates: [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]].map(([x, y]) => [gap.inside[0] + x * 0.0002, gap.inside[1] + y * 0.0008])] } })) };
    case "explain": return { photos: 24, photos_counted: 20, photos_in_ledger: 22, not_counted: [{ code: "blurred", words: two("模糊", "blurred"), photos: 2 }], grid: { projection: "tmerc" }, gsd_classes_cm: [3, 6, 12, 20], ledger_sha256: "ab".repeat(32), docks: ["D01"], missions: [], definitions: [two("可达：机场无人机飞得到、能作业、回得来。", "Reachable: got to, worked over, come back from.")] };
    default: return null;
  }
}
