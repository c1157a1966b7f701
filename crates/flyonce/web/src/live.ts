// The live connection: server-sent events with visible loss and endless, patient retrying.
import { eventsUrl } from "./api";
import type { FleetView, SortieMoved } from "./fleet/types";
import type { LeadMoved, Progress } from "./types";

export type Connection = "connecting" | "live" | "lost";

export interface LiveHandlers {
  connection(state: Connection): void;
  lead(moved: LeadMoved): void;
  photo(): void;
  progress(progress: Progress): void;
  fleet(view: FleetView): void;
  sortie(moved: SortieMoved): void;
}

const RETRY_MS = 3000;

export interface Live {
  /** Starts afresh: a stream can be dead without the browser noticing. */
  reopen(): void;
  close(): void;
}

/** Opens the stream and keeps it open. */
export function connectLive(handlers: LiveHandlers): Live {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const open = (): void => {
    handlers.connection("connecting");
    source = new EventSource(eventsUrl());
    source.onopen = () => handlers.connection("live");
    source.onerror = () => {
      handlers.connection("lost");
      // The browser retries by itself unless the server refused; then it is ours to try again.
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, RETRY_MS);
    };
    listen<LeadMoved>(source, "lead", handlers.lead);
    listen<unknown>(source, "photo", handlers.photo);
    listen<Progress>(source, "progress", handlers.progress);
    listen<FleetView>(source, "fleet", handlers.fleet);
    listen<SortieMoved>(source, "sortie", handlers.sortie);
  };

  open();
  const close = (): void => {
    clearTimeout(timer);
    source?.close();
  };
  return {
    close,
    reopen: () => {
      close();
      open();
    },
  };
}

function listen<T>(source: EventSource, name: string, handle: (data: T) => void): void {
  source.addEventListener(name, (event: MessageEvent<string>) => {
    let data: T;
    try {
      data = JSON.parse(event.data) as T;
    } catch {
      console.warn(`unreadable ${name} event`, event.data);
      return;
    }
    handle(data);
  });
}
