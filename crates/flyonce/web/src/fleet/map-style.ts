// How the fleet's map looks: the same plain ground as the map of leads, with routes, tracks and shots.
// Docks and vehicles are drawn by the page above it, so that their labels need no glyph files.
import type { ExpressionSpecification, StyleSpecification } from "maplibre-gl";
import { EMPTY } from "../geo";
import { colour, leadColours } from "../map/style";
import { SHOT_STATES } from "./rules";

export const FLEET_SOURCES = [
  "graticule", "flyable", "footprints", "tracks", "plan", "track", "shots", "leads",
] as const;
export type FleetSource = (typeof FLEET_SOURCES)[number];

function shotColours(): ExpressionSpecification {
  const pairs = SHOT_STATES.flatMap((state) => [state, colour(`shot-${state}`)]);
  return ["match", ["get", "state"], ...pairs, colour("muted")] as unknown as ExpressionSpecification;
}

export function fleetStyle(): StyleSpecification {
  const sources: StyleSpecification["sources"] = {};
  for (const name of FLEET_SOURCES) sources[name] = { type: "geojson", data: EMPTY };
  const flying = colour("dock-flying");
  const inAir: ExpressionSpecification = ["in", ["get", "state"], ["literal", ["launching", "flying", "returning"]]];
  return {
    version: 8,
    sources,
    layers: [
      { id: "background", type: "background", paint: { "background-color": colour("bg") } },
      { id: "flyable-fill", type: "fill", source: "flyable", paint: { "fill-color": colour("ok"), "fill-opacity": 0.08 } },
      { id: "graticule", type: "line", source: "graticule", paint: { "line-color": colour("line-strong"), "line-width": 0.6, "line-opacity": 0.45 } },
      { id: "footprints-fill", type: "fill", source: "footprints", paint: { "fill-color": colour("accent"), "fill-opacity": 0.06 } },
      { id: "footprints-line", type: "line", source: "footprints", paint: { "line-color": colour("accent"), "line-width": 0.8, "line-opacity": 0.4 } },
      { id: "flyable-line", type: "line", source: "flyable", paint: { "line-color": colour("ok"), "line-width": 1.4, "line-dasharray": [3, 2] } },
      { id: "leads", type: "circle", source: "leads", paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 1.5, 15, 4, 19, 7],
        "circle-color": leadColours(), "circle-stroke-color": colour("surface"),
        "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 9, 0, 15, 1.2], "circle-opacity": 0.85,
      } },
      { id: "plan", type: "line", source: "plan", paint: { "line-color": colour("text"), "line-width": 1.4, "line-dasharray": [2, 2], "line-opacity": 0.7 } },
      { id: "tracks", type: "line", source: "tracks", layout: { "line-join": "round" }, paint: {
        "line-color": ["case", inAir, flying, colour("track")], "line-width": ["case", inAir, 2.4, 1.6],
        "line-opacity": ["case", inAir, 0.95, 0.65],
      } },
      { id: "track", type: "line", source: "track", layout: { "line-join": "round" }, paint: { "line-color": colour("track"), "line-width": 2.4 } },
      { id: "shots", type: "circle", source: "shots", minzoom: 11, paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 1.5, 14, 3.5, 18, 7],
        "circle-color": shotColours(), "circle-stroke-color": colour("surface"),
        "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 11, 0.3, 15, 1.4],
      } },
    ],
  };
}
