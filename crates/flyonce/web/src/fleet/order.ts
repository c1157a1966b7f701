// Orders to the fleet: which request each is and what is said when it is done.
import type { WordKey } from "../i18n";
import { fleetApi } from "./api";
import type { Order, OrderRequest, Recalled } from "./types";

export interface OrderText {
  title: WordKey;
  body: WordKey;
  go: WordKey;
  done: WordKey;
  /** Brings vehicles down or lets them go up: the button says which in its colour. */
  danger: boolean;
}

export const ORDER_TEXTS: Record<Order["kind"], OrderText> = {
  returnAll: { title: "order.returnAll.title", body: "order.returnAll.body", go: "order.returnAll.do", done: "order.returned", danger: true },
  release: { title: "order.release.title", body: "order.release.body", go: "order.release.do", done: "order.released", danger: false },
  return: { title: "order.return.title", body: "order.return.body", go: "order.return.do", done: "order.returnedOne", danger: true },
};

export function requestOf(actor: string, reason: string): OrderRequest {
  const why = reason.trim();
  return { actor: actor.trim(), ...(why ? { reason: why } : {}) };
}

export function carryOut(order: Order, body: OrderRequest): Promise<Recalled> {
  switch (order.kind) {
    case "returnAll": return fleetApi.returnAll(body);
    case "release": return fleetApi.release(body);
    case "return": return fleetApi.returnOne(order.sortie, body);
  }
}
