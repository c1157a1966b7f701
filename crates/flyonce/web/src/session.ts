// The one store of this page, the decisions made with it, the fleet, coverage, and sitings.
import { CoverageStore } from "./coverage/coverage.svelte";
import { Decisions } from "./decisions";
import { FleetStore } from "./fleet/fleet.svelte";
import { SitingStore } from "./siting/siting.svelte";
import { Store } from "./store.svelte";

export const store = new Store();
export const decisions = new Decisions(store);
export const fleet = new FleetStore(store);
export const coverage = new CoverageStore();
export const siting = new SitingStore();
