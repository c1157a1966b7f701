// The one state of the page and everything that changes it. Components read it and call its methods.
import { ApiError, api } from "./api";
import type { Check, Order } from "./fleet/types";
import type { Connection } from "./live";
import { detailNow, fetchDetail, keepDetail, prefetch } from "./prefetch";
import { bestView, leftToReview, movedCounts, neighbour, putBack, toPrefetch } from "./queue";
import type { Section } from "./route";
import { remembered } from "./remembered";
import { Toasts } from "./toasts.svelte";
import { Words } from "./words.svelte";
import type {
  Counts, DecisionCode, Health, LeadDetail, LeadState, LeadSummary, Progress,
} from "./types";

const PAGE = 50;
const MOST_REFRESHED = 200;
const AHEAD = 3;
const REFRESH_MS = 600;

export type Overlay =
  | { kind: "reason"; decision: DecisionCode }
  | { kind: "name"; then: (() => void) | null }
  | { kind: "order"; order: Order }
  | { kind: "override"; dock: string; check: Check }
  | { kind: "withdraw"; sortie: string; photos: number | null }
  | { kind: "help" };

const NO_COUNTS: Counts = {
  candidate: 0, second_review: 0, confirmed: 0, false_alarm: 0, known_stock: 0, fly_again: 0,
};

export class Store extends Words {
  actor = $state(remembered.get("actor") ?? "");
  section = $state<Section>("review");
  photoId = $state<string | null>(null);
  health = $state.raw<Health | null>(null);
  connection = $state<Connection>("connecting");
  progress = $state.raw<Progress | null>(null);
  now = $state(Date.now());

  queueState = $state<LeadState>("candidate");
  classFilter = $state("");
  matterFilter = $state("");
  leads = $state.raw<LeadSummary[]>([]);
  counts = $state.raw<Counts>(NO_COUNTS);
  total = $state(0);
  nextPage = $state<string | null>(null);
  loading = $state(true);
  queueError = $state.raw<ApiError | null>(null);

  currentId = $state<string | null>(null);
  detail = $state.raw<LeadDetail | null>(null);
  detailError = $state.raw<ApiError | null>(null);
  viewIndex = $state(0);
  showBoxes = $state(true);
  note = $state("");
  overlay = $state.raw<Overlay | null>(null);
  /** Grow whenever leads or photos changed, so that map and lists know to fetch again. */
  leadRevision = $state(0);
  photoRevision = $state(0);
  toasts = new Toasts();

  /** Leads whose decision is on its way; the server's lists do not speak for them yet. */
  readonly pending = new Set<string>();
  /** Decisions saved so far; an answer asked for before the last of them is out of date. */
  mutations = 0;

  /** Opens the live connection afresh; set by whoever holds it. */
  reconnect: () => void = () => undefined;

  #lastIndex = 0;
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;

  /** The current lead as the list or the detail knows it. */
  get current(): LeadSummary | null {
    if (this.detail && this.detail.lead_id === this.currentId) return this.detail;
    return this.leads.find((lead) => lead.lead_id === this.currentId) ?? null;
  }

  /** Leads that still wait for a person. */
  get left(): number {
    return leftToReview(this.counts);
  }

  setActor(name: string): void {
    this.actor = name.trim();
    remembered.set("actor", this.actor);
  }

  async loadBasics(): Promise<void> {
    void this.loadHealth();
    try {
      this.catalogue = await api.catalogue();
    } catch (error) {
      this.report(error);
    }
  }

  async loadHealth(): Promise<void> {
    try {
      this.health = await api.health();
      if (this.connection === "lost") this.reconnect();
    } catch {
      // Shows as "connection lost"; a toast each time would only be noise.
      this.connection = "lost";
    }
  }

  showQueue(state: LeadState): void {
    this.queueState = state;
    this.#restartQueue();
  }
  filter(kind: "class" | "matter", value: string): void {
    if (kind === "class") this.classFilter = value;
    else this.matterFilter = value;
    this.#restartQueue();
  }

