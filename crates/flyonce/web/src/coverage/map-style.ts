// How the map of ages looks: tiles of ages made by the service, outlines of the flyable area, gaps and docks.
import type { StyleSpecification } from "maplibre-gl";
import { EMPTY } from "../geo";
import { colour } from "../map/style";

export const COVERAGE_SOURCES = ["graticule", "flyable", "gaps", "picked", "docks"] as const;
export type CoverageSource = (typeof COVERAGE_SOURCES)[number];

/** Upper limits in days and colours of the tiles; the service paints with the same. */
export const AGE_COLOURS: readonly (readonly [up_to_days: number, colour: string])[] = [
  [7, "#0b559f"], [14, "#6baed6"], [30, "#ffe680"], [90, "#f08a24"], [Infinity, "#9b1c1c"],
];
export const NEVER_COLOUR = "#c3c8cf";

/** `tiles` is the pattern of the tiles of ages. */
export function coverageStyle(tiles: string): StyleSpecification {
  const sources: StyleSpecification["sources"] = {
    ages: { type: "raster", tiles: [tiles], tileSize: 256, minzoom: 8, maxzoom: 17 },
  };
  for (const name of COVERAGE_SOURCES) sources[name] = { type: "geojson", data: EMPTY };
  return {
    version: 8,
    sources,
    layers: [
      { id: "background", type: "background", paint: { "background-color": colour("bg") } },
      { id: "ages", type: "raster", source: "ages", paint: { "raster-opacity": 0.85, "raster-resampling": "nearest", "raster-fade-duration": 0 } },
      { id: "graticule", type: "line", source: "graticule", paint: { "line-color": colour("line-strong"), "line-width": 0.6, "line-opacity": 0.45 } },
      { id: "flyable", type: "line", source: "flyable", paint: { "line-color": colour("ok"), "line-width": 1.4, "line-dasharray": [3, 2] } },
      { id: "gaps", type: "line", source: "gaps", paint: { "line-color": "#141418", "line-width": 1.1, "line-opacity": 0.8 } },
      { id: "picked", type: "line", source: "picked", paint: { "line-color": "#c92a2a", "line-width": 3 } },
      { id: "docks", type: "circle", source: "docks", paint: {
        "circle-radius": 5, "circle-color": colour("dock-flying"), "circle-stroke-color": colour("surface"), "circle-stroke-width": 1.5,
      } },
    ],
  };
}
