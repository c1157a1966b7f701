// How the map of ages looks: vector tiles made by the service, with ages, towns, flyable area, gaps and docks.
import type { ExpressionSpecification, StyleSpecification } from "maplibre-gl";
import { EMPTY } from "../geo";
import { colour } from "../map/style";

export const COVERAGE_SOURCES = ["graticule", "picked"] as const;
export type CoverageSource = (typeof COVERAGE_SOURCES)[number];

/** Upper limits in days and colours, in the order of the tiles' `class`; the service's pictures have the same. */
export const AGE_COLOURS: readonly (readonly [up_to_days: number, colour: string])[] = [
  [7, "#0b559f"], [14, "#6baed6"], [30, "#ffe680"], [90, "#f08a24"], [Infinity, "#9b1c1c"],
];
/** Near-black: old ground is red. */
export const GAP_COLOUR = "#141418";
const PICKED_COLOUR = "#c92a2a";

/** Deepest tiles: their samples of 2 m are finer than the cells of the ledger. */
const DEEPEST_ZOOM = 16;

const ageColour = (): ExpressionSpecification => {
  const classes = AGE_COLOURS.flatMap(([, shown], at) => [at, shown]);
  return ["match", ["get", "class"], ...classes, colour("age-never")] as unknown as ExpressionSpecification;
};
const label = (field: string, size: number) => ({
  "text-field": ["get", field] as ExpressionSpecification, "text-size": size, "text-font": ["sans-serif"],
});

/** `tiles` is the pattern of the tiles. */
export function coverageStyle(tiles: string): StyleSpecification {
  const sources: StyleSpecification["sources"] = {
    coverage: { type: "vector", tiles: [tiles], minzoom: 6, maxzoom: DEEPEST_ZOOM },
  };
  for (const name of COVERAGE_SOURCES) sources[name] = { type: "geojson", data: EMPTY };
  const of = (layer: string) => ({ source: "coverage", "source-layer": layer });
  return {
    version: 8,
    sources,
    layers: [
      { id: "background", type: "background", paint: { "background-color": colour("bg") } },
      // Smoothed edges of neighbouring classes would let the background through.
      { id: "ages", type: "fill", ...of("ages"), paint: { "fill-color": ageColour(), "fill-opacity": 0.85, "fill-antialias": false } },
      { id: "graticule", type: "line", source: "graticule", paint: { "line-color": colour("line-strong"), "line-width": 0.6, "line-opacity": 0.45 } },
      { id: "towns-fill", type: "fill", ...of("towns"), paint: { "fill-opacity": 0 } },
      { id: "towns", type: "line", ...of("towns"), paint: { "line-color": colour("muted"), "line-width": 0.9 } },
      { id: "flyable", type: "line", ...of("flyable"), paint: { "line-color": colour("ok"), "line-width": 1.4, "line-dasharray": [3, 2] } },
      { id: "gaps-fill", type: "fill", ...of("gaps"), paint: { "fill-opacity": 0 } },
      // Old ground is red, too: a light edge sets the outline off.
      { id: "gaps-edge", type: "line", ...of("gaps"), minzoom: 11, paint: { "line-color": "#ffffff", "line-opacity": 0.75, "line-width": ["interpolate", ["linear"], ["zoom"], 11, 1.2, 14, 3.4] } },
      { id: "gaps", type: "line", ...of("gaps"), paint: {
        "line-color": GAP_COLOUR, "line-opacity": 0.85, "line-width": ["interpolate", ["linear"], ["zoom"], 10, 0.5, 14, 1.4],
      } },
      { id: "picked-edge", type: "line", source: "picked", paint: { "line-color": "#ffffff", "line-width": 7 } },
      { id: "picked", type: "line", source: "picked", paint: { "line-color": PICKED_COLOUR, "line-width": 3.5 } },
      { id: "docks", type: "circle", ...of("docks"), paint: {
        "circle-radius": 5, "circle-color": colour("dock-flying"), "circle-stroke-color": colour("surface"), "circle-stroke-width": 1.5,
      } },
      { id: "dock-names", type: "symbol", ...of("docks"), layout: { ...label("dock_id", 12), "text-anchor": "left", "text-offset": [0.7, 0] }, paint: {
        "text-color": colour("text"), "text-halo-color": colour("surface"), "text-halo-width": 1.5,
      } },
    ],
  };
}