  #restartQueue(): void {
    this.leads = [];
    this.nextPage = null;
    this.#selectNone();
    void this.refresh();
  }

  /** Fetches the queue again without taking the current lead away. */
  async refresh(): Promise<void> {
    const limit = Math.min(Math.max(this.leads.length, PAGE), MOST_REFRESHED);
    const key = this.#queueKey();
    const mutations = this.mutations;
    this.loading = this.leads.length === 0;
    try {
      const page = await api.leads({ ...this.#query(), limit });
      if (key !== this.#queueKey()) return;
      // A decision was saved while this answer travelled: it may be out of date.
      if (mutations !== this.mutations) return this.refreshSoon();
      this.leads = page.leads.filter((lead) => !this.pending.has(lead.lead_id));
      this.nextPage = page.next;
      this.total = page.total - (page.leads.length - this.leads.length);
      if (this.pending.size === 0) this.counts = { ...NO_COUNTS, ...page.counts };
      this.queueError = null;
      const first = this.leads[0];
      if (!this.currentId && first) this.select(first.lead_id);
      else this.#prefetchAround();
    } catch (error) {
      if (error instanceof ApiError) this.queueError = error;
      else throw error;
    } finally {
      this.loading = false;
    }
  }

  async loadMore(): Promise<void> {
    const after = this.nextPage;
    if (!after || this.loading) return;
    const key = this.#queueKey();
    this.loading = true;
    try {
      const page = await api.leads({ ...this.#query(), limit: PAGE, after });
      if (key !== this.#queueKey()) return;
      const known = new Set(this.leads.map((lead) => lead.lead_id));
      this.leads = [...this.leads, ...page.leads.filter((lead) => !known.has(lead.lead_id))];
      this.nextPage = page.next;
    } catch (error) {
      this.report(error);
    } finally {
      this.loading = false;
    }
  }

  select(id: string): void {
    const index = this.leads.findIndex((lead) => lead.lead_id === id);
    if (index >= 0) this.#lastIndex = index;
    this.currentId = id;
    this.note = "";
    this.detailError = null;
    this.#show(detailNow(id));
    if (!this.detail) void this.loadDetail(id);
    this.#prefetchAround();
    if (index >= this.leads.length - 5) void this.loadMore();
  }

  step(direction: 1 | -1): void {
    const lead = neighbour(this.leads, this.currentId, direction, this.#lastIndex);
    if (lead) this.select(lead.lead_id);
  }

  stepView(direction: 1 | -1): void {
    const n = this.detail?.views.length ?? 0;
    if (n > 0) this.viewIndex = (this.viewIndex + direction + n) % n;
  }
  showView(index: number): void {
    if (this.detail?.views[index]) this.viewIndex = index;
  }

  retryDetail(): void {
    if (this.currentId) this.select(this.currentId);
  }

  /** A lead has moved on the server, by this page's own doing. */
  saved(detail: LeadDetail): void {
    this.mutations += 1;
    keepDetail(detail);
    if (this.currentId === detail.lead_id) this.detail = detail;
    this.refreshSoon();
  }

  /** Takes a lead out of the list and goes on to the next one. */
  leave(lead: LeadSummary, stays: boolean): number {
    const index = this.leads.findIndex((other) => other.lead_id === lead.lead_id);
    const next = neighbour(this.leads, lead.lead_id, 1, this.#lastIndex);
    const previous = neighbour(this.leads, lead.lead_id, -1, this.#lastIndex);
    if (index >= 0 && !stays) {
      this.leads = this.leads.toSpliced(index, 1);
      this.total = Math.max(0, this.total - 1);
    }
    const follow = next ?? (stays ? null : previous);
    if (follow && follow.lead_id !== lead.lead_id) this.select(follow.lead_id);
    else if (!stays) this.#selectNone();
    return index;
  }

  /** Puts a lead back where it was, if it belongs in the queue shown. */
  comeBack(lead: LeadSummary, index: number): void {
    if (lead.state !== this.queueState) return;
    if (!this.leads.some((other) => other.lead_id === lead.lead_id)) this.total += 1;
    this.leads = putBack(this.leads, lead, index);
  }

  moveCounts(from: LeadState, to: LeadState): void {
    this.counts = movedCounts(this.counts, from, to);
  }

  /** Fetches lists soon, once for a burst of reasons. */
  refreshSoon(): void {
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = setTimeout(() => {
      this.leadRevision += 1;
      void this.refresh();
    }, REFRESH_MS);
  }

  report(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    this.toasts.add("error", this.pick(error.text));
  }

  /** Fetches a lead and shows it if it is still the current one. */
  async loadDetail(id: string): Promise<void> {
    try {
      const detail = await fetchDetail(id);
      if (this.currentId === id) this.#show(detail);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.currentId === id) this.detailError = error;
    }
  }

  #show(detail: LeadDetail | null): void {
    const same = detail !== null && this.detail?.lead_id === detail.lead_id;
    this.detail = detail;
    if (!same) this.viewIndex = detail ? bestView(detail.views) : 0;
  }

  #selectNone(): void {
    this.currentId = null;
    this.detail = null;
    this.detailError = null;
  }

  #prefetchAround(): void {
    void prefetch(toPrefetch(this.leads, this.currentId, AHEAD));
  }

  #query(): { state: LeadState; class: string; matter: string } {
    return { state: this.queueState, class: this.classFilter, matter: this.matterFilter };
  }
  #queueKey(): string {
    return JSON.stringify(this.#query());
  }
}
