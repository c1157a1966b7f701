// How the map of sites looks: ground that is reached, darker where several reach it, and ground that is not.
// Sites are drawn by the page above it, so that their labels need no glyph files.
import type { StyleSpecification } from "maplibre-gl";
import { EMPTY } from "../geo";
import { colour } from "../map/style";

export const SITING_SOURCES = ["graticule", "uncovered", "reach", "picked"] as const;
export type SitingSource = (typeof SITING_SOURCES)[number];

export const REACH_COLOUR = "#2f9e5f";
export const UNCOVERED_COLOUR = "#d9663d";

export function sitingStyle(): StyleSpecification {
  const sources: StyleSpecification["sources"] = {};
  for (const name of SITING_SOURCES) sources[name] = { type: "geojson", data: EMPTY };
  return {
    version: 8,
    sources,
    layers: [
      { id: "background", type: "background", paint: { "background-color": colour("bg") } },
      { id: "uncovered", type: "fill", source: "uncovered", paint: { "fill-color": UNCOVERED_COLOUR, "fill-opacity": 0.4 } },
      { id: "reach", type: "fill", source: "reach", paint: { "fill-color": REACH_COLOUR, "fill-opacity": 0.28 } },
      { id: "graticule", type: "line", source: "graticule", paint: { "line-color": colour("line-strong"), "line-width": 0.6, "line-opacity": 0.45 } },
      { id: "reach-line", type: "line", source: "reach", paint: { "line-color": REACH_COLOUR, "line-width": 1, "line-opacity": 0.8 } },
      { id: "picked", type: "line", source: "picked", paint: { "line-color": colour("text"), "line-width": 2.6 } },
    ],
  };
}
