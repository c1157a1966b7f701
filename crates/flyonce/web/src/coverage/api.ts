// The coverage part of the HTTP API.
import type { FeatureCollection } from "geojson";
import { apiUrl, send } from "../api";
import type {
  CoverageAsked, CoverageFigures, CoverageTable, Explanation, Forecast, GapList, History, TableKind, TileSet,
} from "./types";

const path = (...parts: string[]): string[] => ["coverage", ...parts];

export const figuresUrl = (asked: CoverageAsked): string => apiUrl(path("figures"), { ...asked });
export const gapsFileUrl = (asked: CoverageAsked): string => apiUrl(path("gaps.geojson"), { ...asked });
/** The plan of one flight over a gap. */
export const gapPlanUrl = (gap: string, number: number, asked: CoverageAsked): string =>
  apiUrl(path("gaps", gap, "plans", `${number}.plan`), { ...asked });
export const mapPictureUrl = (asked: CoverageAsked, lang: "zh" | "en"): string => apiUrl(path("map.png"), { ...asked, lang });
/** Pattern of the map's tiles; the browser keeps tiles of another `revision` apart. */
export function tilesUrl(origin: string, asked: CoverageAsked, revision: number): string {
  const query = apiUrl([], { ...asked, revision }).split("?")[1] ?? "";
  return `${origin}${apiUrl(path("tiles"))}/{z}/{x}/{y}.mvt?${query}`;
}

export const coverageApi = {
  figures: (asked: CoverageAsked) => send<CoverageFigures>(figuresUrl(asked)),
  by: (kind: TableKind, asked: CoverageAsked) => send<CoverageTable>(apiUrl(path("by", kind), { ...asked })),
  explain: (asked: CoverageAsked) => send<Explanation>(apiUrl(path("explain"), { ...asked })),
  history: (days: number, asked: CoverageAsked) => send<History>(apiUrl(path("history"), { days, ...asked })),
  forecast: (asked: CoverageAsked) => send<Forecast>(apiUrl(path("forecast"), { ...asked })),
  gaps: (limit: number, asked: CoverageAsked) => send<GapList>(apiUrl(path("gaps"), { limit, ...asked })),
  tiles: (asked: CoverageAsked) => send<TileSet>(apiUrl(path("tiles.json"), { ...asked })),
  gapShapes: (limit: number, asked: CoverageAsked) =>
    send<FeatureCollection>(apiUrl(path("gaps.geojson"), { limit, ...asked })),
};
