// Short messages that come and go by themselves; errors stay longer.

export interface ToastAction { label: string; run: () => void }
export interface Toast {
  id: number;
  kind: "ok" | "info" | "error";
  text: string;
  action: ToastAction | null;
}

const LASTS_MS = { ok: 5000, info: 7000, error: 15_000 };
const MOST = 4;

export class Toasts {
  items = $state.raw<Toast[]>([]);
  #last = 0;

  add(kind: Toast["kind"], text: string, action: ToastAction | null = null): void {
    const id = (this.#last += 1);
    // A reviewer decides every few seconds: only the newest good news stays, errors pile up.
    const kept = this.items.filter((toast) => toast.kind === "error");
    this.items = [...kept, { id, kind, text, action }].slice(-MOST);
    setTimeout(() => this.remove(id), LASTS_MS[kind]);
  }

  remove(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }
}
