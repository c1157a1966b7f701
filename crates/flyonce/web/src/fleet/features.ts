// Features of the fleet's map, made from answers of the API.
import type { Feature, FeatureCollection } from "geojson";
import { boundsOf, grown, type Bounds, type LonLat } from "../geo";
import { isAirborne, shotState } from "./rules";
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
  const points = (detail?.photos ?? []).flatMap((shot): Feature[] => {
    if (shot.longitude_deg === null || shot.latitude_deg === null) return [];
    const geometry = { type: "Point" as const, coordinates: [shot.longitude_deg, shot.latitude_deg] };
    return [{ type: "Feature", geometry, properties: { index: shot.index, state: shotState(shot.state) } }];
  });
  return collection(points);
}

/**
 * Today's tracks drawn on to where each vehicle is now: the lines are fetched every few seconds, the
 * vehicles are known every second.
 */
export function upToVehicles(tracks: FeatureCollection, docks: readonly Dock[]): FeatureCollection {
  const places = new Map<unknown, LonLat>();
  for (const { sortie, vehicle } of docks) {
    if (!sortie || !isAirborne(sortie) || !vehicle?.heard) continue;
    if (vehicle.longitude_deg === null || vehicle.latitude_deg === null) continue;
    places.set(sortie.sortie_id, [vehicle.longitude_deg, vehicle.latitude_deg]);
  }
  const features = tracks.features.map((line): Feature => {
    const place = places.get(line.properties?.sortie_id);
    if (!place || line.geometry.type !== "LineString") return line;
    return { ...line, geometry: { ...line.geometry, coordinates: [...line.geometry.coordinates, place] } };
  });
  return { ...tracks, features };
}

/** The ground that all docks stand on, with a margin that shows where they lie. */
export function dockBounds(docks: readonly Dock[]): Bounds | null {
  const places: LonLat[] = docks.map((dock) => [dock.longitude_deg, dock.latitude_deg]);
  const bounds = boundsOf(collection([
    { type: "Feature", geometry: { type: "MultiPoint", coordinates: places }, properties: {} },
  ]));
  return bounds && grown(bounds, 300);
}
