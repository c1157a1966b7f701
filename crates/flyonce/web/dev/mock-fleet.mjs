// MOCK fleet for working on the page without the program: 16 docks, three in the air, one refused, one offline.
// Vehicles move along lanes of made-up plans; answers keep the HTTP contract. Never shipped.
const two = (zh, en) => ({ zh, en });
const PLACES = [["花木", 121.553, 31.208], ["张江", 121.6, 31.198], ["金桥", 121.6, 31.258], ["高行", 121.607, 31.3], ["三林", 121.505, 31.142], ["川沙", 121.7, 31.19], ["惠南", 121.76, 31.05], ["万祥", 121.828, 30.982], ["书院", 121.862, 30.958], ["周浦", 121.575, 31.116], ["曹路", 121.68, 31.28], ["高桥", 121.58, 31.345], ["合庆", 121.715, 31.238], ["泥城", 121.81, 30.91], ["新场", 121.645, 31.03], ["航头", 121.6, 31.058]];
const START = Date.parse("2026-03-02T02:00:00Z"), SPEED = 4, LANES = 6, SHOTS = 60, began = Date.now() - 30_000;
const REASONS = {
  wind: [two("风速超限", "the wind is above the limit"), two("等风小于限值后重新派发", "dispatch again when the wind is below the limit")],
  dock_offline: [two("机场离线", "the dock is offline"), two("检查机场网络与供电,恢复后重新派发", "check the dock's network and power, then dispatch again")],
  recalled: [two("已被召回", "it was recalled"), two("确认召回原因后重新派发", "dispatch again once the reason is gone")],
  slot_missed: [two("错过起飞时刻", "the launch time was missed"), two("等待下一班,或手动派发", "wait for the next slot or dispatch by hand")],
  ground_stop: [two("全队停飞中", "the fleet is grounded"), two("解除停飞后重新派发", "lift the ground stop, then dispatch again")],
};
const STATES = { due: two("待飞", "due"), preparing: two("准备中", "preparing"), launching: two("起飞中", "launching"), flying: two("飞行中", "flying"), returning: two("返航中", "returning"), landed: two("已降落", "landed"), closed: two("已完成", "done"), refused: two("未放飞", "refused"), failed: two("失败", "failed"), launched: two("已放飞", "launched"), missed: two("已错过", "missed") };
const cityNow = () => new Date(START + (Date.now() - began) * SPEED);
const iso = (ms) => new Date(ms).toISOString();
let groundedBy = null, recalledAt = null;
const recalled = new Set();

