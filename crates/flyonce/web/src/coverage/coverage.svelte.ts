// What the coverage page knows, where it comes from, and what is asked.
import type { FeatureCollection } from "geojson";
import { ApiError } from "../api";
import { EMPTY } from "../geo";
import { coverageApi } from "./api";
import type {
  CoverageAsked, CoverageFigures, CoverageTable, Explanation, Forecast, Gap, GapList, History, TableKind,
} from "./types";

/** Gaps in the list and on the map; the file has all. */
const GAPS = 100;
export const HISTORY_DAYS = [30, 90, 365] as const;

export class CoverageStore {
  asked = $state.raw<CoverageAsked>({});
  figures = $state.raw<CoverageFigures | null>(null);
  error = $state.raw<ApiError | null>(null);
  busy = $state(false);
  kind = $state<TableKind>("town");
  table = $state.raw<CoverageTable | null>(null);
  days = $state<(typeof HISTORY_DAYS)[number]>(90);
  history = $state.raw<History | null>(null);
  forecast = $state.raw<Forecast | null>(null);
  gaps = $state.raw<GapList | null>(null);
  gapShapes = $state.raw<FeatureCollection>(EMPTY);
  /** The gap that the map shows. */
  picked = $state.raw<Gap | null>(null);
  explanation = $state.raw<Explanation | null>(null);
  /** Counts up whenever figures came in, so that pictures of them are fetched again. */
  revision = $state(0);

  #turn = 0;

  /** Fetches everything for what is asked; an answer to an older question is dropped. */
  async load(): Promise<void> {
    const turn = ++this.#turn;
    const asked = this.asked;
    this.busy = true;
    this.explanation = null;
    await this.#take(turn, coverageApi.figures(asked), (figures) => (this.figures = figures), true);
    await Promise.all([
      this.loadTable(turn),
      this.loadHistory(turn),
      this.#take(turn, coverageApi.forecast(asked), (forecast) => (this.forecast = forecast)),
      this.#take(turn, coverageApi.gaps(GAPS, asked), (gaps) => (this.gaps = gaps)),
      this.#take(turn, coverageApi.gapShapes(GAPS, asked), (shapes) => (this.gapShapes = shapes)),
    ]);
    if (turn !== this.#turn) return;
    this.revision += 1;
    this.busy = false;
  }

  loadTable(turn = this.#turn): Promise<void> {
    const kind = this.kind;
    return this.#take(turn, coverageApi.by(kind, this.asked), (table) => {
      if (kind === this.kind) this.table = table;
    });
  }

  loadHistory(turn = this.#turn): Promise<void> {
    const days = this.days;
    return this.#take(turn, coverageApi.history(days, this.asked), (history) => {
      if (days === this.days) this.history = history;
    });
  }

  explain(): Promise<void> {
    if (this.explanation) return Promise.resolve();
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

  /** A part that fails is told of and takes nothing else with it. */
  async #take<T>(turn: number, loading: Promise<T>, use: (answer: T) => void, first = false): Promise<void> {
    try {
      const answer = await loading;
      if (turn !== this.#turn) return;
      use(answer);
      if (first) this.error = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#turn) this.error = error;
    }
  }
}
