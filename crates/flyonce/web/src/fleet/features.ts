// Features of the fleet's map, made from answers of the API.
import type { Feature, FeatureCollection } from "geojson";
import { boundsOf, grown, type Bounds, type LonLat } from "../geo";
import { shotState } from "./rules";
import type { Dock, FlightDetail } from "./types";

const collection = (features: Feature[]): FeatureCollection => ({ type: "FeatureCollection", features });

/** The planned route as one line. */
export function planLine(detail: FlightDetail | null): FeatureCollection {
  const places = (detail?.plan ?? []).map((p) => [p.longitude_deg, p.latitude_deg]);
  if (places.length < 2) return collection([]);
  return collection([{ type: "Feature", geometry: { type: "LineString", coordinates: places }, properties: {} }]);
}

/** Every photo that has a place, taken or planned, with the state that colours it. */
export function shotPoints(detail: FlightDetail | null): FeatureCollection {
  const points = (detail?.shots ?? []).flatMap((shot): Feature[] => {
    if (shot.longitude_deg === null || shot.latitude_deg === null) return [];
    const geometry = { type: "Point" as const, coordinates: [shot.longitude_deg, shot.latitude_deg] };
    return [{ type: "Feature", geometry, properties: { index: shot.index, state: shotState(shot.state) } }];
  });
  return collection(points);
}

/** The ground that all docks stand on, with a margin that shows where they lie. */
export function dockBounds(docks: readonly Dock[]): Bounds | null {
  const places: LonLat[] = docks.map((dock) => [dock.longitude_deg, dock.latitude_deg]);
  const bounds = boundsOf(collection([
    { type: "Feature", geometry: { type: "MultiPoint", coordinates: places }, properties: {} },
  ]));
  return bounds && grown(bounds, 300);
}
