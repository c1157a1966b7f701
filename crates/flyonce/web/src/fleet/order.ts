// Orders to the fleet: which request each is and what is said when it is done.
import type { WordKey } from "../i18n";
import { fleetApi } from "./api";
import type { Order, OrderRequest } from "./types";

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
  hand: { title: "order.hand.title", body: "order.hand.body", go: "order.hand.do", done: "order.handed", danger: true },
  return: { title: "order.return.title", body: "order.return.body", go: "order.return.do", done: "order.returnedOne", danger: true },
  pause: { title: "order.pause.title", body: "order.pause.body", go: "order.pause.do", done: "order.paused", danger: false },
  continue: { title: "order.continue.title", body: "order.continue.body", go: "order.continue.do", done: "order.continued", danger: false },
  divert: { title: "order.divert.title", body: "order.divert.body", go: "order.divert.do", done: "order.diverted", danger: true },
  land: { title: "order.land.title", body: "order.land.body", go: "order.land.do", done: "order.landed", danger: true },
  resume: { title: "order.resume.title", body: "order.resume.body", go: "order.resume.do", done: "order.resumed", danger: false },
};

export function requestOf(actor: string, reason: string): OrderRequest {
  const why = reason.trim();
  return { actor: actor.trim(), ...(why ? { reason: why } : {}) };
}

/** How many sorties were told. */
export async function carryOut(order: Order, body: OrderRequest): Promise<number> {
  switch (order.kind) {
    case "returnAll": return (await fleetApi.returnAll(body)).recalled.length;
    case "release": return (await fleetApi.release(body)).recalled.length;
    case "hand":
      await fleetApi.byHand(order.dock, { ...body, command: order.command });
      return 1;
    default:
      await fleetApi.orderOne(order.sortie, order.kind, body);
      return 1;
  }
}
