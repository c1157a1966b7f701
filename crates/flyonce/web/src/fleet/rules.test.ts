import { describe, expect, it } from "vitest";
import {
  asItEnded, canLand, canPause, canResume, canReturn, dockState, failing, losses, opensLater, overLimit, ranges, segments, shotState, sorted,
  urgency, vehiclePlace, CALM, canHold, flownByDock,
} from "./rules";
import { check, dock, sortie, totals, vehicle } from "./samples.test-data";

describe("docks that fly by themselves", () => {
  const own = vehicle({ system_id: null });
  it("are known by their vehicle having no number", () => {
    expect([flownByDock(dock({})), flownByDock(dock({ vehicle: own })), flownByDock(dock({ vehicle: null }))]).toEqual([false, true, false]);
  });
  it("may be held on the way home", () => {
    const home = { sortie: sortie({ state: "returning" }) };
    expect([canHold(dock(home)), canHold(dock({ ...home, vehicle: own })), canHold(dock({ vehicle: own }))]).toEqual([false, true, false]);
  });
  it("need somebody when a warning stands, and not for a note", () => {
    const alarm = (level: number | null) => dock({ health: [{ code: "0x1", level, words: null, remedy: { zh: "词", en: "word" } }] });
    expect([0, 1, 2, null].map((level) => urgency(alarm(level)) < CALM)).toEqual([false, false, true, true]);
  });
});

describe("state of a dock", () => {
  it.each([
    ["closed", true, "idle"], ["landed", true, "idle"], ["due", true, "preparing"], ["preparing", true, "preparing"],
    ["launching", true, "flying"], ["flying", true, "flying"], ["returning", true, "flying"],
    ["refused", true, "refused"], ["failed", true, "refused"], ["closed", false, "offline"],
    ["closed", null, "offline"], ["flying", false, "flying"], ["a word of tomorrow", true, "preparing"],
  ])("%s, online %s is %s", (state, online, want) => {
    expect(dockState(dock({ online, sortie: sortie({ state }) }))).toBe(want);
  });

  it("is idle without a sortie", () => {
    expect(dockState(dock({ sortie: null }))).toBe("idle");
  });
});

describe("what needs attention", () => {
  const shut = check({ code: "lid_not_open", verdict: "fail" });
  const wind = check({ code: "wind", verdict: "fail" });

  it("does not blame a waiting dock for its shut lid", () => {
    const waiting = dock({ lid: "closed", checks: [shut] });
    expect(opensLater(waiting, shut)).toBe(true);
    expect(failing(waiting)).toEqual([]);
    expect(urgency(waiting)).toBe(CALM);
    expect(failing(dock({ lid: "half", checks: [shut] }))).toEqual([shut]);
  });

  it("does not count launch checks against a vehicle that is out", () => {
    expect(failing(dock({ sortie: sortie({ state: "flying" }), checks: [wind] }))).toEqual([]);
    expect(failing(dock({ checks: [wind] }))).toEqual([wind]);
  });

  it("does not count what somebody overrides, nor what is only noted", () => {
    const passed = { ...wind, forbids: false };
    expect(failing(dock({ checks: [passed] }))).toEqual([]);
  });

  it("marks a value over its limit by its check", () => {
    expect(overLimit(dock({ checks: [wind] }), "wind")).toBe(true);
    expect(overLimit(dock({ checks: [check({ code: "wind", verdict: "unknown" })] }), "wind")).toBe(false);
  });

  it("puts a silent vehicle in the air first and keeps the order of equals", () => {
    const calm = dock({ dock_id: "D01" });
    const refused = dock({ dock_id: "D02", sortie: sortie({ state: "refused" }) });
    const silent = dock({ dock_id: "D03", sortie: sortie({ state: "flying" }), vehicle: vehicle({ heard: false }) });
    const calmToo = dock({ dock_id: "D04" });
    const ids = (list: { dock_id: string }[]): string[] => list.map((one) => one.dock_id);
    const all = [calm, refused, silent, calmToo];
    expect(ids(sorted(all, true))).toEqual(["D03", "D02", "D01", "D04"]);
    expect(ids(sorted(all, false))).toEqual(["D01", "D02", "D03", "D04"]);
  });

  it("offers the way home only to what can take it", () => {
    for (const state of ["due", "preparing", "launching", "flying"]) expect(canReturn(sortie({ state }))).toBe(true);
    for (const state of ["returning", "landed", "closed", "refused", "failed"]) expect(canReturn(sortie({ state }))).toBe(false);
    expect(canReturn(null)).toBe(false);
  });
  it("holds what flies, lands what is in the air, and flies the rest of what is over", () => {
    const can = (rule: (flight: ReturnType<typeof sortie>) => boolean): string[] =>
      ["due", "preparing", "launching", "flying", "returning", "landed", "closed"].filter((state) => rule(sortie({ state })));
    expect(can(canPause)).toEqual(["flying"]);
    expect(can(canLand)).toEqual(["flying", "returning"]);
    expect(can((flight) => canResume(dock({ sortie: flight, photos_to_fly: 3 })))).toEqual(["closed"]);
    expect(canResume(dock({ sortie: sortie({ state: "closed" }) }))).toBe(false);
  });
});

