import { describe, expect, it } from "vitest";
import type { BoxPx } from "./types";
import {
  MAX_SCALE, boxOnScreen, fitBox, fitPhoto, needsFullPicture, panBy, zoomAt, type Transform,
} from "./view";

const screen = { width: 1000, height: 700 };
const photo = { width: 4000, height: 3000 };
const at = (view: Transform, x: number, y: number) => ({
  x: (x - view.x) / view.scale, y: (y - view.y) / view.scale,
});

describe("fit", () => {
  it("shows the whole photo, centred", () => {
    const view = fitPhoto(screen, photo);
    expect(view.scale).toBeCloseTo(700 / 3000);
    expect(view.y).toBeCloseTo(0);
    expect(view.x).toBeCloseTo((1000 - 4000 * view.scale) / 2);
  });

  it("puts a box in the middle with context around it", () => {
    const box: BoxPx = [1800, 1400, 2200, 1600];
    const rect = boxOnScreen(fitBox(screen, photo, box), box);
    expect(rect.x + rect.width / 2).toBeCloseTo(500);
    expect(rect.y + rect.height / 2).toBeCloseTo(350);
    expect(rect.width).toBeLessThan(500);
  });

  it("does not blow up a speck, nor leave a gap for a box in the corner", () => {
    expect(fitBox(screen, photo, [10, 10, 14, 14]).scale).toBe(1.5);
    const corner = fitBox(screen, photo, [0, 0, 200, 200]);
    expect(corner.x).toBeCloseTo(0);
    expect(corner.y).toBeCloseTo(0);
  });

  it("survives a box without area", () => {
    expect(Number.isFinite(fitBox(screen, photo, [5, 5, 5, 5]).scale)).toBe(true);
  });
});

describe("zoom and pan", () => {
  const start = fitBox(screen, photo, [1800, 1400, 2200, 1600]);

  it("keeps the point under the pointer", () => {
    const before = at(start, 400, 300);
    const after = at(zoomAt(start, screen, photo, 1.3, { x: 400, y: 300 }), 400, 300);
    expect(after.x).toBeCloseTo(before.x);
    expect(after.y).toBeCloseTo(before.y);
  });

  it("stops at the whole photo and at the closest look", () => {
    const centre = { x: 500, y: 350 };
    expect(zoomAt(start, screen, photo, 1e-6, centre)).toEqual(fitPhoto(screen, photo));
    expect(zoomAt(start, screen, photo, 1e6, centre).scale).toBe(MAX_SCALE);
  });

  it("cannot drag the photo off the screen", () => {
    const far = panBy(start, screen, photo, 1e6, -1e6);
    expect(far.x).toBe(0);
    expect(far.y).toBeCloseTo(700 - 3000 * far.scale);
  });
});

describe("full picture", () => {
  it("is needed once the derived one is stretched", () => {
    expect(needsFullPicture({ scale: 0.5, x: 0, y: 0 }, photo, 2048, 1)).toBe(false);
    expect(needsFullPicture({ scale: 1, x: 0, y: 0 }, photo, 2048, 1)).toBe(true);
    expect(needsFullPicture({ scale: 0.4, x: 0, y: 0 }, photo, 2048, 2)).toBe(true);
  });
  it("is never needed where the derived one is the photo", () => {
    expect(needsFullPicture({ scale: 4, x: 0, y: 0 }, { width: 1600, height: 900 }, 2048, 2)).toBe(false);
  });
});
