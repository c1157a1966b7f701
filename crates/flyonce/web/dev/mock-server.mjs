// MOCK server for working on the page without the program (`npm run dev:mock`). Never shipped:
// leads are made up and pictures are drawn as SVG. It keeps the HTTP contract, in memory.
import { createServer } from "node:http";
import { coverageAnswer, coverageTile } from "./mock-coverage.mjs";
import { sitingAnswer } from "./mock-siting.mjs";
import { fleetAnswer, fleetView } from "./mock-fleet.mjs";

const STATES = ["candidate", "second_review", "confirmed", "false_alarm", "known_stock", "fly_again"];
const TARGET = { confirm: "confirmed", false_alarm: "false_alarm", known_stock: "known_stock", fly_again: "fly_again" };
const W = 4000, H = 3000, PHOTOS = 24, LEADS = Number(process.env.MOCK_LEADS ?? 48), SLOW_MS = Number(process.env.MOCK_SLOW_MS ?? 40), PORT = Number(process.env.MOCK_PORT ?? 8790);
const two = (zh, en) => ({ zh, en });
const catalogue = {
  matters: [
    { code: "illegal_construction", name: two("违法建筑", "Illegal construction"), classes: ["steel_shed", "roof_addition"], recipients: ["川沙中队"], review_policy: "joint" },
    { code: "spoil", name: two("渣土治理", "Construction spoil"), classes: ["bare_soil", "spoil_heap"], recipients: ["渣土专班", "惠南中队"], review_policy: "two_step" },
  ],
  classes: [
    { id: "steel_shed", name: two("彩钢棚", "Colour-steel shed"), colour: "#2f7fd1" },
    { id: "roof_addition", name: two("屋顶加建", "Roof add-on"), colour: "#c2571a" },
    { id: "bare_soil", name: two("裸土未覆盖", "Bare soil"), colour: "#b08a2e" },
    { id: "spoil_heap", name: two("渣土堆", "Spoil heap"), colour: "#7a5bb5" },
  ],
  false_alarm_reasons: [["shadow", "阴影或反光", "Shadow or glare"], ["greenhouse", "农业大棚", "Greenhouse"], ["solar", "光伏板", "Solar panels"], ["vehicle", "停放车辆", "Parked vehicle"], ["site_hut", "工地临房（合法）", "Permitted site hut"], ["tent", "临时帐篷", "Event tent"], ["other", "其他", "Other"]].map(([code, zh, en]) => ({ code, name: two(zh, en) })),
  decisions: [["confirm", "属实", "Confirm"], ["false_alarm", "误报", "False alarm"], ["known_stock", "存量在册", "Known stock"], ["fly_again", "补飞", "Fly again"]].map(([code, zh, en]) => ({ code, name: two(zh, en), reason_required: code === "false_alarm" })),
};

let random = 7;
const rnd = () => ((random = (random * 16807) % 2147483647) / 2147483647);
const hex = (n, length = 64) => (n * 2654435761 >>> 0).toString(16).padStart(8, "0").repeat(8).slice(0, length);
const at = (minutes) => new Date(Date.UTC(2026, 7, 3, 1, 0) + minutes * 60_000).toISOString();
const photoPlace = (i) => [121.54 + (i % 6) * 0.0011, 31.2 + Math.floor(i / 6) * 0.0008];

const photos = Array.from({ length: PHOTOS }, (_, i) => ({
  sortie_id: "S1", photo_id: `S1-${String(i).padStart(4, "0")}`, sha256: hex(i + 1), names: [`DJI_${1000 + i}.JPG`], captured_at: i === 23 ? null : at(i), state: i < 22 ? "looked_at" : "stored",
  pose_usable: i < 22, problem: i < 22 ? null : two("缺少云台角度，无法定位到地面", "The gimbal angles are missing, so it cannot be placed on the ground"),
  width_px: W, height_px: H, gsd_cm: i < 22 ? 2.7 : null, camera: "DJI M3D", n_detections: 0, simulated: true, image_url: `/api/v1/images/${hex(i + 1)}?width=2048`, thumbnail_url: `/api/v1/images/${hex(i + 1)}?width=320`,
}));
const detections = new Map(photos.map((p) => [p.photo_id, []]));
const leads = Array.from({ length: LEADS }, (_, i) => {
  const cls = catalogue.classes[Math.floor(rnd() * 4)].id, matter = catalogue.matters.find((m) => m.classes.includes(cls));
  const place = i % 9 === 8 ? null : { longitude_deg: 121.54 + rnd() * 0.006, latitude_deg: 31.2 + rnd() * 0.003, ellipse: { semi_major_m: 5 + rnd() * 8, semi_minor_m: 4, azimuth_deg: rnd() * 180, confidence: 0.95 } };
  const lead_id = `01J${String(i).padStart(23, "0")}`;
  const views = Array.from({ length: 1 + Math.floor(rnd() * 5) }, (_, v) => {
    const p = photos[(i * 3 + v * 5) % 22], x = 300 + rnd() * 3000, y = 300 + rnd() * 2200, score = 0.45 + rnd() * 0.5;
    const box_px = [x, y, x + 150 + rnd() * 250, y + 120 + rnd() * 200], detection_id = `${lead_id}-${v}`;
    detections.get(p.photo_id).push({ detection_id, class: cls, score, box_px, lead_id });
    return { detection_id, photo_id: p.photo_id, sha256: p.sha256, score, box_px, image_width_px: W, image_height_px: H, captured_at: p.captured_at, gsd_cm: p.gsd_cm, image_url: p.image_url, crop_url: `/api/v1/crops/${detection_id}?margin=0.6&width=512`, place };
  });
  const state = i < LEADS * 0.7 ? "candidate" : STATES[i % 6];
  const event = { seq: i, at: at(30 + i), actor: "flyonce", role: "system", from: null, to: "candidate", kind: "created", reason: null, note: null, hash: hex(i + 77), prev_hash: hex(i + 76) };
  return { lead_id, lead_no: `PD-20260803-${String(i + 1).padStart(4, "0")}`, state, matter_code: matter.code, class: cls, score: Math.max(...views.map((v) => v.score)), priority: rnd(), n_photos: views.length, place, first_seen_at: at(i), last_seen_at: at(i + 20), crop_url: views[0].crop_url, simulated: true, views,
    assumptions: [two("地面按起飞点高度视为水平面", "Ground taken as flat at take-off height"), two("屋顶高度未知，已计入误差", "Roof height unknown, included in the error")], model: { name: "demo-seg-640", sha256: hex(991), threshold: 0.4 }, events: [event], ellipse_outline: null };
});
for (const p of photos) p.n_detections = detections.get(p.photo_id).length;

