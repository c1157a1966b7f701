import { describe, expect, it } from "vitest";
import { formatRoute, parseRoute } from "./route";

describe("addresses of the page", () => {
  it.each([
    ["#/fleet", { section: "fleet", id: null }], ["#/fleet/D07", { section: "fleet", id: "D07" }],
    ["#/leads/01J", { section: "review", id: "01J" }], ["#/coverage", { section: "coverage", id: null }],
    ["#/siting", { section: "siting", id: null }],
    ["#/photos/S1%2F4", { section: "photos", id: "S1/4" }], ["#/leads", { section: "review", id: null }],
  ] as const)("%s is read and written the same", (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
    expect(formatRoute(route)).toBe(hash);
  });

  it("takes what it does not know for the review desk", () => {
    expect(parseRoute("#/nowhere/%E0%A4%A")).toEqual({ section: "review", id: null });
  });
});
