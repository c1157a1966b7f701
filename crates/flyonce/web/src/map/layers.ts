// What the map shows besides the current lead, fetched together; a part that fails is named, not fatal.
import type { FeatureCollection } from "geojson";
import { api } from "../api";
import { EMPTY } from "../geo";

export interface MapData {
  leads: FeatureCollection;
  footprints: FeatureCollection;
  flyable: FeatureCollection;
  /** Word keys of the parts that did not load. */
  failed: ("queue.title" | "map.footprints" | "map.flyable")[];
}

export async function loadMapData(): Promise<MapData> {
  const [leads, footprints, flyable] = await Promise.allSettled([
    api.leadsGeojson(), api.footprints(), loadFlyable(),
  ]);
  const failed: MapData["failed"] = [];
  if (leads.status === "rejected") failed.push("queue.title");
  if (footprints.status === "rejected") failed.push("map.footprints");
  if (flyable.status === "rejected") failed.push("map.flyable");
  return { leads: got(leads), footprints: got(footprints), flyable: got(flyable), failed };
}

async function loadFlyable(): Promise<FeatureCollection> {
  const layers = (await api.layers()).filter((layer) => layer.role === "flyable");
  const parts = await Promise.all(layers.map((layer) => api.layer(layer.name)));
  return { type: "FeatureCollection", features: parts.flatMap((part) => part.features) };
}

function got(result: PromiseSettledResult<FeatureCollection>): FeatureCollection {
  return result.status === "fulfilled" ? result.value : EMPTY;
}
