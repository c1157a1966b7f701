// What the siting page knows: the runs that were kept, the one that is shown, and its map.
import type { FeatureCollection } from "geojson";
import { ApiError } from "../api";
import { EMPTY } from "../geo";
import { sitingApi } from "./api";
import type { SitingRun } from "./types";

export class SitingStore {
  /** Newest first; null until they came. */
  runs = $state.raw<SitingRun[] | null>(null);
  error = $state.raw<ApiError | null>(null);
  run = $state.raw<SitingRun | null>(null);
  shapes = $state.raw<FeatureCollection>(EMPTY);
  /** The site that the map shows alone. */
  picked = $state<string | null>(null);

  async load(): Promise<void> {
    await this.#told(async () => {
      this.runs = await sitingApi.runs();
      const shown = this.runs.find((run) => run.id === this.run?.id) ?? this.runs[0];
      if (shown) await this.#open(shown);
    });
  }

  show(id: string): Promise<void> {
    const run = this.runs?.find((one) => one.id === id);
    return run ? this.#told(() => this.#open(run)) : Promise.resolve();
  }

  async #open(run: SitingRun): Promise<void> {
    if (this.run?.id === run.id && this.shapes !== EMPTY) return;
    this.run = run;
    this.picked = null;
    this.shapes = EMPTY;
    const shapes = await sitingApi.shapes(run.id);
    // Another one may have been opened meanwhile.
    if (this.run?.id === run.id) this.shapes = shapes;
  }

  async #told(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.error = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
    }
  }
}
