// Lead details and pictures fetched ahead, so that the next lead is there before it is asked for.
import { api, imageUrl } from "./api";
import { bestView } from "./queue";
import type { LeadDetail } from "./types";

/** Width of the derived picture first shown; enough for a full screen of context. */
export const VIEW_WIDTH_PX = 2048;

const DETAILS_KEPT = 40;
const PICTURES_KEPT = 10;

class Kept<T> {
  readonly #items = new Map<string, T>();
  constructor(readonly limit: number) {}

  get(key: string): T | undefined {
    return this.#items.get(key);
  }
  set(key: string, value: T): void {
    this.#items.delete(key);
    this.#items.set(key, value);
    const oldest = this.#items.keys().next();
    if (this.#items.size > this.limit && !oldest.done) this.#items.delete(oldest.value);
  }
  delete(key: string): void {
    this.#items.delete(key);
  }
}

const ready = new Kept<LeadDetail>(DETAILS_KEPT);
const asked = new Map<string, Promise<LeadDetail>>();
const pictures = new Kept<HTMLImageElement>(PICTURES_KEPT);

/** The detail if it is already here. */
export const detailNow = (id: string): LeadDetail | null => ready.get(id) ?? null;

export function keepDetail(detail: LeadDetail): void {
  ready.set(detail.lead_id, detail);
}

export function forgetDetail(id: string): void {
  ready.delete(id);
}

/** The detail from the server; two callers share one request. Rejects with ApiError. */
export function fetchDetail(id: string): Promise<LeadDetail> {
  const running = asked.get(id);
  if (running) return running;
  const request = api
    .lead(id)
    .then((detail) => {
      keepDetail(detail);
      return detail;
    })
    .finally(() => asked.delete(id));
  asked.set(id, request);
  return request;
}

/** Fetches and decodes a picture; the kept element keeps the browser's decoded copy alive. */
export function warmPicture(url: string): void {
  if (pictures.get(url)) return;
  const image = new Image();
  image.decoding = "async";
  image.src = url;
  pictures.set(url, image);
  // A picture that fails here fails again, visibly, when it is shown.
  image.decode().catch(() => pictures.delete(url));
}

/** Gets leads ready one after the other, nearest first. Failures wait until the lead is opened. */
export async function prefetch(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const detail = detailNow(id) ?? (await fetchDetail(id).catch(() => null));
    const view = detail?.views[bestView(detail.views)];
    if (view) warmPicture(imageUrl(view.sha256, VIEW_WIDTH_PX));
  }
}
