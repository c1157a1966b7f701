"""Pastes rare things (waste, heaps, machinery) into scenes of another country, so that a river bank of one valley is not
learnt as what waste looks like. Plain ground is pasted as well, unlabelled: a seam alone must not mean a thing."""

import numpy as np
from PIL import Image

from sources import CLASSES, Source

PASTED = [CLASSES.index(name) for name in ("waste", "heap", "machinery")]
MARGIN, FEATHER = 0.25, 0.18
LEAST_PX, MOST_PX = 6, 110
TRIES = 20


def paste_onto(scene, tiles, rng):
    """A copy of `scene` with one to four patches of `tiles` in it; boxes of pasted things are added. Scenes for which
    a class is not known to be absent get none of that class."""
    pixels, boxes, labels = scene.pixels.copy(), list(scene.boxes), list(scene.labels)
    taken = [tuple(box) for box in boxes]
    for _ in range(int(rng.integers(1, 5))):
        tile = tiles[rng.integers(len(tiles))]
        patch = _thing(tile, scene.known, rng) if rng.random() < 0.65 else _ground(tile, rng)
        if patch is None:
            continue
        crop, inner, label = patch
        crop, inner = _resized(crop, inner, tile.cm_per_px / scene.cm_per_px)
        place = _free_place(pixels.shape, crop.shape, taken, rng)
        if place is None:
            continue
        _blend(pixels, crop, place, rng)
        taken.append((place[0], place[1], place[0] + crop.shape[1], place[1] + crop.shape[0]))
        if label is not None:
            boxes.append(inner + np.tile(place, 2))
            labels.append(label)
    return Source(scene.name, scene.dataset, scene.group, pixels, scene.cm_per_px,
                  np.array(boxes, float).reshape(-1, 4), np.array(labels, int), scene.known)


def _thing(tile, known, rng):
    """A patch around one sure box of a rare class that no other box of the tile reaches into."""
    fit = [index for index, label in enumerate(tile.labels) if label in PASTED and known[label]]
    if not fit:
        return None
    index = fit[rng.integers(len(fit))]
    box = tile.boxes[index]
    size = box[2:] - box[:2]
    if size.min() < LEAST_PX or size.max() > MOST_PX:
        return None
    window = _window(box, size, tile.pixels.shape)
    others = np.concatenate([np.delete(tile.boxes, index, 0), tile.ignore_boxes])
    if _touches(others, window):
        return None
    return _crop(tile, window), box - np.tile(window[:2], 2), tile.labels[index]


def _ground(tile, rng):
    """A patch of the tile without anything labelled in it."""
    side = rng.uniform(15, 60, 2)
    corner = rng.uniform(0, np.maximum(1, np.array(tile.pixels.shape[1::-1]) - side))
    window = np.round(np.concatenate([corner, corner + side])).astype(int)
    if _touches(np.concatenate([tile.boxes, tile.ignore_boxes]), window):
        return None
    return _crop(tile, window), np.zeros(4), None


def _window(box, size, shape):
    grown = np.concatenate([box[:2] - MARGIN * size - 2, box[2:] + MARGIN * size + 2])
    return np.round(np.clip(grown, 0, [shape[1], shape[0]] * 2)).astype(int)


def _touches(boxes, window):
    if not len(boxes):
        return False
    low, high = np.maximum(boxes[:, :2], window[:2]), np.minimum(boxes[:, 2:], window[2:])
    return bool(((high - low) > 1).all(1).any())


def _crop(tile, window):
    return tile.pixels[window[1]:window[3], window[0]:window[2]]


def _resized(crop, inner, factor):
    size = [max(4, round(side * factor)) for side in crop.shape[1::-1]]
    picture = Image.fromarray(np.ascontiguousarray(crop)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(picture), inner * np.tile(np.array(size) / crop.shape[1::-1], 2)


def _free_place(shape, patch, taken, rng):
    room = np.array([shape[1] - patch[1], shape[0] - patch[0]])
    if (room <= 0).any():
        return None
    for _ in range(TRIES):
        place = rng.integers(0, room)
        spot = np.concatenate([place, place + [patch[1], patch[0]]])
        if not _touches(np.array(taken, float).reshape(-1, 4), spot):
            return place
    return None


def _blend(pixels, crop, place, rng):
    """Feathered edges, and the patch's brightness moved part of the way to that of the ground it lands on."""
    height, width = crop.shape[:2]
    below = pixels[place[1]:place[1] + height, place[0]:place[0] + width]
    shift = (below.reshape(-1, 3).mean(0) - crop.reshape(-1, 3).mean(0)) * rng.uniform(0.0, 0.6)
    edges = [np.minimum(np.arange(side) + 1, side - np.arange(side)) / max(1.0, FEATHER * side)
             for side in (height, width)]
    share = np.minimum(edges[0][:, None], edges[1][None]).clip(0, 1)[..., None]
    below[:] = np.clip(below * (1 - share) + (crop + shift) * share, 0, 255).astype(np.uint8)