describe("slots of the day", () => {
  const slot = {
    mission: "m", dock_id: "D01", plan: null, at: "2026-03-02T02:00:00Z", state: "launched",
    state_words: { zh: "已放飞", en: "launched" }, code: null, words: null, next_step: null, sortie_id: "S1",
  };
  const words = { zh: "飞控拒绝解锁", en: "the autopilot refused to arm" };
  const refused = sortie({ sortie_id: "S1", state: "refused", code: "arming_refused", words });

  it("are refused where the sortie that came of them was", () => {
    expect(asItEnded(slot, [dock({ sortie: refused })])).toMatchObject({ state: "refused", code: "arming_refused", words });
  });

  it("stay as the calendar has them otherwise", () => {
    for (const other of [sortie({ sortie_id: "S1" }), { ...refused, sortie_id: "S9" }, null]) {
      expect(asItEnded(slot, [dock({ sortie: other })])).toBe(slot);
    }
    expect(asItEnded({ ...slot, sortie_id: null }, [dock({ sortie: refused })]).state).toBe("launched");
    expect(asItEnded(slot, [])).toBe(slot);
  });
});

describe("photo ledger", () => {
  it("counts every photo once", () => {
    const shots = totals({ planned: 40, captured: 20, stored: 12, looked_at: 9, extra: 1, lost: { not_flown: 2, misfire: 1, never_arrived: 3, unreadable: 1 } });
    const counts = Object.fromEntries(segments(shots).map(({ state, count }) => [state, count]));
    expect(counts).toEqual({ looked_at: 9, stored: 2, captured: 5, lost: 7, planned: 18 });
    expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(41);
  });

  it("never shows a negative part", () => {
    const odd = totals({ planned: 1, captured: 0, stored: 3, looked_at: 3 });
    for (const { count } of segments(odd)) expect(count).toBeGreaterThanOrEqual(0);
  });

  it("draws the many states in five colours", () => {
    expect(["planned", "triggered", "captured", "stored", "looked_at", "reviewed", "lost:misfire"].map(shotState))
      .toEqual(["planned", "planned", "captured", "stored", "looked_at", "looked_at", "lost"]);
  });

  it("names losses by reason with their numbers", () => {
    const shot = (index: number, state: string) => ({
      index, state, planned: true, words: { zh: "", en: "" }, image_index: null, captured_at: null,
      longitude_deg: null, latitude_deg: null, photo_id: null,
    });
    const found = losses([shot(1, "stored"), shot(2, "lost:misfire"), shot(3, "lost:misfire"), shot(4, "lost:unreadable")]);
    expect(found).toEqual([{ reason: "misfire", numbers: [2, 3] }, { reason: "unreadable", numbers: [4] }]);
    expect(ranges([3, 4, 5, 9])).toBe("3–5, 9");
    expect(ranges([])).toBe("");
  });
});

describe("place of a vehicle", () => {
  it("is not drawn while it stands in its dock or is not known", () => {
    expect(vehiclePlace(dock({ vehicle: vehicle({}) }))).toBeNull();
    expect(vehiclePlace(dock({ vehicle: null }))).toBeNull();
    expect(vehiclePlace(dock({ vehicle: vehicle({ longitude_deg: null }) }))).toBeNull();
  });

  it("is drawn in the air, and on the ground away from the dock", () => {
    const air = vehicle({ armed: true, heading_deg: 90 });
    expect(vehiclePlace(dock({ vehicle: air }))).toEqual({ at: [121.5, 31.2], heading_deg: 90 });
    const elsewhere = vehicle({ latitude_deg: 31.201, heading_deg: null });
    expect(vehiclePlace(dock({ vehicle: elsewhere }))?.at).toEqual([121.5, 31.201]);
  });
});
