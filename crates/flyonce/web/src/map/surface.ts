// The map itself, kept behind a small door: data and focus go in, clicks come out. This module pulls
// in the map engine, so it is only ever imported lazily.
import "maplibre-gl/dist/maplibre-gl.css";
import {
  GeoJSONSource, Map as Engine, NavigationControl, ScaleControl, VectorTileSource, setWorkerUrl,
  type MapMouseEvent, type StyleSpecification,
} from "maplibre-gl";
// A bundled file of our own origin: the content security policy admits no foreign worker.
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { FeatureCollection } from "geojson";
import { graticule, type Bounds, type LonLat } from "../geo";

setWorkerUrl(new URL(workerUrl, import.meta.url).href);

export interface SurfaceHandlers {
  pickLead(id: string): void;
  step(step_deg: number): void;
  hover(at: LonLat | null): void;
  /** The view has changed: what is drawn above the map must be placed again. */
  moved?(): void;
  /** What lies under the pointer in these layers of the style, the uppermost first. */
  under?: { layers: readonly string[]; at(found: Touched[], clicked: boolean): void };
}

/** A feature under the pointer, with the layer of the style that shows it. */
export interface Touched { layer: string; properties: Record<string, unknown> }

/** Pixels of the map that what is shown keeps clear of, on all sides or on each. */
export type Padding = number | { top: number; right: number; bottom: number; left: number };

/** `Source` names the data sources of the style. */
export class MapSurface<Source extends string> {
  readonly #engine: Engine;
  readonly #data = new Map<Source | "graticule", FeatureCollection>();
  readonly #theme = matchMedia("(prefers-color-scheme: dark)");
  readonly #handlers: SurfaceHandlers;
  readonly #style: () => StyleSpecification;

  /** `style` is asked again when light and dark change. Throws where the browser has no WebGL. */
  constructor(container: HTMLElement, handlers: SurfaceHandlers, style: () => StyleSpecification) {
    this.#handlers = handlers;
    this.#style = style;
    this.#engine = new Engine({
      container, style: style(), center: [121.54, 31.22], zoom: 10, maxZoom: 21, attributionControl: false,
      dragRotate: false, pitchWithRotate: false, touchPitch: false, keyboard: false, fadeDuration: 0,
    });
    this.#engine.touchZoomRotate.disableRotation();
    this.#engine.addControl(new ScaleControl({ maxWidth: 110, unit: "metric" }), "bottom-left");
    this.#engine.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.#engine.on("style.load", this.#restore);
    this.#engine.on("moveend", this.#drawGraticule);
    this.#engine.on("move", () => handlers.moved?.());
    this.#engine.on("resize", () => handlers.moved?.());
    this.#engine.on("click", "leads", (event) => {
      const id: unknown = event.features?.[0]?.properties.lead_id;
      if (typeof id === "string") handlers.pickLead(id);
    });
    this.#engine.on("mousemove", (event) => handlers.hover([event.lngLat.lng, event.lngLat.lat]));
    this.#engine.on("mouseout", () => {
      handlers.hover(null);
      handlers.under?.at([], false);
    });
    if (handlers.under) {
      this.#engine.on("mousemove", (event) => handlers.under?.at(this.#under(event), false));
      this.#engine.on("click", (event) => handlers.under?.at(this.#under(event), true));
    }
    this.#engine.on("mouseenter", "leads", () => this.#cursor("pointer"));
    this.#engine.on("mouseleave", "leads", () => this.#cursor(""));
    this.#theme.addEventListener("change", this.restyle);
  }

  set(name: Source | "graticule", data: FeatureCollection): void {
    this.#data.set(name, data);
    const source = this.#engine.getSource(name);
    if (source instanceof GeoJSONSource) void source.setData(data);
  }

  /** Fetches the vector tiles of a source from another address. */
  setTiles(name: string, pattern: string): void {
    const source = this.#engine.getSource(name);
    if (source instanceof VectorTileSource) source.setTiles([pattern]);
  }

  /** Jumps without an animation: a reviewer changes leads faster than a flight across the map. */
  show(bounds: Bounds, closest = 18, padding: Padding = 28): void {
    const camera = this.#engine.cameraForBounds(bounds, { padding, maxZoom: closest });
    if (camera) this.#engine.jumpTo(camera);
  }

  /** Where a place lies on the map, pixels from its upper left corner. */
  place(at: LonLat): { x: number; y: number } {
    return this.#engine.project(at);
  }

  close(): void {
    this.#theme.removeEventListener("change", this.restyle);
    this.#engine.remove();
  }

  /** Draws anew in the page's present colours, with what the style now says. */
  restyle = (): void => {
    this.#engine.setStyle(this.#style(), { diff: false });
  };

  #restore = (): void => {
    for (const [name, data] of this.#data) this.set(name, data);
    this.#drawGraticule();
  };

  #drawGraticule = (): void => {
    const box = this.#engine.getBounds();
    const { lines, step_deg } = graticule([box.getWest(), box.getSouth(), box.getEast(), box.getNorth()]);
    this.set("graticule", lines);
    this.#handlers.step(step_deg);
  };

  #under({ point }: MapMouseEvent): Touched[] {
    const layers = (this.#handlers.under?.layers ?? []).filter((layer) => this.#engine.getLayer(layer));
    return this.#engine.queryRenderedFeatures(point, { layers })
      .map((found) => ({ layer: found.layer.id, properties: found.properties }));
  }

  #cursor(kind: string): void {
    this.#engine.getCanvas().style.cursor = kind;
  }
}