const counts = () => Object.fromEntries(STATES.map((s) => [s, leads.filter((l) => l.state === s).length]));
const summary = ({ views, assumptions, model, events, ellipse_outline, ...rest }) => rest;
const collection = (features) => ({ type: "FeatureCollection", features });
const square = ([x, y], dx, dy) => ({ type: "Polygon", coordinates: [[[x - dx, y - dy], [x + dx, y - dy], [x + dx, y + dy], [x - dx, y + dy], [x - dx, y - dy]]] });
const fail = (status, code, zh, en) => Object.assign(new Error(en), { status, body: { error: { code, message: two(zh, en) } } });

function drawing(seed, view, width) {
  random = seed * 7919 + 13;
  const colours = ["#8d8f8a", "#a39b8b", "#77806f", "#9aa3a8", "#b9b2a3", "#6f7a86"];
  let roofs = "";
  for (let i = 0; i < 160; i += 1) roofs += `<rect x="${(i % 16) * 250 + rnd() * 60}" y="${Math.floor(i / 16) * 300 + rnd() * 60}" width="${110 + rnd() * 100}" height="${120 + rnd() * 130}" fill="${colours[Math.floor(rnd() * 6)]}" stroke="#0003" stroke-width="8"/>`;
  const own = [...detections.values()].flat().filter((d) => photos.find((p) => p.sha256 === hex(seed)) && detections.get(photos[seed - 1].photo_id).includes(d));
  const marks = own.map((d) => `<rect x="${d.box_px[0] + 20}" y="${d.box_px[1] + 20}" width="${d.box_px[2] - d.box_px[0] - 40}" height="${d.box_px[3] - d.box_px[1] - 40}" fill="${d.class === "bare_soil" ? "#b98d5c" : "#3f7fc4"}"/>`).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${view.join(" ")}" width="${width}" height="${Math.round((width * view[3]) / view[2])}"><rect width="${W}" height="${H}" fill="#5d6a55"/><path d="M0 900H4000M1500 0V3000M0 2100H4000" stroke="#4a4d50" stroke-width="90"/>${roofs}${marks}</svg>`;
}

const streams = new Set();
let seq = 1000;
const tell = (event, data) => { for (const s of streams) s.write(`id: ${++seq}\nevent: ${event}\ndata: ${JSON.stringify({ ...data, seq })}\n\n`); };

function decide(lead, body) {
  if (body.expected_state && body.expected_state !== lead.state) throw fail(409, "state_moved", "状态已被他人改变。", "The state was changed by someone else.");
  if (body.decision === "false_alarm" && !body.reason) throw fail(422, "reason_missing", "请选择误报原因。", "A reason is needed.");
  if (body.note === "fail") throw fail(500, "disk_full", "磁盘已满，未能保存。", "The disk is full; nothing was saved.");
  const last = lead.events.at(-1), twoStep = lead.matter_code === "spoil" && lead.state !== "second_review";
  if (body.decision === "undo" && !last.from) throw fail(409, "nothing_to_undo", "没有可撤销的操作。", "There is nothing to undo.");
  const to = body.decision === "undo" ? last.from : body.decision === "confirm" && twoStep ? "second_review" : TARGET[body.decision];
  lead.events.push({ seq: ++seq, at: new Date().toISOString(), actor: body.actor, role: "reviewer", from: lead.state, to, kind: body.decision, reason: body.reason ?? null, note: body.note ?? null, hash: hex(seq), prev_hash: last.hash });
  lead.state = to;
  tell("lead", { lead_id: lead.lead_id, state: to });
  return lead;
}

