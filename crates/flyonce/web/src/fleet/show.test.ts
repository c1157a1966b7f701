import { describe, expect, it } from "vitest";
import { WORDS, isWordKey } from "../i18n";
import { dockBounds, planLine, shotPoints, upToVehicles } from "./features";
import { DOCK_STATES, SHOT_STATES } from "./rules";
import { dock, sortie, vehicle } from "./samples.test-data";
import { cityClock, cityDay, cityMinute, duration, plain } from "./show";
import type { FlightDetail } from "./types";

describe("times and numbers", () => {
  it("shows the city's civil time wherever the browser is", () => {
    expect(cityClock("2026-03-02T02:03:27Z")).toBe("10:03:27");
    expect(cityMinute("2026-03-02T16:30:00Z")).toBe("00:30");
    expect(cityDay("2026-03-02T16:30:00Z")).toBe("2026-03-03");
    expect(cityClock(null)).toBe("—");
    expect(cityMinute("soon")).toBe("—");
  });

  it.each([[0.4, "0 秒"], [7.9, "7 秒"], [61, "1 分钟"], [7300, "2 小时"]])("%d s is %s", (seconds, want) => {
    expect(duration(seconds, "zh")).toBe(want);
  });

  it("shows a dash where nothing was measured", () => {
    expect([plain(null), plain(undefined), plain(9.26), plain(9.26, 0)]).toEqual(["—", "—", "9.3", "9"]);
  });
});

describe("words of codes", () => {
  const codes: Record<string, readonly string[]> = {
    "fleet.state": DOCK_STATES,
    "fleet.shot": SHOT_STATES,
    "fleet.lid": ["closed", "opening", "open", "closing", "half", "fault", "unknown"],
    "fleet.mode": ["idle", "busy", "debug", "upgrading", "unknown"],
    "fleet.charge": ["idle", "charging", "full", "fault", "unknown"],
    "fleet.landed": ["on_ground", "taking_off", "in_air", "landing"],
    "fleet.lost": ["not_flown", "misfire", "never_arrived", "unreadable"],
    "fleet.rain": ["0", "1", "2", "3"],
  };
  it.each(Object.entries(codes))("%s names every code of the service", (kind, list) => {
    for (const code of list) expect(isWordKey(`${kind}.${code}`), `${kind}.${code}`).toBe(true);
  });

  it("uses the bureau's words", () => {
    expect(WORDS["fleet.returnAll"].zh).toBe("全部返航");
    expect(WORDS["fleet.lift"].zh).toBe("解除停飞");
    expect(WORDS["app.fleet"].zh).toBe("机队");
  });
});

describe("features of the map", () => {
  const shot = { planned: true, words: { zh: "", en: "" }, image_index: null, captured_at: null, photo_id: null };
  const detail = {
    plan: [{ longitude_deg: 121.5, latitude_deg: 31.2 }, { longitude_deg: 121.6, latitude_deg: 31.3 }],
    photos: [
      { ...shot, index: 1, state: "lost:misfire", longitude_deg: 121.5, latitude_deg: 31.2 },
      { ...shot, index: 2, state: "planned", longitude_deg: null, latitude_deg: null },
    ],
  } as unknown as FlightDetail;

  it("draws the plan as one line and only shots that have a place", () => {
    expect(planLine(detail).features).toHaveLength(1);
    expect(planLine(null).features).toEqual([]);
    expect(shotPoints(detail).features.map((point) => point.properties)).toEqual([{ index: 1, state: "lost" }]);
  });

  it("draws a track on to its vehicle, if that flies and is heard", () => {
    const line = (sortie_id: string) => ({
      type: "Feature" as const, properties: { sortie_id },
      geometry: { type: "LineString" as const, coordinates: [[121.4, 31.2], [121.45, 31.2]] },
    });
    const tracks = { type: "FeatureCollection" as const, features: [line("S1"), line("S2"), line("S3")] };
    const flies = (sortie_id: string, heard: boolean) =>
      dock({ sortie: sortie({ sortie_id, state: "flying" }), vehicle: vehicle({ heard }) });
    const drawn = upToVehicles(tracks, [flies("S1", true), flies("S2", false), dock({ sortie: sortie({ sortie_id: "S3" }) })]);
    const lengths = drawn.features.map(({ geometry }) => (geometry.type === "LineString" ? geometry.coordinates.length : 0));
    expect(lengths).toEqual([3, 2, 2]);
    expect(tracks.features[0]?.geometry.coordinates).toHaveLength(2);
  });

  it("bounds all docks with a margin", () => {
    const bounds = dockBounds([dock({}), dock({ longitude_deg: 121.7, latitude_deg: 31.0 })]);
    expect(bounds?.[0]).toBeLessThan(121.5);
    expect(bounds?.[2]).toBeGreaterThan(121.7);
    expect(dockBounds([])).toBeNull();
  });
});
