// What the page knows about the fleet, where it comes from, and what is selected.
import type { FeatureCollection } from "geojson";
import { ApiError } from "../api";
import { EMPTY } from "../geo";
import { remembered } from "../remembered";
import type { Store } from "../store.svelte";
import { fleetApi } from "./api";
import { CALM, asItEnded, isAirborne, isOpen, sorted, urgency } from "./rules";
import type {
  Calendar, Dock, FleetView, FlightDetail, FlightSummary, Slot, SortieMoved,
} from "./types";

/** The service sends the fleet every second; after this long without, it is asked, then told. */
const ASK_AFTER_S = 4;
const STALE_AFTER_S = 8;
const PAGE = 30;

export type Panel = "dock" | "flights";

export class FleetStore {
  view = $state.raw<FleetView | null>(null);
  receivedAt = $state(0);
  now = $state(Date.now());
  /** There is no roster of docks. */
  noDocks = $state(false);
  error = $state.raw<ApiError | null>(null);

  dockId = $state<string | null>(null);
  /** A flight picked from the past ones; it goes before the dock's own. */
  picked = $state.raw<FlightSummary | null>(null);
  panel = $state<Panel>("dock");
  problemsFirst = $state(remembered.get("fleet.sort") === "problems");

  detail = $state.raw<FlightDetail | null>(null);
  /** Track of a flight that is not among today's. */
  track = $state.raw<FeatureCollection>(EMPTY);
  tracks = $state.raw<FeatureCollection>(EMPTY);
  calendar = $state.raw<Calendar | null>(null);
  flights = $state.raw<FlightSummary[]>([]);
  nextFlights = $state<string | null>(null);
  onlyDock = $state(false);
  loadingFlights = $state(false);

  docks = $derived<Dock[]>(sorted(this.view?.docks ?? [], this.problemsFirst));
  dock = $derived<Dock | null>(this.view?.docks.find((dock) => dock.dock_id === this.dockId) ?? null);
  sortie = $derived<FlightSummary | null>(this.picked ?? this.dock?.sortie ?? null);
  sortieId = $derived<string | null>(this.sortie?.sortie_id ?? null);
  airborne = $derived((this.view?.docks ?? []).filter((dock) => isAirborne(dock.sortie)).length);
  problems = $derived((this.view?.docks ?? []).filter((dock) => urgency(dock) < CALM).length);
  slots = $derived<Slot[]>(
    (this.calendar?.slots ?? []).map((slot) => asItEnded(slot, this.view?.docks ?? [])),
  );
  age_s = $derived(Math.max(0, (this.now - this.receivedAt) / 1000));

  #asking = false;
  constructor(readonly store: Store) {}

  /** What is shown is older than it should be. */
  get stale(): boolean {
    const limit_s = this.store.connection === "lost" ? ASK_AFTER_S : STALE_AFTER_S;
    return this.view !== null && this.age_s > limit_s;
  }

  take(view: FleetView): void {
    this.view = view;
    this.receivedAt = this.now = Date.now();
    this.noDocks = false;
    this.error = null;
  }

  async load(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      this.take(await fleetApi.fleet());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.noDocks = error.status === 404;
      if (this.noDocks) this.view = null;
      else this.error = error;
    } finally {
      this.#asking = false;
    }
  }

  /** A sortie moved: lists and lines that speak of it are fetched again. */
  moved(moved: SortieMoved): void {
    if (this.store.section !== "fleet") return;
    void this.loadCalendar();
    void this.loadTracks();
    if (moved.sortie_id === this.sortieId) void this.loadDetail();
    if (this.panel === "flights") void this.loadFlights(false);
  }

  /** Follows the fleet while its page is open; returns the function that stops it. */
  watch(): () => void {
    void this.load();
    void this.loadTracks();
    void this.loadCalendar();
    const clock = setInterval(() => (this.now = Date.now()), 1000);
    const lines = setInterval(() => {
      if (!this.noDocks && this.age_s > ASK_AFTER_S) void this.load();
      if (this.airborne > 0) void this.loadTracks();
      if (isOpen(this.sortie)) void this.loadDetail();
    }, 3000);
    const calendar = setInterval(() => {
      if (this.noDocks) void this.load();
      void this.loadCalendar();
    }, 15_000);
    return () => [clock, lines, calendar].forEach(clearInterval);
  }

  select(dockId: string | null): void {
    this.dockId = dockId;
    this.picked = null;
    if (dockId) this.panel = "dock";
  }
  step(by: 1 | -1): void {
    const at = this.docks.findIndex((dock) => dock.dock_id === this.dockId);
    const next = at < 0 ? this.docks.at(by === 1 ? 0 : -1) : this.docks[at + by];
    if (next) this.select(next.dock_id);
  }
  sortBy(problemsFirst: boolean): void {
    this.problemsFirst = problemsFirst;
    remembered.set("fleet.sort", problemsFirst ? "problems" : "number");
  }
  pick(flight: FlightSummary | null): void {
    this.picked = flight;
    if (flight?.dock_id) this.dockId = flight.dock_id;
  }

  async loadTracks(): Promise<void> {
    await this.#quietly(async () => (this.tracks = await fleetApi.tracks()));
  }
  async loadCalendar(): Promise<void> {
    await this.#quietly(async () => (this.calendar = await fleetApi.calendar()));
  }
  async loadDetail(): Promise<void> {
    const id = this.sortieId;
    if (!id) return;
    await this.#quietly(async () => {
      const detail = await fleetApi.flight(id);
      if (this.sortieId === id) this.detail = detail;
    });
  }
  /** Only a flight of another day needs its line fetched on its own. */
  async loadTrack(): Promise<void> {
    const id = this.sortieId;
    this.track = EMPTY;
    // What flies is among today's tracks, if not yet then in a moment.
    if (!id || isAirborne(this.sortie) || this.tracks.features.some((line) => line.properties?.sortie_id === id)) return;
    await this.#quietly(async () => {
      const all = await fleetApi.track(id);
      if (this.sortieId !== id) return;
      const lines = all.features.filter((part) => part.properties?.kind === "track" && part.geometry);
      this.track = { type: "FeatureCollection", features: lines };
    });
  }

  async loadFlights(more: boolean): Promise<void> {
    this.loadingFlights = true;
    const dock = this.onlyDock && this.dockId ? { dock: this.dockId } : {};
    const after = more && this.nextFlights ? { after: this.nextFlights } : {};
    await this.#quietly(async () => {
      const limit = more ? PAGE : Math.min(200, Math.max(PAGE, this.flights.length));
      const page = await fleetApi.flights({ limit, ...dock, ...after });
      this.flights = more ? [...this.flights, ...page.flights] : page.flights;
      this.nextFlights = page.next;
    });
    this.loadingFlights = false;
  }

  /** Parts beside the fleet itself: a failure keeps what is shown, and the banner tells of a lost line. */
  async #quietly(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      console.warn("fleet", error.message);
    }
  }
}
