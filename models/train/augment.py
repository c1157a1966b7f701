"""Cuts one training picture out of the sources: common ground scale, geometry, light, haze, blur, JPEG."""

import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from sources import GROUND_SCALE_CM_PER_PX, Source

PAD_GREY = 114
SCALE_RANGE = (0.6, 1.6)
# Share of pictures turned by any angle, the rest by quarter turns. Boxes without an outline grow loose when turned.
ANY_ANGLE_OUTLINED, ANY_ANGLE_BOXED = 0.6, 0.35
VISIBLE_KEPT, VISIBLE_IGNORED = 0.4, 0.12


@dataclass
class Sample:
    """One training picture: uint8 HxWx3, pixel boxes, and which classes may be learnt from it."""

    pixels: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    ignore_boxes: np.ndarray
    ignore_labels: np.ndarray
    known: np.ndarray


def mosaic(tiles, rng):
    """Joins four small tiles of equal size, known classes and scale into one source."""
    side = min(min(tile.pixels.shape[:2]) for tile in tiles)
    canvas = np.full((2 * side, 2 * side, 3), PAD_GREY, np.uint8)
    parts = []
    for place, tile in enumerate(tiles):
        offset = np.array([(place % 2) * side, (place // 2) * side])
        turned = _turn(tile, rng)
        canvas[offset[1]:offset[1] + side, offset[0]:offset[0] + side] = turned.pixels[:side, :side]
        shift = np.tile(offset, 2)
        parts.append((turned.boxes + shift, turned.labels, turned.ignore_boxes + shift, turned.ignore_labels))
    known = np.logical_and.reduce([tile.known for tile in tiles])
    boxes, labels, ignore_boxes, ignore_labels = (np.concatenate(column) for column in zip(*parts))
    first = tiles[0]
    return Source(first.name, first.dataset, first.group, canvas, first.cm_per_px, boxes, labels, known,
                  ignore_boxes, ignore_labels)


def _turn(tile, rng):
    """A quarter turn and a flip at random, for square tiles."""
    quarter, flip, side = int(rng.integers(4)), bool(rng.integers(2)), tile.pixels.shape[0]
    pixels = np.rot90(tile.pixels, quarter)
    if flip:
        pixels = pixels[:, ::-1]

    def turn(boxes):
        boxes = boxes.copy()
        for _ in range(quarter):
            boxes = np.stack([boxes[:, 1], side - boxes[:, 2], boxes[:, 3], side - boxes[:, 0]], 1)
        if flip:
            boxes = np.stack([side - boxes[:, 2], boxes[:, 1], side - boxes[:, 0], boxes[:, 3]], 1)
        return boxes

    return Source(tile.name, tile.dataset, tile.group, pixels, tile.cm_per_px, turn(tile.boxes), tile.labels,
                  tile.known, turn(tile.ignore_boxes), tile.ignore_labels)


def cut(source, side, rng):
    """A `side`-pixel window of a source at a random place, scale and orientation."""
    scale = math.exp(rng.uniform(math.log(SCALE_RANGE[0]), math.log(SCALE_RANGE[1])))
    zoom = source.cm_per_px / GROUND_SCALE_CM_PER_PX * scale
    angle = rng.integers(4) * math.pi / 2
    if rng.random() < (ANY_ANGLE_OUTLINED if source.outlines is not None else ANY_ANGLE_BOXED):
        angle += rng.uniform(-math.pi / 4, math.pi / 4)
    flip = -1.0 if rng.random() < 0.5 else 1.0
    forward = zoom * np.array([[math.cos(angle) * flip, -math.sin(angle)], [math.sin(angle) * flip, math.cos(angle)]])
    centre = _window_centre(source, side / zoom, rng)
    offset = side / 2 - forward @ centre
    inverse = np.linalg.inv(forward)
    back = -inverse @ offset
    matrix = (inverse[0, 0], inverse[0, 1], back[0], inverse[1, 0], inverse[1, 1], back[1])
    resample = Image.Resampling.BICUBIC if zoom > 0.9 else Image.Resampling.BILINEAR
    picture = Image.fromarray(np.ascontiguousarray(source.pixels)).transform(
        (side, side), Image.Transform.AFFINE, matrix, resample, fillcolor=(PAD_GREY,) * 3)
    boxes, labels, cut_boxes, cut_labels = _move_boxes(source, forward, offset, side)
    ignore = _axis_boxes(source.ignore_boxes, forward, offset)
    inside = _visible(ignore, side) > 0
    return picture, Sample(None, boxes, labels, np.concatenate([np.clip(ignore[inside], 0, side), cut_boxes]),
                           np.concatenate([source.ignore_labels[inside], cut_labels]), source.known)


def _window_centre(source, reach, rng):
    """Mostly near an object, else anywhere; kept so that the window stays on the picture where it can."""
    height, width = source.pixels.shape[:2]
    if len(source.boxes) and rng.random() < 0.7:
        box = source.boxes[rng.integers(len(source.boxes))]
        centre = (box[:2] + box[2:]) / 2 + rng.uniform(-0.4, 0.4, 2) * reach
    else:
        centre = rng.uniform(0, 1, 2) * [width, height]
    size = np.array([width, height])
    margin = np.minimum(reach / 2, size / 2)
    return np.clip(centre, margin, size - margin)


def _move_boxes(source, forward, offset, side):
    """Boxes in the window: mostly visible ones are kept, halves become ignore regions, slivers are dropped."""
    moved = _axis_boxes(source.boxes, forward, offset)
    for index, outline in enumerate(source.outlines or []):
        if outline is not None:
            points = outline @ forward.T + offset
            moved[index] = np.concatenate([points.min(0), points.max(0)])
    visible = _visible(moved, side)
    large = visible * (moved[:, 2] - moved[:, 0]) * (moved[:, 3] - moved[:, 1]) > 0.12 * side * side
    keep = (visible >= VISIBLE_KEPT) | large
    half = ~keep & (visible >= VISIBLE_IGNORED)
    moved = np.clip(moved, 0, side)
    return moved[keep], source.labels[keep], moved[half], source.labels[half]


def _axis_boxes(boxes, forward, offset):
    """Moves box centres exactly. The new sides are those of the ellipse inside the old box, turned: exact for quarter
    turns, and between the box of the turned rectangle and that of a thing that lay askew in it for other angles."""
    if not len(boxes):
        return np.zeros((0, 4))
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 @ forward.T + offset
    half = np.sqrt(((boxes[:, 2:] - boxes[:, :2]) / 2) ** 2 @ (forward ** 2).T)
    return np.concatenate([centre - half, centre + half], 1)


def _visible(boxes, side):
    clipped = np.clip(boxes, 0, side)
    inside = (clipped[:, 2] - clipped[:, 0]) * (clipped[:, 3] - clipped[:, 1])
    return inside / np.maximum((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), 1e-6)


def relight(picture, coarse, rng):
    """Light, colour, haze, sharpness, noise and JPEG. `coarse` pictures come upsampled already."""
    if not coarse and rng.random() < 0.5:
        shrink = rng.uniform(1.0, 3.0)
        small = picture.resize([max(8, int(side / shrink)) for side in picture.size], Image.Resampling.BOX)
        picture = small.resize(picture.size, Image.Resampling.BICUBIC)
    if coarse and rng.random() < 0.3:
        picture = picture.filter(ImageFilter.UnsharpMask(2, int(rng.uniform(50, 150)), 2))
    if rng.random() < 0.1:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.5)))
    if rng.random() < 0.08:
        picture = picture.filter(_motion(int(rng.integers(4)), rng))
    if rng.random() < 0.6:
        picture = ImageEnhance.Color(picture).enhance(rng.uniform(0.4, 1.6))
    if rng.random() < 0.25:
        picture = _shaded(picture, rng)
    picture = picture.point(_tone_table(rng))
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(2, 8), (*picture.size[::-1], 1))
        picture = Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(rng.integers(35, 92)))
        picture = Image.open(buffer).convert("RGB")
    return np.array(picture)


