// Where a photo sits on the screen: pure maths of fit, zoom and pan.
// A Transform maps photo pixels to screen pixels: screen = photo * scale + offset.
import type { BoxPx } from "./types";

export interface Size { width: number; height: number }
export interface Transform { scale: number; x: number; y: number }

/** Four screen pixels per photo pixel is as close as anyone needs to look. */
export const MAX_SCALE = 4;

/** The whole photo, centred. */
export function fitPhoto(screen: Size, photo: Size): Transform {
  const scale = wholeScale(screen, photo);
  return centreOn(screen, photo, { x: photo.width / 2, y: photo.height / 2 }, scale);
}

/**
 * The box with context around it: the box takes about a third of the screen, never closer than 1.5
 * screen pixels per photo pixel and never farther than the whole photo.
 */
export function fitBox(screen: Size, photo: Size, box: BoxPx, share = 0.34): Transform {
  const [x0, y0, x1, y1] = box;
  const width = Math.max(x1 - x0, 1);
  const height = Math.max(y1 - y0, 1);
  const wanted = Math.min((screen.width * share) / width, (screen.height * share) / height);
  const scale = Math.max(Math.min(wanted, 1.5), wholeScale(screen, photo));
  return centreOn(screen, photo, { x: (x0 + x1) / 2, y: (y0 + y1) / 2 }, scale);
}

/** Zooms by `factor` and keeps the photo point under the screen point (x, y) where it is. */
export function zoomAt(
  view: Transform, screen: Size, photo: Size, factor: number, at: { x: number; y: number },
): Transform {
  const least = wholeScale(screen, photo);
  const scale = Math.min(Math.max(view.scale * factor, least), Math.max(MAX_SCALE, least));
  const ratio = scale / view.scale;
  const moved = { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio };
  return hold(moved, screen, photo);
}

export function panBy(
  view: Transform, screen: Size, photo: Size, dx: number, dy: number,
): Transform {
  return hold({ scale: view.scale, x: view.x + dx, y: view.y + dy }, screen, photo);
}

/** A box of the photo as a rectangle on the screen. */
export function boxOnScreen(view: Transform, box: BoxPx): Size & { x: number; y: number } {
  const [x0, y0, x1, y1] = box;
  return {
    x: x0 * view.scale + view.x,
    y: y0 * view.scale + view.y,
    width: (x1 - x0) * view.scale,
    height: (y1 - y0) * view.scale,
  };
}

/** True where a derived picture `derivedWidth` wide would look soft at this zoom. */
export function needsFullPicture(
  view: Transform, photo: Size, derivedWidth: number, pixelRatio: number,
): boolean {
  if (photo.width <= derivedWidth) return false;
  return view.scale * pixelRatio > (derivedWidth / photo.width) * 1.15;
}

function wholeScale(screen: Size, photo: Size): number {
  return Math.min(screen.width / Math.max(photo.width, 1), screen.height / Math.max(photo.height, 1));
}

function centreOn(
  screen: Size, photo: Size, at: { x: number; y: number }, scale: number,
): Transform {
  const view = { scale, x: screen.width / 2 - at.x * scale, y: screen.height / 2 - at.y * scale };
  return hold(view, screen, photo);
}

/** Keeps the photo on the screen: no gap at an edge it can cover, centred where it cannot. */
function hold(view: Transform, screen: Size, photo: Size): Transform {
  return {
    scale: view.scale,
    x: holdAxis(view.x, screen.width, photo.width * view.scale),
    y: holdAxis(view.y, screen.height, photo.height * view.scale),
  };
}

function holdAxis(offset: number, screen: number, photo: number): number {
  if (photo <= screen) return (screen - photo) / 2;
  return Math.min(0, Math.max(screen - photo, offset));
}
