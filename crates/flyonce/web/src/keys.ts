// Which key does what. Pure: a key press and the mode go in, a command comes out.
import type { DecisionCode } from "./types";

export type Command =
  | { kind: "decide"; decision: DecisionCode }
  | { kind: "undo" | "next" | "previous" | "nextView" | "previousView" }
  | { kind: "view"; index: number }
  | { kind: "zoomIn" | "zoomOut" | "fitBox" | "fitPhoto" | "toggleBoxes" | "original" }
  | { kind: "pan"; dx: number; dy: number }
  | { kind: "note" | "help" | "close" }
  | { kind: "fitAll" | "fitSortie" | "problems" }
  | { kind: "reason"; index: number };

/** What the keyboard serves at the moment. */
export type Mode = "review" | "reason" | "help" | "fleet" | "elsewhere";

export interface KeyPress {
  key: string;
  ctrlKey?: boolean;
  metaKey?: boolean;
  altKey?: boolean;
  shiftKey?: boolean;
  /** The key by its place: what an input method has swallowed is still seen here. */
  code?: string;
}

/** Keys of the reason picker in order: the tenth reason is 0, more go on with letters. */
export const REASON_KEYS = "1234567890abdeghi";

const PAN_PX = 80;

const REVIEW: Readonly<Record<string, Command>> = {
  c: { kind: "decide", decision: "confirm" },
  y: { kind: "decide", decision: "confirm" },
  f: { kind: "decide", decision: "false_alarm" },
  n: { kind: "decide", decision: "false_alarm" },
  k: { kind: "decide", decision: "known_stock" },
  r: { kind: "decide", decision: "fly_again" },
  u: { kind: "undo" },
  j: { kind: "next" },
  arrowdown: { kind: "next" },
  l: { kind: "previous" },
  arrowup: { kind: "previous" },
  arrowright: { kind: "nextView" },
  arrowleft: { kind: "previousView" },
  "+": { kind: "zoomIn" },
  "=": { kind: "zoomIn" },
  "-": { kind: "zoomOut" },
  "0": { kind: "fitBox" },
  w: { kind: "fitPhoto" },
  b: { kind: "toggleBoxes" },
  o: { kind: "original" },
  m: { kind: "note" },
  "?": { kind: "help" },
  "？": { kind: "help" },
  escape: { kind: "close" },
};

const FLEET: Readonly<Record<string, Command>> = {
  j: { kind: "next" },
  arrowdown: { kind: "next" },
  l: { kind: "previous" },
  arrowup: { kind: "previous" },
  "0": { kind: "fitAll" },
  z: { kind: "fitSortie" },
  p: { kind: "problems" },
  "?": { kind: "help" },
  "？": { kind: "help" },
  escape: { kind: "close" },
};

const PAN: Readonly<Record<string, Command>> = {
  arrowdown: { kind: "pan", dx: 0, dy: -PAN_PX },
  arrowup: { kind: "pan", dx: 0, dy: PAN_PX },
  arrowright: { kind: "pan", dx: -PAN_PX, dy: 0 },
  arrowleft: { kind: "pan", dx: PAN_PX, dy: 0 },
};

/** The command of a key press, or null where the key means nothing here. */
export function commandFor(press: KeyPress, mode: Mode): Command | null {
  const key = press.key.toLowerCase();
  if (press.altKey) return null;
  if (press.ctrlKey || press.metaKey) {
    return key === "z" && !press.shiftKey && mode === "review" ? { kind: "undo" } : null;
  }
  if (mode === "elsewhere") return key === "?" || key === "？" ? { kind: "help" } : null;
  if (mode === "help") return ["escape", "?", "？"].includes(key) ? { kind: "close" } : null;
  if (mode === "reason") return reasonCommand(key);
  if (mode === "fleet") return FLEET[key] ?? null;
  if (press.shiftKey && PAN[key]) return PAN[key];
  if (/^[1-9]$/.test(key)) return { kind: "view", index: Number(key) - 1 };
  return REVIEW[key] ?? null;
}

/** Shift+H on any page: bring everyone home. */
export function callsHome(press: KeyPress): boolean {
  if (!press.shiftKey || press.ctrlKey || press.metaKey || press.altKey) return false;
  return press.key.toLowerCase() === "h" || press.code === "KeyH";
}

/** True where a key belongs to the field that has the focus. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.matches("input, textarea, select") || target.isContentEditable);
}

function reasonCommand(key: string): Command | null {
  if (key === "escape") return { kind: "close" };
  if (key === "m") return { kind: "note" };
  const index = key.length === 1 ? REASON_KEYS.indexOf(key) : -1;
  return index >= 0 ? { kind: "reason", index } : null;
}
