import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Store } from "../store.svelte";
import { FleetStore } from "./fleet.svelte";
import { dock, sortie } from "./samples.test-data";
import type { Dock, FleetView } from "./types";

const view = (docks: Dock[]): FleetView => ({
  city_time: "2026-03-02T02:00:00Z", city_speed: 1, simulated: true, ground_stop: false, ground_stop_by: null,
  docks, today: { launched: 0, refused: 0, missed: 0, due: 0 },
});
const three = (): Dock[] => [
  dock({ dock_id: "D01" }), dock({ dock_id: "D02", sortie: sortie({ sortie_id: "S2", dock_id: "D02", state: "refused" }) }),
  dock({ dock_id: "D03", sortie: sortie({ sortie_id: "S3", dock_id: "D03", state: "flying" }) }),
];
const page = { section: "fleet", connection: "live" } as unknown as Store;
const answers = (status: number, body: unknown): void =>
  void vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body), { status })));

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the fleet's store", () => {
  it("counts what flies and what needs somebody", () => {
    const fleet = new FleetStore(page);
    fleet.take(view(three()));
    expect([fleet.airborne, fleet.problems]).toEqual([1, 1]);
  });

  it("steps through the docks in the order shown, and stops at the ends", () => {
    const fleet = new FleetStore(page);
    fleet.take(view(three()));
    const walk = (by: 1 | -1): string | null => (fleet.step(by), fleet.dockId);
    expect([walk(1), walk(1), walk(1), walk(1), walk(-1)]).toEqual(["D01", "D02", "D03", "D03", "D02"]);
    fleet.select(null);
    fleet.problemsFirst = true;
    expect(walk(1)).toBe("D02");
  });

  it("shows the sortie of the dock, or the past one that was picked", () => {
    const fleet = new FleetStore(page);
    fleet.take(view(three()));
    fleet.select("D03");
    expect(fleet.sortieId).toBe("S3");
    fleet.pick(sortie({ sortie_id: "S0", dock_id: "D02" }));
    expect([fleet.sortieId, fleet.dockId]).toEqual(["S0", "D02"]);
    fleet.select("D03");
    expect(fleet.sortieId).toBe("S3");
  });

  it("is stale when nothing came for a while, sooner when the line is known to be lost", () => {
    const line = { section: "fleet", connection: "live" } as { connection: string };
    const fleet = new FleetStore(line as unknown as Store);
    expect(fleet.stale).toBe(false);
    fleet.take(view(three()));
    fleet.now += 6000;
    expect([fleet.stale, fleet.age_s]).toEqual([false, 6]);
    line.connection = "lost";
    expect(fleet.stale).toBe(true);
    line.connection = "live";
    fleet.now += 3000;
    expect(fleet.stale).toBe(true);
    fleet.take(view(three()));
    expect(fleet.stale).toBe(false);
  });

  it("knows a fleet without docks from a service that fails", async () => {
    const fleet = new FleetStore(page);
    answers(404, { error: { code: "not_found", message: { zh: "没有机场", en: "no docks" } } });
    await fleet.load();
    expect([fleet.noDocks, fleet.error]).toEqual([true, null]);
    answers(500, {});
    await fleet.load();
    expect(fleet.noDocks).toBe(false);
    expect(fleet.error?.status).toBe(500);
    answers(200, view(three()));
    await fleet.load();
    expect([fleet.error, fleet.view?.docks.length]).toEqual([null, 3]);
  });

  it("does not show the story of a sortie that is no longer selected", async () => {
    const fleet = new FleetStore(page);
    fleet.take(view(three()));
    fleet.select("D03");
    answers(200, { ...sortie({ sortie_id: "S3" }), steps: [], photos: [], plan: [] });
    const asked = fleet.loadDetail();
    fleet.select("D02");
    await asked;
    expect(fleet.detail).toBeNull();
  });
});
