import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError, api, apiUrl, imageUrl, originalUrl } from "./api";

const answer = (status: number, body: string): Response => new Response(body, { status });
afterEach(() => vi.unstubAllGlobals());

describe("addresses", () => {
  it("leaves out what is not asked for", () => {
    expect(apiUrl(["leads"], { state: "candidate", class: "", after: undefined, limit: 50 }))
      .toBe("/api/v1/leads?state=candidate&limit=50");
  });

  it("escapes every part of the path", () => {
    expect(apiUrl(["photos", "S1/4 #2", "detections"])).toBe("/api/v1/photos/S1%2F4%20%232/detections");
    expect(apiUrl(["layers", "适飞.geojson"])).toBe("/api/v1/layers/%E9%80%82%E9%A3%9E.geojson");
  });

  it("names pictures by hash", () => {
    expect(imageUrl("ab12", 2048)).toBe("/api/v1/images/ab12?width=2048");
    expect(originalUrl("ab12")).toBe("/api/v1/images/ab12/original");
  });
});

describe("answers", () => {
  it("sends a decision as JSON to the lead", async () => {
    const fetched = vi.fn((..._args: [string, RequestInit]) => Promise.resolve(answer(200, "{}")));
    vi.stubGlobal("fetch", fetched);
    await api.decide("L1", { decision: "confirm", actor: "张三", expected_state: "candidate" });
    const [url, init] = fetched.mock.calls[0] ?? [];
    expect(url).toBe("/api/v1/leads/L1/decisions");
    expect(init?.method).toBe("POST");
    expect(JSON.parse(String(init?.body))).toEqual({ decision: "confirm", actor: "张三", expected_state: "candidate" });
  });

  it("keeps the server's own words of a refusal", async () => {
    const body = JSON.stringify({ error: { code: "state_moved", message: { zh: "已变", en: "moved" } } });
    vi.stubGlobal("fetch", () => Promise.resolve(answer(409, body)));
    await expect(api.lead("x")).rejects.toMatchObject({ status: 409, code: "state_moved", text: { zh: "已变", en: "moved" } });
  });

  it.each([
    ["a page that is no JSON", () => Promise.resolve(answer(502, "<html>")), 502],
    ["an answer that is no JSON", () => Promise.resolve(answer(200, "oops")), 200],
    ["no server", () => Promise.reject(new TypeError("failed")), 0],
  ])("turns %s into words for people", async (_what, respond, status) => {
    vi.stubGlobal("fetch", respond);
    const error: unknown = await api.health().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status });
    expect((error as ApiError).text.zh).toMatch(/[\u4e00-\u9fff]/);
  });
});
