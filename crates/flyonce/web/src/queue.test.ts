import { describe, expect, it } from "vitest";
import { bestView, expectedAfter, movedCounts, neighbour, putBack, toPrefetch } from "./queue";
import { formatRoute, parseRoute } from "./route";
import type { Catalogue, LeadState, LeadSummary, View } from "./types";

const lead = (lead_id: string, state: LeadState = "candidate", matter_code = "joint"): LeadSummary => ({
  lead_id, lead_no: lead_id, state, matter_code, class: "roof", score: 0.5, priority: 0, n_photos: 1,
  place: null, first_seen_at: "", last_seen_at: "", crop_url: "", simulated: false,
});
const list = ["a", "b", "c", "d"].map((id) => lead(id));
const catalogue: Catalogue = {
  matters: [
    { code: "joint", name: { zh: "", en: "" }, classes: [], recipients: [], review_policy: "joint" },
    { code: "two", name: { zh: "", en: "" }, classes: [], recipients: [], review_policy: "two_step" },
  ],
  classes: [], false_alarm_reasons: [], decisions: [],
};

describe("what a decision leads to", () => {
  it("confirms at once under joint review and in two steps otherwise", () => {
    expect(expectedAfter(lead("a"), "confirm", catalogue)).toBe("confirmed");
    expect(expectedAfter(lead("a", "candidate", "two"), "confirm", catalogue)).toBe("second_review");
    expect(expectedAfter(lead("a", "second_review", "two"), "confirm", catalogue)).toBe("confirmed");
    expect(expectedAfter(lead("a", "candidate", "two"), "false_alarm", catalogue)).toBe("false_alarm");
  });

  it("moves one from count to count and never below nothing", () => {
    const counts = { candidate: 1, second_review: 0, confirmed: 5, false_alarm: 0, known_stock: 0, fly_again: 0 };
    expect(movedCounts(counts, "candidate", "confirmed")).toMatchObject({ candidate: 0, confirmed: 6 });
    expect(movedCounts(counts, "fly_again", "candidate")).toMatchObject({ candidate: 2, fly_again: 0 });
    expect(movedCounts(counts, "candidate", "candidate")).toBe(counts);
  });
});

describe("moving through the queue", () => {
  it("stops at both ends", () => {
    expect(neighbour(list, "b", 1, 0)?.lead_id).toBe("c");
    expect(neighbour(list, "d", 1, 0)).toBeNull();
    expect(neighbour(list, "a", -1, 0)).toBeNull();
  });

  it("goes on from where a lead was that has left the list", () => {
    expect(neighbour(list, "gone", 1, 2)?.lead_id).toBe("c");
    expect(neighbour(list, "gone", -1, 2)?.lead_id).toBe("b");
    expect(neighbour([], "gone", 1, 2)).toBeNull();
  });

  it("fetches the next ones first, then the one before", () => {
    expect(toPrefetch(list, "b", 3)).toEqual(["c", "d", "a"]);
    expect(toPrefetch(list, null, 2)).toEqual(["a", "b"]);
  });

  it("puts a lead back in its place, once", () => {
    const without = list.filter((l) => l.lead_id !== "b");
    expect(putBack(without, lead("b"), 1).map((l) => l.lead_id)).toEqual(["a", "b", "c", "d"]);
    expect(putBack(list, lead("b"), 99).map((l) => l.lead_id)).toEqual(["a", "c", "d", "b"]);
  });

  it("opens the surest view", () => {
    const views = [0.4, 0.9, 0.7].map((score) => ({ score }) as View);
    expect(bestView(views)).toBe(1);
    expect(bestView([])).toBe(0);
  });
});

describe("address of the page", () => {
  it.each([
    { section: "review", id: "01J/ä" }, { section: "photos", id: "S1-0001" }, { section: "coverage", id: null },
  ] as const)("comes back as it went: %j", (route) => {
    expect(parseRoute(formatRoute(route))).toEqual(route);
  });
  it("takes nonsense for the review desk", () => {
    expect(parseRoute("#/%E0%A4%A/%E0")).toEqual({ section: "review", id: null });
    expect(parseRoute("")).toEqual({ section: "review", id: null });
  });
});