function answer(path, q, body, method) {
  const coverage = coverageAnswer(path, body);
  if (coverage) return coverage;
  const siting = sitingAnswer(path);
  if (siting) return siting;
  const fleet = fleetAnswer(path, q, body, method, fail);
  if (fleet) return fleet;
  const find = (id) => leads.find((l) => l.lead_id === id) ?? (() => { throw fail(404, "no_such_lead", "没有这条线索。", "There is no such lead."); })();
  const [a, b, c] = path;
  if (a === "health") return { status: "ok", version: "0.0-mock", schema_version: 1, data_folder: "/mock", model: { name: "demo-seg-640", sha256: hex(991), loaded: true }, listening_on: "127.0.0.1:8790", accounts: false, simulated_photos: PHOTOS, now: new Date().toISOString() };
  if (a === "catalogue") return catalogue;
  if (a === "leads" && c === "decisions") return decide(find(b), body);
  if (a === "leads" && b) return find(b);
  if (a === "leads") {
    const all = leads.filter((l) => l.state === (q.get("state") ?? l.state) && l.class === (q.get("class") ?? l.class) && l.matter_code === (q.get("matter") ?? l.matter_code)), from = q.get("after") ? all.findIndex((l) => l.lead_id === q.get("after")) + 1 : 0, page = all.slice(from, from + Number(q.get("limit") ?? 50));
    return { leads: page.map(summary), total: all.length, counts: counts(), next: from + page.length < all.length ? page.at(-1).lead_id : null };
  }
  if (a === "leads.geojson") return collection(leads.map((l) => ({ type: "Feature", geometry: l.place && { type: "Point", coordinates: [l.place.longitude_deg, l.place.latitude_deg] }, properties: { lead_id: l.lead_id, lead_no: l.lead_no, state: l.state, class: l.class } })));
  if (a === "photos" && b === "footprints") return collection(photos.slice(0, 22).map((p, i) => ({ type: "Feature", geometry: square(photoPlace(i), 0.00074, 0.00047), properties: { photo_id: p.photo_id } })));
  if (a === "photos" && c === "detections") return { detections: detections.get(b) ?? [] };
  if (a === "photos") return { photos, total: PHOTOS, next: null };
  if (a === "layers" && b) return collection([{ type: "Feature", geometry: square([121.5425, 31.2011], 0.005, 0.0022), properties: {} }]);
  if (a === "layers") return [{ name: "浦东适飞区", version: "2026-07", role: "flyable" }];
  throw fail(404, "no_such_path", "没有这个地址。", "There is no such address.");
}

if (!process.env.MOCK_NO_DOCKS) setInterval(() => {
  const data = JSON.stringify(fleetView());
  for (const stream of streams) stream.write(`event: fleet\ndata: ${data}\n\n`);
}, 1000);

createServer(async (request, response) => {
  const url = new URL(request.url, "http://mock"), path = url.pathname.replace("/api/v1/", "").split("/").map(decodeURIComponent);
  if (path[0] === "events") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" }).write(`event: hello\ndata: {}\n\n`);
    streams.add(response);
    return response.on("close", () => streams.delete(response));
  }
  if (path[0] === "coverage" && path[1] === "tiles") return response.writeHead(200, { "content-type": "application/vnd.mapbox-vector-tile" }).end(coverageTile(path.slice(2)));
  let text = "";
  for await (const part of request) text += part;
  await new Promise((done) => setTimeout(done, SLOW_MS));
  const svg = { "content-type": "image/svg+xml", "cache-control": "max-age=3600" };
  if (path[0] === "images") return response.writeHead(200, svg).end(drawing(photos.findIndex((p) => p.sha256 === path[1]) + 1, [0, 0, W, H], Math.min(W, Number(url.searchParams.get("width") ?? W))));
  if (path[0] === "crops") {
    const [photo, list] = [...detections].find(([, l]) => l.some((d) => d.detection_id === path[1])), [x0, y0, x1, y1] = list.find((d) => d.detection_id === path[1]).box_px, side = Math.max(x1 - x0, y1 - y0) * 1.6;
    return response.writeHead(200, svg).end(drawing(photos.findIndex((p) => p.photo_id === photo) + 1, [(x0 + x1 - side) / 2, (y0 + y1 - side) / 2, side, side], 256));
  }
  try {
    const found = JSON.stringify(answer(path, url.searchParams, text ? JSON.parse(text) : null, request.method));
    response.writeHead(200, { "content-type": "application/json" }).end(found);
  } catch (error) {
    response.writeHead(error.status ?? 500, { "content-type": "application/json" }).end(JSON.stringify(error.body ?? { error: { code: "mock", message: two(String(error), String(error)) } }));
  }
}).listen(PORT, "127.0.0.1", () => console.log(`MOCK FlyOnce API on http://127.0.0.1:${PORT}`));

if (process.argv.includes("--page")) {
  const page = await (await import("vite")).createServer();
  await page.listen();
  page.printUrls();
}
