import { describe, expect, test } from "vitest";
import { figuresUrl, tilesUrl } from "./api";

describe("addresses of coverage", () => {
  test("what is not asked for is left out, so that the configured value counts", () => {
    expect(figuresUrl({})).toBe("/api/v1/coverage/figures");
    expect(figuresUrl({ as_of: "2026-11-01", max_gsd_cm: 3.5 })).toBe("/api/v1/coverage/figures?as_of=2026-11-01&max_gsd_cm=3.5");
  });
  test("tiles of another turn have another address", () => {
    expect(tilesUrl("http://a", {}, 2)).toBe("http://a/api/v1/coverage/tiles/{z}/{x}/{y}.mvt?revision=2");
    expect(tilesUrl("http://a", { since: "2026-11-01" }, 3)).toContain("since=2026-11-01&revision=3");
  });
});