const docks = PLACES.map(([name, lon, lat], i) => ({ id: `D${String(i + 1).padStart(2, "0")}`, n: i + 1, name, lon, lat, kind: i < 3 ? "flying" : i === 4 ? "refused" : i === 8 ? "offline" : i === 10 ? "preparing" : i === 12 ? "lost" : i === 14 ? "none" : "closed" }));
const metres = (dock, east, north) => [dock.lon + east / (111320 * Math.cos((dock.lat * Math.PI) / 180)), dock.lat + north / 111320];
const plan = (dock) => Array.from({ length: LANES * 2 }, (_, k) => { const lane = k >> 1, up = (lane + (k & 1)) % 2 === 1; return metres(dock, 120 + lane * 90, up ? 620 : 60); });
const lerp = (a, b, t) => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
function along(line, share) {
  const at = Math.min(Math.max(share, 0), 1) * (line.length - 1), k = Math.min(Math.floor(at), line.length - 2);
  return { at: lerp(line[k], line[k + 1], at - k), k, heading: ((Math.atan2((line[k + 1][0] - line[k][0]) * 0.857, line[k + 1][1] - line[k][1]) * 180) / Math.PI + 360) % 360 };
}
const share = (dock) => dock.past ? 1 : dock.kind === "flying" ? (0.18 + dock.n * 0.13 + ((recalled.has(dock.id) ? recalledAt : Date.now()) - began) / 240_000) % 1 : dock.kind === "closed" || dock.kind === "lost" ? 1 : 0;
const state = (dock) => dock.past ? "closed" : recalled.has(dock.id) ? "returning" : { flying: "flying", refused: "refused", offline: "refused", preparing: "preparing", lost: "closed", closed: "closed" }[dock.kind];
const sortieId = (dock) => `SIM-20260302-${dock.id}-0${dock.n % 3 + 1}`;
function shots(dock) {
  const line = plan(dock), done = share(dock);
  return Array.from({ length: SHOTS }, (_, i) => {
    const s = (i + 0.5) / SHOTS, past = (done - s) * 100, lost = dock.kind === "lost" && [17, 18, 19, 41].includes(i);
    const state = lost ? (i === 41 ? "lost:unreadable" : "lost:never_arrived") : past < 0 ? "planned" : done >= 1 ? "looked_at" : past < 5 ? "captured" : past < 14 ? "stored" : "looked_at";
    const [longitude_deg, latitude_deg] = along(line, s).at, here = ["stored", "looked_at"].includes(state);
    return { index: i + 1, planned: true, state, words: two(state, state), image_index: past < 0 ? null : i + 1, captured_at: past < 0 ? null : iso(START + i * 4000), longitude_deg, latitude_deg, photo_id: here ? `S1-00${String(i % 22).padStart(2, "0")}` : null };
  });
}
function totals(list) {
  const n = (...states) => list.filter((s) => states.some((state) => s.state.startsWith(state))).length;
  return { planned: SHOTS, triggered: n("captured", "stored", "looked_at", "lost"), captured: n("captured", "stored", "looked_at", "lost"), stored: n("stored", "looked_at", "lost:unreadable"), looked_at: n("looked_at"), lost: { not_flown: n("lost:not_flown"), misfire: 0, never_arrived: n("lost:never_arrived"), unreadable: n("lost:unreadable") }, extra: 0 };
}
function summary(dock, id = sortieId(dock)) {
  const is = state(dock), code = dock.past ? null : dock.kind === "refused" ? "wind" : dock.kind === "offline" ? "dock_offline" : recalled.has(dock.id) ? "recalled" : null;
  const flew = !["refused", "offline", "preparing"].includes(dock.kind);
  return { sortie_id: id, mission: `${dock.name}扫面 ${dock.id}`, dock_id: dock.id, system_id: dock.n, slot_at: iso(START), state: is, state_words: STATES[is], code, words: code && REASONS[code][0], next_step: code && REASONS[code][1], note: dock.kind === "refused" ? "wind 9.3 m/s > 8 m/s" : null, launched_at: flew ? iso(START + 21_000) : null, landed_at: is === "closed" ? iso(START + 640_000) : null, simulated: true, shots: flew ? totals(shots(dock)) : { ...totals([]), planned: SHOTS } };
}
const STEPS = [["connecting", "连接飞机", "connecting"], ["connected", "已收到心跳", "heartbeat received"], ["lid_opening", "打开舱盖", "opening the lid"], ["lid_open", "舱盖已开", "lid open"], ["uploading", "上传航线", "uploading the mission", "14 items, 0 repeated"], ["read_back", "回读一致", "read back and equal"], ["interlocks", "起飞条件检查", "interlocks checked", "wind 4.2 m/s ≤ 8; battery 96 % ≥ 30"], ["arming", "解锁", "arming"], ["armed", "已解锁", "armed"], ["took_off", "已离地", "took off"]];
function detail(dock, id) {
  const flew = share(dock) > 0, list = flew ? [...STEPS] : STEPS.slice(0, dock.kind === "preparing" ? 3 : 7);
  if (flew) for (let k = 0; k < along(plan(dock), share(dock)).k; k += 1) list.push(["item_reached", "到达航点", "waypoint reached", `${k + 2} / 14`]);
  if (state(dock) === "returning") list.push(["recall", "下达返航", "recall ordered", groundedBy ?? ""], ["returning", "返航", "returning"]);
  if (state(dock) === "closed") list.push(["landing", "降落中", "landing"], ["landed", "已着地", "on the ground"], ["done", "架次结束", "sortie over"]);
  return { ...summary(dock, id), plan_sha256: "ab".repeat(32), link: `udpin:127.0.0.1:${14550 + dock.n}`, steps: list.map(([code, zh, en, text], i) => ({ at: iso(START + i * 9000), code, words: two(zh, en), text: text || null })), photos: shots(dock), plan: [[dock.lon, dock.lat], ...plan(dock), [dock.lon, dock.lat]].map(([longitude_deg, latitude_deg]) => ({ longitude_deg, latitude_deg })) };
}
function trackOf(dock) {
  const end = share(dock), line = plan(dock), points = [[dock.lon, dock.lat]];
  for (let s = 0; s < end; s += 0.01) points.push(along(line, s).at);
  return { type: "Feature", geometry: { type: "LineString", coordinates: [...points, end >= 1 ? [dock.lon, dock.lat] : along(line, end).at] }, properties: { kind: "track", sortie_id: sortieId(dock), dock_id: dock.id, state: state(dock) } };
}
function dockView(dock) {
  const offline = dock.kind === "offline", flies = dock.kind === "flying", wind = dock.kind === "refused" ? 9.3 : 3 + dock.n * 0.13, rain = dock.n === 7 ? 1 : 0;
  const out = flies ? along(plan(dock), share(dock)) : null, silent = dock.n === 3, battery = flies ? 92 - share(dock) * 50 : dock.n === 13 ? 24 : 96 - dock.n;
  const check = (code, ok, value = null, limit = null, unit = "") => ({ check: code, name: two(code, code), code, words: REASONS[code]?.[0] ?? two(code, code), next_step: ok ? null : (REASONS[code]?.[1] ?? null), verdict: offline && code !== "dock_offline" ? "unknown" : ok ? "pass" : "fail", need: "must", value: offline ? null : value, limit, unit, source: "dock status", age_s: 0.8, text: null, forbids: offline || !ok, overridable: ["wind", "gust", "rain", "temperature", "battery"].includes(code), overridden: null });
  const lid = offline ? "unknown" : flies ? "open" : dock.kind === "preparing" ? "opening" : "closed";
  return {
    dock_id: dock.id, health: [], hand_commands: [], by_hand: null, paused: false, photos_to_fly: 0, alternate_landing: null, name: dock.name, longitude_deg: dock.lon, latitude_deg: dock.lat, online: !offline, lid, vehicle_present: offline ? null : !flies, mode: offline ? "unknown" : flies || dock.kind === "preparing" ? "busy" : "idle",
    charge: offline ? null : { state: flies ? "idle" : battery < 90 ? "charging" : "full", percent: battery }, weather: offline ? null : { wind_ms: wind, gust_ms: wind * 1.35, rain_level: rain, temperature_c: 11.5, humidity_percent: 62 },
    alternate_landing: { longitude_deg: metres(dock, -60, 40)[0], latitude_deg: metres(dock, -60, 40)[1] },
    checks: [check("dock_offline", !offline), check("emergency_stop", true), check("lid_not_open", lid === "open"), check("vehicle_absent", !flies), check("wind", wind <= 8, wind, 8, "m/s"), check("gust", wind * 1.35 <= 10, wind * 1.35, 10, "m/s"), check("rain", rain <= 1, rain, 1, "level"), check("temperature", true, 11.5, 45, "°C"), check("battery", battery >= 30, battery, 30, "%"), check("no_position", true), check("not_at_dock", !flies, flies ? 312.4 : 0.6, 3, "m")],
    vehicle: { system_id: dock.n, link: `udpin:127.0.0.1:${14550 + dock.n}`, heard: !offline && !silent, last_heard_s: offline ? null : silent ? Math.round((Date.now() - began) / 1000) : 0.4, mode: flies ? (recalled.has(dock.id) ? "RTL" : "AUTO") : "STABILIZE", armed: flies, landed: flies ? "in_air" : offline ? null : "on_ground", battery_percent: offline ? null : battery, longitude_deg: offline ? null : out?.at[0] ?? dock.lon, latitude_deg: offline ? null : out?.at[1] ?? dock.lat, height_above_home_m: flies ? 98.7 : offline ? null : 0, heading_deg: out?.heading ?? 0, ground_speed_ms: flies ? 9.8 : offline ? null : 0, mission_current: flies ? out.k + 2 : null, mission_total: flies ? 14 : null },
    sortie: dock.kind === "none" ? null : summary(dock),
  };
}
export function fleetView() {
  const slots = calendar().slots, count = (word) => slots.filter((slot) => slot.state === word).length;
  return { city_time: cityNow().toISOString(), city_speed: SPEED, simulated: true, ground_stop: groundedBy !== null, ground_stop_by: groundedBy, docks: docks.map(dockView), today: { launched: count("launched"), refused: count("refused"), missed: count("missed"), due: count("due") } };
}
function calendar() {
  const slots = [];
  const add = (dock, hour, minute, is, code = null) => slots.push({ mission: `${dock.name}扫面`, dock_id: dock.id, plan: `${dock.id}.plan`, at: iso(START + ((hour - 10) * 60 + minute) * 60_000), state: is, state_words: STATES[is], code, words: code && REASONS[code][0], next_step: code && REASONS[code][1], sortie_id: is === "launched" ? sortieId(dock) : null });
  for (const dock of docks.slice(0, 4)) add(dock, 8, 30, dock.n === 2 ? "missed" : "launched", dock.n === 2 ? "slot_missed" : null);
  for (const dock of docks) if (dock.kind !== "none") add(dock, 10, 0, ["refused", "offline"].includes(dock.kind) ? "refused" : "launched", dock.kind === "refused" ? "wind" : dock.kind === "offline" ? "dock_offline" : null);
  for (const dock of docks.slice(4, 12)) add(dock, 14, 0, "due");
  for (const dock of docks) add(dock, 16, 30, "due");
  return { day: "2026-03-02", slots };
}
const past = () => Array.from({ length: 46 }, (_, i) => ({ ...summary({ ...docks[i % 16], kind: i % 16 === 4 && i < 16 ? "refused" : "closed", past: i % 16 !== 4 || i >= 16 }, `SIM-2026022${8 - (i >> 4)}-${String(i).padStart(3, "0")}`), launched_at: iso(START - (i + 1) * 5_400_000) }));

