// What the coverage page knows, where it comes from, and what is asked.
import type { FeatureCollection } from "geojson";
import { ApiError } from "../api";
import { EMPTY, type Bounds } from "../geo";
import { coverageApi } from "./api";
import type {
  CoverageAsked, CoverageFigures, CoverageTable, Explanation, Forecast, Gap, GapList, History, TableKind, Withdrawal,
} from "./types";
import { FOLLOWS_MS, withdrawalsApi } from "./withdrawals-api";

/** Gaps in the list; the map and the file have all. */
const GAPS = 100;
/** Photos come in hundreds, and computing takes seconds in a large city: not more often than this. */
const REFRESH_MS = 20_000;
export const HISTORY_DAYS = [30, 90, 365] as const;

export class CoverageStore {
  asked = $state.raw<CoverageAsked>({});
  /** What the figures shown answer: an older question than `asked` until its answer is there. */
  shown = $state.raw<CoverageAsked>({});
  figures = $state.raw<CoverageFigures | null>(null);
  error = $state.raw<ApiError | null>(null);
  busy = $state(false);
  /** When the figures shown were answered, ms since the epoch. */
  loadedAt = $state(0);
  kind = $state<TableKind>("town");
  table = $state.raw<CoverageTable | null>(null);
  days = $state<(typeof HISTORY_DAYS)[number]>(90);
  history = $state.raw<History | null>(null);
  forecast = $state.raw<Forecast | null>(null);
  gaps = $state.raw<GapList | null>(null);
  gapShapes = $state.raw<FeatureCollection>(EMPTY);
  /** The gap that the map shows, and where it was picked: the other place brings it into view. */
  picked = $state.raw<Gap | null>(null);
  pickedIn = $state<"list" | "map">("list");
  explanation = $state.raw<Explanation | null>(null);
  /** Flights and imports that do not count, the latest first. */
  withdrawn = $state.raw<Withdrawal[]>([]);
  /** Where the map has something to show. */
  bounds = $state.raw<Bounds | null>(null);
  /** Counts up whenever other figures came in, so that tiles of them are fetched again. */
  revision = $state(0);
  /** Counts up whenever everything was fetched. */
  loads = $state(0);

  #turn = 0;
  #watched = false;
  #drawn = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Keeps everything fresh while the page is open; returns the function that stops it. */
  watch(): () => void {
    this.#watched = true;
    void this.load();
    return () => {
      this.#watched = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Nothing says yet where this city is. */
  get nowhere(): boolean {
    return this.error?.status === 404 && this.figures === null;
  }

  /** Fetches everything for what is asked; an answer to an older question is dropped. */
  async load(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const turn = ++this.#turn;
    const asked = this.asked;
    this.busy = true;
    const answered = await this.#take(turn, coverageApi.figures(asked), (figures) => {
      this.figures = figures;
      this.shown = asked;
      this.error = null;
      this.loadedAt = Date.now();
      this.#draw();
    });
    // What else is there to ask a service that does not answer?
    if (answered) {
      await Promise.all([
        this.loadTable(turn),
        this.loadHistory(turn),
        this.loadWithdrawals(),
        this.#take(turn, coverageApi.tiles(asked), (tiles) => (this.bounds = tiles.bounds)),
        this.#take(turn, coverageApi.forecast(asked), (forecast) => (this.forecast = forecast)),
        this.#take(turn, coverageApi.gaps(GAPS, asked), (gaps) => this.#takeGaps(gaps)),
        this.#take(turn, coverageApi.gapShapes(GAPS, asked), (shapes) => (this.gapShapes = shapes)),
      ]);
    }
    if (turn !== this.#turn) return;
    this.loads += 1;
    this.busy = false;
    // A layer or a dock that comes tells nobody.
    if (this.nowhere && this.#watched) this.#timer = setTimeout(() => void this.load(), REFRESH_MS);
  }

  /** Photos came: everything is computed anew, once for many of them. */
  refreshSoon(): void {
    const wait_ms = Math.max(0, this.loadedAt + REFRESH_MS - Date.now());
    this.#timer ??= setTimeout(() => void this.load(), wait_ms);
  }

  /** A person changed what counts: said at once, figures follow. */
  changed(): void {
    void this.loadWithdrawals();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), FOLLOWS_MS);
  }

  async loadWithdrawals(): Promise<void> {
    await this.#take(this.#turn, withdrawalsApi.list(), ({ withdrawn }) => (this.withdrawn = withdrawn));
  }

  loadTable(turn = this.#turn): Promise<boolean> {
    const kind = this.kind;
    return this.#take(turn, coverageApi.by(kind, this.asked), (table) => {
      if (kind === this.kind) this.table = table;
    });
  }

  loadHistory(turn = this.#turn): Promise<boolean> {
    const days = this.days;
    return this.#take(turn, coverageApi.history(days, this.asked), (history) => {
      if (days === this.days) this.history = history;
    });
  }

  explain(): Promise<boolean> {
    return this.#take(this.#turn, coverageApi.explain(this.asked), (answer) => (this.explanation = answer));
  }

  ask(asked: CoverageAsked): void {
    this.asked = asked;
    this.picked = null;
    void this.load();
  }

  show(kind: TableKind): void {
    this.kind = kind;
    this.table = null;
    void this.loadTable();
  }

  showDays(days: (typeof HISTORY_DAYS)[number]): void {
    this.days = days;
    void this.loadHistory();
  }

  /** Picks a gap of the list; none where the list does not go that far. */
  pick(name: string, place: "list" | "map"): void {
    this.pickedIn = place;
    this.picked = this.gaps?.gaps.find((gap) => gap.name === name) ?? null;
  }

  /** A gap's name is its rank: after other photos it may be another one's. */
  #takeGaps(gaps: GapList): void {
    this.gaps = gaps;
    const [longitude_deg, latitude_deg] = this.picked?.inside ?? [];
    this.picked = gaps.gaps.find(({ inside }) => inside[0] === longitude_deg && inside[1] === latitude_deg) ?? null;
  }

  #draw(): void {
    const drawn = JSON.stringify([this.shown, this.figures]);
    if (drawn !== this.#drawn) this.revision += 1;
    this.#drawn = drawn;
  }

  /** A part that fails is told of and takes nothing else with it; whether it was answered. */
  async #take<T>(turn: number, loading: Promise<T>, use: (answer: T) => void): Promise<boolean> {
    try {
      const answer = await loading;
      if (turn !== this.#turn) return false;
      use(answer);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#turn) this.error = error;
      return false;
    }
  }
}
