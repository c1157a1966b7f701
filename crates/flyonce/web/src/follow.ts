// Keeps the store up to date with the server: first load, live events, and a regular look at health.
import type { FleetStore } from "./fleet/fleet.svelte";
import { connectLive, type Connection } from "./live";
import { detailNow, forgetDetail } from "./prefetch";
import type { Store } from "./store.svelte";
import type { LeadMoved } from "./types";

const CLOCK_MS = 30_000;
const HEALTH_MS = 15_000;
/** Photos arrive in hundreds: one look at the lists every few seconds is enough. */
const PHOTOS_MS = 3000;

/** Loads everything and follows the server; returns the function that stops it. */
export function follow(store: Store, fleet: FleetStore): () => void {
  let photos: ReturnType<typeof setTimeout> | undefined;
  void store.loadBasics();
  void store.refresh();
  const clock = setInterval(() => (store.now = Date.now()), CLOCK_MS);
  const health = setInterval(() => void store.loadHealth(), HEALTH_MS);
  const live = connectLive({
    connection: (state) => connected(store, fleet, state),
    lead: (moved) => leadMoved(store, moved),
    photo: () => {
      photos ??= setTimeout(() => {
        photos = undefined;
        store.photoRevision += 1;
      }, PHOTOS_MS);
    },
    progress: (progress) => (store.progress = progress),
    fleet: (view) => fleet.take(view),
    sortie: (moved) => fleet.moved(moved),
  });
  store.reconnect = live.reopen;
  return () => {
    clearInterval(clock);
    clearInterval(health);
    clearTimeout(photos);
    live.close();
  };
}

function connected(store: Store, fleet: FleetStore, state: Connection): void {
  const again = state === "live" && store.connection !== "live" && store.health !== null;
  store.connection = state;
  // Whatever happened while the line was down is fetched, not guessed.
  if (!again) return;
  void store.loadHealth();
  if (store.section === "fleet") void fleet.load();
  store.photoRevision += 1;
  store.refreshSoon();
}

/** Another page, or this one, moved a lead. The current lead stays where it is. */
function leadMoved(store: Store, moved: LeadMoved): void {
  if (store.pending.has(moved.lead_id)) return;
  if (detailNow(moved.lead_id)?.state !== moved.state) forgetDetail(moved.lead_id);
  if (moved.lead_id === store.currentId) {
    const shown = store.detail?.state;
    if (moved.state && shown && shown !== moved.state) {
      store.toasts.add("info", store.t("decide.moved", { state: store.stateName(moved.state) }));
    }
    forgetDetail(moved.lead_id);
    void store.loadDetail(moved.lead_id);
  }
  store.refreshSoon();
}
