// How the map looks: one plain background and our own layers. No tiles, no glyphs, no sprites, so
// that nothing is ever fetched from elsewhere.
import type { ExpressionSpecification, StyleSpecification } from "maplibre-gl";
import { EMPTY } from "../geo";
import { LEAD_STATES } from "../types";

export const SOURCES = ["graticule", "flyable", "footprints", "leads", "ellipse", "current"] as const;
export type SourceName = (typeof SOURCES)[number];

/** Reads a colour of the page, so that map and page agree in light and dark. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || "#888888";
}

export function leadColours(): ExpressionSpecification {
  const pairs = LEAD_STATES.flatMap((state) => [state, colour(state)]);
  return ["match", ["get", "state"], ...pairs, colour("muted")] as unknown as ExpressionSpecification;
}

/** The style in the page's present colours; `data` of each source is set afterwards. */
export function mapStyle(): StyleSpecification {
  const sources: StyleSpecification["sources"] = {};
  for (const name of SOURCES) sources[name] = { type: "geojson", data: EMPTY };
  const accent = colour("accent");
  return {
    version: 8,
    sources,
    layers: [
      { id: "background", type: "background", paint: { "background-color": colour("bg") } },
      { id: "flyable-fill", type: "fill", source: "flyable", paint: { "fill-color": colour("ok"), "fill-opacity": 0.1 } },
      { id: "graticule", type: "line", source: "graticule", paint: { "line-color": colour("line-strong"), "line-width": 0.6, "line-opacity": 0.55 } },
      { id: "footprints-fill", type: "fill", source: "footprints", paint: { "fill-color": accent, "fill-opacity": 0.06 } },
      { id: "footprints-line", type: "line", source: "footprints", paint: { "line-color": accent, "line-width": 0.8, "line-opacity": 0.45 } },
      { id: "flyable-line", type: "line", source: "flyable", paint: { "line-color": colour("ok"), "line-width": 1.6, "line-dasharray": [3, 2] } },
      { id: "ellipse-fill", type: "fill", source: "ellipse", paint: { "fill-color": "#ffb300", "fill-opacity": 0.28 } },
      { id: "ellipse-line", type: "line", source: "ellipse", paint: { "line-color": "#d98200", "line-width": 2 } },
      { id: "leads", type: "circle", source: "leads", paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 2.5, 15, 4.5, 19, 7],
        "circle-color": leadColours(), "circle-stroke-color": colour("surface"), "circle-stroke-width": 1.2,
      } },
      { id: "current-ring", type: "circle", source: "current", paint: {
        "circle-radius": 9, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": colour("text"), "circle-stroke-width": 2,
      } },
      { id: "current", type: "circle", source: "current", paint: {
        "circle-radius": 5, "circle-color": leadColours(), "circle-stroke-color": "#ffffff", "circle-stroke-width": 1.5,
      } },
    ],
  };
}