def _motion(direction, rng):
    """Motion blur over five pixels along, across or diagonally."""
    kernel = {0: np.eye(5), 1: np.eye(5)[::-1], 2: np.zeros((5, 5)), 3: np.zeros((5, 5))}[direction].copy()
    if direction == 2:
        kernel[2] = 1
    elif direction == 3:
        kernel[:, 2] = 1
    if rng.random() < 0.5:
        kernel[[0, -1]] = 0
        kernel[:, [0, -1]] = 0
    return ImageFilter.Kernel((5, 5), kernel.ravel().tolist())


def _shaded(picture, rng):
    """A cloud's or a building's shadow: one side of a line through the picture is darker and bluer."""
    width, height = picture.size
    angle, place = rng.uniform(0, 2 * math.pi), rng.uniform(-0.3, 0.3) * max(width, height)
    x, y = np.meshgrid(np.arange(width) - width / 2, np.arange(height) - height / 2)
    side = (x * math.cos(angle) + y * math.sin(angle) - place) / rng.uniform(1, 40)
    share = (1 / (1 + np.exp(-np.clip(side, -30, 30))))[..., None]
    dark = rng.uniform(0.4, 0.8) * np.array([0.94, 0.98, 1.06])
    return Image.fromarray(np.clip(np.asarray(picture) * (1 - share + share * dark), 0, 255).astype(np.uint8))


def _tone_table(rng):
    """One look-up table per channel: gain, white balance, contrast, gamma and haze in one pass."""
    ramp = np.arange(256) / 255
    gain, contrast, gamma = rng.uniform(0.7, 1.35), rng.uniform(0.75, 1.3), math.exp(rng.uniform(-0.35, 0.35))
    haze = rng.uniform(0, 0.35) if rng.random() < 0.25 else 0.0
    tables = []
    for channel_gain in rng.uniform(0.92, 1.08, 3):
        curve = np.clip((ramp ** gamma * gain * channel_gain - 0.45) * contrast + 0.45, 0, 1)
        curve = curve * (1 - haze) + haze * 0.82
        tables.append(np.round(curve * 255))
    return np.concatenate(tables).astype(int).tolist()


