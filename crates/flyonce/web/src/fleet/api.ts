// The fleet part of the HTTP API.
import type { FeatureCollection } from "geojson";
import { apiUrl, post, send } from "../api";
import type {
  ByHand, Calendar, FleetView, FlightDetail, FlightPage, FlightQuery, HandRequest, Ordered, OrderRequest, OverrideGiven, OverrideRequest,
  Recalled, SortieOrderKind,
} from "./types";

export type FlightFile = "track.kml" | "track.geojson" | "flight.tlog";
export const flightFileUrl = (sortie: string, file: FlightFile): string =>
  apiUrl(["flights", sortie, file]);

export const fleetApi = {
  fleet: () => send<FleetView>(apiUrl(["fleet"])),
  tracks: () => send<FeatureCollection>(apiUrl(["fleet", "tracks.geojson"])),
  calendar: () => send<Calendar>(apiUrl(["calendar"])),
  flights: (query: FlightQuery) => send<FlightPage>(apiUrl(["flights"], { ...query })),
  flight: (sortie: string) => send<FlightDetail>(apiUrl(["flights", sortie])),
  track: (sortie: string) => send<FeatureCollection>(flightFileUrl(sortie, "track.geojson")),
  returnAll: (body: OrderRequest) => post<Recalled>(apiUrl(["fleet", "return-all"]), body),
  release: (body: OrderRequest) => post<Recalled>(apiUrl(["fleet", "release"]), body),
  override: (body: OverrideRequest) => post<OverrideGiven>(apiUrl(["fleet", "overrides"]), body),
  withdraw: (id: string, body: OrderRequest) =>
    post<OverrideGiven>(apiUrl(["fleet", "overrides", id, "withdraw"]), body),
  byHand: (dock: string, body: HandRequest) => post<ByHand>(apiUrl(["fleet", "docks", dock, "by-hand"]), body),
  orderOne: (sortie: string, what: SortieOrderKind, body: OrderRequest) =>
    post<Ordered>(apiUrl(["flights", sortie, what]), body),
};
