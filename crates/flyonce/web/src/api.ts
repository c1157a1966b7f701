// The typed door to the HTTP API: builds addresses, sends, and turns every failure into an
// ApiError that carries words for people. Nothing else in the page calls fetch.
import type { FeatureCollection } from "geojson";
import type {
  Bilingual, Catalogue, DecisionRequest, Health, LayerInfo, LeadDetail,
  LeadPage, LeadQuery, PhotoDetection, PhotoPage,
} from "./types";

export const API = "/api/v1";

/** What went wrong, in both languages; `status` 0 means the server was not reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly text: Bilingual,
  ) {
    super(`${code}: ${text.en}`);
  }
}

type QueryValue = string | number | undefined;

/** Address of an API path; path parts are escaped, empty or absent query values left out. */
export function apiUrl(parts: readonly string[], query: Record<string, QueryValue> = {}): string {
  const path = parts.map(encodeURIComponent).join("/");
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(key, String(value));
  }
  const tail = search.toString();
  return `${API}/${path}${tail ? `?${tail}` : ""}`;
}

/** A derived picture, at most `width` pixels wide and never wider than the photo. */
export const imageUrl = (sha256: string, width: number): string =>
  apiUrl(["images", sha256], { width });
/** The file as the camera wrote it. */
export const originalUrl = (sha256: string): string => apiUrl(["images", sha256, "original"]);
export const eventsUrl = (): string => apiUrl(["events"]);

/** Sends one request. Throws ApiError, and nothing else. */
export async function send<T>(url: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { accept: "application/json" }, ...init });
  } catch {
    throw new ApiError(0, "unreachable", {
      zh: "连不上服务程序，请确认 FlyOnce 正在运行。",
      en: "The server cannot be reached. Is FlyOnce running?",
    });
  }
  if (!response.ok) throw await errorFrom(response);
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(response.status, "unreadable_answer", {
      zh: "服务程序的回答无法读取。",
      en: "The server's answer could not be read.",
    });
  }
}

/** Sends one thing as JSON. Throws ApiError, and nothing else. */
export function post<T>(url: string, body: unknown): Promise<T> {
  return send<T>(url, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function errorFrom(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const error = isRecord(body) && isRecord(body.error) ? body.error : null;
  const message = error && isRecord(error.message) ? error.message : null;
  const code = typeof error?.code === "string" ? error.code : `http_${response.status}`;
  return new ApiError(response.status, code, {
    zh: typeof message?.zh === "string" ? message.zh : `请求失败（HTTP ${response.status}）。`,
    en: typeof message?.en === "string" ? message.en : `The request failed (HTTP ${response.status}).`,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export const api = {
  health: () => send<Health>(apiUrl(["health"])),
  catalogue: () => send<Catalogue>(apiUrl(["catalogue"])),
  leads: (query: LeadQuery) => send<LeadPage>(apiUrl(["leads"], { ...query })),
  lead: (id: string) => send<LeadDetail>(apiUrl(["leads", id])),
  decide: (id: string, body: DecisionRequest) =>
    post<LeadDetail>(apiUrl(["leads", id, "decisions"]), body),
  leadsGeojson: () => send<FeatureCollection>(apiUrl(["leads.geojson"])),
  photos: (limit: number, after?: string) => send<PhotoPage>(apiUrl(["photos"], { limit, after })),
  photoDetections: (id: string) =>
    send<{ detections: PhotoDetection[] }>(apiUrl(["photos", id, "detections"])),
  footprints: () => send<FeatureCollection>(apiUrl(["photos", "footprints"])),
  layers: () => send<LayerInfo[]>(apiUrl(["layers"])),
  layer: (name: string) => send<FeatureCollection>(apiUrl(["layers", `${name}.geojson`])),
};
