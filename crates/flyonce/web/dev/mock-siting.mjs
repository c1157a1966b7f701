// MOCK answers of the siting part of the API, for working on the page; never shipped.
const two = (zh, en) => ({ zh, en });
const site = (id, at, more = {}) => ({
  id, name: "", kept: false, grounded: false, longitude_deg: 121.5 + (at % 4) * 0.09, latitude_deg: 31.25 - Math.floor(at / 4) * 0.08,
  adds_km2: 62 - at * 2.6, alone_km2: 41 - at * 1.7, reaches_km2: 63.5, ...more,
});
const sites = [
  site("D01", 0, { name: "花木", kept: true }), site("D06", 1, { name: "川沙", kept: true, grounded: true, adds_km2: 0, alone_km2: 0, reaches_km2: 0 }),
  ...Array.from({ length: 8 }, (_, i) => site(`R${12 + i}C${5 + i * 2}`, i + 2)),
];
const further = [site("R3C9", 10), site("R30C2", 11), site("R8C40", 12)];
const run = (id, at, optimal) => ({
  id, at, sites, demand_km2: 1152.63, covered_km2: 938.2, covered_percent: 81.397, bound_km2: 938.2 + (optimal ? 0 : 4.3), bound_percent: optimal ? 81.397 : 81.77,
  gap_percent: optimal ? 0 : 0.456, optimal, weighed_by_class: !optimal, ground_km2: 1152.63, covered_ground_km2: 921.4, measured_km2: 920.8, measure_cell_m: 25, demand_cell_m: 200,
  all_candidates_km2: 1149.9, greedy_km2: 901.3, swapped_km2: 925.6, candidates: 1153, grounded_candidates: 12, repeated_candidates: 2,
  reach: two("续航 34 分钟，任意方向风 5 m/s，绕开禁飞区", "34 min in flight, wind of 5 m/s from any side, round no-fly areas"), no_fly_areas: 3,
  layers: [{ kind: "flyable", name: "浦东适飞区", version: "2026-07", valid_from: null, valid_to: null, source: "示例" }], seed: 1, cut_short: !optimal,
  more: [1, 2, 3].map((n) => ({ sites: 10 + n, new: further.slice(0, n), covered_km2: 938.2 + 21 * n, covered_percent: 81.4 + 1.8 * n, adds_km2: 24 - 3 * n, bound_km2: 940 + 22 * n })),
});
const runs = [run("01KB6S0000000000000000000B", "2026-08-03T02:10:00Z", false), run("01KB6S0000000000000000000A", "2026-08-02T02:10:00Z", true)];
const ring = ({ longitude_deg, latitude_deg }, r) => Array.from({ length: 49 }, (_, i) => {
  const turn = (2 * Math.PI * i) / 48;
  return [longitude_deg + (r * Math.cos(turn)) / 95.3, latitude_deg + (r * Math.sin(turn)) / 110.9];
});

export function sitingAnswer([a, id]) {
  if (a !== "siting") return null;
  if (process.env.MOCK_NO_SITING) return [];
  if (!id) return runs;
  const feature = (kind, of, geometry) => ({ type: "Feature", properties: { kind, site: of }, geometry });
  return { type: "FeatureCollection", features: [
    ...sites.map((one) => feature("reach", one.id, one.grounded ? null : { type: "Polygon", coordinates: [ring(one, 4.5)] })),
    feature("uncovered", null, { type: "Polygon", coordinates: [[[121.44, 30.98], [121.86, 30.98], [121.86, 31.31], [121.44, 31.31], [121.44, 30.98]]] }),
  ] };
}
