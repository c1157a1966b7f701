// What the map shows besides the current lead. A part that fails is named, never fatal.
import type { FeatureCollection } from "geojson";
import { api } from "../api";
import { EMPTY } from "../geo";
import type { WordKey } from "../i18n";
import type { SourceName } from "./style";

export interface Loaded { source: SourceName; data: FeatureCollection; failed: WordKey | null }

export const loadLeads = (): Promise<Loaded[]> =>
  Promise.all([part("leads", "queue.title", api.leadsGeojson())]);

export const loadFootprints = (): Promise<Loaded[]> =>
  Promise.all([part("footprints", "map.footprints", api.footprints())]);

export const loadFlyable = (): Promise<Loaded[]> =>
  Promise.all([part("flyable", "map.flyable", flyable())]);

export const loadGround = async (): Promise<Loaded[]> =>
  (await Promise.all([loadFootprints(), loadFlyable()])).flat();

async function flyable(): Promise<FeatureCollection> {
  const layers = (await api.layers()).filter((layer) => layer.role === "flyable");
  const parts = await Promise.all(layers.map((layer) => api.layer(layer.name)));
  return { type: "FeatureCollection", features: parts.flatMap((one) => one.features) };
}

async function part(
  source: SourceName, word: WordKey, loading: Promise<FeatureCollection>,
): Promise<Loaded> {
  try {
    return { source, data: await loading, failed: null };
  } catch (error) {
    console.warn(`map layer ${source}`, error);
    return { source, data: EMPTY, failed: word };
  }
}