/** The answer to a path of the fleet's API; undefined where the path is not one of it. */
export function fleetAnswer([a, b, c], q, body, method, fail) {
  if (a === "fleet" && process.env.MOCK_NO_DOCKS) throw fail(404, "not_found", "没有机场:请在数据文件夹放置 fleet.toml", "there are no docks: put a fleet.toml into the data folder");
  if (method === "POST" && (a === "fleet" || c === "return") && !body?.actor?.trim()) throw fail(422, "actor_missing", "须写明是谁下的指令", "who orders it must be said");
  if (a === "fleet" && b === "return-all") {
    groundedBy = body.actor; recalledAt ??= Date.now();
    const flying = docks.filter((dock) => dock.kind === "flying");
    flying.forEach((dock) => recalled.add(dock.id));
    return { recalled: flying.map(sortieId), grounded: true };
  }
  if (a === "fleet" && b === "release") { groundedBy = null; return { recalled: [], grounded: false }; }
  if (a === "fleet" && b === "tracks.geojson") return { type: "FeatureCollection", features: docks.filter((dock) => share(dock) > 0).map(trackOf) };
  if (a === "fleet") return fleetView();
  if (a === "calendar") return calendar();
  if (a === "flights" && !b) {
    const all = past().filter((flight) => !q.get("dock") || flight.dock_id === q.get("dock")), from = q.get("after") ? all.findIndex((flight) => flight.sortie_id === q.get("after")) + 1 : 0, limit = Number(q.get("limit") ?? 100), flights = all.slice(from, from + limit);
    return { flights, next: flights.length === limit ? flights.at(-1).sortie_id : null };
  }
  if (a !== "flights") return undefined;
  const flown = docks.find((one) => one.id === past().find((flight) => flight.sortie_id === b)?.dock_id);
  const dock = docks.find((one) => sortieId(one) === b) ?? (flown && { ...flown, kind: "closed", past: true });
  if (!dock) throw fail(404, "not_found", `没有架次 ${b}`, `there is no flight ${b}`);
  if (c === "return" && state(dock) !== "flying") throw fail(409, "not_under_way", `架次 ${b} 不在执行中`, `flight ${b} is not under way`);
  if (c === "return") { recalled.add(dock.id); recalledAt ??= Date.now(); return { recalled: [b], grounded: false }; }
  if (c) return { type: "FeatureCollection", features: [trackOf(dock)] };
  return detail(dock, b);
}
