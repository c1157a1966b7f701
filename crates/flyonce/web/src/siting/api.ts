// The siting part of the HTTP API.
import type { FeatureCollection } from "geojson";
import { apiUrl, send } from "../api";
import type { SitingRun } from "./types";

export const sitingFileUrl = (id: string): string => apiUrl(["siting", id]);

export const sitingApi = {
  runs: () => send<SitingRun[]>(apiUrl(["siting"])),
  shapes: (id: string) => send<FeatureCollection>(sitingFileUrl(id)),
};
