// The one store of this page and the decisions made with it.
import { Decisions } from "./decisions";
import { Store } from "./store.svelte";

export const store = new Store();
export const decisions = new Decisions(store);
