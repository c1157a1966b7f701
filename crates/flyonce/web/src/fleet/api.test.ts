import { afterEach, describe, expect, it, vi } from "vitest";
import { fleetApi, flightFileUrl } from "./api";
import { ORDER_TEXTS, carryOut, requestOf } from "./order";
import type { Order, SortieOrderKind } from "./types";

const one = (kind: SortieOrderKind): Order => ({ kind, sortie: "S1", dock: "D01", photos: 0 });
type Sent = [url: string, init?: RequestInit];
const fetched = (status = 200, body = "{}") =>
  vi.fn((..._sent: Sent) => Promise.resolve(new Response(body, { status })));
afterEach(() => vi.unstubAllGlobals());

describe("addresses of the fleet", () => {
  it.each([
    [() => fleetApi.fleet(), "/api/v1/fleet"],
    [() => fleetApi.tracks(), "/api/v1/fleet/tracks.geojson"],
    [() => fleetApi.calendar(), "/api/v1/calendar"],
    [() => fleetApi.flight("S/1"), "/api/v1/flights/S%2F1"],
    [() => fleetApi.track("S1"), "/api/v1/flights/S1/track.geojson"],
    [() => fleetApi.flights({ limit: 30, dock: "D07" }), "/api/v1/flights?limit=30&dock=D07"],
    [() => fleetApi.flights({ limit: 30, after: "S9" }), "/api/v1/flights?limit=30&after=S9"],
  ])("asks %#", async (ask, want) => {
    const sent = fetched();
    vi.stubGlobal("fetch", sent);
    await ask();
    expect(sent.mock.calls[0]?.[0]).toBe(want);
    expect(sent.mock.calls[0]?.[1]?.method).toBeUndefined();
  });

  it("names the files of a flight", () => {
    expect(flightFileUrl("S1", "flight.tlog")).toBe("/api/v1/flights/S1/flight.tlog");
  });
});

describe("orders", () => {
  it.each<[Order, string]>([
    [{ kind: "returnAll" }, "/api/v1/fleet/return-all"],
    [{ kind: "release" }, "/api/v1/fleet/release"],
    [{ kind: "hand", command: "open_lid", dock: "D/1" }, "/api/v1/fleet/docks/D%2F1/by-hand"],
    [one("return"), "/api/v1/flights/S1/return"],
    [one("pause"), "/api/v1/flights/S1/pause"],
    [one("continue"), "/api/v1/flights/S1/continue"],
    [one("divert"), "/api/v1/flights/S1/divert"],
    [one("land"), "/api/v1/flights/S1/land"],
    [one("resume"), "/api/v1/flights/S1/resume"],
  ])("%o goes to %s with the name of who orders it", async (order, want) => {
    const sent = fetched(200, '{"recalled":["S1"],"grounded":true}');
    vi.stubGlobal("fetch", sent);
    const told = await carryOut(order, requestOf(" 张三 ", " "));
    const [url, init] = sent.mock.calls[0] ?? [];
    expect([url, init?.method]).toEqual([want, "POST"]);
    expect(JSON.parse(String(init?.body))).toEqual({ actor: "张三", ...("command" in order ? { command: order.command } : {}) });
    expect(told).toBe(1);
    expect(ORDER_TEXTS[order.kind].danger).toBe(["returnAll", "hand", "return", "divert", "land"].includes(order.kind));
  });

  it("sends a reason where there is one, and keeps the server's words of a refusal", async () => {
    expect(requestOf("张三", "雷暴")).toEqual({ actor: "张三", reason: "雷暴" });
    const body = JSON.stringify({ error: { code: "not_under_way", message: { zh: "不在执行中", en: "not under way" } } });
    vi.stubGlobal("fetch", fetched(409, body));
    await expect(carryOut(one("return"), { actor: "a" }))
      .rejects.toMatchObject({ status: 409, code: "not_under_way", text: { zh: "不在执行中" } });
  });
});
